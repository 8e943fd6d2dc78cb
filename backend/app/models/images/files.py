"""Stored files: originals, thumbnails, renditions, and the notes of what was begun."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.images.tables import Image, Rendition, StorageIntent


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Where a file is: the store, the key there, and its type."""

    provider: str
    key: str
    mime_type: str


async def find_file(session: AsyncSession, image_id: int, name: str) -> StoredFile | None:
    """Where `original`, `thumb` or a rendition of an image is."""
    if name in ("original", "thumb"):
        # Columns alone: this is asked for every picture that a page shows.
        where = (
            await session.execute(
                select(Image.storage_provider, Image.storage_key, Image.thumbnail_key, Image.mime_type).where(
                    Image.id == image_id
                )
            )
        ).one_or_none()
        if where is None:
            return None
        provider, key, thumbnail_key, mime_type = where
        if name == "original":
            return StoredFile(provider, key, mime_type)
        return StoredFile(provider, thumbnail_key, "image/webp")
    rendition = await find_rendition(session, image_id, name)
    if rendition is None:
        return None
    return StoredFile(rendition.storage_provider, rendition.storage_key, rendition.mime_type)


async def find_provider(session: AsyncSession, key: str) -> str | None:
    """The store in which the file under this key is now."""
    for table, column in (
        (Image, Image.storage_key),
        (Image, Image.thumbnail_key),
        (Rendition, Rendition.storage_key),
    ):
        found = await session.scalar(select(table.storage_provider).where(column == key).limit(1))
        if found is not None:
            return found
    return None


async def find_rendition(session: AsyncSession, image_id: int, recipe: str) -> Rendition | None:
    """The rendition of an image by recipe, if it was made."""
    return await session.scalar(
        select(Rendition).where(Rendition.image_id == image_id, Rendition.recipe == recipe)
    )


async def list_renditions(session: AsyncSession, image_id: int) -> Sequence[Rendition]:
    """Every rendition of an image."""
    return (await session.scalars(select(Rendition).where(Rendition.image_id == image_id))).all()


async def list_old_renditions(
    session: AsyncSession, before: datetime, *, but: Collection[str], after_id: int, limit: int
) -> Sequence[Rendition]:
    """Renditions that were made before this moment, by other recipes than these, by id."""
    return (
        await session.scalars(
            select(Rendition)
            .where(Rendition.id > after_id, Rendition.created_at < before, Rendition.recipe.not_in(but))
            .order_by(Rendition.id)
            .limit(limit)
        )
    ).all()


async def remove_renditions(session: AsyncSession, rendition_ids: Sequence[int]) -> Sequence[Rendition]:
    """Remove these rows; returns those that were there. Their objects are the caller's."""
    there = (
        await session.scalars(select(Rendition).where(Rendition.id.in_(rendition_ids)).with_for_update())
    ).all()
    await session.execute(delete(Rendition).where(Rendition.id.in_([made.id for made in there])))
    return there


async def finish_intent(session: AsyncSession, intent_id: int) -> bool:
    """What was begun is done: its rows come in this transaction. False when it must not be finished any
    more, because a sweep may be deleting its objects."""
    return _is_one(await session.execute(_FINISHED, {"intent_id": intent_id}, execution_options=_AS_IT_IS))


# Done with every upload, and made once. No object of the session's is looked at for it.
_FINISHED = delete(StorageIntent).where(
    StorageIntent.id == bindparam("intent_id"), StorageIntent.swept_at.is_(None)
)
_AS_IT_IS = {"synchronize_session": False}


async def is_begun(session: AsyncSession, intent_id: int) -> bool:
    """Whether the note is still there."""
    return await session.get(StorageIntent, intent_id) is not None


async def drop_intent(session: AsyncSession, intent_id: int) -> None:
    """What was begun is cleaned up."""
    await session.execute(delete(StorageIntent).where(StorageIntent.id == intent_id))


async def begin_to_sweep(session: AsyncSession, intent_id: int, at: datetime) -> bool:
    """From now on the objects of this note may be deleted. False when it was finished since it was read."""
    result = await session.execute(
        update(StorageIntent)
        .where(StorageIntent.id == intent_id)
        .values(swept_at=func.coalesce(StorageIntent.swept_at, at))
    )
    return _is_one(result)


async def list_old_intents(
    session: AsyncSession, before: datetime, providers: Collection[str], limit: int
) -> Sequence[StorageIntent]:
    """What was begun in one of these stores before this moment and never finished, oldest first."""
    return (
        await session.scalars(
            select(StorageIntent)
            .where(StorageIntent.created_at < before, StorageIntent.storage_provider.in_(providers))
            .order_by(StorageIntent.id)
            .limit(limit)
        )
    ).all()


async def keys_in_use(session: AsyncSession, provider: str, keys: Sequence[str]) -> set[str]:
    """Those of the keys that a row names as being in this store."""
    used: set[str] = set()
    for table, column in (
        (Image, Image.storage_key),
        (Image, Image.thumbnail_key),
        (Rendition, Rendition.storage_key),
    ):
        named = select(column).where(column.in_(keys), table.storage_provider == provider)
        used.update(await session.scalars(named))
    return used


def _is_one(result: Any) -> bool:
    """Whether the statement changed its row."""
    return bool(result.rowcount)
