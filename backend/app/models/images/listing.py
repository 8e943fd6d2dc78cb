"""The library as a list: filtered, sorted, page by page, as fast with a million images as with a thousand.

A filter is a choice of shelves, and each shelf has its images in order in an index, for every sort. A page
is merged from the heads of those rows: nothing is sorted, and nothing is read that is not shown. With a tag,
the rows of `image_tags` are merged in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, CompoundSelect, Select, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import QueryableAttribute

from app.core.words import fold
from app.models.images.counts import Filter, count_shelves, shelves_of
from app.models.images.tables import IS_USED, Image, ImageTag

Sort = Literal["created_at_desc", "created_at_asc", "most_used"]
Place = tuple[Any, int]
"""Where an image stands in a list: its moment or number of uses, and its id."""

_NOT_SHOWN = {"search_text", "shelf", "perceptual_hash"}
_SHOWN = [column for column in Image.__table__.columns if column.name not in _NOT_SHOWN]


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: its rows, how many there are in all, and where the next part begins.

    The rows have an image's columns and are for reading. With `is_total_capped` there are more than `total`.
    """

    images: Sequence[Image]
    total: int
    next_cursor: tuple[str, int] | None
    is_total_capped: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What a list is to show. `shelves` are those with images, and how many they have; `tag` and `words` are
    folded, and empty for any. `is_sqlite` says who is asked."""

    business_id: int
    sort: Sort
    shelves: dict[int, int]
    tag: str
    words: str
    is_sqlite: bool

    @property
    def size(self) -> int:
        """How many images there are before anybody looks for words."""
        return sum(self.shelves.values())

    @property
    def is_descending(self) -> bool:
        return self.sort != "created_at_asc"


async def wish_for(
    session: AsyncSession,
    business_id: int,
    *,
    sort: Sort,
    only: Filter | None,
    tag: str | None,
    search: str | None,
) -> Wish:
    """The same in the database's words."""
    folded = fold(tag or "")
    counted = await count_shelves(session, business_id, folded)
    shelves = {shelf: counted[shelf][0] for shelf in shelves_of(only) if shelf in counted}
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return Wish(business_id, sort, shelves, folded, fold(search or ""), is_sqlite)


async def list_page(
    session: AsyncSession, wish: Wish, *, limit: int, offset: int = 0, after: tuple[str, int] | None = None
) -> Page:
    """One page of what is wished for, words left aside. `after` is the `next_cursor` of the page before and
    wins over `offset`."""
    if not wish.shelves or (after is None and offset >= wish.size):
        return Page([], wish.size, None)
    place = read_place(wish.sort, after) if after else None
    part = entries(wish, place, limit=limit + 1, offset=0 if place else offset).subquery()
    rows = (await session.execute(select(*_SHOWN, part.c.value).join(part, part.c.id == Image.id))).all()
    # The join may mix up what was in order; these few are put back here.
    ranked = sorted(rows, key=lambda row: (row.value, row.id), reverse=wish.is_descending)
    shown, cursor = ranked[:limit], None
    if len(ranked) > limit:
        cursor = write_place(wish.sort, (shown[-1].value, shown[-1].id))
    return Page(cast(Sequence[Image], shown), wish.size, cursor)


async def read_rows(session: AsyncSession, ids: Sequence[int]) -> Sequence[Image]:
    """Rows with an image's columns, in the order of the ids."""
    rows = {row.id: row for row in await session.execute(select(*_SHOWN).where(Image.id.in_(ids)))}
    return cast(Sequence[Image], [rows[image_id] for image_id in ids if image_id in rows])


def entries(
    wish: Wish, after: Place | None, *more: QueryableAttribute[Any], limit: int, offset: int = 0
) -> CompoundSelect[Any] | Select[Any]:
    """The entries of a list that follow `after`, in order: `id`, `value` and `more` columns of the image."""
    parts = [part for shelf in wish.shelves for part in _shelf(wish, shelf, after, more)]
    if not parts:
        parts = [_shelf_in_order(wish, -1, more)]
    if len(parts) == 1:
        (only,) = parts
        return only.order_by(*in_order(wish, only.selected_columns)).limit(limit).offset(offset)
    if not wish.is_sqlite:
        # SQLite merges rows of an index by itself; PostgreSQL where each part says that it is in order.
        parts = [
            part.order_by(*in_order(wish, part.selected_columns)).limit(limit + offset) for part in parts
        ]
    merged = union_all(*parts)
    return merged.order_by(*in_order(wish, merged.selected_columns)).limit(limit).offset(offset)


def in_order(wish: Wish, columns: Any) -> list[Any]:
    """What `value` and `id` of some entries are ordered by."""
    both = (columns.value, columns.id)
    return [column.desc() if wish.is_descending else column.asc() for column in both]


def _shelf_in_order(
    wish: Wish, shelf: int, more: Sequence[QueryableAttribute[Any]], *conditions: ColumnElement[bool]
) -> Select[Any]:
    table: Any = ImageTag if wish.tag else Image
    key = table.image_id if wish.tag else table.id
    query = select(key.label("id"), _value(wish).label("value"), *more).where(
        table.business_id == wish.business_id, table.shelf == shelf, *conditions
    )
    if wish.tag:
        query = query.where(ImageTag.tag == wish.tag)
        if more:
            query = query.join(Image, Image.id == ImageTag.image_id)
    return query


def _value(wish: Wish) -> Any:
    table: Any = ImageTag if wish.tag else Image
    return table.usage_count if wish.sort == "most_used" else table.created_at


def _shelf(
    wish: Wish, shelf: int, after: Place | None, more: Sequence[QueryableAttribute[Any]]
) -> list[Select[Any]]:
    """The images of one shelf that follow `after`, as one row of an index or two."""
    if after is None:
        return [_shelf_in_order(wish, shelf, more)]
    value, image_id = after
    column = _value(wish)
    key: Any = ImageTag.image_id if wish.tag else Image.id
    if not wish.is_sqlite:
        pair, place = tuple_(column, key), tuple_(literal(value, column.type), literal(image_id, key.type))
        return [_shelf_in_order(wish, shelf, more, pair < place if wish.is_descending else pair > place)]
    # SQLite finds no pair in an index: so those of the same moment or number of uses, and those beyond.
    same = (column == value, key < image_id if wish.is_descending else key > image_id)
    beyond = column < value if wish.is_descending else column > value
    if wish.sort == "most_used" and not shelf & IS_USED:
        # None of these was ever used.
        return [_shelf_in_order(wish, shelf, more, *(same if value == 0 else ()))]
    return [_shelf_in_order(wish, shelf, more, *same), _shelf_in_order(wish, shelf, more, beyond)]


def read_place(sort: Sort, cursor: tuple[str, int]) -> Place:
    """A cursor as `Page.next_cursor` told it."""
    value, image_id = cursor
    return (int(value) if sort == "most_used" else datetime.fromisoformat(value)), image_id


def write_place(sort: Sort, place: Place) -> tuple[str, int]:
    """The cursor of a place."""
    value, image_id = place
    return (str(value) if sort == "most_used" else value.isoformat()), image_id
