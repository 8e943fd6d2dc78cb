"""What every test stands on: real servers, real databases, and a wall around loopback.

Databases
    `database_url` runs a test twice: on SQLite and on PostgreSQL. Each test has an empty database to itself,
    as the real migrations made it. `database` is the product's `Database` on it.
    `sqlite_url` and `postgresql_url` are for tests of one engine.
Servers
    `postgres_server` and `seaweedfs_server` start when first wanted, once for each test process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from app.core.config import Settings
from app.core.db import Database
from app.core.migrate import upgrade
from tests import certificates_once, loopback
from tests.light_passwords import hash_lightly
from tests.servers.postgres import EmptyDatabases, PostgresServer, postgres
from tests.servers.seaweedfs import SeaweedServer, seaweedfs

_TEMPLATE = "migrated"


def pytest_configure() -> None:
    # What the person at the keyboard has configured for their own server is not for the tests.
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    loopback.build_wall()
    certificates_once.share()
    hash_lightly()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The browser's event loop stays in the main thread, so tests with a loop of their own go first.
    items.sort(key=lambda item: "tests/browser" in item.path.as_posix())


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine() -> Iterator[None]:
    """A test that reached for an outside address fails, even when the product swallowed the refusal."""
    loopback.attempts.clear()
    yield
    assert not loopback.attempts, f"reached for {', '.join(sorted(set(loopback.attempts)))}"


@pytest.fixture(autouse=True)
def _logging_is_put_back() -> Iterator[None]:
    """A test that configures logging, as the product does at its start, does so for itself only."""
    states = {
        logger: (logger.level, logger.propagate, logger.disabled, logger.handlers[:]) for logger in _loggers()
    }
    structured = structlog.get_config() if structlog.is_configured() else None
    yield
    for logger in _loggers():
        level = logging.NOTSET
        if logger in states:
            level, logger.propagate, logger.disabled, logger.handlers = states[logger]
        # Setting a level takes time: every logger forgets what it has worked out.
        if logger.level != level:
            logger.setLevel(level)
    if structured is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**structured)


def _loggers() -> list[logging.Logger]:
    named = logging.Logger.manager.loggerDict.values()
    return [logging.root, *(logger for logger in named if isinstance(logger, logging.Logger))]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that only this test process uses."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs_server() -> Iterator[SeaweedServer]:
    """An S3 server that only this test process uses. Make a bucket per test."""
    with seaweedfs() as server:
        yield server


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _run_apart(_migrate(_sqlite_url(path)))
    return path


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_server: PostgresServer) -> str:
    _run_apart(_migrate(_asyncpg_url(postgres_server.create_database(_TEMPLATE))))
    return _TEMPLATE


@pytest.fixture
def sqlite_url(_migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of an empty SQLite database with every table."""
    copy = tmp_path / "database" / "aigrowth.db"
    copy.parent.mkdir()
    shutil.copyfile(_migrated_sqlite, copy)
    return _sqlite_url(copy)


@pytest.fixture(scope="session")
def _empty_databases(postgres_server: PostgresServer, _migrated_postgres: str) -> EmptyDatabases:
    return EmptyDatabases(postgres_server, _migrated_postgres)


@pytest.fixture
def postgresql_url(postgres_server: PostgresServer, _empty_databases: EmptyDatabases) -> Iterator[str]:
    """The address of an empty PostgreSQL database with every table."""
    name = _empty_databases.take()
    yield _asyncpg_url(postgres_server.url(name))
    _empty_databases.give_back(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database with every table: the test runs on both engines.

    It is written as both `Database` and the setting `DATABASE_URL` take it.
    """
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The product's own database object, on both engines."""
    opened = Database(database_url)
    yield opened
    await opened.close()


def _sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def _asyncpg_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


async def _migrate(url: str) -> None:
    opened = Database(url)
    try:
        await upgrade(opened)
    finally:
        await opened.close()


def _run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a thread of its own: this one may have an event loop already."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
