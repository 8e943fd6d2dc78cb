"""The library as a list: filtered, sorted, page by page, as fast with a million images as with a thousand.

A filter is a choice of shelves, and each shelf has its images in order in an index, for every sort. A page
is merged from the heads of those rows: nothing is sorted, and nothing is read that is not shown. With a tag,
the rows of `image_tags` are merged in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, cast

from sqlalchemy import CompoundSelect, Integer, Select, bindparam, select, tuple_, union_all
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
    values = place_values(wish, place, limit=limit + 1, offset=0 if place else offset)
    # Rows and no objects: nothing that the session knows of them is wanted, and finding out takes its time.
    connection = await session.connection()
    rows = (await connection.execute(_page(shape_of(wish, place)), values)).all()
    # The join may mix up what was in order; these few are put back here.
    ranked = sorted(rows, key=lambda row: (row.value, row.id), reverse=wish.is_descending)
    shown, cursor = ranked[:limit], None
    if len(ranked) > limit:
        cursor = write_place(wish.sort, (shown[-1].value, shown[-1].id))
    return Page(cast(Sequence[Image], shown), wish.size, cursor)


async def read_rows(session: AsyncSession, ids: Sequence[int]) -> Sequence[Image]:
    """Rows with an image's columns, in the order of the ids."""
    rows = {row.id: row for row in await session.execute(_ROWS, {"ids": ids})}
    return cast(Sequence[Image], [rows[image_id] for image_id in ids if image_id in rows])


_ROWS = select(*_SHOWN).where(Image.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides how the statement of a list reads: all but its values. Making one takes longer than the
    database takes to answer it, so each is made once.

    `parts` are rows of an index: the place of a shelf among those wished for, and which of its images.
    """

    sort: Sort
    is_sqlite: bool
    has_tag: bool
    parts: tuple[tuple[int, Literal["all", "after", "same", "beyond"]], ...]

    @property
    def is_descending(self) -> bool:
        return self.sort != "created_at_asc"


def shape_of(wish: Wish, after: Place | None) -> Shape:
    """The shape of the list from `after` on."""
    parts: list[tuple[int, Literal["all", "after", "same", "beyond"]]] = []
    for number, shelf in enumerate(wish.shelves):
        if after is None:
            parts.append((number, "all"))
        elif not wish.is_sqlite:
            parts.append((number, "after"))
        elif wish.sort == "most_used" and not shelf & IS_USED:
            # None of these was ever used.
            parts.append((number, "same" if after[0] == 0 else "all"))
        else:
            # SQLite finds no pair in an index: so those with the same value, and those beyond it.
            parts += [(number, "same"), (number, "beyond")]
    return Shape(wish.sort, wish.is_sqlite, bool(wish.tag), tuple(parts))


def place_values(wish: Wish, after: Place | None, *, limit: int, offset: int = 0) -> dict[str, Any]:
    """The values that belong into a statement of `entries`."""
    values: dict[str, Any] = {f"shelf_{number}": shelf for number, shelf in enumerate(wish.shelves)}
    values |= {"business_id": wish.business_id, "length": limit, "offset": offset, "reach": limit + offset}
    if wish.tag:
        values["tag"] = wish.tag
    if after:
        values |= {"value": after[0], "image_id": after[1]}
    return values


@lru_cache(maxsize=1024)
def _page(shape: Shape) -> Select[Any]:
    part = entries(shape).subquery()
    return select(*_SHOWN, part.c.value).join(part, part.c.id == Image.id)


def entries(shape: Shape, *more: QueryableAttribute[Any]) -> CompoundSelect[Any] | Select[Any]:
    """The entries of a list in order: `id`, `value` and `more` columns of the image. See `place_values`."""
    parts = [_part(shape, number, which, more) for number, which in shape.parts]
    length, offset = bindparam("length", type_=Integer), bindparam("offset", type_=Integer)
    if len(parts) == 1:
        (only,) = parts
        return only.order_by(*in_order(shape, only.selected_columns)).limit(length).offset(offset)
    if not shape.is_sqlite:
        # SQLite merges rows of an index by itself; PostgreSQL where each part says that it is in order.
        reach = bindparam("reach", type_=Integer)
        parts = [part.order_by(*in_order(shape, part.selected_columns)).limit(reach) for part in parts]
    merged = union_all(*parts)
    return merged.order_by(*in_order(shape, merged.selected_columns)).limit(length).offset(offset)


def in_order(shape: Shape | Wish, columns: Any) -> list[Any]:
    """What `value` and `id` of some entries are ordered by."""
    both = (columns.value, columns.id)
    return [column.desc() if shape.is_descending else column.asc() for column in both]


def _part(shape: Shape, number: int, which: str, more: Sequence[QueryableAttribute[Any]]) -> Select[Any]:
    """One row of an index: images of one shelf."""
    table: Any = ImageTag if shape.has_tag else Image
    key = table.image_id if shape.has_tag else table.id
    column = table.usage_count if shape.sort == "most_used" else table.created_at
    query = select(key.label("id"), column.label("value"), *more).where(
        table.business_id == bindparam("business_id"), table.shelf == bindparam(f"shelf_{number}")
    )
    if shape.has_tag:
        query = query.where(ImageTag.tag == bindparam("tag"))
        if more:
            query = query.join(Image, Image.id == ImageTag.image_id)
    value, image_id = bindparam("value", type_=column.type), bindparam("image_id", type_=key.type)
    match which:
        case "after":
            pair, place = tuple_(column, key), tuple_(value, image_id)
            return query.where(pair < place if shape.is_descending else pair > place)
        case "same":
            return query.where(column == value, key < image_id if shape.is_descending else key > image_id)
        case "beyond":
            return query.where(column < value if shape.is_descending else column > value)
    return query


def read_place(sort: Sort, cursor: tuple[str, int]) -> Place:
    """A cursor as `Page.next_cursor` told it."""
    value, image_id = cursor
    return (int(value) if sort == "most_used" else datetime.fromisoformat(value)), image_id


def write_place(sort: Sort, place: Place) -> tuple[str, int]:
    """The cursor of a place."""
    value, image_id = place
    return (str(value) if sort == "most_used" else value.isoformat()), image_id
