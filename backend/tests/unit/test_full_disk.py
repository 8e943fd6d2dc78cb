"""A disk that is full, or a server that stops, gives a refusal that says so."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.requests import Request

from app.api.uploads import receive_form
from app.core.db import Database
from app.core.errors import UpstreamUnavailable
from app.imaging import Workshop
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.services.images import Library

BODY = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    + b"0" * 600_000
    + b"\r\n--x--\r\n"
)


def upload(*pieces: bytes, is_read: asyncio.Event | None = None) -> Request:
    """A request for a file in these pieces. With `is_read` it waits for ever then, and says so by that."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        if is_read:
            is_read.set()
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.fixture
def library(sqlite_url: str, tmp_path: Path) -> Library:
    storage = LocalStorage(tmp_path / "files")
    return Library(Database(sqlite_url), Stores(storage), Workshop(), work_dir=tmp_path / "work")


async def test_an_upload_onto_a_full_disk_is_refused_for_now(library: Library, tmp_path: Path) -> None:
    with pytest.raises(UpstreamUnavailable) as refused:
        async with library.workspace():
            await receive_form(upload(BODY), Path("/dev/full"), max_bytes=1_000_000)
    assert refused.value.code == "storage_unavailable"
    assert list((tmp_path / "work").iterdir()) == []


async def test_other_trouble_with_a_file_is_not_taken_for_a_full_disk(library: Library) -> None:
    with pytest.raises(OSError) as failed:
        async with library.workspace() as folder:
            await receive_form(upload(BODY), folder / "absent" / "file", max_bytes=1_000_000)
    assert failed.value.errno == errno.ENOENT


async def test_a_full_database_refuses_for_now_and_keeps_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'small.db'}", pool_size=1)
    async with database.writing() as session:
        await session.execute(sa.text("CREATE TABLE notes (body BLOB)"))
        await session.execute(sa.text("PRAGMA max_page_count = 20"))
    with pytest.raises(UpstreamUnavailable) as refused:
        async with database.writing() as session:
            await session.execute(sa.text("INSERT INTO notes VALUES ('small')"))
            await session.execute(sa.text("INSERT INTO notes VALUES (zeroblob(500000))"))
    assert refused.value.code == "database_full"
    async with database.reading() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM notes")) == 0
    await database.close()


async def test_an_upload_that_the_server_calls_off_gets_an_answer(tmp_path: Path) -> None:
    is_read = asyncio.Event()
    running = asyncio.create_task(
        receive_form(upload(BODY[:1000], is_read=is_read), tmp_path / "file", max_bytes=1_000_000)
    )
    await is_read.wait()
    running.cancel()
    with pytest.raises(UpstreamUnavailable) as refused:
        await running
    assert refused.value.code == "server_stopping"
