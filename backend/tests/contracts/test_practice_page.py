"""The Practice Page keeps the rules of Facebook Pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.contracts.practice_desk import Desk, PictureHost, Served, picture_host, refusal
from tests.factories_pictures import flat, gif, jpeg, png, webp
from tests.practice_server import PracticeThread, practice_thread

HOUR, DAY = 3600, 24 * 3600


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        yield running


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    with picture_host() as running:
        yield running


@pytest.fixture
def desk(server: PracticeThread, host: PictureHost) -> Iterator[Desk]:
    made = Desk(server.url, server.control, host, "Harbour Coffee")
    yield made
    made.close()


def attached(*photo_ids: str) -> dict[str, str]:
    return {f"attached_media[{n}]": json.dumps({"media_fbid": i}) for n, i in enumerate(photo_ids)}


def test_a_photo_becomes_a_post_with_a_link_that_shows_it(desk: Desk) -> None:
    answer = desk.photo(url=desk.host.picture(), caption="New beans #coffee", alt_text_custom="Beans").json()
    assert answer["post_id"].startswith(f"{desk.page.id}_")
    post = desk.look(answer["post_id"], "id,permalink_url,is_published,status_type,message", desk.page)
    assert (post["is_published"], post["status_type"]) == (True, "added_photos")
    page = desk.raw("GET", post["permalink_url"])
    assert page.status_code == 200
    assert "New beans" in page.text and "Beans" in page.text


def test_a_photo_may_be_sent_as_a_file(desk: Desk) -> None:
    sent = png(flat((9, 9, 9), 500, 500))
    answer = desk.ask(
        "POST",
        f"{desk.page.id}/photos",
        desk.page,
        data={"caption": "from a file"},
        files={"source": ("../../etc/passwd", sent, "image/png")},
    )
    assert answer.status_code == 200
    picture = desk.control.posts("from a file")[0]["pictures"][0]
    assert desk.raw("GET", picture["url"]).content == sent


def test_unpublished_photos_wait_until_a_post_takes_them(desk: Desk) -> None:
    photos = [desk.photo(url=desk.host.picture(800 + n, 800), published="false").json() for n in range(2)]
    assert all(set(photo) == {"id"} for photo in photos)
    assert not desk.control.posts("two at once")
    assert desk.feed(message="two at once", **attached(*(p["id"] for p in photos))).status_code == 200
    assert [p["width"] for p in desk.control.posts("two at once")[0]["pictures"]] == [800, 801]


def test_attached_media_may_come_as_a_json_list(desk: Desk) -> None:
    photo = desk.photo(url=desk.host.picture(), published="false").json()["id"]
    answer = desk.ask(
        "POST",
        f"{desk.page.id}/feed",
        desk.page,
        json={"message": "a list", "attached_media": [{"media_fbid": photo}]},
    )
    assert answer.status_code == 200
    assert len(desk.control.posts("a list")[0]["pictures"]) == 1


def test_a_photo_is_attached_once(desk: Desk) -> None:
    photo = desk.photo(url=desk.host.picture(), published="false").json()["id"]
    assert desk.feed(message="first", **attached(photo)).status_code == 200
    assert refusal(desk.feed(message="second", **attached(photo))) == (100, 1366051)
    assert not desk.control.posts("second")


def test_a_photo_that_is_not_there_leaves_no_half_post(desk: Desk) -> None:
    assert refusal(desk.feed(message="half a post", **attached("123"))) == (100, 33)
    assert not desk.control.posts("half a post")


def test_an_orphan_photo_can_be_deleted(desk: Desk) -> None:
    photo = desk.photo(url=desk.host.picture(), published="false").json()["id"]
    assert photo in desk.control.state()["loose_photos"]
    assert desk.ask("DELETE", photo, desk.page).json() == {"success": True}
    assert photo not in desk.control.state()["loose_photos"]
    assert refusal(desk.ask("GET", photo, desk.page)) == (100, 33)


def test_a_deleted_post_is_gone_with_its_page_and_picture(desk: Desk) -> None:
    post_id = desk.photo(url=desk.host.picture(), caption="soon gone").json()["post_id"]
    link = desk.look(post_id, "permalink_url", desk.page)["permalink_url"]
    picture = desk.control.posts("soon gone")[0]["pictures"][0]["url"]
    assert desk.ask("DELETE", post_id, desk.page).json() == {"success": True}
    assert refusal(desk.ask("GET", post_id, desk.page)) == (100, 33)
    assert desk.raw("GET", link).status_code == 404
    assert desk.raw("GET", picture).status_code == 404


def test_posts_are_listed_newest_first(desk: Desk) -> None:
    for n in range(3):
        desk.feed(message=f"news {n}")
    for edge in ("published_posts", "feed"):
        listed = desk.ask(
            "GET", f"{desk.page.id}/{edge}", desk.page, params={"fields": "id,message,created_time"}
        ).json()["data"]
        assert [row["message"] for row in listed] == ["news 2", "news 1", "news 0"]
        assert all(row["created_time"].endswith("+0000") for row in listed)


def test_a_link_is_shown_and_a_broken_one_refused(desk: Desk) -> None:
    post_id = desk.feed(link="https://example.com/menu").json()["id"]
    link = desk.look(post_id, "permalink_url", desk.page)["permalink_url"]
    assert 'href="https://example.com/menu"' in desk.raw("GET", link).text
    assert refusal(desk.feed(message="x", link="javascript:alert(1)")) == (1609005, None)


def test_an_empty_post_is_refused(desk: Desk) -> None:
    assert refusal(desk.feed()) == (100, None)
    assert refusal(desk.photo(caption="no photo")) == (324, None)
    assert refusal(desk.feed(message="x" * 63_207)) == (100, None)


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (Served(webp(flat((1, 2, 3), 600, 600)), "image/webp"), (100, 1366046)),
        (Served(b"words", "text/plain"), (100, 1366046)),
        (Served(jpeg() + b"\0" * 4_000_000), (100, 1366046)),
        (Served(status=404), (324, 2069019)),
    ],
    ids=["webp", "words", "4 MB", "missing"],
)
def test_an_unreadable_photo_is_refused(desk: Desk, served: Served, expected: tuple[int, int]) -> None:
    assert refusal(desk.photo(url=desk.host.put(served))) == expected


@pytest.mark.parametrize(
    "served",
    [
        Served(png(flat((1, 2, 3), 600, 600)), "image/png"),
        Served(gif(flat((1, 2, 3), 600, 600)), "image/gif"),
        Served(jpeg(flat((1, 2, 3), 300, 1500))),
    ],
    ids=["png", "gif", "tall jpeg"],
)
def test_a_page_takes_more_kinds_and_shapes_than_instagram(desk: Desk, served: Served) -> None:
    assert desk.photo(url=desk.host.put(served)).status_code == 200


# Scheduling


def now_of(desk: Desk) -> int:
    """The server's clock."""
    return int(desk.control.state()["calls"][-1]["at"])


