"""The database: one engine, short units of work, two dialects.

SQLite is the embedded default (WAL, foreign keys on, one writer at a time), PostgreSQL the grown-up
one. A unit that writes says so, because SQLite must take its write lock at the start: a reader that
turns writer half-way can be refused with nothing left to do but fail.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
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


class Base(DeclarativeBase):
    """The root of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime}


class Database:
    """Hands out units of work. One per process."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.is_sqlite:
            path = make_url(url).database
            if path and path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=not self.is_sqlite,
            # An error's text ends up in the log, and values may be prompts or sealed tokens.
            hide_parameters=True,
        )
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
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

        Callbacks left with `after_commit` run once the commit has worked. Raises `UpstreamUnavailable`
        (`database_full`) when the disk has no room for it.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
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
                raise
        for callback in session.info.get("after_commit", ()):
            callback()

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give every connection back. The database must not be used afterwards."""
        await self.engine.dispose()


def _is_full(error: DBAPIError) -> bool:
    """SQLite says it in words, PostgreSQL with a code."""
    return getattr(error.orig, "sqlstate", None) == "53100" or "disk is full" in str(error.orig)


def after_commit(session: AsyncSession, callback: Callable[[], None]) -> None:
    """Run `callback` once this session's unit of work is committed; never when it fails."""
    session.info.setdefault("after_commit", []).append(callback)


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


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: `_begin_sqlite` decides their kind.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=15000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
