"""Units of work on SQLite: one writer at a time, each in its turn, and a sentence for who waits too long."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from app.api.streams import whole_pieces
from app.core.db import Database
from app.core.errors import UpstreamUnavailable

COUNT = sa.text("SELECT n FROM counter")


@pytest.fixture
async def counted(sqlite_url: str) -> AsyncIterator[Database]:
    """An embedded database with a number in it; nobody waits long for a turn."""
    database = Database(sqlite_url, longest_turn=timedelta(seconds=0.3))
    async with database.writing() as session:
        await session.execute(sa.text("CREATE TABLE counter (n INTEGER UNIQUE)"))
        await session.execute(sa.text("INSERT INTO counter VALUES (0)"))
    yield database
    await database.close()


async def count_one_up(database: Database) -> None:
    async with database.writing() as session:
        n = (await session.execute(COUNT)).scalar_one()
        await asyncio.sleep(0)
        await session.execute(sa.text("UPDATE counter SET n = :n"), {"n": n + 1})


async def test_many_writers_come_one_after_the_other_and_none_is_lost(counted: Database) -> None:
    await asyncio.gather(*(count_one_up(counted) for _ in range(40)))
    async with counted.reading() as session:
        assert (await session.execute(COUNT)).scalar_one() == 40


async def test_a_look_shows_one_moment_from_its_first_question_on(counted: Database) -> None:
    async with counted.reading() as early, counted.reading() as late:
        assert (await early.execute(COUNT)).scalar_one() == 0
        await count_one_up(counted)
        assert (await early.execute(COUNT)).scalar_one() == 0
        assert (await late.execute(COUNT)).scalar_one() == 1
        await count_one_up(counted)
        assert (await late.execute(COUNT)).scalar_one() == 1
    async with counted.reading():
        """Nothing is asked, so nothing has begun."""
    async with counted.reading() as session:
        assert (await session.execute(COUNT)).scalar_one() == 2
        with pytest.raises(OperationalError):
            await session.execute(sa.text("SELECT nothing"))
    await count_one_up(counted)


async def test_what_is_changed_in_a_look_is_dropped(counted: Database) -> None:
    async with counted.reading() as session:
        await session.execute(sa.text("UPDATE counter SET n = 7"))
        await session.rollback()
        assert (await session.execute(COUNT)).scalar_one() == 0
        await session.execute(sa.text("UPDATE counter SET n = 7"))
    async with counted.reading() as session:
        assert (await session.execute(COUNT)).scalar_one() == 0


async def test_whoever_waits_too_long_for_a_turn_is_told_and_the_next_one_gets_it(counted: Database) -> None:
    async with counted.writing():
        with pytest.raises(UpstreamUnavailable) as refusal:
            await count_one_up(counted)
        assert refusal.value.code == "busy"
    await count_one_up(counted)


async def test_another_program_that_keeps_the_database_to_itself_is_no_error_of_ours(
    counted: Database, sqlite_url: str
) -> None:
    other = sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)
    with contextlib.closing(other):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UpstreamUnavailable) as refusal:
            await count_one_up(counted)
        assert refusal.value.code == "busy"
        async with counted.reading() as session:
            assert (await session.execute(COUNT)).scalar_one() == 0
        other.execute("ROLLBACK")
    await count_one_up(counted)


async def test_a_turn_that_is_called_off_is_given_to_the_next(counted: Database) -> None:
    async with counted.writing():
        waiting = asyncio.create_task(count_one_up(counted))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await count_one_up(counted)
    async with counted.reading() as session:
        assert (await session.execute(COUNT)).scalar_one() == 1


async def test_a_unit_that_fails_leaves_nothing_and_many_rows_go_in_at_once(counted: Database) -> None:
    rows = [{"n": n} for n in range(1, 1001)]
    insert = sa.text("INSERT INTO counter VALUES (:n)")
    with pytest.raises(IntegrityError):
        async with counted.writing() as session:
            await session.execute(insert, rows)
            await session.execute(insert, {"n": 0})
    async with counted.writing() as session:
        await session.execute(insert, rows)
        assert (await session.execute(COUNT)).scalars().all() == list(range(1001))


async def test_a_unit_that_is_called_off_in_its_first_statement_keeps_nobody_out(
    counted: Database, sqlite_url: str
) -> None:
    slow = sa.text(
        "WITH RECURSIVE some(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM some WHERE i < 300000)"
        " INSERT INTO counter SELECT i FROM some"
    )

    async def fill() -> None:
        async with counted.writing() as session:
            await session.execute(slow)

    filling = asyncio.create_task(fill())
    await asyncio.sleep(0.02)
    filling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filling
    await count_one_up(counted)
    other = sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None, timeout=5)
    with contextlib.closing(other):
        other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT n FROM counter").fetchall() == [(1,)]
        other.execute("ROLLBACK")
    async with counted.reading() as session:
        assert (await session.execute(COUNT)).scalar_one() == 1


async def test_a_stream_whose_client_has_gone_keeps_its_connection_and_ends(database: Database) -> None:
    """A streamed answer is called off anew at each thing that it waits for."""
    opened: list[object] = []
    event.listen(database.engine.sync_engine, "connect", lambda *given: opened.append(given))
    ended = asyncio.Event()
    seen: list[int] = []

    async def pieces() -> AsyncGenerator[int, None]:
        try:
            while True:
                async with database.reading() as session:
                    client.cancel()
                    seen.append((await session.execute(sa.text("SELECT 7"))).scalar_one())
                yield 7
        finally:
            ended.set()

    for _ in range(5):
        with anyio.CancelScope() as client:
            async for _piece in whole_pieces(pieces()):
                """Nobody is there to read it."""
        async with asyncio.timeout(30):
            await ended.wait()
        ended.clear()
    assert seen == [7] * 5
    assert len(opened) == 1
    assert [piece async for piece in whole_pieces(_three())] == [0, 1, 2]


async def _three() -> AsyncGenerator[int, None]:
    for number in range(3):
        yield number
