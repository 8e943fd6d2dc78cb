"""Pictures, the files derived from them, and what was begun in storage.

A row in `storage_intents` says: under these keys something may be written. It is committed before
the first byte and removed in the transaction that adds the rows, so that a crash in between leaves a
trace for the sweep.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    cast,
    delete,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, contains_text
from app.models.businesses import Member, Role

Sort = Literal["created_at_desc", "created_at_asc", "most_used"]
Filter = Literal["uploaded", "ai_generated", "edited", "unused", "trashed"]

MOST_COUNTED = 1000
"""A search counts no further: counting costs as much as finding."""


class Image(Base):
    """A stored picture. `sha256` is of the bytes received; the other facts are of the stored file."""

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("business_id", "sha256"),
        Index("ix_images_newest", "business_id", "created_at", "id"),
        Index("ix_images_most_used", "business_id", "usage_count", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    filename: Mapped[str] = mapped_column(String(255), unique=True)
    original_filename: Mapped[str] = mapped_column(String(255))
    file_size: Mapped[int]
    mime_type: Mapped[str] = mapped_column(String(50))
    width: Mapped[int]
    height: Mapped[int]
    storage_provider: Mapped[str] = mapped_column(String(20))
    storage_key: Mapped[str] = mapped_column(String(500), unique=True)
    thumbnail_key: Mapped[str] = mapped_column(String(500))
    thumbhash: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    is_animated: Mapped[bool]
    is_ai_generated: Mapped[bool]
    ai_prompt: Mapped[str | None] = mapped_column(Text)
    ai_model: Mapped[str | None] = mapped_column(String(100))
    ai_style: Mapped[str | None] = mapped_column(String(50))
    alt_text: Mapped[str] = mapped_column(String(1000))
    tags: Mapped[list[str]] = mapped_column(JSON)
    usage_count: Mapped[int]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Rendition(Base):
    """A derived file of an image. `recipe` names how it was made; it can be made again."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("image_id", "recipe"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    recipe: Mapped[str] = mapped_column(String(100))
    storage_key: Mapped[str] = mapped_column(String(500), unique=True)
    mime_type: Mapped[str] = mapped_column(String(50))
    width: Mapped[int]
    height: Mapped[int]
    file_size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    is_cropped: Mapped[bool]
    created_at: Mapped[datetime]


class StorageIntent(Base):
    """Keys under which something was begun at `created_at`."""

    __tablename__ = "storage_intents"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    keys: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: its rows, how many there are in all, and where the next part begins.

    With `is_total_capped` there are more than `total`.
    """

    images: Sequence[Image]
    total: int
    next_cursor: tuple[str, int] | None
    is_total_capped: bool = False


async def find_for_user(session: AsyncSession, image_id: int, user_id: int) -> tuple[Image, Role] | None:
    """An image and the asking user's role; None when it is absent or in a business that is not theirs."""
    row = (
        await session.execute(
            select(Image, Member.role)
            .join(Member, and_(Member.business_id == Image.business_id, Member.user_id == user_id))
            .where(Image.id == image_id)
        )
    ).one_or_none()
    return (row[0], Role(row[1])) if row else None


async def find_many(session: AsyncSession, business_id: int, image_ids: Sequence[int]) -> dict[int, Image]:
    """Those of the ids that are images of the business and not in the trash."""
    rows = await session.scalars(
        select(Image).where(
            Image.business_id == business_id, Image.id.in_(image_ids), Image.deleted_at.is_(None)
        )
    )
    return {image.id: image for image in rows}


async def find_by_hash(session: AsyncSession, business_id: int, sha256: str) -> Image | None:
    """The business's image that was received as these bytes, also from the trash."""
    return await session.scalar(select(Image).where(Image.business_id == business_id, Image.sha256 == sha256))


async def find_by_storage_key(session: AsyncSession, business_id: int, key: str) -> Image | None:
    """The business's image that is stored under `key`."""
    return await session.scalar(
        select(Image).where(
            Image.business_id == business_id, Image.storage_key == key, Image.deleted_at.is_(None)
        )
    )


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


