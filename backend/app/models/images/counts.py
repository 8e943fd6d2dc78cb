"""How many images a business has, by shelf and by tag.

The database writes down every change as a row of its own (see `LibraryCount`), so whoever counts waits for
nobody, and what is read is exact at every moment. `fold_counts` puts rows together, so that there are few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    BigInteger,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import contains
from app.core.words import fold
from app.models.images.tables import (
    IS_AI_GENERATED,
    IS_EDITED,
    IS_TRASHED,
    IS_USED,
    Image,
    ImageTag,
    LibraryCount,
)

Filter = Literal["uploaded", "ai_generated", "edited", "unused", "trashed"]

MOST_FOLDED = 20_000
"""Rows put together in one go."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a business keeps. `bytes` and all numbers but `trashed` leave the trash out."""

    images: int
    bytes: int
    uploaded: int
    ai_generated: int
    edited: int
    unused: int
    trashed: int


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag as one of its images writes it, and how many images outside of the trash carry it."""

    tag: str
    count: int


@dataclass(frozen=True, slots=True)
class Miscount:
    """Where what is counted is not what is there. `tag` is empty for all images."""

    business_id: int
    tag: str
    shelf: int
    missing_images: int
    missing_bytes: int


def shelves_of(only: Filter | None) -> tuple[int, ...]:
    """The shelves whose images a filter leaves over."""
    return tuple(shelf for shelf in range(16) if _is_on(shelf, only))


def _is_on(shelf: int, only: Filter | None) -> bool:
    if only == "trashed":
        return bool(shelf & IS_TRASHED)
    if shelf & IS_TRASHED:
        return False
    match only:
        case "uploaded":
            return not shelf & IS_AI_GENERATED
        case "ai_generated":
            return bool(shelf & IS_AI_GENERATED)
        case "edited":
            return bool(shelf & IS_EDITED)
        case "unused":
            return not shelf & IS_USED
        case None:
            return True


async def count_shelves(session: AsyncSession, business_id: int, tag: str = "") -> dict[int, tuple[int, int]]:
    """Images and bytes by shelf, empty shelves left out; of one folded tag if it is named, without bytes."""
    rows = await session.execute(_SHELVES, {"business_id": business_id, "tag": tag})
    return {shelf: (images, size) for shelf, images, size in rows if images > 0}


_SHELVES = (
    select(
        LibraryCount.shelf,
        func.sum(LibraryCount.images).cast(BigInteger),
        func.sum(LibraryCount.bytes).cast(BigInteger),
    )
    .where(LibraryCount.business_id == bindparam("business_id"), LibraryCount.tag == bindparam("tag"))
    .group_by(LibraryCount.shelf)
)


async def totals(session: AsyncSession, business_id: int) -> Totals:
    """How much a business keeps."""
    shelves = await count_shelves(session, business_id)

    def images(only: Filter | None) -> int:
        return sum(shelves[shelf][0] for shelf in shelves_of(only) if shelf in shelves)

    return Totals(
        images=images(None),
        bytes=sum(shelves[shelf][1] for shelf in shelves_of(None) if shelf in shelves),
        uploaded=images("uploaded"),
        ai_generated=images("ai_generated"),
        edited=images("edited"),
        unused=images("unused"),
        trashed=images("trashed"),
    )


async def list_tags(
    session: AsyncSession, business_id: int, *, search: str | None, limit: int
) -> list[TagCount]:
    """The tags of a business, the most used first, then by name; of those that hold the searched words."""
    count = func.sum(LibraryCount.images).cast(BigInteger)
    counted = (
        select(LibraryCount.tag, count.label("count"))
        .where(
            LibraryCount.business_id == business_id,
            LibraryCount.tag != "",
            LibraryCount.shelf < IS_TRASHED,
        )
        .group_by(LibraryCount.tag)
        .having(count > 0)
        .order_by(count.desc(), LibraryCount.tag)
        .limit(limit)
    )
    if search and (words := fold(search)):
        counted = counted.where(contains(LibraryCount.tag, words))
    found = counted.subquery()
    label = (
        select(ImageTag.label)
        .where(ImageTag.business_id == business_id, ImageTag.tag == found.c.tag, ImageTag.shelf < IS_TRASHED)
        .order_by(ImageTag.shelf, ImageTag.created_at, ImageTag.image_id)
        .limit(1)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(found.c.tag, label, found.c.count).order_by(found.c.count.desc(), found.c.tag)
    )
    return [TagCount(label or tag, count) for tag, label, count in rows]


async def list_unfolded(session: AsyncSession, limit: int) -> Sequence[int]:
    """Businesses with counts that can be put together."""
    return (
        await session.scalars(
            select(LibraryCount.business_id)
            .distinct()
            .where(text("NOT is_folded"))
            .order_by(LibraryCount.business_id)
            .limit(limit)
        )
    ).all()


async def fold_counts(session: AsyncSession, business_id: int) -> int:
    """Put the counts of a business together, one row for each shelf and tag that changed; returns how many
    rows there are less. What others write or fold meanwhile is left alone."""
    changed = (
        select(LibraryCount.tag, LibraryCount.shelf)
        .where(LibraryCount.business_id == business_id, text("NOT is_folded"))
        .limit(MOST_FOLDED)
        .distinct()
        .subquery()
    )
    rows = (
        await session.execute(
            select(
                LibraryCount.id, LibraryCount.tag, LibraryCount.shelf, LibraryCount.images, LibraryCount.bytes
            )
            .join(
                changed,
                and_(LibraryCount.tag == changed.c.tag, LibraryCount.shelf == changed.c.shelf),
            )
            .where(LibraryCount.business_id == business_id)
            .order_by(LibraryCount.id)
            .limit(MOST_FOLDED)
            .with_for_update(of=LibraryCount)
        )
    ).all()
    sums: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        sums[row.tag, row.shelf][0] += row.images
        sums[row.tag, row.shelf][1] += row.bytes
    kept = [
        {
            "business_id": business_id,
            "tag": tag,
            "shelf": shelf,
            "images": images,
            "bytes": size,
            "is_folded": True,
        }
        for (tag, shelf), (images, size) in sums.items()
        if images or size
    ]
    for at in range(0, len(rows), 1000):
        ids = [row.id for row in rows[at : at + 1000]]
        await session.execute(delete(LibraryCount).where(LibraryCount.id.in_(ids)))
    if kept:
        await session.execute(insert(LibraryCount), kept)
    return len(rows) - len(kept)


async def find_miscounts(session: AsyncSession) -> list[Miscount]:
    """Where the counts differ from the images and tags that are there. Reads every image: for the doctor."""
    key = (LibraryCount.business_id, LibraryCount.tag, LibraryCount.shelf)
    there = union_all(
        select(
            Image.business_id,
            literal("").label("tag"),
            Image.shelf,
            literal(1).label("images"),
            Image.file_size.cast(BigInteger).label("bytes"),
        ),
        select(ImageTag.business_id, ImageTag.tag, ImageTag.shelf, literal(1), literal(0)),
        select(*key, -LibraryCount.images, -LibraryCount.bytes),
    ).subquery()
    images = func.sum(there.c.images).cast(BigInteger)
    size = func.sum(there.c.bytes).cast(BigInteger)
    rows = await session.execute(
        select(there.c.business_id, there.c.tag, there.c.shelf, images, size)
        .group_by(there.c.business_id, there.c.tag, there.c.shelf)
        .having(or_(images != 0, size != 0))
        .order_by(there.c.business_id, there.c.tag, there.c.shelf)
    )
    return [Miscount(*row) for row in rows]


async def recount(session: AsyncSession) -> list[Miscount]:
    """Put the counts right where they are wrong; returns where they were. Nobody else changes an image
    until the unit of work ends."""
    if session.get_bind().dialect.name == "postgresql":
        # Waits for whoever has counted something and not committed yet, and lets nobody else begin.
        await session.execute(text("LOCK TABLE library_counts IN EXCLUSIVE MODE"))
    wrong = await find_miscounts(session)
    if wrong:
        await session.execute(
            insert(LibraryCount),
            [
                {
                    "business_id": found.business_id,
                    "tag": found.tag,
                    "shelf": found.shelf,
                    "images": found.missing_images,
                    "bytes": found.missing_bytes,
                    "is_folded": False,
                }
                for found in wrong
            ],
        )
    return wrong
