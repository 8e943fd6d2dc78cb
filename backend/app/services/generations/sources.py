"""The pictures that are to be changed, in memory for as long as their provider needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.db import Database
from app.core.errors import RuleBroken, UpstreamUnavailable
from app.models import generations as models
from app.models import images as image_models
from app.models.generations import Generation
from app.providers.image_generation.base import SourcePicture
from app.providers.storage.base import StorageError
from app.services.images import Library

HELD_AT_ONCE = 16
"""Edits whose sources are in memory at the same time in one process."""


class Sources:
    """Reads sources and masks, a few at a time."""

    def __init__(self, database: Database, library: Library) -> None:
        self._database = database
        self._library = library
        self._room = asyncio.Semaphore(HELD_AT_ONCE)

    @asynccontextmanager
    async def held(self, row: Generation) -> AsyncIterator[tuple[tuple[SourcePicture, ...], bytes | None]]:
        """The sources and the mask of an edit; nothing for words alone.

        Raises `RuleBroken` (`source_image_gone`), and `UpstreamUnavailable` when the store can't be read.
        """
        if not row.is_edit:
            yield (), None
            return
        async with self._room:
            yield await self._read(row)

    async def still_there(self, row: Generation) -> int | None:
        """The source's id, unless it was removed meanwhile."""
        if row.source_image_id is None:
            return None
        async with self._database.reading() as session:
            return (
                row.source_image_id
                if await image_models.find_by_ids(session, [row.source_image_id])
                else None
            )

    async def _read(self, row: Generation) -> tuple[tuple[SourcePicture, ...], bytes | None]:
        async with self._database.reading() as session:
            found = row.source_image_id and await image_models.find_many(
                session, row.business_id, [row.source_image_id]
            )
            mask = await models.find_mask(session, row.id)
        if not found:
            raise RuleBroken("source_image_gone", "The image that was to be changed is no longer there.")
        (image,) = found.values()
        stored = await self._library.open_original(image)
        try:
            content = b"".join([piece async for piece in stored.body])
        except StorageError as error:
            raise UpstreamUnavailable(
                "storage_unavailable", "The image could not be read just now. Try again in a minute."
            ) from error
        return (SourcePicture(content, image.mime_type),), mask
