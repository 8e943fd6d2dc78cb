"""Posts: written as drafts, checked, planned, listed, changed and taken away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live
from tests.api.platforms import (
    all_at_once,
    checks,
    codes,
    control_of,
    in_the_future,
    joins,
    post_in,
    settled,
    waits_for_publication,
)
from tests.person import Person
from tests.practice_server import PracticeControl, poll


@pytest.fixture
def ada(live: Live, signs_up: SignsUp) -> Person:
    return signs_up(live)


@pytest.fixture
def platform(live: Live) -> Iterator[PracticeControl]:
    """The simulators inside the product."""
    with control_of(live) as control:
        yield control


@pytest.fixture
def mia(embedded: Live, signs_up: SignsUp) -> Person:
    """Somebody who asks for what no database decides."""
    return signs_up(embedded, name="Mia")


def writes(person: Person, *, key: str | None = None, **changes: Any) -> httpx.Response:
    """Ask for a post."""
    return person.client.post(
        "/posts",
        json={"business_id": person.business_id, **changes},
        headers={} if key is None else {"Idempotency-Key": key},
    )


def listed(person: Person, **query: Any) -> dict[str, Any]:
    answer = person.client.get("/posts", params={"business_id": person.business_id, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def plans(person: Person, post_id: int, **length: float) -> httpx.Response:
    return person.client.post(f"/posts/{post_id}/schedule", json={"scheduled_at": in_the_future(**length)})


# --- drafts


def test_a_draft_is_kept_as_it_was_written_and_may_break_any_rule(ada: Person) -> None:
    first, second = ada.keeps_picture(alt_text="A boat"), ada.keeps_picture()
    channel_ids = [ada.channel("instagram")["id"], ada.channel("facebook")["id"]]
    post = post_in(
        writes(
            ada,
            content_text="x" * 3000,
            images=[{"image_id": second["id"], "alt_text": "A loaf"}, {"image_id": first["id"]}],
            channel_ids=channel_ids,
        )
    )
    assert (post["state"], post["publications"], post["scheduled_at"]) == ("draft", [], None)
    assert post["channel_ids"] == channel_ids and post["content_text"] == "x" * 3000
    assert [(shown["image_id"], shown["alt_text"]) for shown in post["images"]] == [
        (second["id"], "A loaf"),
        (first["id"], "A boat"),
    ]
    assert httpx.get(post["images"][0]["thumbnail_url"], trust_env=False).status_code == 200
    assert ada.post(post["id"]) == post
    (summary,) = listed(ada)["posts"]
    assert set(post) - set(summary) == {"texts", "first_comment"}
    images = [
        {name: value for name, value in image.items() if name != "user_tags"} for image in post["images"]
    ]
    assert summary == {name: post[name] for name in summary} | {"images": images}
    empty = post_in(writes(ada))
    assert (empty["content_text"], empty["images"], empty["channel_ids"]) == ("", [], [])


def test_only_what_is_sent_is_changed(ada: Person) -> None:
    image, other = ada.keeps_picture(), ada.keeps_picture()
    channel_id = ada.channel("instagram")["id"]
    post = post_in(
        writes(
            ada,
            content_text="Before",
            images=[{"image_id": image["id"], "alt_text": "Mine"}],
            channel_ids=[channel_id],
        )
    )
    path = f"/posts/{post['id']}"
    changed = post_in(ada.client.patch(path, json={"content_text": "After"}), 200)
    assert changed == {**post, "content_text": "After", "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > post["updated_at"]
    changed = post_in(ada.client.patch(path, json={"images": [{"image_id": other["id"]}]}), 200)
    assert [shown["image_id"] for shown in changed["images"]] == [other["id"]]
    assert (changed["content_text"], changed["channel_ids"]) == ("After", [channel_id])
    changed = post_in(ada.client.patch(path, json={"channel_ids": [], "images": []}), 200)
    assert (changed["images"], changed["channel_ids"]) == ([], [])
    assert ada.post(post["id"]) == changed


def test_a_draft_keeps_framing_tags_texts_label_and_first_comment(ada: Person) -> None:
    first, second = ada.keeps_picture(), ada.keeps_picture()
    instagram, facebook = ada.channel("instagram")["id"], ada.channel("facebook")["id"]
    post = post_in(
        writes(
            ada,
            content_text="For all",
            images=[
                {
                    "image_id": first["id"],
                    "framing": "fit",
                    "background": "#1A2b3C",
                    "user_tags": [{"username": "@ada.lovelace", "x": 0.25, "y": 0.33333333}],
                },
                {"image_id": second["id"], "focus": {"x": 0, "y": 0.98765}},
            ],
            channel_ids=[instagram, facebook],
            texts=[{"channel_id": facebook, "content_text": "For the Page"}],
            ai_label=False,
            first_comment="#bread",
        )
    )
    framed = [(i["framing"], i["focus"], i["background"], i["user_tags"]) for i in post["images"]]
    tag = {"username": "ada.lovelace", "x": 0.25, "y": 0.333}
    assert framed == [
        ("fit", {"x": 0.5, "y": 0.5}, "#1a2b3c", [tag]),
        ("crop", {"x": 0.0, "y": 0.988}, "#ffffff", []),
    ]
    texts = [{"channel_id": facebook, "content_text": "For the Page"}]
    assert (post["texts"], post["ai_label"], post["first_comment"]) == (texts, False, "#bread")
    assert ada.post(post["id"]) == post
    path = f"/posts/{post['id']}"
    # What is not sent stays; null takes back, and a channel that is taken out keeps its text for later.
    changed = post_in(ada.client.patch(path, json={"channel_ids": [instagram], "first_comment": None}), 200)
    assert (changed["texts"], changed["ai_label"], changed["first_comment"]) == (texts, False, None)
    assert changed["images"] == post["images"]
    changed = post_in(ada.client.patch(path, json={"texts": [], "ai_label": None}), 200)
    assert (changed["texts"], changed["ai_label"]) == ([], None)
    plain = post_in(writes(ada, images=[{"image_id": first["id"]}]))
    assert (plain["texts"], plain["ai_label"], plain["first_comment"]) == ([], None, None)
    assert plain["images"][0]["framing"] == "crop"
    for wrong in (
        {"images": [{"image_id": first["id"], "framing": "squeeze"}]},
        {"images": [{"image_id": first["id"], "focus": {"x": 1.01, "y": 0}}]},
        {"images": [{"image_id": first["id"], "background": "white"}]},
        {"images": [{"image_id": first["id"], "user_tags": [{"username": "a b", "x": 0, "y": 0}]}]},
        {"texts": texts + texts},
    ):
        assert_problem(ada.client.patch(path, json=wrong), 422, "invalid_fields")
    elsewhere = {"texts": [{"channel_id": 999_999, "content_text": "x"}]}
    assert_problem(ada.client.patch(path, json=elsewhere), 404, "channel_not_found")
    assert ada.client.delete(path).status_code == 200


def test_a_draft_can_be_changed_although_its_image_or_channel_is_gone(mia: Person) -> None:
    image = mia.keeps_picture()
    post_id = mia.writes("With things that go", image_ids=[image["id"]])
    assert mia.client.delete(f"/images/{image['id']}").status_code == 200
    body = assert_problem(mia.client.post(f"/posts/{post_id}/publish"), 422, "image_in_trash")
    assert "Restore it or take it out" in body["detail"]
    assert mia.client.delete(f"/channels/{mia.channel('instagram')['id']}").status_code == 200
    changed = post_in(mia.client.patch(f"/posts/{post_id}", json={"content_text": "Still mine"}), 200)
    assert changed["content_text"] == "Still mine"
    assert [shown["image_id"] for shown in changed["images"]] == [image["id"]]
    assert_problem(mia.client.post(f"/posts/{post_id}/publish"), 422, "channel_required")


def test_a_change_that_is_refused_changes_nothing(mia: Person, embedded: Live, signs_up: SignsUp) -> None:
    eve = signs_up(embedded, name="Eve", business_name="Elsewhere")
    theirs, their_channel = eve.keeps_picture(), eve.channel()
    post_id = mia.writes("As it is", image_ids=[mia.keeps_picture()["id"]])
    before = mia.post(post_id)
    for change, status, code in (
        ({"content_text": "New", "images": [{"image_id": theirs["id"]}]}, 404, "image_not_found"),
        ({"content_text": "New", "images": [{"image_id": 999_999}]}, 404, "image_not_found"),
        ({"content_text": "New", "channel_ids": [their_channel["id"]]}, 404, "channel_not_found"),
        ({"content_text": "New", "state": "published"}, 422, "invalid_fields"),
        ({"content_text": "New", "business_id": eve.business_id}, 422, "invalid_fields"),
        ({"content_text": "x" * 70_001}, 422, "invalid_fields"),
    ):
        assert_problem(mia.client.patch(f"/posts/{post_id}", json=change), status, code)
    assert mia.post(post_id) == before


def test_a_post_that_names_somebody_elses_things_is_not_kept(
    mia: Person, embedded: Live, signs_up: SignsUp
) -> None:
    eve = signs_up(embedded, name="Eve", business_name="Elsewhere")
    theirs, their_channel = eve.keeps_picture(), eve.channel()
    with embedded.nothing_is_left_behind():
        for changes, code in (
            ({"images": [{"image_id": theirs["id"]}]}, "image_not_found"),
            ({"channel_ids": [their_channel["id"]]}, "channel_not_found"),
            ({"business_id": eve.business_id}, "business_not_found"),
        ):
            assert_problem(writes(mia, **changes), 404, code)


def test_a_deleted_draft_is_gone_for_everybody(ada: Person) -> None:
    post_id = ada.writes("Never mind", image_ids=[])
    answer = ada.client.delete(f"/posts/{post_id}")
    assert answer.status_code == 200 and answer.json() == {"success": True, "message": "Post deleted"}
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/publish"),
        ("POST", "/unschedule"),
    ):
        answer = ada.client.request(method, f"/posts/{post_id}{path}", json={} if method == "PATCH" else None)
        assert_problem(answer, 404, "post_not_found")
    assert listed(ada)["posts"] == []


def test_a_deleted_published_post_leaves_the_list_and_stays_on_the_platform(
    ada: Person, platform: PracticeControl
) -> None:
    text = f"Out for good {uuid.uuid4().hex[:8]}"
    post_id = ada.writes(text, image_ids=[], platforms=("facebook",))
    ada.sends(post_id)
    ada.waits_for(post_id, "published")
    assert_problem(ada.client.patch(f"/posts/{post_id}", json={"content_text": "x"}), 409, "post_not_draft")
    assert ada.client.delete(f"/posts/{post_id}").status_code == 200
    assert listed(ada)["posts"] == []
    assert len(platform.posts(text)) == 1


def test_the_same_key_writes_one_draft(ada: Person, live: Live) -> None:
    key = uuid.uuid4().hex
    answers = all_at_once([lambda: writes(ada, content_text="Once", key=key)] * 4)
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 1
    assert live.count("posts", f"business_id = {ada.business_id}") == 1
    assert_problem(writes(ada, content_text="Twice", key=key), 409, "idempotency_key_reused")


def test_posts_are_listed_newest_first_page_by_page_and_by_state(ada: Person) -> None:
    drafts = [ada.writes(f"Draft {number}", image_ids=[]) for number in range(5)]
    out = ada.writes("Out", image_ids=[], platforms=("facebook",))
    ada.sends(out)
    ada.waits_for(out, "published")
    planned = ada.writes("Planned", image_ids=[], platforms=("facebook",))
    assert plans(ada, planned, hours=3).status_code == 200
    expected = [planned, out, *reversed(drafts)]
    found, cursor = [], None
    while True:
        page = listed(ada, limit=3, **({"cursor": cursor} if cursor else {}))
        found += [post["id"] for post in page["posts"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["posts"]) == 3
    assert found == expected
    for state, ids in (
        ("draft", list(reversed(drafts))),
        ("published", [out]),
        ("scheduled", [planned]),
        ("failed", []),
    ):
        assert [post["id"] for post in listed(ada, state=state)["posts"]] == ids
    # What is scheduled comes in the order in which it goes out, whatever was written first.
    later, sooner = (ada.writes(text, image_ids=[], platforms=("facebook",)) for text in ("Later", "Sooner"))
    for post_id, hours in ((later, 5), (sooner, 1)):
        assert plans(ada, post_id, hours=hours).status_code == 200
    found, cursor = [], None
    while not found or cursor:
        page = listed(ada, state="scheduled", limit=1, **({"cursor": cursor} if cursor else {}))
        found += [post["id"] for post in page["posts"]]
        cursor = page["next_cursor"]
    assert found == [sooner, planned, later]
    # A calendar asks for a part of it: what goes out then, went out then, or was written then.
    now, due = datetime.now(UTC), datetime.fromisoformat(ada.post(planned)["scheduled_at"])
    second = timedelta(seconds=1)
    for bounds, ids in (
        ((now, None), [later, sooner, planned]),
        ((due, due + second), [planned]),
        ((due + second, None), [later]),
        ((now - timedelta(hours=1), now), [out, *reversed(drafts)]),
        ((None, now - timedelta(hours=1)), []),
    ):
        asked = {
            name: moment.isoformat() for name, moment in zip(("from", "to"), bounds, strict=True) if moment
        }
        assert {post["id"] for post in listed(ada, **asked)["posts"]} == set(ids), bounds
    for query in (
        *({"state": "lost"}, {"limit": 0}, {"limit": 101}, {"cursor": "'"}, {"cursor": "1-"}),
        *({"from": "yesterday"}, {"to": "2026-11-25T10:00:00"}, {"to": "1764064800"}),
    ):
        answer = ada.client.get("/posts", params={"business_id": ada.business_id, **query})
        assert_problem(answer, 422, "invalid_fields")


def test_a_viewer_sees_posts_and_sends_none(mia: Person, embedded: Live, signs_up: SignsUp) -> None:
    post_id = mia.writes("Look, don't touch", image_ids=[], platforms=("facebook",))
    viewer = signs_up(embedded, name="Vera")
    joins(mia, viewer, "viewer")
    assert viewer.post(post_id) == mia.post(post_id)
    assert [post["id"] for post in listed(viewer)["posts"]] == [post_id]
    for answer in (
        writes(viewer),
        viewer.client.post(f"/posts/{post_id}/publish"),
        plans(viewer, post_id, hours=1),
        viewer.client.patch(f"/posts/{post_id}", json={"content_text": "x"}),
        viewer.client.delete(f"/posts/{post_id}"),
    ):
        assert_problem(answer, 403, "role_too_low")
    assert mia.post(post_id)["state"] == "draft"


# --- what the channels would say


def test_every_problem_of_every_channel_is_told_with_its_cure(mia: Person) -> None:
    on_instagram, on_page = mia.channel("instagram")["id"], mia.channel("facebook")["id"]
    text = "🍞" * 1101 + " #a" * 31 + " @b" * 21
    told = checks(mia, content_text=text, channel_ids=[on_instagram, on_page])
    assert told["is_ready"] is False
    instagram, page = told["channels"]
    assert (instagram["channel_id"], page["channel_id"]) == (on_instagram, on_page)
    assert [problem["code"] for problem in instagram["problems"]] == [
        "instagram_requires_image",
        "text_too_long",
        "too_many_hashtags",
        "too_many_mentions",
    ]
    for problem in instagram["problems"]:
        assert problem["is_blocking"] is True and problem["message"] and problem["fix"].endswith(".")
    assert instagram["problems"][0]["message"] == "Instagram requires at least one image"
    assert instagram["text"] == {"characters": 2358, "hashtags": 31, "mentions": 21}
    assert page["is_ready"] is True and page["problems"] == []


def test_a_moving_picture_is_said_to_lose_its_motion(mia: Person) -> None:
    image = mia.keeps_picture(pictures.animated("GIF", width=600, height=600), filename="dance.gif")
    told = checks(
        mia,
        content_text="Dance",
        images=[{"image_id": image["id"]}],
        channel_ids=[mia.channel("instagram")["id"]],
    )
    (channel,) = told["channels"]
    (problem,) = channel["problems"]
    assert (problem["code"], problem["is_blocking"], problem["image_id"]) == (
        "first_frame_only",
        False,
        image["id"],
    )
    assert told["is_ready"] is True
    assert channel["renditions"][0]["mime_type"] == "image/jpeg"


def test_a_post_for_no_channel_is_not_ready(mia: Person) -> None:
    assert checks(mia, content_text="For whom?") == {"is_ready": False, "channels": []}
    post_id = post_in(writes(mia, content_text="For whom?"))["id"]
    for answer in (mia.client.post(f"/posts/{post_id}/publish"), plans(mia, post_id, hours=1)):
        assert_problem(answer, 422, "channel_required")
    assert mia.post(post_id)["state"] == "draft"


def test_a_check_keeps_nothing_but_the_files_that_it_shows(mia: Person, embedded: Live) -> None:
    image = mia.keeps_picture()
    body = {
        "content_text": "Looking",
        "images": [{"image_id": image["id"]}],
        "channel_ids": [mia.channel("instagram")["id"]],
    }
    first = checks(mia, **body)
    with embedded.nothing_is_left_behind():
        assert checks(mia, **body) == first
    assert listed(mia)["posts"] == []


# --- planned


def test_a_scheduled_post_waits_is_moved_and_can_be_made_a_draft_again(ada: Person) -> None:
    post_id = ada.writes("Tomorrow", image_ids=[ada.keeps_picture()["id"]])
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    answer = ada.client.post(
        f"/posts/{post_id}/schedule",
        json={"scheduled_at": moment.astimezone().isoformat()},
    )
    post = post_in(answer, 200)
    assert (post["state"], post["scheduled_at"]) == ("scheduled", f"{moment:%Y-%m-%dT%H:%M:%S}.000Z")
    assert codes(post["publications"][0]) == ["scheduled"]
    with_other_time = post_in(plans(ada, post_id, days=2), 200)
    assert with_other_time["state"] == "scheduled" and with_other_time["scheduled_at"] > post["scheduled_at"]
    assert with_other_time["publications"][0]["id"] == post["publications"][0]["id"]
    assert codes(with_other_time["publications"][0]) == ["scheduled", "rescheduled"]
    assert_problem(plans(ada, post_id, seconds=-1), 422, "scheduled_in_past")
    assert ada.post(post_id) == with_other_time
    assert_problem(ada.client.patch(f"/posts/{post_id}", json={"content_text": "x"}), 409, "post_not_draft")
    draft = post_in(ada.client.post(f"/posts/{post_id}/unschedule"), 200)
    assert (draft["state"], draft["scheduled_at"], draft["publications"]) == ("draft", None, [])
    assert_problem(ada.client.post(f"/posts/{post_id}/unschedule"), 409, "post_not_scheduled")
    post_in(ada.client.patch(f"/posts/{post_id}", json={"content_text": "The day after"}), 200)
    assert post_in(plans(ada, post_id, days=2), 200)["state"] == "scheduled"


def test_a_planned_post_goes_out_when_its_time_has_come(ada: Person, platform: PracticeControl) -> None:
    text = f"In a moment {uuid.uuid4().hex[:8]}"
    body: dict[str, Any] = {
        "content_text": text,
        "images": [{"image_id": ada.keeps_picture()["id"]}],
        "channel_ids": [ada.channel("instagram")["id"], ada.channel("facebook")["id"]],
    }
    moment = datetime.now(UTC) + timedelta(seconds=1.5)
    post = post_in(writes(ada, scheduled_at=moment.isoformat(), **body))
    assert post["state"] == "scheduled"
    done = ada.waits_for(post["id"], "published")
    for publication in done["publications"]:
        assert codes(publication) == ["scheduled", "started", "prepared", "published"]
        assert datetime.fromisoformat(publication["published_at"]) >= moment
    assert len(platform.media(text)) == len(platform.posts(text)) == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"scheduled_at": in_the_future(seconds=-1)}, 422, "scheduled_in_past"),
        ({"scheduled_at": in_the_future(days=367)}, 422, "scheduled_too_far"),
        ({"scheduled_at": "2999-01-01T10:00:00"}, 422, "invalid_fields"),
        ({"scheduled_at": in_the_future(hours=1)}, 422, "instagram_requires_image"),
        ({"scheduled_at": in_the_future(hours=1), "channel_ids": []}, 422, "channel_required"),
    ],
)
def test_a_post_that_cannot_be_planned_is_not_kept(
    mia: Person, embedded: Live, changes: dict[str, Any], status: int, code: str
) -> None:
    body = {"content_text": "Planned", "channel_ids": [mia.channel("instagram")["id"]], **changes}
    with embedded.nothing_is_left_behind():
        assert_problem(writes(mia, **body), status, code)


def test_a_draft_is_still_there_when_it_cannot_be_planned(mia: Person) -> None:
    post_id = mia.writes("No picture yet", image_ids=[])
    before = mia.post(post_id)
    for answer, code in (
        (plans(mia, post_id, hours=1), "instagram_requires_image"),
        (plans(mia, post_id, seconds=-1), "scheduled_in_past"),
        (mia.client.post(f"/posts/{post_id}/publish"), "instagram_requires_image"),
    ):
        assert_problem(answer, 422, code)
    assert mia.post(post_id) == before


def test_an_image_that_a_planned_post_needs_cannot_be_deleted(ada: Person) -> None:
    image = ada.keeps_picture()
    post_id = ada.writes("I need this", image_ids=[image["id"]])
    assert plans(ada, post_id, hours=1).status_code == 200
    body = assert_problem(ada.client.delete(f"/images/{image['id']}"), 409, "image_in_use")
    assert body["posts"] == [{"id": post_id, "content_text": "I need this"}]
    assert ada.client.post(f"/posts/{post_id}/unschedule").status_code == 200
    assert ada.client.delete(f"/images/{image['id']}").status_code == 200


def test_a_planned_post_that_is_deleted_never_goes_out(ada: Person, platform: PracticeControl) -> None:
    text = f"Not after all {uuid.uuid4().hex[:8]}"
    moment = datetime.now(UTC) + timedelta(seconds=1)
    post = post_in(
        writes(
            ada,
            content_text=text,
            channel_ids=[ada.channel("facebook")["id"]],
            scheduled_at=moment.isoformat(),
        )
    )
    assert ada.client.delete(f"/posts/{post['id']}").status_code == 200
    later = ada.writes(f"{text} but this", image_ids=[], platforms=("facebook",))
    poll(lambda: True if datetime.now(UTC) > moment else None, what="its time")
    # Whatever was due before this one has been taken when this one is out.
    ada.sends(later)
    ada.waits_for(later, "published")
    assert platform.posts(text) == []


def test_publishing_a_planned_post_sends_it_now(ada: Person, platform: PracticeControl) -> None:
    text = f"Sooner {uuid.uuid4().hex[:8]}"
    post_id = ada.writes(text, image_ids=[], platforms=("facebook",))
    assert plans(ada, post_id, hours=5).status_code == 200
    ada.sends(post_id)
    post = ada.waits_for(post_id, "published")
    assert post["scheduled_at"] is None
    assert codes(post["publications"][0]) == ["scheduled", "started", "prepared", "published"]
    assert_problem(plans(ada, post_id, hours=5), 409, "post_not_draft")
    assert len(platform.posts(text)) == 1


def test_one_channel_that_fails_does_not_hold_up_the_other(mia: Person, embedded: Live) -> None:
    text = f"One of two {uuid.uuid4().hex[:8]}"
    with control_of(embedded) as platform:
        platform.change_account(mia.channel("instagram")["external_id"], token_subcode=463)
        post_id = mia.writes(text, image_ids=[mia.keeps_picture()["id"]], platforms=("instagram", "facebook"))
        mia.sends(post_id)
        post = settled(mia, post_id)
        assert post["state"] == "failed"
        assert [p["state"] for p in post["publications"]] == ["failed", "published"]
        # The picture is not what failed.
        steps = [(step["name"], step["state"]) for step in post["publications"][0]["steps"]]
        assert steps[:3] == [("rendition", "done"), ("upload", "failed"), ("check", "waiting")]
        assert platform.media(text) == [] and len(platform.posts(text)) == 1


def test_a_publication_is_told_only_to_members(mia: Person, embedded: Live, signs_up: SignsUp) -> None:
    post_id = mia.writes("Ours", image_ids=[], platforms=("facebook",))
    mia.sends(post_id)
    publication = waits_for_publication(mia, post_id, "published")
    eve = signs_up(embedded, name="Eve", business_name="Elsewhere")
    assert_problem(eve.client.get(f"/posts/{post_id}"), 404, "post_not_found")
    for ask in ("retry", "confirm"):
        answer = eve.client.post(f"/publications/{publication['id']}/{ask}")
        assert_problem(answer, 404, "publication_not_found")
        assert_problem(eve.client.post(f"/publications/999999/{ask}"), 404, "publication_not_found")


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
)
def test_a_moment_that_nobody_means_is_refused_when_a_post_is_checked(ada: Person, moment: str) -> None:
    draft = {
        "business_id": ada.business_id,
        "images": [{"image_id": ada.keeps_picture()["id"]}],
        "channel_ids": [ada.channel()["id"]],
        "scheduled_at": moment,
    }
    assert_problem(ada.client.post("/posts/check", json=draft), 422, "invalid_fields")


def test_checks_of_posts_and_looks_at_publications_have_their_limits(mia: Person) -> None:
    for path, body, limit in (
        ("/posts/check", {"business_id": 999_999}, 120),
        ("/publications/999999/confirm", None, 30),
    ):
        codes_seen = [mia.client.post(path, json=body).status_code for _ in range(limit + 1)]
        assert codes_seen == [404] * limit + [429]
    problem = assert_problem(mia.client.post("/publications/999999/retry"), 429, "rate_limited")
    assert 0 < problem["retry_after"] <= 60
