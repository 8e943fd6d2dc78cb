"""Objects in the store, the notes of what was begun there, and the sweep that settles them.

A note is committed before the first byte is stored, and goes in the transaction that adds the rows. What
a process that died has left behind is found by its note.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, NotFound, UpstreamUnavailable
from app.core.faults import fault
from app.core.logging import get_logger
from app.models import images as models
from app.models.images import StorageIntent
from app.providers.storage.base import ObjectMissing, Storage, StorageError, StoredObject

log = get_logger(__name__)

UNFINISHED_AFTER = timedelta(hours=1)
"""What was begun longer ago than this and is not finished never will be."""
_DISK_REFUSES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Objects:
    """The files of every business: one database, one store, and a folder for work that is under way."""

    def __init__(self, database: Database, storage: Storage, *, work_dir: Path) -> None:
        self.database = database
        self.storage = storage
        self._work_dir = work_dir

    @asynccontextmanager
    async def workspace(self) -> AsyncIterator[Path]:
        """A folder for temporary files, gone afterwards. Raises `UpstreamUnavailable`
        (`storage_unavailable`) when the disk takes no more of them."""
        try:
            await asyncio.to_thread(self._work_dir.mkdir, parents=True, exist_ok=True)
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._work_dir))
            try:
                yield folder
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, True)
        except OSError as error:
            if error.errno not in _DISK_REFUSES:
                raise
            log.error("workspace.disk_refuses", error=os.strerror(error.errno))
            raise UpstreamUnavailable(
                "storage_unavailable", "The server has no room for pictures just now. Try again in a minute."
            ) from error

    async def open_file(self, key: str) -> StoredObject:
        """Read a stored file. The caller has checked that whoever asks may see it."""
        try:
            return await self.storage.open(key)
        except ObjectMissing as error:
            log.error("storage.object_missing", key=key)
            raise NotFound("image_file_missing", "The file of this image is missing in storage.") from error
        except StorageError as error:
            raise UpstreamUnavailable(
                "storage_unavailable", "The picture could not be read just now. Try again in a minute."
            ) from error

    async def sweep(self) -> int:
        """Remove objects that were begun over an hour ago and that no row names; returns how many notes
        were settled. At most a hundred a run: more than that is for a person to look at."""
        async with self.database.reading() as session:
            intents = await models.list_old_intents(session, clock.now() - UNFINISHED_AFTER, 100)
        for intent in intents:
            async with self.database.reading() as session:
                used = await models.keys_in_use(session, intent.keys)
            await self._undo(intent.id, [key for key in intent.keys if key not in used], work="sweep")
        return len(intents)

    @asynccontextmanager
    async def _begun(self, keys: list[str], work: str) -> AsyncIterator[int]:
        """Write down that `keys` may come to exist; cleaned up at once if the work is refused. `work` names
        it for the tests that cut it off.

        What was on its way to the store when the store failed may still arrive there: then the note stays,
        and the sweep looks again. When the work was called off, or the database failed, it is not even known
        whether a row names the keys: then all of it is the sweep's.
        """
        intent = StorageIntent(keys=keys, created_at=clock.now())
        async with self.database.writing() as session:
            session.add(intent)
        fault(f"{work}.after_intent")
        try:
            yield intent.id
        except AppError as error:
            is_settled = not isinstance(error.__cause__, StorageError)
            with suppress(Exception):
                await asyncio.shield(self._undo(intent.id, keys, is_settled=is_settled))
            raise

    async def _undo(
        self, intent_id: int, keys: Sequence[str], *, is_settled: bool = True, work: str = "undo"
    ) -> None:
        """Delete the objects under `keys`, and the note unless something may still arrive there."""
        try:
            for key in keys:
                await self.storage.delete(key)
                fault(f"{work}.after_an_object")
        except StorageError:
            log.warning("storage.cleanup_postponed", intent_id=intent_id)
            return
        fault(f"{work}.after_objects")
        if is_settled:
            async with self.database.writing() as session:
                await models.drop_intent(session, intent_id)

    async def _put(self, key: str, source: Path, mime_type: str) -> None:
        try:
            await self.storage.put(key, source, mime_type=mime_type)
        except StorageError as error:
            log.error("storage.put_failed", key=key, error=str(error))
            raise UpstreamUnavailable(
                "storage_unavailable", "The picture could not be stored just now. Try again in a minute."
            ) from error

    async def _download(self, key: str, target: Path) -> None:
        try:
            stored = await self.storage.open(key)
            with await asyncio.to_thread(target.open, "wb") as file:
                async for piece in stored.body:
                    await asyncio.to_thread(file.write, piece)
        except ObjectMissing as error:
            log.error("storage.object_missing", key=key)
            raise NotFound("image_file_missing", "The file of this image is missing in storage.") from error
        except StorageError as error:
            raise UpstreamUnavailable(
                "storage_unavailable", "The picture could not be read just now. Try again in a minute."
            ) from error
