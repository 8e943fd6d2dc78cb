"""Which files are in which store, and their change from one to another."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.images import Image, Rendition, StorageIntent


async def count_elsewhere(session: AsyncSession, provider: str) -> int:
    """How many images and renditions are in other stores than this one."""
    count = 0
    for table in (Image, Rendition):
        query = select(func.count()).select_from(table).where(table.storage_provider != provider)
        count += await session.scalar(query) or 0
    return count


async def list_images_elsewhere(
    session: AsyncSession, provider: str, after_id: int, limit: int
) -> Sequence[Image]:
    """Images in other stores than this one, also from the trash, by id."""
    query = select(Image).where(Image.storage_provider != provider, Image.id > after_id)
    return (await session.scalars(query.order_by(Image.id).limit(limit))).all()


async def list_renditions_elsewhere(
    session: AsyncSession, provider: str, after_id: int, limit: int
) -> Sequence[Rendition]:
    """Renditions in other stores than this one, by id."""
    query = select(Rendition).where(Rendition.storage_provider != provider, Rendition.id > after_id)
    return (await session.scalars(query.order_by(Rendition.id).limit(limit))).all()


async def switch(
    session: AsyncSession, table: type[Image] | type[Rendition], row_id: int, source: str, target: str
) -> bool:
    """The files of a row are in the other store from now on. False when the row is gone, or was switched
    already."""
    result = await session.execute(
        update(table)
        .where(table.id == row_id, table.storage_provider == source)
        .values(storage_provider=target)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def is_in(
    session: AsyncSession, table: type[Image] | type[Rendition], row_id: int, provider: str
) -> bool:
    """Whether the row is there, and names this store."""
    query = select(table.id).where(table.id == row_id, table.storage_provider == provider)
    return await session.scalar(query) is not None


async def intents_by_key(session: AsyncSession, provider: str) -> dict[str, int]:
    """The notes of what was begun in a store: the id of each, by every key that it names."""
    rows = await session.execute(
        select(StorageIntent.id, StorageIntent.keys).where(StorageIntent.storage_provider == provider)
    )
    return {key: intent_id for intent_id, keys in rows for key in keys}
