"""How often something may happen: a moving window for each key, kept in this process."""

from __future__ import annotations

import math

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.core import clock
from app.core.errors import RateLimited


class RateLimit:
    """One rule, such as `20/minute`, counted separately for each key.

    Raises ValueError at once when the rule cannot be read.
    """

    def __init__(self, name: str, rule: str) -> None:
        try:
            self._rule: RateLimitItem = parse(rule)
        except ValueError as error:
            raise ValueError(
                f"{name}: {rule!r} is not a rate, such as 20/minute or 5 per 10 seconds"
            ) from error
        self._name = name
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, key: str) -> None:
        """Count one use. Raises RateLimited with `retry_after` in whole seconds when the window is full."""
        if await self._limiter.hit(self._rule, self._name, key):
            return
        window = await self._limiter.get_window_stats(self._rule, self._name, key)
        seconds = max(1, math.ceil(window.reset_time - clock.now().timestamp()))
        raise RateLimited(
            "rate_limited",
            f"Too many requests. Try again in {seconds} {'second' if seconds == 1 else 'seconds'}.",
            retry_after=seconds,
        )
