"""Looking for words: a substring of name, prompt, alt text or a tag, whatever its case.

Common words are met soon when a list is walked in its own order; rare ones have few grams, and their index
gives every image that may have the words. Which of the two a word is, is not known beforehand. SQLite's index
gives its images one by one, so it is asked first and tells soon enough. PostgreSQL's gives them all at once,
which takes long for a common word: there the list is walked first, and then a few of what the grams give tell
whether there are more than are counted. Words that are common far down the list alone are looked for era by
era (see `eras`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, column, func, literal_column, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Id, contains
from app.core.words import needed_grams
from app.models.images.eras import Era, eras_with, gram_words, second_of
from app.models.images.indexing import GRAMS
from app.models.images.listing import (
    Page,
    Place,
    Shape,
    Sort,
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
MOST_ERAS, DENSE = 8, 50
"""So many eras are looked into before that, as long as each has so many candidates."""
SHORT = 12
"""Longer words than this, in characters, are seldom in many images: then the eras are not asked first. Each
era is as much work as all of them where the parts of the words are common and the whole is not."""
FEW_GRAMS = 4
"""PostgreSQL looks up each gram for each image that has the others. Where it is only to tell whether there
are many, a few of them do; of long words one of four characters."""

_DOCUMENTS = table("image_grams", column("rowid", Id))


async def search_page(
    session: AsyncSession, wish: Wish, *, limit: int, offset: int = 0, after: tuple[str, int] | None = None
) -> Page:
    """One page of the images that have the words. `after` is the `next_cursor` of the page before."""
    if not wish.shelves:
        return Page([], 0, None)
    place = read_place(wish.sort, after) if after else None
    head, is_all = await _head(session, wish, limit)
    if is_all:
        total, is_capped = len(head), False
        beyond = [other for other in head if place is None or _is_beyond(wish, other, place)]
        part = beyond[0 if place else offset :][: limit + 1]
    else:
        total, is_capped = MOST_COUNTED, True
        part = head[offset : offset + limit + 1] if place is None else []
        if len(part) <= limit:
            # Where the head of the list was walked through and is all there, it is not done twice.
            is_walked = place is None and not wish.is_sqlite and len(head) <= MOST_COUNTED
            part = await _part(
                session, wish, place, limit=limit + 1, offset=0 if place else offset, is_walked=is_walked
            )
    cursor = write_place(wish.sort, part[limit - 1]) if len(part) > limit else None
    images = await read_rows(session, [image_id for _, image_id in part[:limit]])
    return Page(images, total, cursor, is_capped)


async def _head(session: AsyncSession, wish: Wish, limit: int) -> tuple[list[Place], bool]:
    """Images with the words at the head of the list, in its order, and whether that is all of them. Where it
    is not, there are more than are counted. There are more than `limit` where they are soon found."""
    seen: list[Place] = []
    if not wish.is_sqlite or wish.size <= MOST_COUNTED:
        seen = await _walk(session, wish, None, WALK, MOST_COUNTED + 1)
        if len(seen) > MOST_COUNTED or wish.size <= WALK:
            return seen, len(seen) <= MOST_COUNTED
    if not wish.is_sqlite:
        near = None
        if wish.sort != "most_used" and len(seen) <= limit and len(wish.words) <= SHORT:
            near = await _look_into_eras(session, wish)
        if near is not None and len(near) > MOST_COUNTED:
            return near, False
        some, is_all = (near, True) if near is not None else await _look_at_some(session, wish)
        if len(some) > MOST_COUNTED:
            return seen, False
        if is_all:
            return sorted(some, reverse=wish.is_descending), True
    found = await _look_up(session, wish, None, limit=MOST_COUNTED + 1, offset=0, is_ordered=False)
    if len(found) > MOST_COUNTED:
        return seen, False
    return sorted(found, reverse=wish.is_descending), True


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


async def _look_into_eras(session: AsyncSession, wish: Wish) -> list[Place] | None:
    """Images with the words, era by era, until there are more than are counted; None where they lie so far
    apart that it would take long.

    For PostgreSQL, which finds all with the grams at once: of an era that is soon done.
    """
    found: list[Place] = []
    looked = 0
    first, last = await _ends(session, wish, None)
    async for era, count in eras_with(session, _some_grams(wish), first, last):
        if looked == MOST_ERAS or count < DENSE:
            return None
        found += await _look_up(
            session, wish, None, limit=MOST_COUNTED + 1, offset=0, is_ordered=True, era=era
        )
        looked += 1
        if len(found) > MOST_COUNTED:
            break
    return found


async def _look_at_some(session: AsyncSession, wish: Wish) -> tuple[list[Place], bool]:
    """Images with the words among any `CANDIDATES` that have the grams, at most one more than is counted; and
    whether no others have the grams.

    For PostgreSQL. Finding out which images have the grams is quick, and reading them is not.
    """
    value: Any = Image.usage_count if wish.sort == "most_used" else Image.created_at
    candidates = select(GRAMS.c.image_id).where(GRAMS.c.grams.contains(_some_grams(wish))).limit(CANDIDATES)
    # Apart, for the same reason as when all are looked up.
    some = candidates.cte("candidates").prefix_with("MATERIALIZED")
    query = _among(wish, select(value, Image.id, select(func.count()).select_from(some).scalar_subquery()))
    query = query.join(some, some.c.image_id == Image.id).limit(MOST_COUNTED + 1)
    rows = (await session.execute(query)).all()
    return [(found, image_id) for found, image_id, _ in rows], bool(rows) and rows[0][2] < CANDIDATES


async def _part(
    session: AsyncSession, wish: Wish, after: Place | None, *, limit: int, offset: int, is_walked: bool
) -> list[Place]:
    """A part of a list of many. With `is_walked` the next `WALK` of the list are known not to fill it."""
    if not is_walked:
        part = await _walk(session, wish, after, WALK, limit, offset)
        if len(part) == limit or wish.size <= WALK:
            return part
    # They are rare here, or stand close together far away.
    if wish.sort == "most_used" or offset > MOST_COUNTED:
        return await _look_up(session, wish, after, limit=limit, offset=offset, is_ordered=True)
    found: list[Place] = []
    first, last = await _ends(session, wish, after)
    async for era, _ in eras_with(session, _some_grams(wish), first, last):
        found += await _look_up(
            session, wish, after, limit=offset + limit, offset=0, is_ordered=True, era=era
        )
        if len(found) >= offset + limit:
            break
    return found[offset : offset + limit]


async def _ends(session: AsyncSession, wish: Wish, after: Place | None) -> tuple[int, int]:
    """The seconds between which what is wished for came, from `after` on where that is a place in a list by
    moment; the later one first, where the list is descending."""
    moments = []
    for sort in _BY_MOMENT:
        head = replace(wish, sort=sort)
        row = (await session.execute(_heads(shape_of(head, None)), place_values(head, None, limit=1))).first()
        moments.append(second_of(row.value) if row else 0)
    first, last = moments if wish.is_descending else reversed(moments)
    return (second_of(after[0]) if after else first), last


_BY_MOMENT: tuple[Sort, Sort] = ("created_at_desc", "created_at_asc")


@lru_cache(maxsize=1024)
def _heads(shape: Shape) -> Any:
    return entries(shape)


async def _look_up(
    session: AsyncSession,
    wish: Wish,
    after: Place | None,
    *,
    limit: int,
    offset: int,
    is_ordered: bool,
    era: Era | None = None,
) -> list[Place]:
    """Images with the words by their grams: all of them in order, or any `limit` of them; of one era."""
    value: Any = Image.usage_count if wish.sort == "most_used" else Image.created_at
    query = _among(wish, _with_grams(wish, select(value, Image.id), era)).limit(limit).offset(offset)
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


def _with_grams(wish: Wish, query: Select[Any], era: Era | None) -> Select[Any]:
    """Join the images whose grams say that they may have the words, of one era if it is named."""
    numbers = needed_grams(wish.business_id, wish.words)
    if wish.is_sqlite:
        words = gram_words([*numbers, era.number] if era else numbers)
        matches = literal_column("image_grams").op("MATCH")(words)
        return query.join(_DOCUMENTS, _DOCUMENTS.c.rowid == Image.id).where(matches)
    candidates = select(GRAMS.c.image_id).where(GRAMS.c.grams.contains(numbers))
    if era:
        candidates = candidates.where(GRAMS.c.grams.contains([era.number]))
    # Apart, so that the planner takes the index of grams whatever it believes about the rest.
    found = candidates.cte("found")
    return query.join(found.prefix_with("MATERIALIZED"), found.c.image_id == Image.id)


def _some_grams(wish: Wish) -> list[int]:
    """Grams that all images with the words have: enough of them to find eras and candidates by."""
    if wish.is_sqlite:
        return needed_grams(wish.business_id, wish.words)
    return needed_grams(wish.business_id, wish.words, at_most=max(FEW_GRAMS, len(wish.words) // 4))


def _is_beyond(wish: Wish, one: Place, other: Place) -> bool:
    return one < other if wish.is_descending else one > other
