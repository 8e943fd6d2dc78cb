"""An office; its practice server and workshop serve every test of this process.

`office` runs a test on both databases. `embedded_office` is on SQLite, for what no database decides.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.db import Database
from app.imaging import Workshop
from tests.integration.office import Office, open_office
from tests.integration.studio import Studio, open_studio
from tests.practice_server import PracticeProcess, practice_process


@pytest.fixture(scope="session")
def practice_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeProcess]:
    """Practice Instagram and Pages. Every office has accounts of its own there."""
    with practice_process(tmp_path_factory.mktemp("practice")) as server:
        server.control.settings(processing_ms=0)
        yield server


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    """One process that opens pictures."""
    opened = Workshop(workers=1, deadline=timedelta(seconds=60))
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
async def office(
    database: Database, practice_server: PracticeProcess, workshop: Workshop, tmp_path: Path
) -> AsyncIterator[Office]:
    """A business that publishes, on each database."""
    async with open_office(database, practice_server, workshop, tmp_path) as opened:
        yield opened
    practice_server.control.clear_faults()


@pytest.fixture
async def embedded_office(
    sqlite_url: str, practice_server: PracticeProcess, workshop: Workshop, tmp_path: Path
) -> AsyncIterator[Office]:
    """A business that publishes, on SQLite."""
    database = Database(sqlite_url)
    async with open_office(database, practice_server, workshop, tmp_path) as opened:
        yield opened
    await database.close()
    practice_server.control.clear_faults()


@pytest.fixture
async def studio(database: Database, workshop: Workshop, tmp_path: Path) -> AsyncIterator[Studio]:
    """A business that has pictures painted, on each database."""
    async with open_studio(database, workshop, tmp_path) as opened:
        yield opened


@pytest.fixture
async def embedded_studio(sqlite_url: str, workshop: Workshop, tmp_path: Path) -> AsyncIterator[Studio]:
    """A business that has pictures painted, on SQLite."""
    database = Database(sqlite_url)
    async with open_studio(database, workshop, tmp_path) as opened:
        yield opened
    await database.close()
