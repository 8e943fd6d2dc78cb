"""Objects in the stores, the notes of what was begun there, and the sweep that settles them.

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
from app.core.errors import AppError, NotFound, RuleBroken, UpstreamUnavailable
from app.core.faults import fault
from app.core.logging import get_logger
from app.models import images as models
from app.models.images import Image, StorageIntent, StoredFile
from app.providers.storage.base import ObjectMissing, ObjectTooLarge, StorageError, StoredObject, Stores

log = get_logger(__name__)

UNFINISHED_AFTER = timedelta(hours=1)
"""What was begun longer ago than this and is not finished never will be."""
_DISK_REFUSES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Objects:
    """The files of every business: one database, the stores, and a folder for work that is under way."""

    def __init__(self, database: Database, stores: Stores, *, work_dir: Path) -> None:
        self.database = database
        self.stores = stores
        self._work_dir = work_dir

    @asynccontextmanager
    async def workspace(self) -> AsyncIterator[Path]:
        """A folder for temporary files, gone afterwards. Raises `UpstreamUnavailable`
        (`storage_unavailable`) when the disk takes no more of them."""
        try:
            folder = await asyncio.to_thread(_new_folder, self._work_dir)
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

    async def open_file(self, file: StoredFile) -> StoredObject:
        """Read a stored file. The caller has checked that whoever asks may see it."""
        try:
            return await self.open_where_it_is(file.provider, file.key)
        except StorageError as error:
            raise _not_read(file.key, error) from error

    async def open_original(self, image: Image) -> StoredObject:
        """Read the file of an image. The caller has checked that whoever asks may see it."""
        return await self.open_file(StoredFile(image.storage_provider, image.storage_key, image.mime_type))

    async def open_where_it_is(self, provider: str, key: str) -> StoredObject:
        """An object in the store that its row names, or where it was moved since the row was read. Raises
        `StorageError`."""
        try:
            return await self.stores[provider].open(key)
        except ObjectMissing:
            async with self.database.reading() as session:
                now_in = await models.find_provider(session, key)
            if now_in is None or now_in == provider:
                raise
            return await self.stores[now_in].open(key)

    async def sweep(self) -> int:
        """Remove objects that were begun over an hour ago and that no row names; returns how many notes
        were settled. At most a hundred a run: more than that is for a person to look at."""
        async with self.database.reading() as session:
            intents = await models.list_old_intents(
                session, clock.now() - UNFINISHED_AFTER, [store.name for store in self.stores], 100
            )
        settled = 0
        for intent in intents:
            # Said before looking: whoever is still at work on it can't finish from here on.
            async with self.database.writing() as session:
                if not await models.begin_to_sweep(session, intent.id, clock.now()):
                    continue
            async with self.database.reading() as session:
                used = await models.keys_in_use(session, intent.storage_provider, intent.keys)
            settled += await self._undo(intent, [key for key in intent.keys if key not in used], work="sweep")
        return settled

    @asynccontextmanager
    async def _begun(self, keys: list[str], work: str) -> AsyncIterator[StorageIntent]:
        """Write down that `keys` may come to exist in the chosen store; cleaned up if the work is refused.
        `work` names it for the tests that cut it off.

        What was on its way to the store when the store failed may still arrive there: then the note stays,
        and the sweep looks again. When the work was called off, or the database failed, it is not even known
        whether a row names the keys: then all of it is the sweep's.
        """
        intent = StorageIntent(storage_provider=self.stores.chosen.name, keys=keys, created_at=clock.now())
        async with self.database.writing() as session:
            session.add(intent)
        fault(f"{work}.after_intent")
        try:
            yield intent
        except AppError as error:
            is_settled = not isinstance(error.__cause__, StorageError)
            with suppress(Exception):
                await asyncio.shield(self._undo(intent, keys, is_settled=is_settled))
            raise

    async def _undo(
        self, intent: StorageIntent, keys: Sequence[str], *, is_settled: bool = True, work: str = "undo"
    ) -> bool:
        """Delete the objects under `keys`, and the note unless something may still arrive there. False when
        the store did not let them be deleted."""
        try:
            store = self.stores[intent.storage_provider]
            for key in keys:
                await store.delete(key)
                fault(f"{work}.after_an_object")
        except StorageError as error:
            log.warning("storage.cleanup_postponed", intent_id=intent.id, error=str(error))
            return False
        fault(f"{work}.after_objects")
        if is_settled:
            async with self.database.writing() as session:
                await models.drop_intent(session, intent.id)
        return True

    async def _put(self, key: str, source: Path, mime_type: str) -> None:
        try:
            await self.stores.chosen.put(key, source, mime_type=mime_type)
        except ObjectTooLarge as error:
            raise RuleBroken(
                "too_large_for_storage", f"{error} Make the picture smaller and send it again."
            ) from error
        except StorageError as error:
            log.error("storage.put_failed", key=key, error=str(error))
            raise UpstreamUnavailable(
                "storage_unavailable", "The picture could not be stored just now. Try again in a minute."
            ) from error

    async def _download(self, provider: str, key: str, target: Path) -> None:
        try:
            stored = await self.open_where_it_is(provider, key)
            with await asyncio.to_thread(target.open, "wb") as file:
                async for piece in stored.body:
                    await asyncio.to_thread(file.write, piece)
        except StorageError as error:
            raise _not_read(key, error) from error


def _not_read(key: str, error: StorageError) -> AppError:
    """What to tell whoever wants a file that can't be read."""
    if isinstance(error, ObjectMissing):
        log.error("storage.object_missing", key=key)
        return NotFound("image_file_missing", "The file of this image is missing in storage.")
    log.error("storage.read_failed", key=key, error=str(error))
    return UpstreamUnavailable(
        "storage_unavailable", "The picture could not be read just now. Try again in a minute."
    )


def _new_folder(within: Path) -> Path:
    within.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=within))
