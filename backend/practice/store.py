"""The simulators' memory: one SQLite file, changed only in transactions.

Every operation is one function run in one transaction on one thread of its own, so that what a caller
was told has happened survives the sudden end of the process, and two calls never interleave.
The clock of the simulators lives here too, because tests move it forward.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('instagram', 'page')),
    pair_id TEXT NOT NULL,
    reference TEXT,
    name TEXT NOT NULL,
    username TEXT NOT NULL,
    access_token TEXT NOT NULL UNIQUE,
    language TEXT NOT NULL,
    token_subcode INTEGER,
    is_restricted INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    UNIQUE (kind, username),
    UNIQUE (kind, reference)
);
CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY,
    mime_type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    media_type TEXT NOT NULL,
    caption TEXT NOT NULL,
    alt_text TEXT NOT NULL,
    is_ai_generated INTEGER NOT NULL,
    is_carousel_item INTEGER NOT NULL,
    picture_id TEXT REFERENCES pictures (id),
    children TEXT NOT NULL,
    created_at REAL NOT NULL,
    ready_at REAL,
    failure TEXT,
    published_at REAL
);
CREATE INDEX IF NOT EXISTS containers_by_account ON containers (account_id, created_at);
CREATE TABLE IF NOT EXISTS media (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    container_id TEXT NOT NULL UNIQUE REFERENCES containers (id),
    shortcode TEXT NOT NULL UNIQUE,
    media_type TEXT NOT NULL,
    caption TEXT NOT NULL,
    is_ai_generated INTEGER NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS media_by_account ON media (account_id, created_at);
CREATE TABLE IF NOT EXISTS media_pictures (
    media_id TEXT NOT NULL REFERENCES media (id),
    position INTEGER NOT NULL,
    picture_id TEXT NOT NULL REFERENCES pictures (id),
    alt_text TEXT NOT NULL,
    PRIMARY KEY (media_id, position)
);
CREATE TABLE IF NOT EXISTS posts (
    id TEXT PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES accounts (id),
    message TEXT NOT NULL,
    link TEXT NOT NULL,
    created_at REAL NOT NULL,
    publish_at REAL
);
CREATE INDEX IF NOT EXISTS posts_by_page ON posts (page_id, publish_at);
CREATE TABLE IF NOT EXISTS photos (
    id TEXT PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES accounts (id),
    picture_id TEXT NOT NULL REFERENCES pictures (id),
    caption TEXT NOT NULL,
    alt_text TEXT NOT NULL,
    is_temporary INTEGER NOT NULL,
    post_id TEXT REFERENCES posts (id),
    position INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS photos_by_post ON photos (post_id, position);
CREATE TABLE IF NOT EXISTS user_tags (
    container_id TEXT NOT NULL REFERENCES containers (id),
    username TEXT NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS user_tags_by_container ON user_tags (container_id);
CREATE TABLE IF NOT EXISTS comments (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    text TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS comments_by_owner ON comments (owner_id, created_at);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    edge TEXT,
    method TEXT,
    account_id TEXT,
    skip INTEGER NOT NULL,
    remaining INTEGER,
    options TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    edge TEXT NOT NULL,
    account_id TEXT,
    params TEXT NOT NULL,
    faults TEXT NOT NULL,
    is_executed INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    error TEXT
);
CREATE TABLE IF NOT EXISTS people (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    cookie TEXT NOT NULL UNIQUE,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS holdings (
    person_id TEXT NOT NULL REFERENCES people (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    tasks TEXT NOT NULL,
    account_type TEXT NOT NULL,
    PRIMARY KEY (person_id, account_id)
);
CREATE TABLE IF NOT EXISTS strangers (
    person_id TEXT PRIMARY KEY REFERENCES people (id)
);
CREATE TABLE IF NOT EXISTS arrivals (
    state TEXT PRIMARY KEY,
    reference TEXT NOT NULL,
    announced_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS portfolios (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    name TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS portfolio_pages (
    portfolio_id TEXT NOT NULL REFERENCES portfolios (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    edge TEXT NOT NULL CHECK (edge IN ('owned_pages', 'client_pages')),
    PRIMARY KEY (portfolio_id, account_id)
);
CREATE TABLE IF NOT EXISTS login_codes (
    code TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people (id),
    granted TEXT NOT NULL,
    declined TEXT NOT NULL,
    account_ids TEXT NOT NULL,
    created_at REAL NOT NULL,
    used_at REAL
);
CREATE TABLE IF NOT EXISTS login_grants (
    token TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'page', 'instagram')),
    person_id TEXT NOT NULL REFERENCES people (id),
    account_id TEXT REFERENCES accounts (id),
    granted TEXT NOT NULL,
    declined TEXT NOT NULL,
    account_ids TEXT NOT NULL,
    issued_at REAL NOT NULL,
    expires_at REAL,
    data_access_expires_at REAL NOT NULL,
    subcode INTEGER
);
CREATE INDEX IF NOT EXISTS login_grants_by_person ON login_grants (person_id);
CREATE TABLE IF NOT EXISTS bills (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    call_id INTEGER,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    amount TEXT NOT NULL,
    reference TEXT
);
"""

_DEFAULTS: dict[str, Any] = {
    "processing_ms": 300,
    "download_timeout_ms": 10_000,
    "quota_total": 50,
    "painting_ms": 200,
    "gpu_megapixels": 4,
    "stability_credits": 100_000,
    "clock_offset": 0.0,
}

CALLS_KEPT = 5_000


class Store:
    """The database, opened on first use.

    `run` executes one function in one transaction and returns what it returns. If the function raises,
    nothing it did remains.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="practice-store")
        self._offset = 0.0

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction of its own and commit before answering."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)

    async def close(self) -> None:
        """Close the file. The store opens it again when it is used again."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)

    def now(self) -> float:
        """Seconds since 1970 on the simulators' own clock."""
        return time.time() + self._offset

    def move_clock(self, db: sqlite3.Connection, seconds: float) -> None:
        """Move the simulators' clock forward (or back) for good."""
        self._offset += seconds
        put_setting(db, "clock_offset", self._offset)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._open()
        with _transaction(db):
            return work(db)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # The file holds practice tokens: only its owner may read it.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            db = sqlite3.connect(self._path, isolation_level=None, timeout=10)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            db.executescript(_SCHEMA)
            self._offset = float(setting(db, "clock_offset"))
            self._connection = db
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def setting(db: sqlite3.Connection, name: str) -> Any:
    """The value of a switch, or its default."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return _DEFAULTS[name] if row is None else json.loads(row["value"])


def put_setting(db: sqlite3.Connection, name: str, value: Any) -> None:
    """Set one of the known switches; unknown names raise `KeyError`."""
    if name not in _DEFAULTS:
        raise KeyError(name)
    db.execute(
        "INSERT INTO settings (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, json.dumps(value)),
    )


def new_id(prefix: str, length: int) -> str:
    """A random number of `length` digits that begins with `prefix`, as Meta's ids look."""
    digits = length - len(prefix)
    return prefix + str(secrets.randbelow(10**digits)).zfill(digits)
