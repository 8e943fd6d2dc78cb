"""Moving every picture from one store into another, while the product runs.

Each image and each rendition is a parcel. Its row names the old store until the new one has given back the
very bytes; then the row is switched in one transaction. A move may end anywhere, and is begun again:

    note (target) ──▶ copied ──▶ read back ──▶ row switched, note (source) for note (target) ──▶ deleted

What a dead run noted is taken over by the next; a note that a sweep has begun to settle is left to it, and
its parcel waits. Where the old store shows pictures by URLs of its own, the old objects stay until the URLs
given out have ended: then the sweep removes them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from app.core import clock
from app.core.db import Database
from app.core.faults import fault
from app.core.logging import get_logger
from app.imaging import THUMB_MIME_TYPE
from app.models import images as image_models
from app.models import storage as models
from app.models.images import Image, Rendition, StorageIntent
from app.providers.storage.base import ObjectExists, ObjectMissing, Storage, StorageError, Stores
from app.services.media_urls import end_of_tomorrow

log = get_logger(__name__)

_BATCH = 100
_AT_ONCE = 4
_MOST_FAILURES = 20
"""So many in a row without a success are no accident: the move stops."""


@dataclass(frozen=True, slots=True)
class _File:
    """One object of a parcel. Size in bytes and SHA-256 where the row knows them."""

    key: str
    mime_type: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What is switched at once: a row and its files."""

    table: type[Image] | type[Rendition]
    row_id: int
    source: str
    files: tuple[_File, ...]

    @property
    def keys(self) -> list[str]:
        return [file.key for file in self.files]


@dataclass(slots=True)
class Moved:
    """What came of a move. `failed` says why for each key; `waiting` parcels are being tidied up after an
    earlier run; `left` are still elsewhere."""

    parcels: int = 0
    bytes: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    waiting: int = 0
    left: int = 0
    is_stopped: bool = False


class _Waits(Exception):
    """Somebody tidies up under these keys just now."""


class _Gone(Exception):
    """The row is not there any more, or somebody else has switched it."""


