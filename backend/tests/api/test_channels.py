"""Channels: connected with a token, renewed, let go, and never showing their token."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live
from tests.api.platforms import (
    all_at_once,
    codes,
    connects,
    in_the_future,
    joins,
    post_in,
    publication_in,
    publishes,
    text_of,
)
from tests.person import Person
from tests.practice_server import PracticeAccounts, PracticeControl, PracticeProcess

RULES = {
    "instagram": {
        "min_images": 1,
        "max_images": 10,
        "max_characters": 2200,
        "max_hashtags": 30,
        "max_mentions": 20,
        "max_alt_text": 1000,
    },
    "facebook": {
        "min_images": 0,
        "max_images": 10,
        "max_characters": 63206,
        "max_hashtags": None,
        "max_mentions": None,
        "max_alt_text": 1000,
    },
}


@pytest.fixture
def ada(troubled: Live, signs_up: SignsUp) -> Person:
    return signs_up(troubled)


@pytest.fixture
def control(elsewhere: PracticeProcess) -> Iterator[PracticeControl]:
    yield elsewhere.control
    elsewhere.control.clear_faults()


@pytest.fixture
def accounts(control: PracticeControl) -> PracticeAccounts:
    """Accounts on the platform that nobody has connected yet."""
    return control.accounts("Bakery by the Sea")


def channels_of(person: Person) -> list[dict[str, Any]]:
    answer = person.client.get("/channels", params={"business_id": person.business_id})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["channels"]
    return found


def test_a_new_business_has_a_practice_account_on_each_platform(live: Live, signs_up: SignsUp) -> None:
    mia = signs_up(live, business_name="Harbour Coffee")
    found = channels_of(mia)
    assert [channel["platform"] for channel in found] == ["instagram", "facebook"]
    for channel in found:
        assert set(channel) == {
            "id",
            "platform",
            "name",
            "external_id",
            "account_url",
            "status",
            "is_practice",
            "login",
            "token_expires_at",
            "data_access_expires_at",
            "checked_at",
            "missing_permissions",
            "problem",
            "tried_again_at",
            "quota",
            "waiting_posts",
            "rules",
        }
        assert (channel["status"], channel["is_practice"]) == ("connected", True)
        assert channel["rules"] | RULES[str(channel["platform"])] == channel["rules"]
        offered = {p["name"]: p for p in channel["rules"]["placements"] if p["is_offered"]}
        if channel["platform"] == "instagram":
            assert list(offered) == ["feed", "carousel"]
            carousel = offered["carousel"]
            assert (carousel["min_images"], carousel["max_images"], carousel["is_one_shape"]) == (2, 10, True)
            assert carousel["max_ratio"] == {"width": 191, "height": 100}
            assert carousel["takes_ai_label"] and carousel["max_user_tags"] == 20
        else:
            assert list(offered) == ["text", "photo", "photos"]
            assert not offered["photos"]["takes_ai_label"] and not offered["photo"]["takes_user_tags"]
            assert offered["photos"]["max_bytes"] == 4_000_000
    assert found[1]["name"] == "Harbour Coffee"


@pytest.mark.parametrize("platform", ["instagram", "facebook"])
def test_an_account_is_connected_with_its_token_under_the_platforms_name(
    ada: Person, accounts: PracticeAccounts, platform: str
) -> None:
    account = accounts.instagram if platform == "instagram" else accounts.page
    answer = connects(ada, account.id, account.access_token, platform)
    assert answer.status_code == 201, answer.text
    channel = answer.json()
    path = f"{account.name}/" if platform == "instagram" else account.id
    assert channel == {
        "id": channel["id"],
        "platform": platform,
        "name": account.name,
        "external_id": account.id,
        "account_url": f"https://www.{platform}.com/{path}",
        "status": "connected",
        "is_practice": False,
        "login": "facebook",
        "token_expires_at": None,
        "data_access_expires_at": None,
        "checked_at": channel["checked_at"],
        "missing_permissions": [],
        "problem": None,
        "tried_again_at": None,
        "quota": None,
        "waiting_posts": [],
        "rules": channel["rules"] | RULES[platform],
    }
    assert channel in channels_of(ada)
    image_ids = [ada.keeps_picture()["id"]]
    # There are two of the platform now, so one has to be named.
    body = assert_problem(publishes(ada, platform, image_ids=image_ids), 422, "channel_required")
    assert "channel_id" in body["detail"]
    publication = publication_in(publishes(ada, platform, image_ids=image_ids, channel_id=channel["id"]))
    assert (publication["state"], publication["is_practice"]) == ("published", False)


def test_connecting_the_same_account_again_renews_it(ada: Person, accounts: PracticeAccounts) -> None:
    account = accounts.instagram
    first = connects(ada, account.id, account.access_token, name="  The bakery ").json()
    assert first["name"] == "The bakery"
    again = connects(ada, account.id, account.access_token)
    assert again.status_code == 201
    renewed = again.json()
    # The account is found by its own name; another one's address is not made up.
    assert first["account_url"] == "https://www.instagram.com/"
    assert renewed == {
        **first,
        "name": account.name,
        "account_url": f"https://www.instagram.com/{account.name}/",
        "checked_at": renewed["checked_at"],
    }
    assert ada.client.delete(f"/channels/{first['id']}").status_code == 200
    assert connects(ada, account.id, account.access_token).json()["id"] == first["id"]
    assert len(channels_of(ada)) == 3


def test_an_account_connected_several_times_at_once_is_one_channel(
    ada: Person, accounts: PracticeAccounts
) -> None:
    account = accounts.page
    answers = all_at_once([lambda: connects(ada, account.id, account.access_token, "facebook")] * 4)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(channels_of(ada)) == 3


def test_two_businesses_may_connect_the_same_account(
    ada: Person, troubled: Live, signs_up: SignsUp, accounts: PracticeAccounts
) -> None:
    other = signs_up(troubled, name="Eve", business_name="Agency")
    account = accounts.instagram
    ids = {connects(person, account.id, account.access_token).json()["id"] for person in (ada, other)}
    assert len(ids) == 2


def test_a_token_or_account_that_the_platform_does_not_take_is_not_kept(
    ada: Person, troubled: Live, accounts: PracticeAccounts, control: PracticeControl
) -> None:
    account, page = accounts.instagram, accounts.page
    before = channels_of(ada)
    control.change_account(page.id, token_subcode=463)
    for answer, code in (
        (connects(ada, account.id, "EAAB-nobody-knows-this"), "token_invalid"),
        (connects(ada, account.id, "not a token"), "token_invalid"),
        (connects(ada, "17841400000000000", account.access_token), "account_not_visible"),
        (connects(ada, page.id, account.access_token), "permission_missing"),
        (connects(ada, page.id, page.access_token, "facebook"), "token_invalid"),
        (
            connects(ada, account.id, account.access_token, "facebook", login="instagram"),
            "login_not_supported",
        ),
    ):
        body = assert_problem(answer, 422, code)
        assert account.access_token not in text_of(answer) and "nobody-knows" not in text_of(answer)
        assert "onnect" in body["detail"]
    assert channels_of(ada) == before
    assert troubled.count("channels", f"business_id = {ada.business_id}") == 2


def test_a_platform_in_trouble_is_no_reason_to_doubt_the_token(
    ada: Person, accounts: PracticeAccounts, control: PracticeControl
) -> None:
    account = accounts.instagram
    for kind in ("http_500", "drop_before", "garbage"):
        control.fault(kind, edge="account", account_id=account.id)
        answer = connects(ada, account.id, account.access_token)
        body = assert_problem(answer, 503, "platform_unavailable")
        assert body["retry_after"] > 0 and int(answer.headers["retry-after"]) > 0
        assert body["detail"] == "The platform does not work properly right now. Try again later."
    assert connects(ada, account.id, account.access_token).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"platform": "myspace"},
        {"external_id": ""},
        {"external_id": "../me"},
        # Names of an account that is connected under its number already.
        {"external_id": "me"},
        {"external_id": "-1"},
        {"external_id": "017841400000000777"},
        {"external_id": "1" * 101},
        {"access_token": ""},
        {"access_token": "x" * 2001},
        {"login": "google"},
        {"name": "x" * 201},
        {"status": "connected"},
        {"is_practice": True},
    ],
)
def test_what_cannot_be_a_channel_is_refused_without_repeating_the_token(
    ada: Person, changes: dict[str, Any]
) -> None:
    token = f"EAAB-{uuid.uuid4().hex}"
    sent: dict[str, Any] = {"external_id": "1", "access_token": token, **changes}
    answer = connects(ada, **sent)
    assert_problem(answer, 422, "invalid_fields")
    assert token not in text_of(answer) and "xxxxx" not in text_of(answer)


def test_a_key_connects_once_and_keeps_no_token(
    ada: Person, troubled: Live, accounts: PracticeAccounts
) -> None:
    account, key = accounts.instagram, uuid.uuid4().hex
    first = connects(ada, account.id, account.access_token, key=key)
    again = connects(ada, account.id, account.access_token, key=key)
    assert (first.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert_problem(connects(ada, account.id, "another", key=key), 409, "idempotency_key_reused")
    kept = troubled.execute(f"SELECT answer FROM idempotent_requests WHERE key = '{key}'")
    assert account.access_token not in "".join(kept)


def test_only_admins_connect_and_disconnect(
    ada: Person, troubled: Live, signs_up: SignsUp, accounts: PracticeAccounts
) -> None:
    editor = signs_up(troubled, name="Edith")
    own_channel = editor.channel()
    joins(ada, editor, "editor")
    assert channels_of(editor) == channels_of(ada)
    answer = connects(editor, accounts.page.id, accounts.page.access_token, "facebook")
    assert_problem(answer, 403, "role_too_low")
    answer = editor.client.delete(f"/channels/{channels_of(ada)[0]['id']}")
    assert_problem(answer, 403, "role_too_low")
    # What she is elsewhere counts there.
    assert editor.client.delete(f"/channels/{own_channel['id']}").status_code == 200


# --- let go


def test_a_channel_is_let_go_and_its_token_with_it(ada: Person, troubled: Live) -> None:
    post = post_in(publishes(ada, "facebook", content_text="Before"))
    channel = ada.channel("facebook")
    answer = ada.client.delete(f"/channels/{channel['id']}")
    assert answer.json() == {"success": True, "message": "Channel disconnected"}
    assert channel not in channels_of(ada)
    assert troubled.execute(f"SELECT token_sealed FROM channels WHERE id = {channel['id']}") == [""]
    assert_problem(ada.client.delete(f"/channels/{channel['id']}"), 404, "channel_not_found")
    assert_problem(publishes(ada, "facebook"), 422, "channel_required")
    answer = publishes(ada, "facebook", channel_id=channel["id"])
    assert_problem(answer, 404, "channel_not_found")
    # What went out stays listed, with the name of where it went.
    assert ada.post(post["id"]) == post


def test_a_channel_that_a_planned_post_needs_is_not_let_go(ada: Person) -> None:
    post_id = ada.writes("Needs this", image_ids=[], platforms=("facebook",))
    channel = ada.channel("facebook")
    planned = ada.client.post(f"/posts/{post_id}/schedule", json={"scheduled_at": in_the_future(hours=1)})
    assert planned.status_code == 200, planned.text
    body = assert_problem(ada.client.delete(f"/channels/{channel['id']}"), 409, "channel_in_use")
    assert body["posts"] == [{"id": post_id, "content_text": "Needs this"}]
    assert ada.client.post(f"/posts/{post_id}/unschedule").status_code == 200
    assert ada.client.delete(f"/channels/{channel['id']}").status_code == 200


def test_a_draft_goes_out_without_a_channel_that_is_let_go_and_gets_it_back(
    ada: Person, accounts: PracticeAccounts, control: PracticeControl
) -> None:
    text = f"For two Pages {uuid.uuid4().hex[:8]}"
    page = accounts.page
    second = connects(ada, page.id, page.access_token, "facebook").json()["id"]
    body = {"business_id": ada.business_id, "content_text": text, "channel_ids": [second]}
    alone = post_in(ada.client.post("/posts", json=body))["id"]
    first = next(it["id"] for it in channels_of(ada) if it["platform"] == "facebook" and it["id"] != second)
    body |= {
        "channel_ids": [first, second],
        "texts": [{"channel_id": second, "content_text": f"{text}, here"}],
    }
    both = post_in(ada.client.post("/posts", json=body))
    assert both["channel_ids"] == [first, second]

    assert ada.client.delete(f"/channels/{second}").status_code == 200
    assert ada.post(alone)["channel_ids"] == []
    assert (ada.post(both["id"])["channel_ids"], ada.post(both["id"])["texts"]) == ([first], [])
    for step in ("publish", "schedule"):
        asked = {"scheduled_at": in_the_future(hours=1)} if step == "schedule" else None
        assert_problem(ada.client.post(f"/posts/{alone}/{step}", json=asked), 422, "channel_required")
    assert connects(ada, page.id, page.access_token, "facebook").json()["id"] == second
    assert ada.post(alone)["channel_ids"] == [second] and ada.post(both["id"]) == both

    assert ada.client.delete(f"/channels/{second}").status_code == 200
    ada.sends(both["id"])
    out = ada.waits_for(both["id"], "published")
    assert [publication["channel_id"] for publication in out["publications"]] == [first]
    assert len(control.posts(text)) == 1


def test_another_businesss_channel_is_as_absent_as_one_that_never_was(
    ada: Person, troubled: Live, signs_up: SignsUp
) -> None:
    eve = signs_up(troubled, name="Eve", business_name="Elsewhere")
    problems = [
        assert_problem(eve.client.delete(f"/channels/{channel_id}"), 404, "channel_not_found")
        for channel_id in (ada.channel()["id"], 999_999)
    ]
    assert problems[0]["detail"] == problems[1]["detail"]
    answer = eve.client.get("/channels", params={"business_id": ada.business_id})
    assert_problem(answer, 404, "business_not_found")


# --- secrets


def test_a_token_shows_in_no_answer_no_log_and_no_file(
    ada: Person, troubled: Live, accounts: PracticeAccounts, control: PracticeControl
) -> None:
    account = accounts.instagram
    answers = [connects(ada, account.id, account.access_token)]
    channel_id = answers[0].json()["id"]
    image_ids = [ada.keeps_picture()["id"]]
    # A good end, a bad one, and answers that cannot be read: each may carry the token somewhere.
    for number, kind in enumerate(("", "refused", "garbage", "drop_after")):
        if kind == "refused":
            control.graph_error("media", 36004, 2207010, method="POST", account_id=account.id)
        elif kind:
            control.fault(kind, edge="media_publish", account_id=account.id)
        text = f"Planted {number} {account.id}"
        answers.append(publishes(ada, content_text=text, image_ids=image_ids, channel_id=channel_id))
    control.change_account(account.id, token_subcode=463)
    answers.append(publishes(ada, image_ids=image_ids, channel_id=channel_id))
    answers.append(ada.client.get("/channels", params={"business_id": ada.business_id}))
    answers.append(ada.client.get("/posts", params={"business_id": ada.business_id}))
    answers.append(connects(ada, account.id, account.access_token))
    assert [answer.status_code for answer in answers] == [201] * 6 + [200, 200, 422]
    for answer in answers:
        assert account.access_token not in text_of(answer)
    log = troubled.product.process.log.read_bytes()
    assert b"publication.published" in log
    assert account.access_token.encode() not in log
    for path in troubled.product.data_dir.rglob("*"):
        if path.is_file():
            assert account.access_token.encode() not in path.read_bytes(), path


def test_a_token_that_ends_is_shown_on_the_channel_until_it_is_connected_again(
    ada: Person, control: PracticeControl
) -> None:
    known = control.accounts(reference=f"business-{ada.business_id}")
    channel = ada.channel("facebook")
    assert channel["external_id"] == known.page.id
    control.change_account(known.page.id, token_subcode=460)
    publication = publication_in(publishes(ada, "facebook"))
    assert publication["state"] == "failed" and publication["external_id"] is None
    assert publication["error"] == {
        "code": "token_invalid",
        "detail": "Meta no longer accepts this connection. Connect the channel again.",
    }
    assert codes(publication)[-1] == "token_invalid"
    broken = ada.channel("facebook")
    assert (broken["status"], broken["problem"]["code"]) == ("reconnect_needed", "token_invalid")
    assert_problem(publishes(ada, "facebook"), 422, "channel_not_connected")
    control.change_account(known.page.id, token_subcode=None)
    answer = connects(ada, known.page.id, known.page.access_token, "facebook")
    renewed = answer.json()
    # What was not known of the account when it was opened is told by its token.
    told = {name: renewed[name] for name in ("checked_at", "data_access_expires_at")}
    assert renewed == {**channel, "status": "connected", **told}
    assert publication_in(publishes(ada, "facebook"))["state"] == "published"
