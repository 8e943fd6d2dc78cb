"""Publishing to Instagram and to a Facebook Page, over HTTP against practice servers that have real rules."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core import clock
from app.providers.publishing.base import (
    Account,
    AccountRestricted,
    Content,
    ContentRefused,
    Look,
    Others,
    OutcomeUnclear,
    PersonTag,
    Picture,
    PrepareAgain,
    Publisher,
    PublishingError,
    ReconnectNeeded,
    Standing,
    TryLater,
)
from app.providers.publishing.facebook import FacebookPublisher
from app.providers.publishing.graph import GraphClient
from app.providers.publishing.instagram import InstagramPublisher
from tests.contracts.scripted_server import Answer, ScriptedServer, scripted_server
from tests.factories_pictures import encoded, flat
from tests.practice_server import PracticeAccounts, PracticeProcess, poll, practice_process

TEXT = "Fresh bread from seven.\n\n#bread @harbour 👋"
ALT_TEXT = "A loaf on a wooden board"


@contextmanager
def file_server(files: dict[str, tuple[str, bytes]]) -> Iterator[str]:
    """Serves `files` (path → type, bytes) on loopback, as the product serves renditions."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = files.get(self.path, ("text/plain", b""))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def pictures() -> Iterator[str]:
    files = {
        "/square.jpg": ("image/jpeg", encoded(flat((200, 120, 60), 1080, 1080), "JPEG")),
        "/tower.jpg": ("image/jpeg", encoded(flat((60, 120, 200), 400, 1200), "JPEG")),
        "/wide.jpg": ("image/jpeg", encoded(flat((90, 160, 90), 1200, 800), "JPEG")),
        "/square.png": ("image/png", encoded(flat((60, 200, 120), 600, 600), "PNG")),
    }
    with file_server(files) as url:
        yield url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeProcess]:
    with practice_process(tmp_path_factory.mktemp("practice")) as running:
        yield running


@pytest.fixture
def practice(server: PracticeProcess) -> Iterator[PracticeProcess]:
    server.control.settings(processing_ms=0, quota_total=50)
    yield server
    server.control.release(execute=False)
    server.control.clear_faults()


@pytest.fixture
def accounts(practice: PracticeProcess) -> PracticeAccounts:
    return practice.control.accounts()


@pytest.fixture
async def graph(practice: PracticeProcess) -> AsyncIterator[GraphClient]:
    client = GraphClient(practice.graph_url, "v26.0")
    yield client
    await client.close()


@pytest.fixture
def instagram(graph: GraphClient) -> InstagramPublisher:
    return InstagramPublisher(graph)


@pytest.fixture
def facebook(graph: GraphClient) -> FacebookPublisher:
    return FacebookPublisher(graph)


@pytest.fixture
def on_instagram(accounts: PracticeAccounts) -> Account:
    return Account(accounts.instagram.id, accounts.instagram.access_token)


@pytest.fixture
def on_page(accounts: PracticeAccounts) -> Account:
    return Account(accounts.page.id, accounts.page.access_token)


@pytest.fixture
def content(pictures: str) -> Content:
    return Content(TEXT, (Picture(f"{pictures}/square.jpg", ALT_TEXT),), is_ai_generated=False)


@contextmanager
def later(practice: PracticeProcess, seconds: float) -> Iterator[None]:
    """The platform's clock is ahead; afterwards it is right again."""
    practice.control.advance_clock(seconds)
    try:
        yield
    finally:
        practice.control.advance_clock(-seconds)


def media_of(practice: PracticeProcess, account: Account) -> list[dict[str, Any]]:
    return [media for media in practice.control.media() if media["account_id"] == account.external_id]


def posts_of(practice: PracticeProcess, account: Account) -> list[dict[str, Any]]:
    return [post for post in practice.control.posts() if post["page_id"] == account.external_id]


async def failure(call: Any) -> PublishingError:
    with pytest.raises(PublishingError) as caught:
        await call
    return caught.value


async def hands_over(publisher: Publisher, account: Account, content: Content) -> tuple[str, list[str]]:
    """Everything up to the irreversible call: the reference of the whole, and those of its parts."""
    placement = publisher.rules.placement_for(len(content.pictures))
    places = range(len(content.pictures)) if placement.part else ()
    parts = [await publisher.prepare_part(account, content, place) for place in places]
    return await publisher.prepare(account, content, parts), parts


async def publishes(publisher: Publisher, account: Account, content: Content) -> str:
    """All the way; returns the external id."""
    reference, parts = await hands_over(publisher, account, content)
    return await publisher.finish(account, reference, content, parts)


async def attempt(
    publisher: Publisher, account: Account, content: Content
) -> tuple[str, datetime, PublishingError]:
    """Prepare, then a `finish` that fails: the reference, when it was sent, and how it failed."""
    reference, parts = await hands_over(publisher, account, content)
    attempted_at = clock.now()
    return reference, attempted_at, await failure(publisher.finish(account, reference, content, parts))


# Instagram


