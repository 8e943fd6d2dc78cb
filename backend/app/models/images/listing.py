"""The library as a list: filtered, sorted, searched, page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import contains_text
from app.models.images.tables import Image

Sort = Literal["created_at_desc", "created_at_asc", "most_used"]
Filter = Literal["uploaded", "ai_generated", "edited", "unused", "trashed"]

MOST_COUNTED = 1000
"""A search counts no further: counting costs as much as finding."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: its rows, how many there are in all, and where the next part begins.

    With `is_total_capped` there are more than `total`.
    """

    images: Sequence[Image]
    total: int
    next_cursor: tuple[str, int] | None
    is_total_capped: bool = False


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
        conditions.append(Image.edited_from_id.is_not(None))
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
