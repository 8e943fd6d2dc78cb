"""Stored files: originals, thumbnails, renditions, and the notes of what was begun."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.images.tables import Image, Rendition, StorageIntent


async def find_file(session: AsyncSession, image_id: int, name: str) -> tuple[str, str] | None:
    """Key and type of `original`, `thumb` or a rendition of an image."""
    if name in ("original", "thumb"):
        image = await session.get(Image, image_id)
        if image is None:
            return None
        if name == "original":
            return image.storage_key, image.mime_type
        return image.thumbnail_key, "image/webp"
    rendition = await find_rendition(session, image_id, name)
    return (rendition.storage_key, rendition.mime_type) if rendition else None


async def find_rendition(session: AsyncSession, image_id: int, recipe: str) -> Rendition | None:
    """The rendition of an image by recipe, if it was made."""
    return await session.scalar(
        select(Rendition).where(Rendition.image_id == image_id, Rendition.recipe == recipe)
    )


async def list_renditions(session: AsyncSession, image_id: int) -> Sequence[Rendition]:
    """Every rendition of an image."""
    return (await session.scalars(select(Rendition).where(Rendition.image_id == image_id))).all()


async def drop_intent(session: AsyncSession, intent_id: int) -> bool:
    """What was begun is done, or cleaned up. False when somebody else has dropped it already."""
    result = await session.execute(delete(StorageIntent).where(StorageIntent.id == intent_id))
    return bool(result.rowcount)  # type: ignore[attr-defined]  # a DELETE always gives a CursorResult


async def list_old_intents(session: AsyncSession, before: datetime, limit: int) -> Sequence[StorageIntent]:
    """What was begun before this moment and never finished, oldest first."""
    return (
        await session.scalars(
            select(StorageIntent)
            .where(StorageIntent.created_at < before)
            .order_by(StorageIntent.id)
            .limit(limit)
        )
    ).all()


async def keys_in_use(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of the keys that a row names."""
    used: set[str] = set()
    for column in (Image.storage_key, Image.thumbnail_key, Rendition.storage_key):
        used.update(await session.scalars(select(column).where(column.in_(keys))))
    return used
