"""One call from text and pictures to a published post, and everything that is refused on the way."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, Trap
from tests.api.platforms import (
    all_at_once,
    checks,
    codes,
    control_of,
    in_the_future,
    post_in,
    publication_in,
    publishes,
    sha256_of,
)
from tests.person import Person
from tests.practice_server import PracticeControl, poll


@pytest.fixture
def platform(live: Live) -> Iterator[PracticeControl]:
    """The simulators inside the product."""
    with control_of(live) as control:
        yield control


@pytest.fixture
def platform_of_embedded(embedded: Live) -> Iterator[PracticeControl]:
    """The same, for what no database decides."""
    with control_of(embedded) as control:
        yield control


def unique(text: str) -> str:
    """A text that nobody else publishes."""
    return f"{text} {uuid.uuid4().hex[:8]}"


@pytest.fixture
def ada(live: Live, signs_up: SignsUp) -> Person:
    return signs_up(live)


@pytest.fixture(scope="module")
def mia(embedded: Live) -> Iterator[Person]:
    """Somebody who asks for what no database decides, again and again."""
    person = Person.signs_up(embedded.url, name="Mia")
    yield person
    person.close()


# --- out it goes


def test_a_picture_with_its_text_is_published_to_instagram_in_one_call(
    ada: Person, platform: PracticeControl
) -> None:
    text, image = unique("Boats in fog"), ada.keeps_picture(alt_text="Three boats")
    post = post_in(publishes(ada, content_text=text, image_ids=[image["id"]]))
    assert (post["state"], post["content_text"], post["scheduled_at"]) == ("published", text, None)
    assert [shown["image_id"] for shown in post["images"]] == [image["id"]]
    (publication,) = post["publications"]
    (medium,) = platform.media(text)
    channel = ada.channel("instagram")
    assert publication["channel_id"] == channel["id"] and medium["account_id"] == channel["external_id"]
    assert publication["state"] == "published" and publication["error"] is None
    assert publication["is_practice"] is True and publication["platform"] == "instagram"
    assert publication["external_id"] == medium["id"]
    assert publication["permalink"] == medium["permalink"]
    assert publication["published_at"]
    assert codes(publication) == ["started", "prepared", "published"]
    assert medium["pictures"][0]["alt_text"] == "Three boats" and medium["is_ai_generated"] is False
    assert httpx.get(publication["permalink"], trust_env=False).status_code == 200
    assert ada.post(post["id"]) == post
    used = ada.client.get(f"/images/{image['id']}").json()
    assert used["usage_count"] == 1
    assert used["last_used_at"] == publication["published_at"]


def test_a_page_takes_a_text_with_a_picture_and_a_text_alone(ada: Person, platform: PracticeControl) -> None:
    image = ada.keeps_picture()
    for text, image_ids in ((unique("With a picture"), [image["id"]]), (unique("Words alone"), [])):
        publication = publication_in(publishes(ada, "facebook", content_text=text, image_ids=image_ids))
        (found,) = platform.posts(text)
        assert (publication["state"], publication["external_id"]) == ("published", found["id"])
        assert publication["permalink"] == found["permalink_url"]
        assert len(found["pictures"]) == len(image_ids)


@pytest.mark.parametrize("platform_name", ["instagram", "facebook"])
@pytest.mark.parametrize(
    ("width", "height", "is_cropped"), [(1600, 700, True), (500, 1000, True), (900, 900, False)]
)
def test_what_the_preview_shows_is_the_file_that_was_downloaded_byte_for_byte(
    mia: Person,
    platform_of_embedded: PracticeControl,
    platform_name: str,
    width: int,
    height: int,
    is_cropped: bool,
) -> None:
    text = unique("Byte for byte")
    image = mia.keeps_picture(
        pictures.png(pictures.photo(width, height, seed=uuid.uuid4().int % 2**31)), filename="scan.png"
    )
    told = checks(
        mia,
        content_text=text,
        images=[{"image_id": image["id"]}],
        channel_ids=[mia.channel(platform_name)["id"]],
    )
    assert told["is_ready"] is True
    (channel,) = told["channels"]
    (shown,) = channel["renditions"]
    if platform_name == "instagram":
        assert shown["is_cropped"] is is_cropped
        assert [problem["code"] for problem in channel["problems"]] == ["image_cropped"] * is_cropped
    seen = sha256_of(shown["url"])
    assert seen == shown["sha256"]
    publication = publication_in(publishes(mia, platform_name, content_text=text, image_ids=[image["id"]]))
    assert publication["state"] == "published"
    (out,) = (
        platform_of_embedded.media(text) if platform_name == "instagram" else platform_of_embedded.posts(text)
    )
    (sent,) = out["pictures"]
    assert sent["sha256"] == seen
    assert (sent["width"], sent["height"], sent["size"]) == (
        shown["width"],
        shown["height"],
        shown["file_size"],
    )


@pytest.mark.parametrize("platform_name", ["instagram", "facebook"])
def test_several_pictures_and_a_first_comment_go_out_in_one_call(
    ada: Person, platform: PracticeControl, platform_name: str
) -> None:
    text = unique("Three loaves")
    image_ids = [ada.keeps_picture(alt_text=f"Loaf {number}")["id"] for number in range(3)]
    answer = publishes(
        ada, platform_name, content_text=text, image_ids=image_ids, first_comment="#bread", ai_label=False
    )
    publication = publication_in(answer)
    assert publication["state"] == "published"
    (out,) = platform.media(text) if platform_name == "instagram" else platform.posts(text)
    assert [picture["alt_text"] for picture in out["pictures"]] == ["Loaf 0", "Loaf 1", "Loaf 2"]
    post_id = post_in(answer)["id"]
    poll(
        lambda: "commented" in codes(ada.post(post_id)["publications"][0]) or None,
        what="the first comment",
    )
    (out,) = platform.media(text) if platform_name == "instagram" else platform.posts(text)
    assert out["comments"] == ["#bread"]


def test_an_ai_picture_is_labelled_as_such_on_instagram(ada: Person, platform: PracticeControl) -> None:
    made = ada.client.post(
        "/images/generate",
        json={
            "business_id": ada.business_id,
            "prompt": "A quiet harbour",
            "size": "1024x1024",
            "quality": "standard",
        },
    )
    assert made.status_code == 201, made.text
    text = unique("Painted")
    post_in(publishes(ada, content_text=text, image_ids=[made.json()["image"]["id"]]))
    (medium,) = platform.media(text)
    assert medium["is_ai_generated"] is True


def test_urls_of_the_library_stand_for_its_images(ada: Person, live: Live) -> None:
    image = ada.keeps_picture()
    for url in (
        image["storage_url"],
        image["storage_url"].replace("//localhost:", "//127.0.0.1:"),
    ):
        post = post_in(publishes(ada, "facebook", content_text=unique("By URL"), content_images=[url]))
        assert [shown["image_id"] for shown in post["images"]] == [image["id"]]
        assert post["state"] == "published"
    assert live.count("images", f"business_id = {ada.business_id}") == 1


def test_text_is_kept_as_it_was_written_to_the_last_sign(ada: Person, platform: PracticeControl) -> None:
    tail = uuid.uuid4().hex[:8]
    text = f"Für dich 👩‍👩‍👧 #brot\n\n“50 % off” & <b>more</b> \\ 日本 \u202eabc {tail}"
    publication = publication_in(publishes(ada, "facebook", content_text=f"  {text}\n"))
    assert publication["state"] == "published"
    assert len(platform.posts(text)) == 1


# --- refused, and nothing is left behind


def too_many_hashtags(count: int) -> str:
    return " ".join(f"#tag{number}" for number in range(count))


Change = Callable[[Person], dict[str, Any]]

REFUSED: dict[str, tuple[str, Change, int, str]] = {
    "no image": ("instagram", lambda _: {}, 422, "instagram_requires_image"),
    "no image and a plan": (
        "instagram",
        lambda _: {"scheduled_at": in_the_future(hours=1)},
        422,
        "instagram_requires_image",
    ),
    "a long text": (
        "instagram",
        lambda p: {"content_text": "x" * 2201, "image_ids": [p.keeps_picture()["id"]]},
        422,
        "text_too_long",
    ),
    "a text of emoji that count double": (
        "instagram",
        lambda p: {"content_text": "🍞" * 1101, "image_ids": [p.keeps_picture()["id"]]},
        422,
        "text_too_long",
    ),
    "31 hashtags": (
        "instagram",
        lambda p: {"content_text": too_many_hashtags(31), "image_ids": [p.keeps_picture()["id"]]},
        422,
        "too_many_hashtags",
    ),
    "21 mentions": (
        "instagram",
        lambda p: {"content_text": "@a " * 21, "image_ids": [p.keeps_picture()["id"]]},
        422,
        "too_many_mentions",
    ),
    "eleven images on Instagram": (
        "instagram",
        lambda p: {"image_ids": [p.keeps_picture()["id"]] * 11},
        422,
        "too_many_images",
    ),
    "eleven images on Facebook": (
        "facebook",
        lambda p: {"image_ids": [p.keeps_picture()["id"]] * 11},
        422,
        "too_many_images",
    ),
    "a long text on Facebook": ("facebook", lambda _: {"content_text": "x" * 63207}, 422, "text_too_long"),
    "nothing at all": ("facebook", lambda _: {"content_text": " \n "}, 422, "post_empty"),
    "a time that has passed": (
        "facebook",
        lambda _: {"scheduled_at": in_the_future(seconds=-5)},
        422,
        "scheduled_in_past",
    ),
    "a time too far ahead": (
        "facebook",
        lambda _: {"scheduled_at": in_the_future(days=400)},
        422,
        "scheduled_too_far",
    ),
    "a time without its zone": (
        "facebook",
        lambda _: {"scheduled_at": "2999-01-01T10:00:00"},
        422,
        "invalid_fields",
    ),
    "an image that is not there": ("instagram", lambda _: {"image_ids": [999_999]}, 404, "image_not_found"),
    "an image id that cannot be": ("instagram", lambda _: {"image_ids": [2**70]}, 422, "invalid_fields"),
    "an image id below one": ("instagram", lambda _: {"image_ids": [-1]}, 422, "invalid_fields"),
    "a channel that is not there": ("facebook", lambda _: {"channel_id": 999_999}, 404, "channel_not_found"),
    "a channel of the other platform": (
        "facebook",
        lambda p: {"channel_id": p.channel("instagram")["id"]},
        404,
        "channel_not_found",
    ),
    "a business that is not there": (
        "facebook",
        lambda _: {"business_id": 999_999},
        404,
        "business_not_found",
    ),
    "a field with a typing error": ("facebook", lambda _: {"content_txt": "x"}, 422, "invalid_fields"),
    "half a character": ("facebook", lambda _: {"content_text": "\ud83c"}, 422, "invalid_fields"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_breaks_a_rule_is_refused_with_its_cure_and_leaves_nothing_behind(
    case: str, mia: Person, embedded: Live
) -> None:
    platform_name, change, status, code = REFUSED[case]
    changes = change(mia)
    with embedded.nothing_is_left_behind():
        body = assert_problem(publishes(mia, platform_name, **changes), status, code)
    assert "Traceback" not in body["detail"]


def test_instagram_without_an_image_says_so_in_the_promised_words(mia: Person) -> None:
    body = assert_problem(publishes(mia), 422, "instagram_requires_image")
    assert body["detail"].startswith("Instagram requires at least one image.")


def test_the_limit_that_was_passed_is_named_for_programs(mia: Person) -> None:
    image_ids = [mia.keeps_picture()["id"]]
    assert (
        assert_problem(publishes(mia, content_text="x" * 2201, image_ids=image_ids), 422, "text_too_long")[
            "limit"
        ]
        == 2200
    )
    publication = publication_in(publishes(mia, content_text="x" * 2200, image_ids=image_ids))
    assert publication["state"] == "published"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/secret.jpg",
        "https://localhost:{port}/secret.jpg",
        "http://127.0.0.1:{port}/secret.jpg",
        "https://127.1:{port}/secret.jpg",
        "http://[::1]:{port}/secret.jpg",
        "https://0x7f000001/secret.jpg",
        "https://10.0.0.1/secret.jpg",
        "https://192.168.1.1/secret.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::ffff:10.0.0.1]/secret.jpg",
        "https://user:password@127.0.0.1/secret.jpg",
        "file:///etc/passwd",
        "ftp://127.0.0.1/secret.jpg",
        "//127.0.0.1/secret.jpg",
        "http://[not-an-address/x.jpg",
        "secret.jpg",
        "",
    ],
)
def test_an_address_inside_is_refused_untouched(url: str, mia: Person, embedded: Live) -> None:
    with Trap() as trap, embedded.nothing_is_left_behind():
        answer = publishes(mia, content_images=[url.format(port=trap.port)])
        body = assert_problem(answer, 422, "image_url_not_allowed")
        assert not trap.was_touched()
    assert "127.0.0.1" not in body["detail"] and "localhost" not in body["detail"]


def test_what_is_wrong_without_any_picture_is_said_before_one_is_fetched(mia: Person) -> None:
    with Trap() as trap:
        url = f"http://localhost:{trap.port}/a.jpg"
        assert_problem(publishes(mia, content_text="x" * 2201, content_images=[url]), 422, "text_too_long")
        assert_problem(publishes(mia, content_images=[url] * 11), 422, "too_many_images")
        assert_problem(publishes(mia, content_images=[url], channel_id=999_999), 404, "channel_not_found")
        assert not trap.was_touched()


def test_another_businesss_image_is_as_absent_as_one_that_never_was(
    mia: Person, embedded: Live, signs_up: SignsUp
) -> None:
    theirs = signs_up(embedded, name="Eve", business_name="Elsewhere").keeps_picture()
    with embedded.nothing_is_left_behind():
        answers = [
            publishes(mia, image_ids=[theirs["id"]]),
            publishes(mia, content_images=[theirs["storage_url"]]),
            publishes(mia, image_ids=[999_999]),
        ]
    problems = [assert_problem(answer, 404, "image_not_found") for answer in answers]
    assert len({problem["detail"] for problem in problems}) == 1


def test_a_url_of_the_library_is_taken_only_as_it_was_given_out(mia: Person, embedded: Live) -> None:
    image = mia.keeps_picture()
    url = image["storage_url"]
    with embedded.nothing_is_left_behind():
        for changed in (
            url.replace("&s=", "&s=x"),
            url.replace("?e=", "?e=9"),
            url.partition("?")[0],
            url.replace("/original.", "/thumb."),
            image["thumbnail_url"],
            url.replace("http://localhost", "http://localhost.example"),
        ):
            assert_problem(publishes(mia, content_images=[changed]), 422, "image_url_not_allowed")


def test_an_image_in_the_trash_is_not_published(mia: Person, embedded: Live) -> None:
    image = mia.keeps_picture()
    assert mia.client.delete(f"/images/{image['id']}").status_code == 200
    with embedded.nothing_is_left_behind():
        assert_problem(publishes(mia, image_ids=[image["id"]]), 404, "image_not_found")
        answer = publishes(mia, content_images=[image["storage_url"]])
        assert_problem(answer, 404, "image_not_found")


# --- once


def test_a_double_click_publishes_once(ada: Person, platform: PracticeControl) -> None:
    text = unique("Clicked twice")
    post_id = ada.writes(text, image_ids=[ada.keeps_picture()["id"]], platforms=("instagram", "facebook"))
    answers = all_at_once([lambda: ada.client.post(f"/posts/{post_id}/publish")] * 5)
    assert [answer.status_code for answer in answers] == [202] * 5
    post = ada.waits_for(post_id, "published")
    assert [codes(publication) for publication in post["publications"]] == [
        ["started", "prepared", "published"]
    ] * 2
    again = ada.client.post(f"/posts/{post_id}/publish")
    assert post_in(again, 202)["state"] == "published"
    assert len(platform.media(text)) == len(platform.posts(text)) == 1
    assert len(platform.containers(text)) == 1


def test_the_same_request_at_the_same_time_makes_one_post_and_one_answer(
    ada: Person, platform: PracticeControl, live: Live
) -> None:
    text, key = unique("Sent by an impatient program"), uuid.uuid4().hex
    image_ids = [ada.keeps_picture()["id"]]
    answers = all_at_once([lambda: publishes(ada, content_text=text, image_ids=image_ids, key=key)] * 4)
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 3
    later = publishes(ada, content_text=text, image_ids=image_ids, key=key)
    assert later.content == answers[0].content
    assert len(platform.media(text)) == 1
    assert live.count("posts", f"business_id = {ada.business_id}") == 1


def test_a_key_used_for_something_else_is_refused(ada: Person, platform: PracticeControl) -> None:
    text, key = unique("First"), uuid.uuid4().hex
    post_in(publishes(ada, "facebook", content_text=text, key=key))
    for answer in (
        publishes(ada, "facebook", content_text=f"{text} again", key=key),
        publishes(ada, "instagram", content_text=text, key=key),
    ):
        assert_problem(answer, 409, "idempotency_key_reused")
    assert len(platform.posts()) >= 1 and platform.posts(f"{text} again") == []


def test_a_refused_request_leaves_its_key_free(ada: Person) -> None:
    key = uuid.uuid4().hex
    assert_problem(publishes(ada, key=key), 422, "instagram_requires_image")
    publication = publication_in(publishes(ada, image_ids=[ada.keeps_picture()["id"]], key=key))
    assert publication["state"] == "published"


def test_without_a_key_the_same_request_twice_is_two_posts(ada: Person, platform: PracticeControl) -> None:
    text = unique("Said twice")
    first, second = (publication_in(publishes(ada, "facebook", content_text=text)) for _ in range(2))
    assert first["external_id"] != second["external_id"]
    assert len(platform.posts(text)) == 2


# --- which channel


def test_without_a_channel_of_the_platform_one_is_asked_for(ada: Person, live: Live) -> None:
    assert ada.client.delete(f"/channels/{ada.channel('facebook')['id']}").status_code == 200
    with live.nothing_is_left_behind():
        body = assert_problem(publishes(ada, "facebook"), 422, "channel_required")
    assert body["detail"] == "Connect a Facebook Page first."


def test_another_businesss_channel_is_as_absent_as_one_that_never_was(
    ada: Person, live: Live, signs_up: SignsUp
) -> None:
    theirs = signs_up(live, name="Eve", business_name="Elsewhere").channel("facebook")
    problems = [
        assert_problem(publishes(ada, "facebook", channel_id=channel_id), 404, "channel_not_found")
        for channel_id in (theirs["id"], 999_999)
    ]
    assert problems[0]["detail"] == problems[1]["detail"]
