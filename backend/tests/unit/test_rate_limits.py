from __future__ import annotations

import asyncio
import contextlib

import pytest

from app.core.errors import RateLimited
from app.core.rate_limits import Counters, RateLimit
from tests.api.edge_app import json_log


async def test_a_full_window_says_when_to_come_back() -> None:
    limit = RateLimit("tests", "2/minute")
    await limit.hit("ada")
    await limit.hit("ada")
    with pytest.raises(RateLimited) as caught:
        await limit.hit("ada")
    assert 1 <= caught.value.facts["retry_after"] <= 60
    assert isinstance(caught.value.facts["retry_after"], int)


async def test_keys_are_counted_apart() -> None:
    limit = RateLimit("tests", "1/hour")
    await limit.hit("ada")
    await limit.hit("eve")
    for key in ("ada", "eve"):
        with pytest.raises(RateLimited):
            await limit.hit(key)


async def test_rules_of_the_same_rate_are_counted_apart() -> None:
    first, second = RateLimit("uploads", "1/hour"), RateLimit("ai", "1/hour")
    await first.hit("ada")
    await second.hit("ada")


async def test_so_many_times_a_rule_is_one_window() -> None:
    limit = RateLimit("tests", "1/hour", times=2)
    for _ in range(2):
        await limit.hit("ada")
    with pytest.raises(RateLimited):
        await limit.hit("ada")


@pytest.mark.parametrize(
    "answer",
    [b"*1\r\n" * 20_000, b"$-1\r\n", b"Hello?\r\n"],
    ids=["nested", "nothing", "no-redis"],
)
async def test_what_answers_nonsense_in_the_place_of_redis_stops_nobody(answer: bytes) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                writer.write(answer)
                await writer.drain()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        counters = Counters(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        limit = RateLimit("tests", "2/hour", counters)
        with json_log() as written:
            for _ in range(2):
                await limit.hit("ada")
            with pytest.raises(RateLimited):
                await limit.hit("ada")
        assert written.getvalue().count('"rate_limits.not_shared"') == 1
        await counters.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.parametrize("rule", ["", "often", "5", "5/fortnight"])
def test_a_rule_that_is_no_rate_is_refused_by_name(rule: str) -> None:
    with pytest.raises(ValueError, match=r"^AUTH_RATE_LIMIT: "):
        RateLimit("AUTH_RATE_LIMIT", rule)