async def test_a_picture_with_its_text_is_published_on_instagram(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    reference = await instagram.prepare(on_instagram, content)
    assert await instagram.check(on_instagram, reference, content, None) == Look(Standing.READY)
    media_id = await instagram.finish(on_instagram, reference, content)
    permalink = await instagram.permalink(on_instagram, media_id)

    (media,) = media_of(practice, on_instagram)
    assert (media["id"], media["permalink"]) == (media_id, permalink)
    assert media["caption"] == TEXT and media["is_ai_generated"] is False
    assert [picture["alt_text"] for picture in media["pictures"]] == [ALT_TEXT]
    assert await instagram.check(on_instagram, reference, content, None) == Look(Standing.PUBLISHED)


async def test_a_picture_made_by_ai_is_labelled_and_no_other_is(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    made = Content(content.text, content.pictures, is_ai_generated=True)
    await instagram.finish(on_instagram, await instagram.prepare(on_instagram, made), made)
    await instagram.finish(on_instagram, await instagram.prepare(on_instagram, content), content)
    assert [media["is_ai_generated"] for media in media_of(practice, on_instagram)] == [True, False]


async def test_a_picture_without_words_is_published(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, pictures: str
) -> None:
    bare = Content("", (Picture(f"{pictures}/square.jpg", ""),), is_ai_generated=False)
    reference = await instagram.prepare(on_instagram, bare)
    await instagram.finish(on_instagram, reference, bare)
    assert [media["caption"] for media in media_of(practice, on_instagram)] == [""]
    # Nothing tells it from another picture without words, so its id is not guessed.
    look = await instagram.check(on_instagram, reference, bare, clock.now())
    assert look == Look(Standing.PUBLISHED, None)


async def test_the_account_is_told_by_its_user_name(
    instagram: InstagramPublisher, on_instagram: Account, accounts: PracticeAccounts
) -> None:
    facts = await instagram.verify(on_instagram)
    assert (facts.external_id, facts.name) == (accounts.instagram.id, accounts.instagram.name)


async def test_an_account_that_the_token_cannot_speak_for_is_not_verified(
    instagram: InstagramPublisher,
    facebook: FacebookPublisher,
    practice: PracticeProcess,
    accounts: PracticeAccounts,
) -> None:
    other = practice.control.accounts("Somebody Else")
    for publisher, account in (
        (instagram, Account(accounts.instagram.id, "EAAB-unknown")),
        (instagram, Account(other.instagram.id, accounts.instagram.access_token)),
        (instagram, Account("17800000000000000", accounts.instagram.access_token)),
        (facebook, Account(accounts.page.id, "EAAB-unknown")),
        (facebook, Account(other.page.id, accounts.page.access_token)),
        (facebook, Account("100000000000000", accounts.page.access_token)),
    ):
        assert isinstance(await failure(publisher.verify(account)), ReconnectNeeded)


async def test_a_container_is_pending_until_the_platform_is_done_with_it(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    practice.control.settings(processing_ms=60_000)
    reference = await instagram.prepare(on_instagram, content)
    assert await instagram.check(on_instagram, reference, content, None) == Look(Standing.PENDING)

    early = await failure(instagram.finish(on_instagram, reference, content))
    assert isinstance(early, TryLater) and early.code == "not_ready_yet" and early.retry_after

    with later(practice, 61):
        assert await instagram.check(on_instagram, reference, content, None) == Look(Standing.READY)
        await instagram.finish(on_instagram, reference, content)
    assert len(media_of(practice, on_instagram)) == 1


async def test_not_ready_after_finished_is_tried_later_with_the_same_container(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    practice.control.fault("publish_not_ready")
    reference, _, error = await attempt(instagram, on_instagram, content)
    assert isinstance(error, TryLater) and error.code == "not_ready_yet" and error.retry_after == 5
    await instagram.finish(on_instagram, reference, content)
    assert len(media_of(practice, on_instagram)) == 1


async def test_an_expired_container_is_gone_and_is_prepared_anew(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    reference = await instagram.prepare(on_instagram, content)
    with later(practice, 24 * 60 * 60 + 1):
        assert await instagram.check(on_instagram, reference, content, None) == Look(Standing.GONE)
        # The same holds after an attempt: an expired container was never published.
        assert await instagram.check(on_instagram, reference, content, clock.now()) == Look(Standing.GONE)
        assert isinstance(await failure(instagram.finish(on_instagram, reference, content)), PrepareAgain)
    assert media_of(practice, on_instagram) == []


async def test_an_unknown_container_is_gone_unless_it_may_have_been_published(
    instagram: InstagramPublisher, on_instagram: Account, content: Content
) -> None:
    nobody = "17800000000000001"
    assert await instagram.check(on_instagram, nobody, content, None) == Look(Standing.GONE)
    assert await instagram.check(on_instagram, nobody, content, clock.now()) == Look(Standing.NOT_SHOWN)


@pytest.mark.parametrize("kind", ["drop_after", "garbage", "truncated", "http_500"])
async def test_a_publish_whose_answer_is_lost_is_unclear_and_found_by_looking(
    instagram: InstagramPublisher,
    practice: PracticeProcess,
    on_instagram: Account,
    content: Content,
    kind: str,
) -> None:
    practice.control.fault(kind, edge="media_publish", executed=True)
    reference, attempted_at, error = await attempt(instagram, on_instagram, content)
    assert isinstance(error, OutcomeUnclear)
    (media,) = media_of(practice, on_instagram)
    look = await instagram.check(on_instagram, reference, content, attempted_at)
    assert look == Look(Standing.PUBLISHED, media["id"])


@pytest.mark.parametrize("kind", ["drop_before", "http_500"])
async def test_a_publish_that_never_happened_is_unclear_and_found_ready_by_looking(
    instagram: InstagramPublisher,
    practice: PracticeProcess,
    on_instagram: Account,
    content: Content,
    kind: str,
) -> None:
    practice.control.fault(kind, edge="media_publish")
    reference, attempted_at, error = await attempt(instagram, on_instagram, content)
    assert isinstance(error, OutcomeUnclear)
    assert await instagram.check(on_instagram, reference, content, attempted_at) == Look(Standing.READY)
    assert media_of(practice, on_instagram) == []


async def test_a_publish_that_takes_too_long_is_unclear_and_settled_once_the_platform_is_done(
    practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    practice.control.fault("hold_before", edge="media_publish")
    graph = GraphClient(practice.graph_url, "v26.0", timeout=timedelta(seconds=1))
    instagram = InstagramPublisher(graph)
    try:
        reference, attempted_at, error = await attempt(instagram, on_instagram, content)
        assert isinstance(error, OutcomeUnclear)
        assert await instagram.check(on_instagram, reference, content, attempted_at) == Look(Standing.READY)
        practice.control.release()
        await asyncio.to_thread(poll, lambda: media_of(practice, on_instagram) or None, what="the publishing")
        (media,) = media_of(practice, on_instagram)
        look = await instagram.check(on_instagram, reference, content, attempted_at)
        assert look == Look(Standing.PUBLISHED, media["id"])
    finally:
        await graph.close()


async def test_a_second_publish_of_a_published_container_is_unclear_and_never_a_new_post(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    reference = await instagram.prepare(on_instagram, content)
    attempted_at = clock.now()
    media_id = await instagram.finish(on_instagram, reference, content)
    again = await failure(instagram.finish(on_instagram, reference, content))
    assert isinstance(again, OutcomeUnclear)
    assert len(media_of(practice, on_instagram)) == 1
    look = await instagram.check(on_instagram, reference, content, attempted_at)
    assert look == Look(Standing.PUBLISHED, media_id)


async def test_a_refusal_that_cannot_be_looked_into_is_not_taken_for_a_reason_to_prepare_anew(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    practice.control.graph_error("media_publish", 24, 2207008)
    practice.control.fault("http_500", edge="container", method="GET")
    _, _, error = await attempt(instagram, on_instagram, content)
    assert isinstance(error, OutcomeUnclear)


async def test_the_newest_post_is_never_taken_for_ours(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    ours = await instagram.prepare(on_instagram, content)
    attempted_at = clock.now()
    media_id = await instagram.finish(on_instagram, ours, content)
    other = Content("Something else", content.pictures, is_ai_generated=False)
    await instagram.finish(on_instagram, await instagram.prepare(on_instagram, other), other)
    look = await instagram.check(on_instagram, ours, content, attempted_at)
    assert look == Look(Standing.PUBLISHED, media_id)


async def test_of_two_posts_with_the_same_text_none_is_taken_for_ours(
    instagram: InstagramPublisher, on_instagram: Account, content: Content
) -> None:
    attempted_at = clock.now()
    for _ in range(2):
        reference = await instagram.prepare(on_instagram, content)
        await instagram.finish(on_instagram, reference, content)
    look = await instagram.check(on_instagram, reference, content, attempted_at)
    assert look == Look(Standing.PUBLISHED, None)


async def test_a_post_from_before_the_attempt_is_not_ours(
    instagram: InstagramPublisher, on_instagram: Account, content: Content
) -> None:
    reference = await instagram.prepare(on_instagram, content)
    await instagram.finish(on_instagram, reference, content)
    much_later = clock.now() + timedelta(days=3)
    look = await instagram.check(on_instagram, reference, content, much_later)
    assert look == Look(Standing.PUBLISHED, None)


@pytest.mark.parametrize(
    ("text", "path", "kind", "code"),
    [
        ("x" * 2201, "/square.jpg", ContentRefused, "text_too_long"),
        ("#a " * 31, "/square.jpg", ContentRefused, "text_too_long"),
        ("@ab " * 21, "/square.jpg", ContentRefused, "too_many_mentions"),
        ("Hello", "/tower.jpg", ContentRefused, "picture_ratio_refused"),
        ("Hello", "/square.png", ContentRefused, "picture_format_refused"),
        ("Hello", "/absent.jpg", PrepareAgain, "picture_not_fetched"),
    ],
)
async def test_content_against_the_platforms_rules_is_refused_with_what_to_change(
    instagram: InstagramPublisher,
    on_instagram: Account,
    pictures: str,
    text: str,
    path: str,
    kind: type[PublishingError],
    code: str,
) -> None:
    content = Content(text, (Picture(pictures + path, ""),), is_ai_generated=False)
    error = await failure(instagram.prepare(on_instagram, content))
    assert type(error) is kind and error.code == code and error.trace


async def test_instagram_takes_neither_no_picture_nor_too_many_nor_a_carousel_that_is_short(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    none = Content(TEXT, (), is_ai_generated=False)
    many = Content(TEXT, content.pictures * 11, is_ai_generated=False)
    three = Content(TEXT, content.pictures * 3, is_ai_generated=False)
    for sent, parts, code in (
        (none, [], "instagram_requires_image"),
        (many, ["1"] * 11, "too_many_images"),
        (three, ["1", "2"], "parts_missing"),
        (three, [], "parts_missing"),
        (content, ["1"], "parts_missing"),
    ):
        assert (await failure(instagram.prepare(on_instagram, sent, parts))).code == code
    assert [c for c in practice.control.containers() if c["account_id"] == on_instagram.external_id] == []


async def test_the_daily_limit_makes_a_post_wait(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    practice.control.settings(quota_total=0)
    _, _, error = await attempt(instagram, on_instagram, content)
    assert isinstance(error, TryLater) and error.code == "daily_limit_reached"
    assert error.retry_after and error.retry_after >= 60
    assert media_of(practice, on_instagram) == []


@pytest.mark.parametrize(
    ("edge", "code", "subcode", "kind"),
    [
        ("media_publish", 4, 2207051, AccountRestricted),
        ("media_publish", 25, 2207050, AccountRestricted),
        ("media_publish", 190, 463, ReconnectNeeded),
        ("media_publish", -1, 2207001, OutcomeUnclear),
        ("media_publish", 2, None, OutcomeUnclear),
        ("media", -1, 2207001, TryLater),
        ("media", 2, None, TryLater),
        ("media", -2, 2207003, PrepareAgain),
    ],
)
async def test_the_platforms_refusals_say_what_to_do_next(
    instagram: InstagramPublisher,
    practice: PracticeProcess,
    on_instagram: Account,
    content: Content,
    edge: str,
    code: int,
    subcode: int | None,
    kind: type[PublishingError],
) -> None:
    practice.control.graph_error(edge, code, subcode, method="POST")
    with pytest.raises(PublishingError) as caught:
        reference = await instagram.prepare(on_instagram, content)
        await instagram.finish(on_instagram, reference, content)
    assert type(caught.value) is kind
    assert media_of(practice, on_instagram) == []


async def test_a_lost_answer_while_preparing_costs_only_a_container(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    practice.control.fault("drop_after", edge="media", method="POST")
    assert isinstance(await failure(instagram.prepare(on_instagram, content)), TryLater)
    await instagram.finish(on_instagram, await instagram.prepare(on_instagram, content), content)
    assert len(media_of(practice, on_instagram)) == 1


async def test_a_lost_look_changes_nothing(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    reference = await instagram.prepare(on_instagram, content)
    for kind in ("drop_before", "drop_after", "garbage", "truncated", "http_500"):
        practice.control.fault(kind, edge="container")
        error = await failure(instagram.check(on_instagram, reference, content, clock.now()))
        assert isinstance(error, TryLater)


async def test_a_token_that_ended_asks_for_connecting_again(
    instagram: InstagramPublisher,
    facebook: FacebookPublisher,
    practice: PracticeProcess,
    accounts: PracticeAccounts,
    content: Content,
) -> None:
    for publisher, known in ((instagram, accounts.instagram), (facebook, accounts.page)):
        account = Account(known.id, known.access_token)
        reference, parts = await hands_over(publisher, account, content)
        for subcode in (458, 460, 463):
            practice.control.change_account(known.id, token_subcode=subcode)
            for call in (
                publisher.verify(account),
                hands_over(publisher, account, content),
                publisher.finish(account, reference, content, parts),
                publisher.permalink(account, reference or "1"),
                publisher.comment(account, reference or "1", "First"),
            ):
                assert isinstance(await failure(call), ReconnectNeeded)
        practice.control.change_account(known.id, token_subcode=None)
        await publisher.finish(account, reference, content, parts)


async def test_a_restricted_account_is_told_so(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, content: Content
) -> None:
    practice.control.change_account(on_instagram.external_id, is_restricted=True)
    assert isinstance(await failure(instagram.prepare(on_instagram, content)), AccountRestricted)


@pytest.fixture
async def scripted() -> AsyncIterator[tuple[InstagramPublisher, ScriptedServer]]:
    async with scripted_server() as running:
        client = GraphClient(running.url, "v26.0")
        yield InstagramPublisher(client), running
        await client.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Error: Media upload has failed with error code 2207026", ContentRefused),
        ("2207050", AccountRestricted),
        ("Error: 2207053", PrepareAgain),
        ("Error: 2207001", PrepareAgain),
        ("Error: 2207027", PrepareAgain),
    ],
)
async def test_a_failed_container_says_why(
    scripted: tuple[InstagramPublisher, ScriptedServer],
    content: Content,
    status: str,
    kind: type[PublishingError],
) -> None:
    instagram, server = scripted
    server.will_say(Answer(f'{{"id":"1","status_code":"ERROR","status":"{status}"}}'.encode()))
    assert type(await failure(instagram.check(Account("1", "t"), "1", content, None))) is kind


@pytest.mark.parametrize(
    ("body", "standing"),
    [
        ('{"status_code":"ERROR","status":"Error: 12207026"}', Standing.GONE),
        ('{"status_code":"ERROR","status":"Error: 2207999"}', Standing.GONE),
        ('{"status_code":"ERROR"}', Standing.GONE),
        ('{"status_code":"SOMETHING_NEW"}', Standing.UNKNOWN),
        ('{"status_code":7}', Standing.UNKNOWN),
        ("{}", Standing.UNKNOWN),
    ],
)
async def test_a_container_that_says_nothing_known_proves_nothing(
    scripted: tuple[InstagramPublisher, ScriptedServer], content: Content, body: str, standing: Standing
) -> None:
    instagram, server = scripted
    server.will_say(Answer(body.encode()))
    assert await instagram.check(Account("1", "t"), "1", content, clock.now()) == Look(standing)


@pytest.mark.parametrize(
    "listed",
    [
        "{}",
        '{"data":5}',
        '{"data":{"id":"1"}}',
        '{"data":[5,null,{}]}',
        '{"data":[{"id":"7","caption":"Hi"}]}',
    ]
    + [
        f'{{"data":[{{"id":"7","caption":"Hi","timestamp":"{at}"}}]}}'
        for at in ("soon", "2099-01-01T00:00:00", "2020-01-01T00:00:00+0000")
    ],
)
async def test_a_list_that_cannot_be_read_leaves_the_post_published_and_its_id_unknown(
    scripted: tuple[InstagramPublisher, ScriptedServer], listed: str
) -> None:
    instagram, server = scripted
    hi = Content("Hi", (), is_ai_generated=False)
    server.will_say(Answer(b'{"status_code":"PUBLISHED"}'), Answer(listed.encode()))
    look = await instagram.check(Account("1", "t"), "1", hi, clock.now())
    assert look == Look(Standing.PUBLISHED, None)


@pytest.mark.parametrize("caption", ["Hi there\\nyou", "Hi there\\r\\nyou", " Hi there\\nyou \\n"])
async def test_our_text_is_recognised_although_the_platform_tidied_it(
    scripted: tuple[InstagramPublisher, ScriptedServer], caption: str
) -> None:
    instagram, server = scripted
    ours = Content("Hi there\nyou\n", (), is_ai_generated=False)
    listed = (
        f'{{"data":[{{"id":"7","caption":"{caption}","timestamp":"{clock.now():%Y-%m-%dT%H:%M:%S%z}"}}]}}'
    )
    server.will_say(Answer(b'{"status_code":"PUBLISHED"}'), Answer(listed.encode()))
    look = await instagram.check(Account("1", "t"), "1", ours, clock.now())
    assert look == Look(Standing.PUBLISHED, "7")


_NOW, _BEFORE = "2099-01-01T00:00:00+0000", "2020-01-01T00:00:00+0000"
_OURS = f'{{"id":"7","caption":"Hi","timestamp":"{_NOW}"}}'
_TWIN = f'{{"id":"8","caption":" Hi ","timestamp":"{_NOW}"}}'
_OLD = f'{{"id":"6","caption":"Hi","timestamp":"{_BEFORE}"}}'
_ELSE = f'{{"id":"5","caption":"Else","timestamp":"{_NOW}"}}'
_BARE = f'{{"id":"4","timestamp":"{_NOW}"}}'
_MORE = '"paging":{"next":"https://graph.example/more"}'


@pytest.mark.parametrize(
    ("listed", "others", "text", "look"),
    [
        ("[]", Others(), "Hi", Look(Standing.NOT_SHOWN)),
        (f"[{_ELSE},{_OLD}]", Others(), "Hi", Look(Standing.NOT_SHOWN)),
        # Not read back to the attempt, or not read at all.
        (f"[{_ELSE}],{_MORE}", Others(), "Hi", Look(Standing.UNKNOWN)),
        (f"[{_ELSE},{_OLD}],{_MORE}", Others(), "Hi", Look(Standing.NOT_SHOWN)),
        ('[{"id":"7","caption":"Hi"}]', Others(), "Hi", Look(Standing.UNKNOWN)),
        ("null", Others(), "Hi", Look(Standing.UNKNOWN)),
        # Of several it is out, and nobody knows as which.
        (f"[{_TWIN},{_OURS}]", Others(), "Hi", Look(Standing.PUBLISHED)),
        (f"[{_TWIN},{_OURS}]", Others(frozenset({"8"})), "Hi", Look(Standing.PUBLISHED, "7")),
        (f"[{_TWIN},{_OURS}]", Others(frozenset({"8"}), ("Else",)), "Hi", Look(Standing.PUBLISHED, "7")),
        (f"[{_TWIN},{_OURS}]", Others(frozenset({"7", "8"})), "Hi", Look(Standing.NOT_SHOWN)),
        # What may be another's as well.
        (f"[{_OURS}]", Others(texts=("Hi ",)), "Hi", Look(Standing.UNKNOWN)),
        (f"[{_TWIN},{_OURS}]", Others(texts=("Hi",)), "Hi", Look(Standing.PUBLISHED)),
        (f"[{_BARE}]", Others(), "", Look(Standing.UNKNOWN)),
        (f"[{_BARE},{_OURS}]", Others(frozenset({"4"})), "", Look(Standing.NOT_SHOWN)),
    ],
)
async def test_a_container_that_is_not_shown_leaves_it_to_the_list_and_to_what_else_is_ours(
    scripted: tuple[InstagramPublisher, ScriptedServer],
    listed: str,
    others: Others,
    text: str,
    look: Look,
) -> None:
    instagram, server = scripted
    server.will_say(
        Answer(b'{"error":{"code":803,"message":"x"}}', status=404), Answer(f'{{"data":{listed}}}'.encode())
    )
    content = Content(text, (), is_ai_generated=False)
    assert await instagram.check(Account("1", "t"), "1", content, clock.now(), (), others) == look


@pytest.mark.parametrize("value", ['"javascript:alert(1)"', '"/p/x/"', "7", "null", '"http://[bad"'])
async def test_only_a_web_address_is_taken_for_a_permalink(
    scripted: tuple[InstagramPublisher, ScriptedServer], value: str
) -> None:
    instagram, server = scripted
    server.will_say(Answer(f'{{"id":"1","permalink":{value}}}'.encode()))
    assert isinstance(await failure(instagram.permalink(Account("1", "t"), "1")), TryLater)


# Facebook


async def test_a_picture_with_its_text_is_published_on_a_page(
    facebook: FacebookPublisher, practice: PracticeProcess, on_page: Account, content: Content
) -> None:
    reference, parts = await hands_over(facebook, on_page, content)
    assert posts_of(practice, on_page) == []
    assert await facebook.check(on_page, reference, content, None, parts) == Look(Standing.READY)
    post_id = await facebook.finish(on_page, reference, content, parts)
    permalink = await facebook.permalink(on_page, post_id)

    (post,) = posts_of(practice, on_page)
    assert (post["id"], post["permalink_url"], post["message"]) == (post_id, permalink, TEXT)
    assert post["is_published"] and [p["alt_text"] for p in post["pictures"]] == [ALT_TEXT]


async def test_a_text_alone_is_published_on_a_page(
    facebook: FacebookPublisher, practice: PracticeProcess, on_page: Account
) -> None:
    words = Content(TEXT, (), is_ai_generated=False)
    reference = await facebook.prepare(on_page, words)
    assert reference == ""
    await facebook.finish(on_page, reference, words)
    (post,) = posts_of(practice, on_page)
    assert (post["message"], post["pictures"]) == (TEXT, [])


async def test_a_picture_alone_is_published_on_a_page(
    facebook: FacebookPublisher, practice: PracticeProcess, on_page: Account, content: Content
) -> None:
    bare = Content("", content.pictures, is_ai_generated=True)
    await publishes(facebook, on_page, bare)
    (post,) = posts_of(practice, on_page)
    assert not post["message"] and len(post["pictures"]) == 1


async def test_a_page_is_told_by_its_name(
    facebook: FacebookPublisher, on_page: Account, accounts: PracticeAccounts
) -> None:
    facts = await facebook.verify(on_page)
    assert (facts.external_id, facts.name) == (accounts.page.id, accounts.page.name)


@pytest.mark.parametrize("kind", ["drop_after", "garbage", "truncated", "http_500"])
@pytest.mark.parametrize("has_picture", [True, False])
async def test_a_page_post_whose_answer_is_lost_is_unclear_and_found_by_looking(
    facebook: FacebookPublisher,
    practice: PracticeProcess,
    on_page: Account,
    content: Content,
    kind: str,
    has_picture: bool,
) -> None:
    sent = content if has_picture else Content(TEXT, (), is_ai_generated=False)
    practice.control.fault(kind, edge="feed", executed=True)
    reference, attempted_at, error = await attempt(facebook, on_page, sent)
    assert isinstance(error, OutcomeUnclear)
    (post,) = posts_of(practice, on_page)
    look = await facebook.check(on_page, reference, sent, attempted_at)
    assert look == Look(Standing.PUBLISHED, post["id"])


@pytest.mark.parametrize("kind", ["drop_before", "http_500"])
async def test_the_silence_of_a_page_proves_nothing(
    facebook: FacebookPublisher, practice: PracticeProcess, on_page: Account, content: Content, kind: str
) -> None:
    practice.control.fault(kind, edge="feed")
    reference, attempted_at, error = await attempt(facebook, on_page, content)
    assert isinstance(error, OutcomeUnclear)
    assert await facebook.check(on_page, reference, content, attempted_at) == Look(Standing.NOT_SHOWN)


@pytest.mark.parametrize("is_out", [True, False])
async def test_photos_of_a_page_say_whether_the_post_is_out_also_without_words(
    facebook: FacebookPublisher, practice: PracticeProcess, on_page: Account, content: Content, is_out: bool
) -> None:
    wordless = Content("", content.pictures, is_ai_generated=False)
    photo = await facebook.prepare_part(on_page, wordless, 0)
    reference = await facebook.prepare(on_page, wordless, [photo])
    attempted_at = clock.now()
    practice.control.fault("drop_after" if is_out else "drop_before", edge="feed")
    with pytest.raises(OutcomeUnclear):
        await facebook.finish(on_page, reference, wordless, [photo])
    look = await facebook.check(on_page, reference, wordless, attempted_at, [photo])
    if is_out:
        (post,) = posts_of(practice, on_page)
        assert look == Look(Standing.PUBLISHED, post["id"])
    else:
        assert look == Look(Standing.READY)
        await facebook.discard(on_page, [photo])
        # A photo that is gone proves nothing: then the recent posts count.
        look = await facebook.check(on_page, reference, wordless, attempted_at, [photo])
        assert look == Look(Standing.NOT_SHOWN)
        practice.control.graph_error("published_posts", 100, method="GET")
        look = await facebook.check(on_page, reference, wordless, attempted_at, [photo])
        assert look == Look(Standing.UNKNOWN)


async def test_a_page_post_without_words_or_from_before_is_not_taken_for_ours(
    facebook: FacebookPublisher, on_page: Account, content: Content
) -> None:
    bare = Content("", content.pictures, is_ai_generated=False)
    for sent in (bare, content):
        await publishes(facebook, on_page, sent)
    assert await facebook.check(on_page, "", bare, clock.now()) == Look(Standing.UNKNOWN)
    later = clock.now() + timedelta(days=3)
    assert await facebook.check(on_page, "", content, later) == Look(Standing.NOT_SHOWN)


@pytest.mark.parametrize(("code", "subcode"), [(100, 33), (100, None), (24, 2207006), (10, None), (2, None)])
async def test_a_page_that_refuses_to_be_looked_at_never_makes_an_unclear_post_refused(
    facebook: FacebookPublisher,
    practice: PracticeProcess,
    on_page: Account,
    content: Content,
    code: int,
    subcode: int | None,
) -> None:
    practice.control.graph_error("published_posts", code, subcode)
    try:
        look = await facebook.check(on_page, "1", content, clock.now())
    except PublishingError as error:
        assert isinstance(error, ReconnectNeeded | TryLater)
    else:
        assert look == Look(Standing.UNKNOWN)


async def test_a_photo_that_is_posted_already_is_unclear(
    facebook: FacebookPublisher, practice: PracticeProcess, on_page: Account, content: Content
) -> None:
    reference, parts = await hands_over(facebook, on_page, content)
    attempted_at = clock.now()
    post_id = await facebook.finish(on_page, reference, content, parts)
    again = await failure(facebook.finish(on_page, reference, content, parts))
    assert isinstance(again, OutcomeUnclear) and again.code == "duplicate_post"
    assert len(posts_of(practice, on_page)) == 1
    look = await facebook.check(on_page, reference, content, attempted_at)
    assert look == Look(Standing.PUBLISHED, post_id)


async def test_a_page_takes_neither_nothing_nor_too_many_pictures_nor_an_absent_one(
    facebook: FacebookPublisher, on_page: Account, content: Content, pictures: str
) -> None:
    nothing = Content("  ", (), is_ai_generated=False)
    many = Content(TEXT, content.pictures * 11, is_ai_generated=False)
    absent = Content(TEXT, (Picture(f"{pictures}/absent.jpg", ""),), is_ai_generated=False)
    for call, code in (
        (facebook.prepare(on_page, nothing), "post_is_empty"),
        (facebook.prepare(on_page, many, ["1"] * 11), "too_many_images"),
        (facebook.prepare_part(on_page, absent, 0), "picture_refused"),
    ):
        error = await failure(call)
        assert isinstance(error, ContentRefused) and error.code == code


# Several pictures


@pytest.fixture
def three(pictures: str) -> Content:
    """Three pictures, two of them described, somebody marked in the second."""
    return Content(
        TEXT,
        (
            Picture(f"{pictures}/square.jpg", "First"),
            Picture(f"{pictures}/wide.jpg", "Second", (PersonTag("ada.lovelace", 0.25, 1.0),)),
            Picture(f"{pictures}/square.jpg", ""),
        ),
        is_ai_generated=True,
    )


async def test_a_carousel_is_published_whole_in_order_and_labelled_as_a_whole(
    instagram: InstagramPublisher, practice: PracticeProcess, on_instagram: Account, three: Content
) -> None:
    reference, parts = await hands_over(instagram, on_instagram, three)
    assert await instagram.check(on_instagram, reference, three, None, parts) == Look(Standing.READY)
    media_id = await instagram.finish(on_instagram, reference, three, parts)
    (media,) = media_of(practice, on_instagram)
    assert (media["id"], media["media_type"], media["caption"]) == (media_id, "CAROUSEL", TEXT)
    assert media["is_ai_generated"] is True
    assert [(p["alt_text"], p["width"]) for p in media["pictures"]] == [
        ("First", 1080),
        ("Second", 1200),
        ("", 1080),
    ]
    assert media["user_tags"] == [[], [{"username": "ada.lovelace", "x": 0.25, "y": 1.0}], []]
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = await browser.get(await instagram.permalink(on_instagram, media_id))
    assert "2 of 3" in page.text and "@ada.lovelace" in page.text
    # A slide is used up with its carousel.
    spent = await failure(instagram.prepare(on_instagram, three, parts))
    assert isinstance(spent, PrepareAgain | TryLater)
    assert len(media_of(practice, on_instagram)) == 1


async def test_photos_are_published_in_one_page_post_in_order(
    facebook: FacebookPublisher, practice: PracticeProcess, on_page: Account, three: Content
) -> None:
    reference, parts = await hands_over(facebook, on_page, three)
    state = practice.control.state()["loose_photos_by_page"]
    assert posts_of(practice, on_page) == [] and state[on_page.external_id] == parts
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = await browser.get(f"{practice.url}/facebook/{on_page.external_id}")
    assert "3 unpublished photos" in page.text
    attempted_at = clock.now()
    post_id = await facebook.finish(on_page, reference, three, parts)
    (post,) = posts_of(practice, on_page)
    assert (post["id"], post["message"]) == (post_id, TEXT)
    assert [(p["alt_text"], p["width"]) for p in post["pictures"]] == [
        ("First", 1080),
        ("Second", 1200),
        ("", 1080),
    ]
    look = await facebook.check(on_page, reference, three, attempted_at, parts)
    assert look == Look(Standing.PUBLISHED, post_id)


async def test_photos_in_vain_are_removed_and_those_in_a_post_are_not(
    facebook: FacebookPublisher, practice: PracticeProcess, on_page: Account, three: Content
) -> None:
    _, used = await hands_over(facebook, on_page, three)
    await facebook.finish(on_page, "", three, used)
    _, parts = await hands_over(facebook, on_page, three)
    await facebook.discard(on_page, [*used, *parts, "100000000000000"])
    await facebook.discard(on_page, parts)
    assert on_page.external_id not in practice.control.state()["loose_photos_by_page"]
    (post,) = posts_of(practice, on_page)
    assert len(post["pictures"]) == 3
    # Without one of its photos a post does not go out short, and nobody is asked to connect again.
    gone = await failure(facebook.finish(on_page, "", three, parts))
    assert isinstance(gone, PrepareAgain) and gone.code == "parts_missing"
    for short in (parts[:2], []):
        assert (await failure(facebook.finish(on_page, "", three, short))).code == "parts_missing"
    assert len(posts_of(practice, on_page)) == 1
    practice.control.fault("drop_before", edge="photo")
    assert isinstance(await failure(facebook.discard(on_page, used)), TryLater)


async def test_a_first_comment_is_written_found_and_unclear_when_its_answer_is_lost(
    instagram: InstagramPublisher,
    facebook: FacebookPublisher,
    practice: PracticeProcess,
    on_instagram: Account,
    on_page: Account,
    content: Content,
) -> None:
    cases: tuple[tuple[Publisher, Account, str, Any], ...] = (
        (instagram, on_instagram, "media_item.comments", media_of),
        (facebook, on_page, "post.comments", posts_of),
    )
    for publisher, account, edge, out in cases:
        post_id = await publishes(publisher, account, content)
        assert await publisher.find_comment(account, post_id, "#first\n👋") is None
        comment_id = await publisher.comment(account, post_id, "#first\n👋")
        assert await publisher.find_comment(account, post_id, "#first\n👋") == comment_id
        assert await publisher.find_comment(account, post_id, "#first") is None
        for kind, count in (("drop_after", 2), ("drop_before", 2), ("garbage", 3)):
            practice.control.fault(kind, edge=edge, method="POST")
            assert isinstance(await failure(publisher.comment(account, post_id, "Lost")), OutcomeUnclear)
            (found,) = out(practice, account)
            assert len(found["comments"]) == count
        practice.control.graph_error(edge, 200, status=403)
        assert isinstance(await failure(publisher.comment(account, post_id, "Mine")), ReconnectNeeded)


# Both


async def test_no_token_shows_in_any_address_text_or_log(
    instagram: InstagramPublisher,
    facebook: FacebookPublisher,
    practice: PracticeProcess,
    accounts: PracticeAccounts,
    content: Content,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    for publisher, known, edge in (
        (instagram, accounts.instagram, "media_publish"),
        (facebook, accounts.page, "feed"),
    ):
        account = Account(known.id, known.access_token)
        texts += [repr(account), repr(await publisher.verify(account))]
        for kind in ("drop_before", "drop_after", "garbage", "truncated", "http_500"):
            practice.control.fault(kind, edge=edge)
            _, _, error = await attempt(publisher, account, content)
            texts += [repr(error), "".join(traceback.format_exception(error)), repr(vars(error))]
        texts.append(await publisher.permalink(account, await publishes(publisher, account, content)))
    printed = capsys.readouterr()
    texts += [caplog.text, printed.out, printed.err, *(str(vars(record)) for record in caplog.records)]
    texts += [str(call["path"]) for call in practice.control.calls()]
    assert caplog.records
    for token in (accounts.instagram.access_token, accounts.page.access_token):
        assert not [text for text in texts if token in text]


async def test_a_platform_that_is_down_is_tried_later(content: Content, tmp_path: Path) -> None:
    with practice_process(tmp_path) as practice:
        known = practice.control.accounts()
        graph = GraphClient(practice.graph_url, "v26.0")
        practice.kill()
        try:
            for publisher, account in (
                (InstagramPublisher(graph), Account(known.instagram.id, known.instagram.access_token)),
                (FacebookPublisher(graph), Account(known.page.id, known.page.access_token)),
            ):
                for call in (
                    hands_over(publisher, account, content),
                    publisher.finish(account, "1", content, ["1"]),
                ):
                    error = await failure(call)
                    assert type(error) is TryLater and error.code == "platform_unreachable"
        finally:
            await graph.close()


async def test_what_practice_publishes_can_be_looked_at(
    instagram: InstagramPublisher, on_instagram: Account, content: Content
) -> None:
    media_id = await instagram.finish(on_instagram, await instagram.prepare(on_instagram, content), content)
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = await browser.get(await instagram.permalink(on_instagram, media_id))
    assert page.status_code == 200 and "Fresh bread from seven." in page.text
