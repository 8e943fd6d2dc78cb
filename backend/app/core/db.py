"""The database: one engine, short units of work, two dialects.

SQLite is the embedded default (WAL, foreign keys on, one writer at a time), PostgreSQL the grown-up
one. A unit that writes says so, because SQLite must take its write lock at the start: a reader that
turns writer half-way can be refused with nothing left to do but fail.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, DateTime, Integer, MetaData, event, text
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from app.core import sqlite
from app.core.errors import UpstreamUnavailable

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite only counts up a column whose type is exactly INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Aware in Python always; SQLite keeps it as UTC text, PostgreSQL as timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Usd(TypeDecorator[Decimal]):
    """An amount in US dollars, exact to a millionth: kept as a whole number of them, so that no database
    rounds and sums stay exact on both."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return int((value * MICROS).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def process_result_value(self, value: int | Decimal | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)) / MICROS


MICROS = 1_000_000
"""Parts of a dollar that amounts are counted in."""


class Base(DeclarativeBase):
    """The root of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime}


LONGEST_TURN = timedelta(seconds=15)
"""How long a unit that writes waits for its turn on SQLite, in this process and among processes."""


class Database:
    """Hands out units of work. One per process, used from one event loop."""

    def __init__(self, url: str, *, pool_size: int = 10, longest_turn: timedelta = LONGEST_TURN) -> None:
        address = make_url(url)
        self.is_sqlite = address.get_backend_name() == "sqlite"
        # A server may have closed a connection that waited; a file does not.
        more: dict[str, Any] = {"pool_pre_ping": True}
        if self.is_sqlite:
            path = Path(address.database or "")
            path.parent.mkdir(parents=True, exist_ok=True)
            wait = longest_turn.total_seconds()
            more = {"async_creator": lambda: sqlite.connect(path, busy_timeout=wait)}
        # SQLite takes one writer at a time and lets the others sleep and look again: late, and in any order.
        # In line here, each begins the moment the one before it ends.
        self._turns = asyncio.Lock() if self.is_sqlite else None
        self._longest_turn = longest_turn.total_seconds()
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            # An error's text ends up in the log, and values may be prompts or sealed tokens.
            hide_parameters=True,
            **more,
        )
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A consistent look. Whatever is changed in it is dropped."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                # A rollback forgets what was loaded; what was read stays readable.
                session.expunge_all()
                await session.rollback()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """All or nothing: committed at the end, rolled back on any error.

        Callbacks left with `after_commit` run once the commit has worked. Raises `UpstreamUnavailable`:
        `database_full` when the disk has no room for it, `busy` when its turn does not come.
        """
        async with self._turn(), AsyncSession(self.engine, expire_on_commit=False) as session:
            try:
                await session.connection(execution_options={"is_writing": True})
                yield session
                await session.commit()
            except BaseException as error:
                await session.rollback()
                if isinstance(error, DBAPIError) and _is_full(error):
                    raise UpstreamUnavailable(
                        "database_full",
                        "There is no room left to keep this. Free some space on the server, then try again.",
                    ) from error
                if isinstance(error, DBAPIError) and "database is locked" in str(error.orig):
                    raise _busy() from error
                raise
        for callback in session.info.get("after_commit", ()):
            callback()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._turns is None:
            yield
            return
        try:
            async with asyncio.timeout(self._longest_turn):
                await self._turns.acquire()
        except TimeoutError as error:
            raise _busy() from error
        try:
            yield
        finally:
            self._turns.release()

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give every connection back. The database must not be used afterwards."""
        await self.engine.dispose()


def _busy() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "busy", "Too much is being written at once. Try again in a few seconds.", retry_after=5
    )


def _is_full(error: DBAPIError) -> bool:
    """SQLite says it in words, PostgreSQL with a code."""
    return getattr(error.orig, "sqlstate", None) == "53100" or "disk is full" in str(error.orig)


def after_commit(session: AsyncSession, callback: Callable[[], None]) -> None:
    """Run `callback` once this session's unit of work is committed; never when it fails."""
    session.info.setdefault("after_commit", []).append(callback)


async def take_turns(session: AsyncSession, work: str) -> None:
    """Until this unit of work ends, nobody else does the `work` of this name: who comes later waits. On
    SQLite a unit that writes is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(work.encode()).digest()[:8], signed=True)
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


class contains(FunctionElement[bool]):
    """A condition: a text column has some words somewhere in it, exactly as they are written."""

    type = Boolean()
    inherit_cache = True


@compiles(contains, "sqlite")
def _contains_sqlite(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kw)}) > 0"


@compiles(contains, "postgresql")
def _contains_postgresql(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)}) > 0"


def _begin_sqlite(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite.Connection)
    driver.begin_with_next(is_writing=connection.get_execution_options().get("is_writing", False))
