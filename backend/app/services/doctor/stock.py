"""What must always hold of pictures: rows and their objects, what is private, and what was never finished.

Only what a note names, and nobody else, is ever removed, and only when asked to.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b

from app.core import clock
from app.imaging import RECIPES, THUMB_MIME_TYPE, Format, is_clean
from app.models import images as models
from app.models.images import Image, NamedFile
from app.providers.storage.base import Inventory, ObjectMissing, Storage, StorageError
from app.services.doctor.findings import Finding, number_of
from app.services.images import UNFINISHED_AFTER, Library, source_type_of

_AT_ONCE = 500
_SAMPLE = 100
_MOST_NAMED = 5
# Objects of checks and of uploads that are on their way have a life of their own.
_NOT_PICTURES = ("check/", "incoming/")


class Stock:
    """The pictures of one library. `is_fixing` sweeps what was never finished."""

    def __init__(self, library: Library, *, is_fixing: bool) -> None:
        self._library = library
        self._database = library.database
        self._is_fixing = is_fixing

    async def notes(self) -> Finding:
        """What was begun and never finished; swept where that is asked for."""
        async with self._database.reading() as session:
            everything = await models.count_intents(session)
            old = len(await self._old_notes())
        if not old:
            young = f" {everything} are under way." if everything else ""
            return Finding("unfinished work", True, f"Nothing was left unfinished.{young}")
        if not self._is_fixing:
            return Finding(
                "unfinished work",
                False,
                f"{number_of(old)} older than an hour and never finished.",
                "A running server sweeps them, or: aigrowth doctor --fix",
            )
        settled = 0
        while await self._old_notes():
            before = everything
            settled += await self._library.sweep()
            async with self._database.reading() as session:
                everything = await models.count_intents(session)
            if everything >= before:
                return Finding(
                    "unfinished work",
                    False,
                    "Not everything that was left over can be removed now.",
                    "See what is said about storage, then run this again.",
                )
        return Finding(
            "unfinished work", True, f"{number_of(settled)} swept, and what it left in the store removed."
        )

    async def _old_notes(self) -> Sequence[object]:
        async with self._database.reading() as session:
            names = [store.name for store in self._library.stores]
            return await models.list_old_intents(session, clock.now() - UNFINISHED_AFTER, names, _AT_ONCE)

    async def rows_and_objects(self) -> AsyncIterator[Finding]:
        """Whether every row has its object, whole, and every object its row."""
        stored = _Known()
        silent: set[str] = set()
        unknown: list[str] = []
        for store in self._library.stores:
            if not isinstance(store, Inventory):
                silent.add(store.name)
                continue
            try:
                async for page in store.inventory():
                    ours = [entry for entry in page if not entry[0].startswith(_NOT_PICTURES)]
                    stored.add(store.name, ours)
                    unknown += await self._unknown(store, [key for key, _ in ours])
            except StorageError as error:
                yield Finding("rows and objects", False, f"{store.name} cannot be listed.", str(error))
                return
        stored.close()
        missing, other_size = [], []
        async for files in self._files():
            listed = [file for file in files if file.storage_provider not in silent]
            for file, is_there, has_size in stored.compare(listed):
                if not is_there and await self._is_missing(file):
                    missing.append(file)
                elif is_there and not has_size:
                    other_size.append(file)
        yield _about_files(
            "rows have their objects",
            missing,
            "files are named by a row and missing in the store",
            "Put them back from a backup of the store, or delete these images.",
        )
        yield _about_files(
            "objects are whole",
            other_size,
            "files have another size in the store than their row says",
            "Put them back from a backup of the store, or delete these images.",
        )
        named = "".join(f" {key}" for key in unknown[:_MOST_NAMED])
        yield (
            Finding("objects have their rows", True, "There is no object that nobody knows.")
            if not unknown
            else Finding(
                "objects have their rows",
                False,
                f"{number_of(len(unknown), 'object')} in the store, and no row and no note names it:{named}",
                "They are left alone here. Look at them, and delete them in the store if nobody needs them.",
            )
        )

    async def _unknown(self, store: Storage, keys: Sequence[str]) -> list[str]:
        async with self._database.reading() as session:
            known = await models.keys_in_use(session, store.name, keys)
            strange = [key for key in keys if key not in known]
            noted = await models.noted_keys(session, store.name) if strange else set()
        # What was removed between the list and this look is not there any more.
        return [key for key in strange if key not in noted and await _is_there(store, key)]

    async def _files(self) -> AsyncIterator[Sequence[NamedFile]]:
        last = 0
        while True:
            async with self._database.reading() as session:
                files = await models.list_image_files(session, last, _AT_ONCE)
            if not files:
                break
            last = files[-1].image_id
            yield files
        last = 0
        while True:
            async with self._database.reading() as session:
                files, after = await models.list_rendition_files(session, last, _AT_ONCE)
            if not files:
                break
            last = after
            yield files

    async def _is_missing(self, file: NamedFile) -> bool:
        """Looked at again: it may have come or moved since the list was made, or its row may be gone."""
        provider, key = file.storage_provider, file.storage_key
        if provider in self._library.stores and await _is_there(self._library.stores[provider], key):
            return False
        async with self._database.reading() as session:
            return bool(await models.keys_in_use(session, provider, [key]))

    async def types(self) -> Finding:
        """Whether every file is of a type that is served."""
        async with self._database.reading() as session:
            found = await models.list_mime_types(session)
        served = {format.mime_type for format in Format} | {THUMB_MIME_TYPE}
        served |= {recipe.mime_type for recipe in RECIPES.values()}
        others = sorted(set(found) - served)
        if others:
            return Finding(
                "types of files",
                False,
                f"{number_of(sum(found[name] for name in others), 'file')} of a type that is never served.",
                "Delete these images: they did not come in by the product.",
            )
        return Finding("types of files", True, "Every file is a JPEG, PNG, GIF or WebP.")

    async def sample(self) -> Finding:
        """Whether the newest originals hold nothing that the product would not have written."""
        async with self._database.reading() as session:
            newest = await models.list_newest(session, _SAMPLE)
        wrong = [image.id for image in newest if not await self._is_clean(image)]
        if wrong:
            ids = ", ".join(map(str, wrong[:_MOST_NAMED]))
            return Finding(
                "nothing private",
                False,
                f"{number_of(len(wrong), 'original')} not as the product writes them: image {ids}.",
                "Download them, delete them for good, and upload them again.",
            )
        return Finding(
            "nothing private",
            True,
            f"The newest {len(newest)} originals hold their picture, whether AI made it, and nothing else.",
        )

    async def _is_clean(self, image: Image) -> bool:
        try:
            stored = await self._library.open_where_it_is(image.storage_provider, image.storage_key)
            data = b"".join([piece async for piece in stored.body])
        except StorageError:
            return True  # told of where rows and objects are compared
        format = Format.from_mime_type(image.mime_type)
        return await asyncio.to_thread(is_clean, data, format, source_type=source_type_of(image))


class _Known:
    """What a store holds, in 16 bytes an object: a million of them fit into memory with room to spare."""

    def __init__(self) -> None:
        self._found: list[array[int]] = []

    def add(self, provider: str, entries: Sequence[tuple[str, int]]) -> None:
        """Objects of a store by key and size."""
        page = array("Q")
        for key, size in entries:
            page.extend((_fingerprint(provider, key), size))
        self._found.append(page)

    def close(self) -> None:
        """Everything is added."""
        import numpy as np

        pages = [np.frombuffer(page, dtype=np.uint64).reshape(-1, 2) for page in self._found if page]
        everything = np.concatenate(pages) if pages else np.zeros((0, 2), np.uint64)
        self._found.clear()
        everything = everything[np.argsort(everything[:, 0])]
        self._names, self._sizes = everything[:, 0], everything[:, 1]

    def compare(self, files: Sequence[NamedFile]) -> list[tuple[NamedFile, bool, bool]]:
        """Each file, whether it is there, and whether it has its size."""
        compared = []
        for file in files:
            name = _fingerprint(file.storage_provider, file.storage_key)
            at = int(self._names.searchsorted(name))
            is_there = at < len(self._names) and int(self._names[at]) == name
            has_size = is_there and file.file_size in (None, int(self._sizes[at]))
            compared.append((file, is_there, has_size))
        return compared


def _fingerprint(provider: str, key: str) -> int:
    return int.from_bytes(blake2b(f"{provider}:{key}".encode(), digest_size=8).digest(), "big")


async def _is_there(store: Storage, key: str) -> bool:
    try:
        stored = await store.open(key)
    except ObjectMissing:
        return False
    await _close(stored.body)
    return True


def _about_files(what: str, files: Sequence[NamedFile], wrong: str, fix: str) -> Finding:
    if not files:
        return Finding(what, True, "All of them.")
    named = ", ".join(f"image {file.image_id} ({file.storage_key})" for file in files[:_MOST_NAMED])
    return Finding(what, False, f"{len(files)} {wrong}: {named}", fix)


async def _close(body: AsyncIterator[bytes]) -> None:
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()
