"""The pages of practice mode show what was published, as text and never as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from practice.pages.words import caption_html, said_time, size_text
from tests.contracts.practice_desk import Desk, PictureHost, picture_host
from tests.practice_server import PracticeThread, practice_thread

ATTACK = '<script>alert(1)</script> "><img src=x onerror=alert(1)> \'"&amp; #<b>tag</b> @<i>who</i>'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        running.control.settings(processing_ms=0)
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


class _Elements(HTMLParser):
    """Every element with its attributes, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def pages_of(desk: Desk, *paths: str) -> list[_Elements]:
    answers = [desk.raw("GET", path) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    return [_Elements(answer.text) for answer in answers]


def test_a_profile_shows_its_posts_newest_first_and_says_that_it_is_practice(desk: Desk) -> None:
    desk.published(caption="older", alt_text="An older picture")
    desk.published(caption="newer", alt_text="A newer picture", is_ai_generated="true")
    (page,) = pages_of(desk, f"/instagram/{desk.instagram.name}")
    shown = [image["alt"] for image in page.named("img") if image["alt"]]
    assert [re.sub(", .*", "", alt or "") for alt in shown] == ["A newer picture", "An older picture"]
    assert "Practice Instagram: nothing here is public on Instagram" in page.text
    assert "2 posts" in page.text
    assert page.text.count("AI") == 1


def test_an_account_without_posts_says_what_to_do(desk: Desk) -> None:
    instagram, facebook = pages_of(desk, f"/instagram/{desk.instagram.name}", f"/facebook/{desk.page.id}")
    for page in (instagram, facebook):
        assert "No posts yet" in page.text
        assert "Publish a post" in page.text


def test_texts_are_shown_as_texts_wherever_they_come_from(server: PracticeThread, host: PictureHost) -> None:
    desk = Desk(server.url, server.control, host, ATTACK)
    media = desk.look(desk.published(caption=ATTACK, alt_text=ATTACK), "permalink")
    desk.photo(url=host.picture(), caption=ATTACK, alt_text_custom=ATTACK)
    post_id = desk.feed(message=ATTACK, link="https://example.com/?a=1&b='\"<x>").json()["id"]
    link = desk.look(post_id, "permalink_url", desk.page)["permalink_url"]
    for page in pages_of(
        desk, media["permalink"], link, f"/instagram/{desk.instagram.name}", f"/facebook/{desk.page.id}"
    ):
        assert not page.named("script")
        assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]
        assert all((image["src"] or "").startswith("/") for image in page.named("img"))
    (post,) = pages_of(desk, media["permalink"])
    assert ATTACK in post.text
    desk.close()


def test_no_page_runs_or_loads_anything_from_elsewhere(desk: Desk) -> None:
    answer = desk.raw("GET", f"/instagram/{desk.instagram.name}")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'self'")
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["x-practice"] == "1"
    page = _Elements(answer.text)
    for attributes in page.named("link"):
        assert desk.raw("GET", attributes["href"] or "").status_code == 200


def test_a_post_says_exactly_what_was_published(desk: Desk) -> None:
    container = desk.container(
        image_url=desk.host.picture(1440, 1800), caption="#facts", alt_text="Plain orange"
    )
    media_id = desk.publish(container).json()["id"]
    (page,) = pages_of(desk, desk.look(media_id, "permalink")["permalink"])
    for fact in ("1440 × 1800", "JPEG", "Plain orange", media_id):
        assert fact in page.text


def test_a_post_without_text_or_alt_text_says_so(desk: Desk) -> None:
    (page,) = pages_of(desk, desk.look(desk.published(), "permalink")["permalink"])
    assert "This post has no text." in page.text
    assert any(image["alt"] == "Picture without a description" for image in page.named("img"))


def test_many_posts_come_in_parts(desk: Desk) -> None:
    desk.control.settings(quota_total=1000)
    url = desk.host.picture(400, 400)
    for n in range(62):
        desk.published(image_url=url, alt_text=f"Number {n}")
    (first,) = pages_of(desk, f"/instagram/{desk.instagram.name}")
    older = [a["href"] or "" for a in first.named("a") if a.get("class") == "older"]
    (second,) = pages_of(desk, f"/instagram/{desk.instagram.name}{older[0]}")
    counts = [len([a for a in page.named("a") if a.get("class") == "tile"]) for page in (first, second)]
    assert counts == [60, 2]
    desk.control.settings(quota_total=50)


@pytest.mark.parametrize(
    "path",
    [
        "/instagram/nobody.at.all",
        "/instagram/p/AAAAAAAAAAA/",
        "/facebook/123",
        "/facebook/123/posts/456",
        "/media/0123456789abcdef0123456789abcdef.jpg",
        "/media/..%2f..%2fpractice.db",
        "/avatars/123.svg",
        "/practice.db",
        "/",
    ],
)
def test_what_is_not_there_is_a_404_with_a_sentence(desk: Desk, path: str) -> None:
    answer = desk.raw("GET", path)
    assert answer.status_code == 404
    assert "This is not here" in answer.text


def test_a_page_is_not_shown_as_an_instagram_account_or_the_other_way_round(desk: Desk) -> None:
    assert desk.raw("GET", f"/facebook/{desk.instagram.id}").status_code == 404
    assert desk.raw("GET", f"/instagram/{desk.page.id}").status_code == 404


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a #tag b", 'a <span class="mark">#tag</span> b'),
        ("by @who.", 'by <span class="mark">@who</span>.'),
        ("me@example.com #1 a#b", "me@example.com #1 a#b"),
        ("#größe", '<span class="mark">#größe</span>'),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
    ],
)
def test_hashtags_and_mentions_are_marked_and_nothing_else(text: str, expected: str) -> None:
    assert caption_html(text) == expected


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7_300, "2 hours ago"),
        (86_400, "yesterday"),
        (5 * 86_400, "5 days ago"),
        (8 * 86_400, "14 November 2026"),
    ],
)
def test_a_moment_is_said_as_people_say_it(seconds: int, said: str) -> None:
    now = 1_795_360_000.0
    assert said_time(now - seconds, now) == said


def test_sizes_are_said_as_people_say_them() -> None:
    assert [size_text(n) for n in (1, 52_300, 912_000, 8_000_000)] == ["1 KB", "52 KB", "912 KB", "8.0 MB"]


@pytest.mark.parametrize("older", ["²", "%C2%B2", "٣", "-1", "9" * 5000, "x"])
def test_an_older_place_that_is_none_shows_the_newest(desk: Desk, older: str) -> None:
    desk.feed(message="On the first page")
    for path in (f"/instagram/{desk.instagram.name}", f"/facebook/{desk.page.id}"):
        page = desk.raw("GET", f"{path}?older={older}")
        assert page.status_code == 200
    assert "On the first page" in page.text
