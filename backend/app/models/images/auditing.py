"""Questions of the doctor and of exports: everything that is stored, in small parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.images.tables import Image, Rendition, StorageIntent


class NamedFile(NamedTuple):
    """A file that a row names. `file_size` is None where no row says it."""

    image_id: int
    storage_provider: str
    storage_key: str
    file_size: int | None


async def list_image_files(session: AsyncSession, after_id: int, limit: int) -> Sequence[NamedFile]:
    """Originals and thumbnails of the next images by id, also of those in the trash."""
    rows = await session.execute(
        select(Image.id, Image.storage_provider, Image.storage_key, Image.thumbnail_key, Image.file_size)
        .where(Image.id > after_id)
        .order_by(Image.id)
        .limit(limit)
    )
    files: list[NamedFile] = []
    for image_id, provider, key, thumbnail_key, size in rows:
        files.append(NamedFile(image_id, provider, key, size))
        files.append(NamedFile(image_id, provider, thumbnail_key, None))
    return files


async def list_rendition_files(
    session: AsyncSession, after_id: int, limit: int
) -> tuple[Sequence[NamedFile], int]:
    """Files of the next renditions by their id, and the last of these ids."""
    columns = (
        Rendition.id,
        Rendition.image_id,
        Rendition.storage_provider,
        Rendition.storage_key,
        Rendition.file_size,
    )
    query = select(*columns).where(Rendition.id > after_id).order_by(Rendition.id).limit(limit)
    rows = (await session.execute(query)).all()
    return [NamedFile(*row[1:]) for row in rows], rows[-1][0] if rows else after_id


async def list_next(session: AsyncSession, business_id: int, after_id: int, limit: int) -> Sequence[Image]:
    """The next images of a business by id, the trash left out."""
    return (
        await session.scalars(
            select(Image)
            .where(Image.business_id == business_id, Image.id > after_id, Image.deleted_at.is_(None))
            .order_by(Image.id)
            .limit(limit)
        )
    ).all()


async def list_newest(session: AsyncSession, limit: int) -> Sequence[Image]:
    """The images that came last, of every business."""
    return (await session.scalars(select(Image).order_by(Image.id.desc()).limit(limit))).all()


async def list_mime_types(session: AsyncSession) -> dict[str, int]:
    """How many originals and renditions there are of each type."""
    found: dict[str, int] = {}
    for column in (Image.mime_type, Rendition.mime_type):
        for mime_type, count in await session.execute(select(column, func.count()).group_by(column)):
            found[mime_type] = found.get(mime_type, 0) + count
    return found


async def noted_keys(session: AsyncSession, provider: str) -> set[str]:
    """Every key under which something is begun in this store."""
    query = select(StorageIntent.keys).where(StorageIntent.storage_provider == provider)
    return {key for keys in await session.scalars(query) for key in keys}


async def count_intents(session: AsyncSession) -> int:
    """How many notes of something begun there are."""
    return await session.scalar(select(func.count()).select_from(StorageIntent)) or 0
