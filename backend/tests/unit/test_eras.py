from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.models.images.eras import SHIFTS, Era, eras_between, eras_of, second_of

SECONDS = st.integers(0, 2**33)


@given(SECONDS, st.integers(-(2**26), 2**26))
def test_eras_follow_each_other_from_one_end_to_the_other_whichever_that_is(first: int, way: int) -> None:
    last = max(0, first + way)
    for size, shift in enumerate(SHIFTS):
        eras = eras_between(size, first, last)
        parts = [era.part(first, last) for era in eras]
        # Each begins where the one before ended, and together they are the whole way.
        assert (parts[0][0], parts[-1][1]) == (first, last)
        step = 1 if last >= first else -1
        assert all(end + step == begin for (_, end), (begin, _) in pairwise(parts))
        for era, (begin, end) in zip(eras, parts, strict=True):
            assert begin >> shift == end >> shift == era.place


@given(st.datetimes(datetime(1960, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_a_moment_lies_in_one_era_of_each_size(moment: datetime) -> None:
    numbers = eras_of(moment)
    second = second_of(moment)
    assert numbers == [Era(size, second >> shift).number for size, shift in enumerate(SHIFTS)]
    assert len(set(numbers)) == len(SHIFTS)
    # As the index of grams has room for on every database, and as SQLite's words are made of.
    assert all(2**28 <= number < 2**31 for number in numbers)
    later = eras_of(moment + timedelta(seconds=2 ** max(SHIFTS)))
    assert second == 0 or not set(numbers) & set(later)