class Move:
    """One run. `folder` is for copies under way; `is_keeping` leaves the old objects where they are."""

    def __init__(
        self, database: Database, stores: Stores, target: str, *, folder: Path, is_keeping: bool = False
    ) -> None:
        self._database = database
        self._stores = stores
        self._target: Storage = stores[target]
        self._folder = folder
        self._is_keeping = is_keeping
        self._begun: dict[str, int] = {}
        self._moved = Moved()
        self._failures_in_a_row = 0

    async def count(self) -> int:
        """How many parcels are elsewhere."""
        async with self._database.reading() as session:
            return await models.count_elsewhere(session, self._target.name)

    async def run(self, progress: Callable[[int], object] = lambda count: None) -> Moved:
        """Move everything; `progress` hears of each batch how many parcels it had. Raises nothing for a
        parcel that can't be moved: it stays where it is, and is told."""
        async with self._database.reading() as session:
            self._begun = await models.intents_by_key(session, self._target.name)
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        # What came meanwhile is moved by another round, until a round moves nothing.
        while not self._moved.is_stopped:
            before, self._moved.waiting = self._moved.parcels, 0
            for table in (Image, Rendition):
                await self._round(table, progress)
            if self._moved.parcels == before:
                break
        self._moved.left = await self.count()
        return self._moved

    async def _round(self, table: type[Image] | type[Rendition], progress: Callable[[int], object]) -> None:
        last_id = 0
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(parcel: _Parcel) -> None:
            async with limit:
                if not self._moved.is_stopped:
                    await self._try(parcel)

        while parcels := await self._next(table, last_id):
            last_id = parcels[-1].row_id
            await asyncio.gather(
                *(one(parcel) for parcel in parcels if parcel.keys[0] not in self._moved.failed)
            )
            progress(len(parcels))
            if self._moved.is_stopped:
                return

    async def _next(self, table: type[Image] | type[Rendition], after_id: int) -> Sequence[_Parcel]:
        async with self._database.reading() as session:
            if table is Image:
                images = await models.list_images_elsewhere(session, self._target.name, after_id, _BATCH)
                return [_image_parcel(image) for image in images]
            made = await models.list_renditions_elsewhere(session, self._target.name, after_id, _BATCH)
            return [_rendition_parcel(rendition) for rendition in made]

    async def _try(self, parcel: _Parcel) -> None:
        try:
            await self._move(parcel)
        except _Waits:
            self._moved.waiting += 1
        except _Gone:
            return
        except StorageError as error:
            self._moved.failed[parcel.keys[0]] = str(error)
            log.warning("storage.not_moved", key=parcel.keys[0], error=str(error))
            self._failures_in_a_row += 1
            self._moved.is_stopped = self._failures_in_a_row >= _MOST_FAILURES
        else:
            self._moved.parcels += 1
            self._failures_in_a_row = 0

    async def _move(self, parcel: _Parcel) -> None:
        intent = await self._note(parcel)
        fault("storage_move.after_intent")
        try:
            size = await self._copy(parcel)
            fault("storage_move.after_verify")
            old = await self._switch(parcel, intent)
        except (StorageError, _Gone):
            await self._undo(parcel, intent)
            raise
        fault("storage_move.after_switch")
        self._moved.bytes += size
        if old is not None and old.created_at <= clock.now():
            await self._delete(self._stores[parcel.source], old)
            fault("storage_move.after_delete")

    async def _note(self, parcel: _Parcel) -> StorageIntent:
        """Write down what is begun in the target, in place of what an earlier run has noted of it."""
        intent = StorageIntent(
            storage_provider=self._target.name, keys=parcel.keys, created_at=clock.now(), swept_at=None
        )
        async with self._database.writing() as session:
            for intent_id in {self._begun[key] for key in parcel.keys if key in self._begun}:
                if not await image_models.finish_intent(session, intent_id) and await image_models.is_begun(
                    session, intent_id
                ):
                    raise _Waits
            session.add(intent)
        for key in parcel.keys:
            self._begun.pop(key, None)
        return intent

    async def _copy(self, parcel: _Parcel) -> int:
        """Bring every file of the parcel into the target, and read it back. Returns the bytes copied."""
        total = 0
        for file in parcel.files:
            with TemporaryDirectory(dir=self._folder) as folder:
                path = Path(folder) / "object"
                size, digest = await self._download(parcel, file, path)
                # What is there is from an earlier run, or kept by a move the other way: the bytes decide.
                with suppress(ObjectExists):
                    await self._target.put(file.key, path, mime_type=file.mime_type)
                fault("storage_move.after_put")
            if await _fingerprint(self._target, file.key) != (size, digest):
                raise StorageError("The target gave back other bytes than it was given.")
            total += size
        return total

    async def _download(self, parcel: _Parcel, file: _File, target: Path) -> tuple[int, str]:
        try:
            stored = await self._stores[parcel.source].open(file.key)
        except ObjectMissing as error:
            if not await self._is_still_there(parcel):
                raise _Gone from error
            raise StorageError(f"There is no object in {parcel.source} under this key.") from error
        digest, size = hashlib.sha256(), 0
        with await asyncio.to_thread(target.open, "wb") as copy:
            async for piece in stored.body:
                digest.update(piece)
                size += len(piece)
                await asyncio.to_thread(copy.write, piece)
        found = size, digest.hexdigest()
        if (file.size or size, file.sha256 or found[1]) != found:
            raise StorageError(f"The object in {parcel.source} is not the file that the library knows.")
        return found

    async def _is_still_there(self, parcel: _Parcel) -> bool:
        async with self._database.reading() as session:
            return await models.is_in(session, parcel.table, parcel.row_id, parcel.source)

    async def _switch(self, parcel: _Parcel, intent: StorageIntent) -> StorageIntent | None:
        """From here on the row names the target. Returns the note for the old objects, if they go."""
        old = None
        async with self._database.writing() as session:
            if not await image_models.finish_intent(session, intent.id):
                raise _Gone
            if not await models.switch(
                session, parcel.table, parcel.row_id, parcel.source, self._target.name
            ):
                raise _Gone
            if not self._is_keeping:
                old = StorageIntent(
                    storage_provider=parcel.source,
                    keys=parcel.keys,
                    created_at=self._due(parcel),
                    swept_at=None,
                )
                session.add(old)
        return old

    def _due(self, parcel: _Parcel) -> datetime:
        now = clock.now()
        url = self._stores[parcel.source].url(parcel.keys[0], expires_at=end_of_tomorrow(now))
        return now if url is None else end_of_tomorrow(now)

    async def _undo(self, parcel: _Parcel, intent: StorageIntent) -> None:
        """Take back what was brought into the target, unless somebody else is at it or a row names it."""
        async with self._database.writing() as session:
            is_ours = await image_models.begin_to_sweep(session, intent.id, clock.now())
        if not is_ours:
            return
        async with self._database.reading() as session:
            used = await image_models.keys_in_use(session, self._target.name, parcel.keys)
        intent.keys = [key for key in parcel.keys if key not in used]
        await self._delete(self._target, intent)

    async def _delete(self, store: Storage, intent: StorageIntent) -> None:
        """Delete what the note names, then the note. What can't be deleted now is for the sweep."""
        try:
            for key in intent.keys:
                await store.delete(key)
        except StorageError as error:
            log.warning("storage.cleanup_postponed", intent_id=intent.id, error=str(error))
            return
        async with self._database.writing() as session:
            await image_models.drop_intent(session, intent.id)


def _image_parcel(image: Image) -> _Parcel:
    files = (
        _File(image.storage_key, image.mime_type, size=image.file_size),
        _File(image.thumbnail_key, THUMB_MIME_TYPE),
    )
    return _Parcel(Image, image.id, image.storage_provider, files)


def _rendition_parcel(made: Rendition) -> _Parcel:
    file = _File(made.storage_key, made.mime_type, size=made.file_size, sha256=made.sha256)
    return _Parcel(Rendition, made.id, made.storage_provider, (file,))


async def _fingerprint(store: Storage, key: str) -> tuple[int, str]:
    """Size and SHA-256 of what a store gives back."""
    digest, size = hashlib.sha256(), 0
    async for piece in (await store.open(key)).body:
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()
