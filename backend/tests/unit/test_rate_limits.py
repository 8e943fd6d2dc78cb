from __future__ import annotations

import pytest

from app.core.errors import RateLimited
from app.core.rate_limits import RateLimit


async def test_a_full_window_says_when_to_come_back() -> None:
    limit = RateLimit("tests", "2/minute")
    await limit.hit("ada")
    await limit.hit("ada")
    with pytest.raises(RateLimited) as caught:
        await limit.hit("ada")
    assert 1 <= caught.value.facts["retry_after"] <= 60
    assert isinstance(caught.value.facts["retry_after"], int)


async def test_keys_are_counted_apart() -> None:
    limit = RateLimit("tests", "1/hour")
    await limit.hit("ada")
    await limit.hit("eve")
    for key in ("ada", "eve"):
        with pytest.raises(RateLimited):
            await limit.hit(key)


async def test_rules_of_the_same_rate_are_counted_apart() -> None:
    first, second = RateLimit("uploads", "1/hour"), RateLimit("ai", "1/hour")
    await first.hit("ada")
    await second.hit("ada")


@pytest.mark.parametrize("rule", ["", "often", "5", "5/fortnight"])
def test_a_rule_that_is_no_rate_is_refused_by_name(rule: str) -> None:
    with pytest.raises(ValueError, match=r"^AUTH_RATE_LIMIT: "):
        RateLimit("AUTH_RATE_LIMIT", rule)
