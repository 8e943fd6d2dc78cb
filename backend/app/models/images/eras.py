"""Eras: stretches of time by which a search skips images without the words.

The index of grams holds, beside the grams of an image, the eras in which it came: one of each size. So it
tells, without looking at an image, in which eras any has the grams. A list by moment is then searched era by
era, from large ones to those within, and a year without the words costs next to nothing.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

SHIFTS = (22, 19, 16)
"""An era of each size has two to the power of that many seconds: seven weeks, six days, 18 hours. A
migration wrote these for images that were there."""
FEW = 2_000
"""An era with at most so many candidates is not looked into by its parts."""


@dataclass(frozen=True, slots=True)
class Era:
    """A stretch of time: the `place`-th of its size since 1970."""

    size: int
    place: int

    @property
    def number(self) -> int:
        """How the index of grams calls it. A gram that happens to have the same number does no harm: what
        is found is looked at."""
        return SHIFTS[self.size] << 24 | self.place

    def part(self, first: int, last: int) -> tuple[int, int]:
        """What of the seconds from `first` to `last`, in either order, lies in this era, in that order."""
        begins, ends = self.place << SHIFTS[self.size], ((self.place + 1) << SHIFTS[self.size]) - 1
        return min(max(first, begins), ends), min(max(last, begins), ends)


def second_of(moment: datetime) -> int:
    """Since 1970; what came before came then."""
    return max(0, int(moment.timestamp()))


def eras_of(moment: datetime) -> list[int]:
    """The numbers of the eras of a moment."""
    return [Era(size, second_of(moment) >> shift).number for size, shift in enumerate(SHIFTS)]


def eras_between(size: int, first: int, last: int) -> list[Era]:
    """The eras of a size from one second to another, in that order."""
    begin, end = first >> SHIFTS[size], last >> SHIFTS[size]
    step = 1 if end >= begin else -1
    return [Era(size, place) for place in range(begin, end + step, step)]


async def eras_with(
    session: AsyncSession, numbers: Sequence[int], first: int, last: int, size: int = 0
) -> AsyncIterator[tuple[Era, int]]:
    """Every era between two seconds in which images have all these grams, in that order, and how many: as
    large as it has `FEW` of them at most, or as small as there are."""
    eras = eras_between(size, first, last)
    while eras:
        found = await _first_with(session, numbers, eras)
        if found is None:
            return
        at, count = found
        era, eras = eras[at], eras[at + 1 :]
        if count <= FEW or size + 1 == len(SHIFTS):
            yield era, count
            continue
        async for inner in eras_with(session, numbers, *era.part(first, last), size + 1):
            yield inner


async def _first_with(
    session: AsyncSession, numbers: Sequence[int], eras: Sequence[Era]
) -> tuple[int, int] | None:
    """Which of these eras is the first with candidates, and how many it has; `FEW` and one are many."""
    places = {era.number: at for at, era in enumerate(eras)}
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    values = {
        "eras": json.dumps(list(places)) if is_sqlite else list(places),
        "grams": gram_words(numbers) if is_sqlite else list(numbers),
        "most": FEW + 1,
    }
    row = (await session.execute(_FIRST_ON_SQLITE if is_sqlite else _FIRST_ON_POSTGRESQL, values)).first()
    if row is None:
        return None
    number, count = row
    return places[number], count


def gram_words(numbers: Sequence[int]) -> str:
    """Grams as words of SQLite's full text index."""
    return " ".join(f"{number + 2**31:x}" for number in numbers)


# Both go through the eras in the order in which they are named, and end at the first.
_FIRST_ON_SQLITE = text(
    "SELECT * FROM (SELECT eras.value AS era, (SELECT count(*) FROM (SELECT 1 FROM image_grams"
    " WHERE image_grams MATCH :grams || printf(' %x', eras.value + 2147483648) LIMIT :most)) AS count"
    " FROM json_each(:eras) AS eras) WHERE count > 0 LIMIT 1"
)
# Two conditions: each is a key of the index, and one leaps to where the other may be met.
_FIRST_ON_POSTGRESQL = text(
    "SELECT eras.era, held.count FROM unnest(:eras) AS eras (era),"
    " LATERAL (SELECT count(*) AS count FROM (SELECT 1 FROM image_grams"
    " WHERE grams @> :grams AND grams @> ARRAY[eras.era] LIMIT :most) AS few) AS held"
    " WHERE held.count > 0 LIMIT 1"
).bindparams(bindparam("eras", type_=ARRAY(Integer)), bindparam("grams", type_=ARRAY(Integer)))
