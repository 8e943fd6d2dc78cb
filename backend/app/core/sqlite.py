"""The embedded database's connection: each statement is one visit to the connection's thread.

aiosqlite runs SQLite in a thread for each connection, and every call is a visit: a cursor, its statement,
its rows and its end are four, where a visit costs more than most of our statements do. Here a cursor
exists only inside of the visit that runs its statement and takes its rows along. Lists here are pages,
so rows are never fetched piece by piece. A transaction begins in the visit of its first statement, and one
without any never begins; where none has begun, none is rolled back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite


class Connection(aiosqlite.Connection):
    """An aiosqlite connection as SQLAlchemy uses one, with cursors that cost one visit a statement."""

    _to_begin_with = ""
    # Whether the last visit ended before whoever waited for it went away.
    _is_at_rest = False

    def cursor(self) -> Cursor:  # type: ignore[override]  # nothing to wait for, which SQLAlchemy allows
        """A new cursor."""
        return Cursor(self)

    def begin_with_next(self, *, is_writing: bool) -> None:
        """The next statement is the first of a transaction. One that writes waits for its lock then."""
        self._to_begin_with = "BEGIN IMMEDIATE" if is_writing else "BEGIN"

    async def visit(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do this in the connection's thread."""
        begin, self._to_begin_with = self._to_begin_with, ""

        def begin_and_work(connection: sqlite3.Connection) -> None:
            connection.execute(begin)
            work(connection)

        self._is_at_rest = False
        await self._execute(begin_and_work if begin else work, self._conn)  # type: ignore[no-untyped-call]  # aiosqlite's own, untyped
        self._is_at_rest = True

    async def commit(self) -> None:
        """Keep what the transaction did."""
        if not self._is_outside():
            await super().commit()

    async def rollback(self) -> None:
        """Drop what the transaction did."""
        if not self._is_outside():
            await super().rollback()

    def _is_outside(self) -> bool:
        """Whether no transaction has begun, and none will by a visit that is still to end."""
        was_to_begin, self._to_begin_with = self._to_begin_with, ""
        return bool(was_to_begin) or (self._is_at_rest and not self.in_transaction)


class Cursor:
    """What SQLAlchemy asks of an asynchronous cursor."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Cursor:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Cursor:
        """Run a statement and fetch all of its rows."""
        return await self._visit("execute", statement, parameters)

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Cursor:
        """Run a statement once for each set of parameters."""
        return await self._visit("executemany", statement, parameters)

    async def fetchall(self) -> list[Any]:
        """The rows of the last statement, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open."""

    async def _visit(self, method: str, statement: str, parameters: Any) -> Cursor:
        def run(connection: sqlite3.Connection) -> None:
            cursor = connection.cursor()
            try:
                getattr(cursor, method)(statement, parameters)
                self.description = cursor.description
                self._rows = cursor.fetchall() if cursor.description else []
                self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        await self._connection.visit(run)
        return self


async def connect(path: Path, *, busy_timeout: float) -> Connection:
    """Open the database file: write-ahead log, foreign keys on, transactions begun by whoever wants one.

    Another process that writes is waited for up to `busy_timeout` seconds.
    """

    def opened() -> sqlite3.Connection:
        # Its thread opens, uses and closes it; the loop's thread reads attributes of it.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for setting in (
            f"busy_timeout={int(busy_timeout * 1000)}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {setting}")
        return connection

    connection = Connection(opened, iter_chunk_size=64)
    # A process that leaves without closing must not wait for this thread.
    connection._thread.daemon = True
    await connection
    return connection
