"""The Graph client against every error that the platform documents, and against broken answers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.providers.publishing.base import (
    Account,
    AccountRestricted,
    ActionNeeded,
    AppRateLimited,
    ContentRefused,
    OutcomeUnclear,
    PrepareAgain,
    PublishingError,
    RateLimited,
    ReconnectNeeded,
    TryLater,
    text_facts,
)
from app.providers.publishing.errors import BY_CODE, BY_PAIR, BY_SUBCODE
from app.providers.publishing.graph import GraphClient
from tests.contracts.scripted_server import Answer, ScriptedServer, scripted_server

TOKEN = "EAAB-planted-token-7f3a"
ACCOUNT = Account("17841400008460056", TOKEN)

Kind = type[PublishingError]

# (code, subcode, HTTP status, kind in a call that may be repeated, kind in an irreversible call)
ROWS: list[tuple[int, int | None, int, Kind, Kind]] = [
    # Instagram publishing
    (-2, 2207003, 400, PrepareAgain, PrepareAgain),
    (-2, 2207020, 400, PrepareAgain, PrepareAgain),
    (-1, 2207001, 400, TryLater, OutcomeUnclear),
    (-1, 2207032, 400, PrepareAgain, PrepareAgain),
    (-1, 2207053, 400, PrepareAgain, PrepareAgain),
    (1, 2207057, 400, ContentRefused, ContentRefused),
    (4, 2207051, 400, AccountRestricted, AccountRestricted),
    (9, 2207042, 400, RateLimited, RateLimited),
    (24, 2207006, 400, PrepareAgain, PrepareAgain),
    (24, 2207008, 400, PrepareAgain, PrepareAgain),
    (25, 2207050, 400, AccountRestricted, AccountRestricted),
    (100, 2207023, 400, ContentRefused, ContentRefused),
    (100, 2207028, 400, ContentRefused, ContentRefused),
    (100, 2207035, 400, ContentRefused, ContentRefused),
    (100, 2207036, 400, ContentRefused, ContentRefused),
    (100, 2207037, 400, ContentRefused, ContentRefused),
    (100, 2207040, 400, ContentRefused, ContentRefused),
    (100, 2207018, 400, ContentRefused, ContentRefused),
    (100, 2207073, 400, ContentRefused, ContentRefused),
    (352, 2207026, 400, ContentRefused, ContentRefused),
    (9004, 2207052, 400, PrepareAgain, PrepareAgain),
    (9007, 2207027, 400, TryLater, TryLater),
    (36000, 2207004, 400, ContentRefused, ContentRefused),
    (36001, 2207005, 400, ContentRefused, ContentRefused),
    (36003, 2207009, 400, ContentRefused, ContentRefused),
    (36004, 2207010, 400, ContentRefused, ContentRefused),
    (-1, 2207076, 400, PrepareAgain, PrepareAgain),
    (-1, 2207077, 400, PrepareAgain, PrepareAgain),
    (-1, 2207082, 400, PrepareAgain, PrepareAgain),
    (-1, 2207085, 400, PrepareAgain, PrepareAgain),
    (100, 2207081, 400, ContentRefused, ContentRefused),
    (200, None, 403, ReconnectNeeded, ReconnectNeeded),
    # generic
    (1, None, 400, TryLater, OutcomeUnclear),
    (1, 99, 500, TryLater, OutcomeUnclear),
    (2, None, 500, TryLater, OutcomeUnclear),
    (4, None, 403, AppRateLimited, AppRateLimited),
    (17, None, 400, RateLimited, RateLimited),
    (32, None, 400, RateLimited, RateLimited),
    (613, None, 400, RateLimited, RateLimited),
    (341, None, 400, AppRateLimited, AppRateLimited),
    (80001, None, 400, RateLimited, RateLimited),
    (80002, None, 400, RateLimited, RateLimited),
    (80006, None, 400, RateLimited, RateLimited),
    (10, None, 403, ReconnectNeeded, ReconnectNeeded),
    (220, None, 403, ReconnectNeeded, ReconnectNeeded),
    (299, None, 403, ReconnectNeeded, ReconnectNeeded),
    (3, None, 400, ActionNeeded, ActionNeeded),
    (100, None, 400, ContentRefused, ContentRefused),
    (100, 33, 400, ReconnectNeeded, ReconnectNeeded),
    (102, None, 401, ReconnectNeeded, ReconnectNeeded),
    (190, None, 401, ReconnectNeeded, ReconnectNeeded),
    *((190, sub, 400, ReconnectNeeded, ReconnectNeeded) for sub in (458, 459, 460, 463, 464, 467, 490, 492)),
    (368, None, 400, AccountRestricted, AccountRestricted),
    (368, 1390008, 400, AccountRestricted, AccountRestricted),
    (368, 1346003, 400, ActionNeeded, ActionNeeded),
    (506, None, 400, OutcomeUnclear, OutcomeUnclear),
    (1609005, None, 400, ContentRefused, ContentRefused),
    (100, 1609005, 400, ContentRefused, ContentRefused),
    # Facebook Pages
    (100, 1366046, 400, ContentRefused, ContentRefused),
    (324, None, 400, ContentRefused, ContentRefused),
    (100, 1366051, 400, OutcomeUnclear, OutcomeUnclear),
    (100, 2069019, 400, ContentRefused, ContentRefused),
    (100, 1609008, 400, ContentRefused, ContentRefused),
    (100, 2061006, 400, ContentRefused, ContentRefused),
    (100, 1349125, 400, ContentRefused, ContentRefused),
    (100, 1404102, 400, ActionNeeded, ActionNeeded),
    (100, 1404078, 400, AccountRestricted, AccountRestricted),
    (100, 1404006, 400, AccountRestricted, AccountRestricted),
    (100, 1404112, 400, AccountRestricted, AccountRestricted),
    (100, 4854002, 400, AccountRestricted, AccountRestricted),
    (100, 1363047, 400, TryLater, OutcomeUnclear),
    (100, 1609010, 400, TryLater, OutcomeUnclear),
    (321, None, 400, ActionNeeded, ActionNeeded),
    (120, None, 400, ContentRefused, ContentRefused),
]


def envelope(code: object, subcode: object = None, **more: Any) -> dict[str, Any]:
    error = {
        "message": f"Invalid parameter near {TOKEN}",
        "type": "OAuthException",
        "code": code,
        "error_user_title": "No se puede publicar",
        "error_user_msg": "Se ha producido un error.",
        "fbtrace_id": "AmFGcW_3hwDB7qFbl_QdebZ",
        **more,
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return {"error": error}


def said(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(json.dumps(body).encode(), status, headers or {})


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


DISTANCE = timedelta(milliseconds=200)


@pytest.fixture
async def graph(server: ScriptedServer) -> AsyncIterator[GraphClient]:
    client = GraphClient(server.url, "v26.0", timeout=timedelta(seconds=20), usage_distance=DISTANCE)
    yield client
    await client.close()


async def repeatable(graph: GraphClient) -> str:
    return await graph.post_for_id(ACCOUNT, "media", {"caption": "Hello"}, is_irreversible=False)


async def irreversible(graph: GraphClient) -> str:
    return await graph.post_for_id(ACCOUNT, "media_publish", {"creation_id": "1"}, is_irreversible=True)


async def failure(call: Any) -> PublishingError:
    with pytest.raises(PublishingError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize(("code", "subcode", "status", "kind", "final_kind"), ROWS)
async def test_every_documented_error_is_named_by_what_to_do_next(
    graph: GraphClient,
    server: ScriptedServer,
    code: int,
    subcode: int | None,
    status: int,
    kind: Kind,
    final_kind: Kind,
) -> None:
    server.will_say(said(envelope(code, subcode), status))
    error = await failure(repeatable(graph))
    assert type(error) is kind
    assert error.code.replace("_", "").isalpha() and error.code.islower()
    assert error.detail.endswith(".") and TOKEN not in str(error) and "publicar" not in error.detail
    if final_kind is not OutcomeUnclear or kind is OutcomeUnclear:
        assert error.trace == "AmFGcW_3hwDB7qFbl_QdebZ"

    other = GraphClient(server.url, "v26.0")
    try:
        assert type(await failure(irreversible(other))) is final_kind
    finally:
        await other.close()


def test_every_row_has_a_sentence_for_people_and_a_stable_code() -> None:
    for verdict in (*BY_PAIR.values(), *BY_SUBCODE.values(), *BY_CODE.values()):
        assert verdict.code == verdict.code.lower() and " " not in verdict.code
        assert verdict.detail[0].isupper() and verdict.detail.endswith(".")
        assert verdict.retry_after is None or issubclass(verdict.error, (TryLater, PrepareAgain))


async def test_the_subcode_decides_where_the_code_is_both_rate_limit_and_spam_block(
    graph: GraphClient, server: ScriptedServer
) -> None:
    server.will_say(said(envelope(4, 2207051, is_transient=True), 403))
    assert isinstance(await failure(repeatable(graph)), AccountRestricted)


async def test_numbers_in_strings_are_understood(graph: GraphClient, server: ScriptedServer) -> None:
    server.will_say(said(envelope("190", "463"), 400))
    assert isinstance(await failure(repeatable(graph)), ReconnectNeeded)


@pytest.mark.parametrize(
    ("status", "is_transient", "kind", "final_kind"),
    [
        (400, False, ContentRefused, ContentRefused),
        (400, True, TryLater, OutcomeUnclear),
        (401, False, ReconnectNeeded, ReconnectNeeded),
        (403, False, ReconnectNeeded, ReconnectNeeded),
        (429, False, RateLimited, RateLimited),
        (500, False, TryLater, OutcomeUnclear),
        (503, False, TryLater, OutcomeUnclear),
        (200, False, ContentRefused, OutcomeUnclear),
    ],
)
async def test_an_unknown_code_is_named_by_what_is_left(
    server: ScriptedServer, status: int, is_transient: bool, kind: Kind, final_kind: Kind
) -> None:
    server.will_say(said(envelope(987654, is_transient=is_transient), status))
    for call, expected in ((repeatable, kind), (irreversible, final_kind)):
        client = GraphClient(server.url, "v26.0")
        try:
            assert type(await failure(call(client))) is expected
        finally:
            await client.close()


async def test_a_success_that_carries_an_error_is_an_error(
    graph: GraphClient, server: ScriptedServer
) -> None:
    server.will_say(said(envelope(190, 463), 200))
    assert isinstance(await failure(irreversible(graph)), ReconnectNeeded)


UNREADABLE = {
    "a web page": Answer(b"<html>Sorry</html>", headers={"content-type": "text/html"}),
    "nothing": Answer(b""),
    "half a document": Answer(b'{"id": "17'),
    "a list": Answer(b"[]"),
    "no id": Answer(b"{}"),
    "an id that is no id": Answer(b'{"id": {"a": 1}}'),
    "an id with a path": Answer(b'{"id": "../me"}'),
    "an error that is no object": Answer(b'{"error": "no"}', 400),
    "a deep document": Answer(b"[" * 200_000),
    "an endless document": Answer(b'{"id": "1"' + b" " * (5 * 1024 * 1024) + b"}"),
    "not what it says it is": Answer(b"plain", headers={"content-encoding": "gzip"}),
    "a server error page": Answer(b"<html>Bad gateway</html>", 502),
    "a redirect": Answer(b"", 302, {"location": "http://127.0.0.1:9/elsewhere"}),
    "a proxy's refusal": Answer(b"<html>Forbidden</html>", 403),
    "less than announced": Answer(b'{"id":', length=1000),
    "a cut connection": Answer(is_cut=True),
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_an_unreadable_answer_is_unclear_only_where_repeating_could_publish_twice(
    graph: GraphClient, server: ScriptedServer, answer: Answer
) -> None:
    server.will_say(answer)
    later = await failure(repeatable(graph))
    assert type(later) is TryLater and later.retry_after
    assert type(await failure(irreversible(graph))) is OutcomeUnclear
    assert len(server.asked) == 2


async def test_silence_is_unclear_only_where_repeating_could_publish_twice(server: ScriptedServer) -> None:
    server.will_say(Answer(is_silent=True))
    impatient = GraphClient(server.url, "v26.0", timeout=timedelta(seconds=0.2))
    try:
        assert type(await failure(repeatable(impatient))) is TryLater
        assert type(await failure(irreversible(impatient))) is OutcomeUnclear
    finally:
        await impatient.close()


async def test_a_connection_that_cannot_be_made_is_never_unclear() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers here
        client = GraphClient(f"http://127.0.0.1:{taken.getsockname()[1]}", "v26.0")
        try:
            for call in (repeatable, irreversible):
                error = await failure(call(client))
                assert type(error) is TryLater and error.code == "platform_unreachable"
        finally:
            await client.close()


async def test_the_token_travels_in_the_form_or_a_header_and_never_in_the_address(
    graph: GraphClient, server: ScriptedServer
) -> None:
    server.will_say(said({"id": "17889455560051444"}))
    assert await repeatable(graph) == "17889455560051444"
    await graph.get(ACCOUNT, "17889455560051444", fields="status_code,status")
    posted, looked = server.asked
    assert posted.target == "/v26.0/17841400008460056/media"
    assert posted.form == {"caption": "Hello", "access_token": TOKEN}
    assert looked.path == "/v26.0/17889455560051444"
    assert looked.query == {"fields": "status_code,status"}
    assert looked.headers["authorization"] == f"Bearer {TOKEN}"


async def test_with_an_app_secret_every_call_proves_it_for_its_own_token(server: ScriptedServer) -> None:
    server.will_say(said({"id": "1"}))
    client = GraphClient(server.url, "v26.0", app_secret="the-app-secret")
    try:
        await repeatable(client)
        await client.get(ACCOUNT, ACCOUNT.external_id, fields="id")
    finally:
        await client.close()
    proof = hmac.new(b"the-app-secret", TOKEN.encode(), hashlib.sha256).hexdigest()
    assert server.asked[0].form["appsecret_proof"] == proof
    assert server.asked[1].query["appsecret_proof"] == proof
    assert "the-app-secret" not in repr(client)


async def test_no_token_shows_in_any_text_or_log(
    graph: GraphClient,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in (said(envelope(190, 463), 400), *UNREADABLE.values(), said({"id": "1"})):
        server.will_say(answer)
        for call in (repeatable, irreversible):
            try:
                await call(graph)
            except PublishingError as error:
                assert TOKEN not in "".join(traceback.format_exception(error))
                seen: BaseException | None = error
                while seen is not None:
                    assert TOKEN not in f"{seen!r} {seen} {vars(seen)}"
                    seen = seen.__cause__ or seen.__context__
    assert TOKEN not in repr(ACCOUNT) + repr(graph)
    assert caplog.records and TOKEN not in caplog.text
    assert not any(TOKEN in str(vars(record)) for record in caplog.records)
    printed = capsys.readouterr()
    assert TOKEN not in printed.out + printed.err


@pytest.mark.parametrize("token", ["", "with space", "line\nbreak", "clé", "x" * 5000])
async def test_a_token_that_cannot_be_one_is_never_sent(
    graph: GraphClient, server: ScriptedServer, token: str
) -> None:
    error = await failure(graph.get(Account("1", token), "1", fields="id"))
    assert isinstance(error, ReconnectNeeded) and not server.asked


@pytest.mark.parametrize("node", ["", "..", "1/../2", "1?fields=x", "1#", "ü", "x" * 200])
async def test_an_id_that_cannot_be_one_is_never_sent(
    graph: GraphClient, server: ScriptedServer, node: str
) -> None:
    error = await failure(graph.get(Account(node, TOKEN), node, fields="id"))
    assert isinstance(error, ReconnectNeeded) and not server.asked


NEARLY_USED_UP = [
    {"x-app-usage": '{"call_count":28,"total_time":95,"total_cputime":25}'},
    {"x-business-use-case-usage": '{"104":[{"type":"pages","call_count":99.5,"total_cputime":1}]}'},
    {"x-business-use-case-usage": '{"1":[{"type":"instagram","estimated_time_to_regain_access":19}]}'},
]


@pytest.mark.parametrize("headers", NEARLY_USED_UP)
async def test_a_limit_that_is_nearly_used_up_makes_later_calls_of_that_token_wait(
    graph: GraphClient, server: ScriptedServer, headers: dict[str, str]
) -> None:
    server.will_say(said({"id": "1"}, headers=headers))
    assert await repeatable(graph) == "1"
    for call in (repeatable, irreversible):
        error = await failure(call(graph))
        assert isinstance(error, RateLimited) and error.code == "platform_rate_limited"
        assert error.is_of_app == ("x-app-usage" in headers)
        assert error.retry_after is not None and 0 < error.retry_after <= 19 * 60 + 1
    assert len(server.asked) == 1

    server.will_say(said({"id": "2"}))
    assert await graph.post_for_id(Account("2", "EAAB-other"), "media", {}, is_irreversible=False) == "2"


@pytest.mark.parametrize(
    "value",
    ["", "no json", "[]", '{"1": "x"}', '{"1": [null, 5]}', '{"call_count": 94}', '{"call_count": "99"}'],
)
async def test_usage_that_is_low_or_unreadable_stops_nothing(
    graph: GraphClient, server: ScriptedServer, value: str
) -> None:
    server.will_say(said({"id": "1"}, headers={"x-app-usage": value, "x-business-use-case-usage": value}))
    assert await repeatable(graph) == "1"
    assert await repeatable(graph) == "1"


async def test_calls_keep_a_distance_when_a_limit_comes_near(
    graph: GraphClient, server: ScriptedServer
) -> None:
    near = said({"id": "1"}, headers={"x-app-usage": '{"call_count": 94}'})
    server.will_say(near, near, said({"id": "1"}), said({"id": "1"}))
    began = asyncio.get_running_loop().time()
    for _ in range(3):
        assert await repeatable(graph) == "1"
    assert asyncio.get_running_loop().time() - began >= DISTANCE.total_seconds() * 2
    # The third answer said that there is room again.
    assert graph._slowed == {}


async def test_calls_go_on_when_the_pause_is_over(
    graph: GraphClient, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will_say(said(envelope(80001), 400), said({"id": "1"}))
    error = await failure(repeatable(graph))
    assert type(error) is RateLimited and error.retry_after
    await failure(repeatable(graph))
    assert len(server.asked) == 1
    later = clock.now() + timedelta(seconds=error.retry_after + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await repeatable(graph) == "1"


async def test_the_platform_says_how_long_to_wait(graph: GraphClient, server: ScriptedServer) -> None:
    usage = '{"104":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}'
    server.will_say(said(envelope(80001), 400, {"x-business-use-case-usage": usage}))
    assert (await failure(repeatable(graph))).retry_after == 19 * 60


@pytest.mark.parametrize(
    ("text", "characters", "hashtags", "mentions"),
    [
        ("", 0, 0, 0),
        ("Fresh bread", 11, 0, 0),
        ("👋", 2, 0, 0),
        ("#bread #Brot2026 #パン ＃朝 #a#b #😀", 32, 7, 0),
        ("# bread #! C# 100%", 18, 0, 0),
        ("@ana and @ben_b, (@cleo) hello@bakery.example @", 47, 0, 3),
        ("\ud800", 1, 0, 0),
    ],
)
def test_a_text_is_counted_as_the_platform_may_count_it(
    text: str, characters: int, hashtags: int, mentions: int
) -> None:
    facts = text_facts(text)
    assert (facts.characters, facts.hashtags, facts.mentions) == (characters, hashtags, mentions)
