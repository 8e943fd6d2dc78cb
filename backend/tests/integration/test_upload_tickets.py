"""Places in a store that browsers may send to: how many one user can have open, and that all of them end."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.core import clock
from app.core.db import Database
from app.core.errors import RateLimited
from app.imaging import Workshop
from app.models.direct_uploads import UploadTicket
from app.providers.storage.base import DirectUpload, Method, StorageError, Stores
from app.providers.storage.local import LocalStorage
from app.services import direct_uploads
from app.services.direct_uploads import DirectUploads
from app.services.images import Library
from tests.integration.studio import Studio


class Shelf(LocalStorage):
    """A folder that gives places away as a bucket does, and lets go of nothing while it is `stuck`."""

    direct_method: Method | None = "post"
    is_stuck = False
    tries = 0

    def direct_upload(self, key: str, *, mime_type: str, size: int, expires_at: datetime) -> DirectUpload:
        return DirectUpload("post", f"https://shelf.example/{key}")

    async def delete(self, key: str) -> None:
        self.tries += 1
        if self.is_stuck:
            raise StorageError("It is away.")
        await super().delete(key)


async def begin(uploads: DirectUploads, studio: Studio, count: int) -> int:
    """So many at once; returns how many were given."""
    answers = await asyncio.gather(
        *(
            uploads.begin(
                user_id=studio.user_id,
                business_id=studio.business_id,
                filename="Harbour.jpg",
                size=1000,
                mime_type="image/jpeg",
            )
            for _ in range(count)
        ),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    for refusal in refused:
        assert isinstance(refusal, RateLimited)
        assert refusal.code == "too_many_uploads"
        assert 7000 < refusal.facts["retry_after"] <= 7200
    return count - len(refused)


async def grow_old(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(update(UploadTicket).values(created_at=clock.now() - timedelta(hours=3)))


async def count(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(UploadTicket)) or 0


async def test_nobody_has_places_without_end_and_all_that_are_over_are_swept(
    studio: Studio, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_uploads, "MOST_OPEN", 8)
    monkeypatch.setattr(direct_uploads, "_SWEPT_AT_ONCE", 5)
    shelf, database = Shelf(tmp_path / "shelf"), studio.database
    library = Library(database, Stores(shelf), workshop, work_dir=tmp_path / "work")
    uploads = DirectUploads(library, shelf, max_bytes=10_000)
    assert await begin(uploads, studio, 12) == 8

    # What was called off may still arrive; what has become an image does not count.
    async with database.writing() as session:
        first, second, third = (await session.scalars(select(UploadTicket).limit(3))).all()
        second.completed_at = third.completed_at = clock.now()
    await uploads.cancel(user_id=studio.user_id, ticket_id=first.id)
    assert await begin(uploads, studio, 4) == 2

    # Time passes: there is room again, before anything is swept.
    await grow_old(database)
    assert await begin(uploads, studio, 12) == 8
    assert await count(database) == 18
    shelf.is_stuck, shelf.tries = True, 0
    assert await uploads.sweep() == 0
    assert (shelf.tries, await count(database)) == (5, 18)
    shelf.is_stuck = False
    assert await uploads.sweep() == 10
    assert await count(database) == 8
    await grow_old(database)
    assert await uploads.sweep() == 8