@pytest.mark.parametrize("ahead", [9 * 60, 31 * DAY])
def test_a_planned_time_outside_the_window_is_refused(desk: Desk, ahead: int) -> None:
    desk.ask("GET", "me")
    answer = desk.feed(message="later", published="false", scheduled_publish_time=now_of(desk) + ahead)
    assert refusal(answer)[0] == 100


def test_a_planned_post_appears_when_its_time_has_come(desk: Desk) -> None:
    desk.ask("GET", "me")
    planned = now_of(desk) + 2 * HOUR
    post_id = desk.feed(message="planned", published="false", scheduled_publish_time=planned).json()["id"]
    looked = desk.look(post_id, "is_published,scheduled_publish_time,permalink_url", desk.page)
    assert (looked["is_published"], looked["scheduled_publish_time"]) == (False, planned)
    assert desk.raw("GET", looked["permalink_url"]).status_code == 404
    listed = desk.ask("GET", f"{desk.page.id}/scheduled_posts", desk.page).json()["data"]
    assert [row["id"] for row in listed] == [post_id]
    desk.control.advance_clock(2 * HOUR + 1)
    assert desk.look(post_id, "is_published", desk.page)["is_published"] is True
    assert desk.raw("GET", looked["permalink_url"]).status_code == 200


# Tokens


def test_only_the_pages_own_token_posts(desk: Desk) -> None:
    own = desk.ask("POST", f"{desk.page.id}/feed", desk.instagram, data={"message": "x"})
    assert refusal(own) == (200, None)
    stranger = desk.control.accounts("Somebody else")
    foreign = desk.ask("POST", f"{desk.page.id}/feed", stranger.page, data={"message": "x"})
    assert refusal(foreign) == (100, 33)


def test_me_is_the_page_that_the_token_speaks_for(desk: Desk) -> None:
    me = desk.ask(
        "GET", "me", desk.page, params={"fields": "id,name,instagram_business_account{id,username}"}
    ).json()
    assert (me["id"], me["name"]) == (desk.page.id, "Harbour Coffee")
    assert me["instagram_business_account"]["id"] == desk.instagram.id
