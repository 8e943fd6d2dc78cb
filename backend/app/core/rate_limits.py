"""How often something may happen: a moving window for each key, kept in this process or shared by several."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.core import clock
from app.core.errors import RateLimited
from app.core.logging import get_logger

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

log = get_logger(__name__)

_PREFIX = "aigrowth"
"""How the names of all windows begin in a Redis that others use as well."""
_SECONDS = 1.0
"""The longest that a request waits for Redis."""
_AWAY_SECONDS = 5.0
"""How long one that did not answer is left alone."""


class Counters:
    """Where uses are counted: in this process, or with `redis_url` in a Redis or Valkey that several share.

    While that one does not answer each process counts for itself: nobody is kept from working, and a limit is
    as many times looser as there are processes.
    """

    def __init__(self, redis_url: str = "") -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._pool: ConnectionPool | None = None
        self._away_until = 0.0
        if redis_url:
            # Here, so that nobody else waits for the client to be read when the process starts.
            from redis.asyncio import ConnectionPool
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            self._pool = ConnectionPool.from_url(
                redis_url,
                socket_timeout=_SECONDS,
                socket_connect_timeout=_SECONDS,
                # Once more at once, for a kept connection that the server has closed meanwhile.
                retry=Retry(NoBackoff(), 1),
            )
            self._storage = RedisStorage(
                f"async+{redis_url}",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix=_PREFIX,
                connection_pool=self._pool,  # type: ignore[arg-type]  # named in its description alone
            )
            self._shared = MovingWindowRateLimiter(self._storage)

    async def close(self) -> None:
        """Let go of connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def answers(self) -> bool:
        """Whether the shared one does. Only where there is one."""
        try:
            return await self._storage.check()
        except Exception:
            return False

    async def hit(self, rule: RateLimitItem, *key: str) -> float | None:
        """Count one use. None where there was room for it, else when there is, as seconds since the epoch."""
        now = clock.now().timestamp()
        if self._pool is not None and now >= self._away_until:
            try:
                return await _hit(self._shared, rule, *key)
            except Exception as error:
                # Whatever it is: what answers with something else than a Redis would makes its client fail in
                # many ways. Its text may quote the address, and that may hold a password.
                log.warning("rate_limits.not_shared", error=type(error.__cause__ or error).__name__)
                self._away_until = now + _AWAY_SECONDS
        return await _hit(self._own, rule, *key)


async def _hit(limiter: MovingWindowRateLimiter, rule: RateLimitItem, *key: str) -> float | None:
    if await limiter.hit(rule, *key):
        return None
    room_at = float((await limiter.get_window_stats(rule, *key)).reset_time)
    if not math.isfinite(room_at):
        raise ValueError("no moment")
    return room_at


class RateLimit:
    """One rule, such as `20/minute`, counted separately for each key; with `times` so many times as much.

    Raises ValueError at once when the rule cannot be read.
    """

    def __init__(self, name: str, rule: str, counters: Counters | None = None, *, times: int = 1) -> None:
        try:
            read = parse(rule)
        except ValueError as error:
            raise ValueError(
                f"{name}: {rule!r} is not a rate, such as 20/minute or 5 per 10 seconds"
            ) from error
        self._rule: RateLimitItem = type(read)(read.amount * times, read.multiples)
        self._name = name
        self._counters = counters or Counters()

    async def hit(self, key: str) -> None:
        """Count one use. Raises RateLimited with `retry_after` in whole seconds when the window is full."""
        room_at = await self._counters.hit(self._rule, self._name, key)
        if room_at is None:
            return
        seconds = min(max(1, math.ceil(room_at - clock.now().timestamp())), self._rule.get_expiry())
        raise RateLimited(
            "rate_limited",
            f"Too many requests. Try again in {seconds} {'second' if seconds == 1 else 'seconds'}.",
            retry_after=seconds,
        )