async def list_page(
    session: AsyncSession,
    business_id: int,
    *,
    sort: Sort,
    only: Filter | None,
    tag: str | None,
    search: str | None,
    limit: int,
    offset: int = 0,
    after: tuple[str, int] | None = None,
) -> Page:
    """One page of the library. `after` is the `next_cursor` of the page before and wins over `offset`."""
    conditions: list[ColumnElement[bool]] = [
        Image.business_id == business_id,
        Image.deleted_at.is_not(None) if only == "trashed" else Image.deleted_at.is_(None),
    ]
    if only == "uploaded":
        conditions.append(Image.is_ai_generated.is_(False))
    elif only == "ai_generated":
        conditions.append(Image.is_ai_generated.is_(True))
    elif only == "edited":
        # Nothing here changes a picture yet, so there are none.
        conditions.append(false())
    elif only == "unused":
        conditions.append(Image.usage_count == 0)
    if tag:
        # A JSON list of strings holds each tag between its quotes, written as JSON writes it.
        conditions.append(contains_text(cast(Image.tags, Text), json.dumps(tag)))
    if search:
        conditions.append(
            or_(
                contains_text(Image.original_filename, search),
                contains_text(Image.alt_text, search),
                contains_text(Image.ai_prompt, search),
                contains_text(cast(Image.tags, Text), json.dumps(search)[1:-1]),
            )
        )
    total, is_capped = await _count(session, conditions, MOST_COUNTED if search else None)
    column: Any = Image.usage_count if sort == "most_used" else Image.created_at
    is_descending = sort != "created_at_asc"
    query = select(Image).where(*conditions)
    if after:
        value: Any = int(after[0]) if sort == "most_used" else datetime.fromisoformat(after[0])
        beyond = column < value if is_descending else column > value
        further = Image.id < after[1] if is_descending else Image.id > after[1]
        query = query.where(or_(beyond, and_(column == value, further)))
    elif offset:
        query = query.offset(offset)
    order = (column.desc(), Image.id.desc()) if is_descending else (column.asc(), Image.id.asc())
    rows = (await session.scalars(query.order_by(*order).limit(limit + 1))).all()
    cursor = None
    if len(rows) > limit:
        rows, last = rows[:limit], rows[limit - 1]
        value = last.usage_count if sort == "most_used" else last.created_at.isoformat()
        cursor = (str(value), last.id)
    return Page(rows, total, cursor, is_capped)


async def _count(
    session: AsyncSession, conditions: Sequence[ColumnElement[bool]], at_most: int | None
) -> tuple[int, bool]:
    """How many images fulfil the conditions, counted up to `at_most`; and whether there are more."""
    counted = select(Image.id).where(*conditions)
    if at_most is not None:
        counted = counted.limit(at_most + 1)
    total = await session.scalar(select(func.count()).select_from(counted.subquery())) or 0
    if at_most is not None and total > at_most:
        return at_most, True
    return total, False


async def totals(session: AsyncSession, business_id: int) -> tuple[int, int]:
    """How many images a business has and how many bytes they are, the trash left out."""
    row = (
        await session.execute(
            select(func.count(), func.coalesce(func.sum(Image.file_size), 0)).where(
                Image.business_id == business_id, Image.deleted_at.is_(None)
            )
        )
    ).one()
    return row[0], int(row[1])


async def find_rendition(session: AsyncSession, image_id: int, recipe: str) -> Rendition | None:
    """The rendition of an image by recipe, if it was made."""
    return await session.scalar(
        select(Rendition).where(Rendition.image_id == image_id, Rendition.recipe == recipe)
    )


async def list_renditions(session: AsyncSession, image_id: int) -> Sequence[Rendition]:
    """Every rendition of an image."""
    return (await session.scalars(select(Rendition).where(Rendition.image_id == image_id))).all()


async def count_use(session: AsyncSession, image_ids: Sequence[int], at: datetime) -> None:
    """These images went out with a publication at this moment."""
    await session.execute(
        update(Image)
        .where(Image.id.in_(image_ids))
        .values(usage_count=Image.usage_count + 1, last_used_at=at)
    )


async def move_to_trash(session: AsyncSession, image_id: int, at: datetime) -> None:
    """Hidden from the library, recoverable."""
    await session.execute(update(Image).where(Image.id == image_id).values(deleted_at=at, updated_at=at))


async def restore(session: AsyncSession, image_id: int, at: datetime) -> None:
    """Back from the trash."""
    await session.execute(update(Image).where(Image.id == image_id).values(deleted_at=None, updated_at=at))


async def remove(session: AsyncSession, image_id: int) -> None:
    """The row is gone for good; its objects are the caller's to delete after the commit."""
    await session.execute(delete(Rendition).where(Rendition.image_id == image_id))
    await session.execute(delete(Image).where(Image.id == image_id))


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


async def find_by_ids(session: AsyncSession, image_ids: Collection[int]) -> dict[int, Image]:
    """Images by id, also from the trash: what posts show."""
    return {image.id: image for image in await session.scalars(select(Image).where(Image.id.in_(image_ids)))}
