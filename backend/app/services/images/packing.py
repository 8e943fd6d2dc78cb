"""Several originals as one ZIP file, made while it is sent: no more of it is in memory than one piece."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.logging import get_logger
from app.models import images as models
from app.models.businesses import Role
from app.models.images import Image
from app.providers.storage.base import ObjectMissing, StorageError
from app.services import access
from app.services.images.names import download_name
from app.services.images.sweeping import Objects

MISSING = "missing.txt"
"""Says what is not in the ZIP and why; only there when something is not."""

log = get_logger(__name__)


async def images_to_pack(
    session: AsyncSession, *, user_id: int, business_id: int, image_ids: Sequence[int]
) -> list[Image]:
    """Those of the images that are in the business's library, in the order in which they were named. Raises
    NotFound (`image_not_found`) where none of them is, or they are in the trash."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    named = list(dict.fromkeys(image_ids))
    found = await models.find_many(session, business_id, named)
    if not found:
        raise NotFound("image_not_found", "None of these images is in the library.")
    return [found[image_id] for image_id in named if image_id in found]


async def packed(objects: Objects, images: Sequence[Image]) -> AsyncIterator[bytes]:
    """The ZIP file in pieces. Pictures are stored as they are: they are compressed already.

    A picture whose file is missing or cannot be read is named in `missing.txt`, and the others are packed.
    Raises `StorageError` where reading breaks off in the middle of one: a part that looks like a whole
    would be worse.
    """
    sink = _Sink()
    missing: list[str] = []
    names = unique_names([download_name(image) for image in images])
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for image, name in zip(images, names, strict=True):
            try:
                stored = await objects.open_where_it_is(image.storage_provider, image.storage_key)
            except StorageError as error:
                is_gone = isinstance(error, ObjectMissing)
                log.error("packing.object_not_read", key=image.storage_key, is_gone=is_gone)
                reason = "its file is missing in storage" if is_gone else "its file could not be read"
                missing.append(f"{name} (image {image.id}): {reason}")
                continue
            entry = zip_entry(name, image.created_at)
            entry.file_size = stored.size
            with archive.open(entry, "w") as file:
                async for piece in stored.body:
                    file.write(piece)
                    yield sink.take()
            yield sink.take()
        if missing:
            archive.writestr(MISSING, "".join(f"{line}\r\n" for line in missing))
    yield sink.take()


def zip_entry(name: str, at: datetime) -> zipfile.ZipInfo:
    """An entry of a ZIP file, of that moment or the nearest to it that a ZIP file can tell."""
    year = min(max(at.year, 1980), 2107)
    moment = at.timetuple()[:6] if year == at.year else (year, 1, 1, 0, 0, 0)
    entry = zipfile.ZipInfo(name, moment)
    entry.external_attr = 0o644 << 16
    return entry


def unique_names(names: Sequence[str]) -> list[str]:
    """The names with a number where one came before, also where only the case differs."""
    taken = {MISSING}
    found = []
    for name in names:
        path = PurePosixPath(name)
        number, unique = 1, name
        while unique.casefold() in taken:
            number += 1
            unique = f"{path.stem} ({number}){path.suffix}"
        taken.add(unique.casefold())
        found.append(unique)
    return found


class _Sink:
    """Where the archive is written to: it cannot be rewound, so sizes and checksums follow each picture."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes, /) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Everything is written at once."""

    def close(self) -> None:
        """There is nothing to close."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
