"""How many posts an account may send in 24 hours, and whether one more has room.

What is planned counts as much as what is out: any 24 hours hold at most the platform's number. What others
sent on the account (an app on a phone does not count there, another product does) is known only as a number,
so it counts as if it had just gone out. The platform is asked outside of transactions; room is given inside
of one that holds the accounts, so that two requests cannot get the same place.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError
from app.core.logging import get_logger
from app.models import businesses as business_models
from app.models import sending as models
from app.models.channels import Channel
from app.providers.publishing.base import Metered, PublishingError
from app.services.channels import Channels
from app.services.posts import LABELS, Problem

log = get_logger(__name__)

DAY = timedelta(hours=24)
_BELIEVED_FOR = timedelta(seconds=60)
_LONGEST_WAIT = 5.0
"""Seconds that whoever plans a post waits for the platform's number."""


@dataclass(frozen=True, slots=True)
class Meter:
    """What the platform said: its number, and how many posts of others it counts."""

    total: int
    foreign: int
    read_at: datetime


def next_free(total: int, taken: Sequence[datetime], at: datetime) -> datetime:
    """The earliest moment from `at` on at which one more post leaves no 24 hours with more than `total`."""
    times = sorted(taken)
    for candidate in [at, *(moment + DAY for moment in times if moment + DAY > at)]:
        first, last = bisect_right(times, candidate - DAY), bisect_left(times, candidate + DAY)
        near = sorted([*times[first:last], candidate])
        if all(later - earlier >= DAY for earlier, later in zip(near, near[total:], strict=False)):
            return candidate
    return at  # without a place for any post (`total` 0) the platform itself says so


class Quotas:
    """Asks the platforms, and remembers the answer for a minute."""

    def __init__(self, database: Database, channels: Channels) -> None:
        self._database = database
        self._channels = channels
        self._meters: dict[int, Meter] = {}

    async def read(self, channel: Channel) -> Meter | None:
        """What the platform says now; None where it has no limit, or cannot say."""
        now = clock.now()
        known = self._meters.get(channel.id)
        if known is not None and now - known.read_at < _BELIEVED_FOR:
            return known
        try:
            publisher = self._channels.publisher(channel)
            if not isinstance(publisher, Metered):
                return None
            async with asyncio.timeout(_LONGEST_WAIT):
                quota = await publisher.quota(self._channels.account(channel))
        except (PublishingError, AppError, ValueError, TimeoutError) as error:
            # The platform watches over its limit itself; this is to know it earlier.
            log.info("quota.not_read", channel_id=channel.id, reason=type(error).__name__)
            return known
        async with self._database.reading() as session:
            _, out = await models.sending_times(session, channel, since=now - DAY, now=now)
        self._meters[channel.id] = Meter(quota.total, max(quota.used - out, 0), now)
        return self._meters[channel.id]

    async def problem(
        self,
        session: AsyncSession,
        channel: Channel,
        meter: Meter | None,
        at: datetime,
        *,
        but_post_id: int | None = None,
    ) -> Problem | None:
        """Why a post cannot go out at `at`, with the next free time; None where there is room. The post
        itself, where it is planned already, is not counted."""
        if meter is None:
            return None
        now = clock.now()
        times, _ = await models.sending_times(
            session, channel, since=now - DAY, now=now, but_post_id=but_post_id
        )
        free_at = next_free(meter.total, [*times, *[meter.read_at] * min(meter.foreign, meter.total)], at)
        if free_at <= at:
            return None
        # In whole minutes, as people plan.
        free_at = (free_at + timedelta(seconds=59)).replace(second=0, microsecond=0)
        business = await business_models.find(session, channel.business_id)
        zone = ZoneInfo(business.timezone) if business else UTC
        return Problem(
            "quota_reached",
            f"{LABELS[channel.platform]} takes {meter.total} post{'s' if meter.total != 1 else ''} "
            f"in 24 hours from {channel.name}, and so many are out or scheduled.",
            f"Schedule this one for {free_at.astimezone(zone):%A, %-d %B at %H:%M} or later, or take out "
            "another.",
            limit=meter.total,
        )
