"""Limits that several processes count together, in a real Valkey, and what happens while that is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.core import rate_limits
from app.core.config import Settings
from app.core.db import Database
from app.core.errors import RateLimited
from app.core.rate_limits import Counters, RateLimit
from app.services.doctor.settings import look_at_counters
from tests.api.edge_app import assert_problem, edge_app, edge_client, edge_settings, json_log
from tests.servers.valkey import PASSWORD, ValkeyServer, valkey


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with valkey() as running:
        yield running


async def taken(limit: RateLimit, *keys: str) -> list[str]:
    """Which of these uses there was room for."""
    found = []
    for key in keys:
        try:
            await limit.hit(key)
            found.append(key)
        except RateLimited as refused:
            assert 1 <= refused.facts["retry_after"] <= 3600
    return found


async def test_processes_count_together_and_each_by_itself_while_they_cannot(
    server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "_AWAY_SECONDS", 0.0)
    processes = [Counters(server.url), Counters(server.url)]
    one, other = (RateLimit("uploads", "3/hour", counters) for counters in processes)
    assert await taken(one, "ada", "ada", "eve") == ["ada", "ada", "eve"]
    assert await taken(other, "ada", "ada", "eve") == ["ada", "eve"]
    assert await taken(one, "ada") == []
    assert await taken(RateLimit("ai", "1/hour", processes[1]), "ada") == ["ada"]
    async with Redis.from_url(server.url) as client:
        # Others may use the same one, and nothing stays for ever.
        names = [name async for name in client.scan_iter()]
        assert len(names) == 3 and all(name.startswith(b"aigrowth") for name in names)
        assert all([0 < await client.ttl(name) <= 3600 for name in names])
    assert (await look_at_counters(processes[0])).is_ok

    server.ends()
    with json_log() as written:
        assert await taken(one, *["ada"] * 4) == ["ada"] * 3
        assert await taken(other, "ada") == ["ada"]
        assert not (await look_at_counters(processes[0])).is_ok
    assert '"rate_limits.not_shared"' in written.getvalue() and PASSWORD not in written.getvalue()

    server.comes_back()
    assert await taken(one, "ada", "ada") == ["ada", "ada"]
    assert await taken(other, "ada", "ada") == ["ada"]
    for counters in processes:
        await counters.close()

    stranger = Counters(server.url.replace(PASSWORD, "wrong"))
    with json_log() as written:
        assert await taken(RateLimit("uploads", "1/hour", stranger), "ada", "ada") == ["ada"]
        assert not await stranger.answers()
    assert '"AuthenticationError"' in written.getvalue()
    await stranger.close()


async def test_one_that_does_not_answer_is_left_alone_for_a_while(server: ValkeyServer) -> None:
    counters = Counters(server.url.replace(PASSWORD, "wrong"))
    with json_log() as written:
        assert await taken(RateLimit("uploads", "9/hour", counters), *["ada"] * 9) == ["ada"] * 9
    assert written.getvalue().count('"rate_limits.not_shared"') == 1
    await counters.close()


async def test_sign_ins_are_counted_over_all_servers(
    server: ValkeyServer, sqlite_url: str, tmp_path: Path
) -> None:
    settings = edge_settings(
        tmp_path, auth_rate_limit="3/hour", redis_url=server.url.replace("redis:", "valkey:")
    )
    async with AsyncExitStack() as stack:
        database = Database(sqlite_url)
        stack.push_async_callback(database.close)
        clients = []
        for _ in range(2):
            app = edge_app(settings, database)
            stack.push_async_callback(app.state.rate_limits.counters.close)
            clients.append(await stack.enter_async_context(edge_client(app)))
        who = {"email": "nobody@example.com", "password": "wrong horse battery"}
        answers = [await clients[number % 2].post("/api/v1/auth/login", json=who) for number in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert_problem(answers[3], 429, "rate_limited")


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://localhost", "redis://", "redis://host:port", "redis:///var/run/redis"]
)
def test_an_address_that_is_none_is_refused_by_the_name_of_the_setting(url: str) -> None:
    with pytest.raises(ValueError, match="REDIS_URL must be an address such as redis://host:6379/0"):
        Settings(_env_file=None, redis_url=url)
