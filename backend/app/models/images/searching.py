"""Looking for words: a substring of name, prompt, alt text or a tag, whatever its case.

Common words are met soon when a list is walked in its own order; rare ones have few grams, and their index
gives every image that may have the words. Which of the two a word is, is not known beforehand. SQLite's index
gives its images one by one, so it is asked first and tells soon enough. PostgreSQL's gives them all at once,
which takes long for a common word: there the list is walked first, and then a few of what the grams give tell
whether there are more than are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, column, func, literal_column, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Id, contains
from app.core.words import needed_grams
from app.models.images.indexing import GRAMS, gram_words
from app.models.images.listing import (
    Page,
    Place,
    Shape,
    Wish,
    entries,
    in_order,
    place_values,
    read_place,
    read_rows,
    shape_of,
    write_place,
)
from app.models.images.tables import Image, ImageTag

MOST_COUNTED = 1000
"""A search counts no further: counting costs as much as finding."""
WALK = 5_000
CANDIDATES = 2_000
"""On PostgreSQL so many of those that have the grams are looked at first: nearly all have the word, too."""

_DOCUMENTS = table("image_grams", column("rowid", Id))


async def search_page(
    session: AsyncSession, wish: Wish, *, limit: int, offset: int = 0, after: tuple[str, int] | None = None
) -> Page:
    """One page of the images that have the words. `after` is the `next_cursor` of the page before."""
    if not wish.shelves:
        return Page([], 0, None)
    place = read_place(wish.sort, after) if after else None
    every = await _every(session, wish)
    if every is not None:
        total, is_capped = len(every), False
        beyond = [other for other in every if place is None or _is_beyond(wish, other, place)]
        part = beyond[0 if place else offset :][: limit + 1]
    else:
        total, is_capped = MOST_COUNTED, True
        part = await _part(session, wish, place, limit=limit + 1, offset=0 if place else offset)
    cursor = write_place(wish.sort, part[limit - 1]) if len(part) > limit else None
    images = await read_rows(session, [image_id for _, image_id in part[:limit]])
    return Page(images, total, cursor, is_capped)


async def _every(session: AsyncSession, wish: Wish) -> Sequence[Place] | None:
    """All images with the words in the order of the list; None where there are more than are counted."""
    if not wish.is_sqlite or wish.size <= MOST_COUNTED:
        seen = await _walk(session, wish, None, WALK, MOST_COUNTED + 1)
        if len(seen) > MOST_COUNTED:
            return None
        if wish.size <= WALK:
            return seen
        found, is_all = await _look_at_some(session, wish)
        if len(found) > MOST_COUNTED:
            return None
        if is_all:
            return sorted(found, reverse=wish.is_descending)
    found = await _look_up(session, wish, None, limit=MOST_COUNTED + 1, offset=0, is_ordered=False)
    return None if len(found) > MOST_COUNTED else sorted(found, reverse=wish.is_descending)


async def _walk(
    session: AsyncSession, wish: Wish, after: Place | None, length: int, at_most: int, offset: int = 0
) -> list[Place]:
    """Of the next `length` entries of the list those that have the words, in order."""
    values = place_values(wish, after, limit=length)
    values |= {"words": wish.words, "at_most": at_most, "passed": offset}
    rows = await session.execute(_walking(shape_of(wish, after)), values)
    return [(value, image_id) for value, image_id in rows]


@lru_cache(maxsize=1024)
def _walking(shape: Shape) -> Select[Any]:
    part = entries(shape, Image.search_text).subquery()
    query = select(part.c.value, part.c.id).where(contains(part.c.search_text, bindparam("words")))
    if not shape.is_sqlite:
        query = query.order_by(*in_order(shape, part.c))
    # SQLite hands on what comes in order, and would sort all of it again before the first is out.
    return query.limit(bindparam("at_most", type_=Integer)).offset(bindparam("passed", type_=Integer))


async def _look_at_some(session: AsyncSession, wish: Wish) -> tuple[list[Place], bool]:
    """Images with the words among any `CANDIDATES` that have the grams, at most one more than is counted; and
    whether no others have the grams.

    For PostgreSQL. Finding out which images have the grams is quick, and reading them is not.
    """
    value: Any = Image.usage_count if wish.sort == "most_used" else Image.created_at
    numbers = needed_grams(wish.business_id, wish.words)
    candidates = select(GRAMS.c.image_id).where(GRAMS.c.grams.contains(numbers)).limit(CANDIDATES)
    # Apart, for the same reason as when all are looked up.
    some = candidates.cte("candidates").prefix_with("MATERIALIZED")
    query = _among(wish, select(value, Image.id, select(func.count()).select_from(some).scalar_subquery()))
    query = query.join(some, some.c.image_id == Image.id).limit(MOST_COUNTED + 1)
    rows = (await session.execute(query)).all()
    return [(found, image_id) for found, image_id, _ in rows], bool(rows) and rows[0][2] < CANDIDATES


async def _part(
    session: AsyncSession, wish: Wish, after: Place | None, *, limit: int, offset: int
) -> list[Place]:
    """A part of a list of many."""
    part = await _walk(session, wish, after, WALK, limit, offset)
    if len(part) == limit or wish.size <= WALK:
        return part
    # They are rare here, or stand close together far away.
    return await _look_up(session, wish, after, limit=limit, offset=offset, is_ordered=True)


async def _look_up(
    session: AsyncSession, wish: Wish, after: Place | None, *, limit: int, offset: int, is_ordered: bool
) -> list[Place]:
    """Images with the words by their grams: all of them in order, or any `limit` of them."""
    value: Any = Image.usage_count if wish.sort == "most_used" else Image.created_at
    query = _among(wish, _with_grams(wish, select(value, Image.id))).limit(limit).offset(offset)
    if is_ordered:
        if after:
            beyond = value < after[0] if wish.is_descending else value > after[0]
            further = Image.id < after[1] if wish.is_descending else Image.id > after[1]
            query = query.where(beyond | ((value == after[0]) & further))
        query = query.order_by(
            *(each.desc() if wish.is_descending else each.asc() for each in (value, Image.id))
        )
    return [(found, image_id) for found, image_id in await session.execute(query)]


def _among(wish: Wish, query: Select[Any]) -> Select[Any]:
    """Only what is wished for, and has the words."""
    query = query.where(
        Image.business_id == wish.business_id,
        Image.shelf.in_(wish.shelves),
        contains(Image.search_text, wish.words),
    )
    if wish.tag:
        tagged = select(ImageTag.image_id).where(ImageTag.image_id == Image.id, ImageTag.tag == wish.tag)
        query = query.where(tagged.exists())
    return query


def _with_grams(wish: Wish, query: Select[Any]) -> Select[Any]:
    """Join the images whose grams say that they may have the words."""
    numbers = needed_grams(wish.business_id, wish.words)
    if wish.is_sqlite:
        matches = literal_column("image_grams").op("MATCH")(gram_words(numbers))
        return query.join(_DOCUMENTS, _DOCUMENTS.c.rowid == Image.id).where(matches)
    # Apart, so that the planner takes the index of grams whatever it believes about the rest.
    found = select(GRAMS.c.image_id).where(GRAMS.c.grams.contains(numbers)).cte("found")
    return query.join(found.prefix_with("MATERIALIZED"), found.c.image_id == Image.id)


def _is_beyond(wish: Wish, one: Place, other: Place) -> bool:
    return one < other if wish.is_descending else one > other
