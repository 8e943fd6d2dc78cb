"""Holds: when a platform asks for a pause, or does not work for anybody, nothing is sent until it does.

    an account is asked to stay away     its channel is held until the platform's time
    several accounts meet one fault      everything on that platform is held, where they are of several owners
      of the platform within minutes     (or the server has but one); else each of these channels

What is held keeps its place: it is not taken by runners, and goes on in the order in which it was due. When a
hold's time is over, one publication tries alone. If it goes out, all others follow; if it meets the same
again, the hold goes on, longer each time; if it comes to an end of its own, the next one tries. Owners take
turns at that, and those who had no trouble come first.

A fault counts for the whole platform only while nothing else goes out there, and only when several owners met
it: accounts that anybody can connect must not stop others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.logging import get_logger
from app.models import sending as models
from app.models.businesses import Role
from app.models.channels import Channel
from app.models.posts import PublicationState
from app.models.sending import Hold
from app.providers.publishing.base import PublishingError, RateLimited
from app.services import access
from app.services.posts import LABELS, PublicationStory

log = get_logger(__name__)

LONGEST_HELD = timedelta(hours=24)
"""A publication that is held longer than this is given up."""
_APP_LIMIT = "app_rate_limited"
_FAULTS = {
    "platform_unavailable": "platform_unavailable",
    "platform_unreachable": "platform_unavailable",
    "outcome_unclear": "platform_unavailable",
    "preparation_failed": "platform_unavailable",
}
"""Faults of a platform, and as which they count together."""


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """When a platform is held, and how long."""

    accounts: int = 3
    """So many accounts have to meet the same fault; for a whole platform also as many owners, or all that
    there are, if those are fewer."""
    is_one_app: bool = True
    """Every token is of this server's own app. Otherwise anybody's app may be behind one, and that it is
    exhausted says nothing of the others."""
    within: timedelta = timedelta(minutes=5)
    first_pause: timedelta = timedelta(seconds=60)
    longest_pause: timedelta = timedelta(minutes=15)
    probe: timedelta = timedelta(minutes=5)
    """How long the publication that tries has until another one may."""


class Holds:
    """Begins, asks about and ends holds. `wake` starts a runner once something may go on."""

    def __init__(
        self, database: Database, *, wake: Callable[[], None], terms: HoldTerms | None = None
    ) -> None:
        self._database = database
        self._wake = wake
        self._terms = terms or HoldTerms()

    async def in_the_way(self, channel: Channel, publication_id: int) -> Hold | None:
        """The hold that keeps this publication from going on now; None when it may, perhaps as the one
        that tries for all others."""
        now = clock.now()
        async with self._database.reading() as session:
            holds = await models.holds_on(session, channel)
        for found in holds:
            hold = found if found.until > now else await self._probed(channel, found, now)
            if hold is not None and hold.probe_publication_id != publication_id:
                return hold
        return None

    async def _probed(self, channel: Channel, hold: Hold, now: datetime) -> Hold | None:
        """A hold whose time is over, with the publication that tries; None when it has ended meanwhile.

        Another runner may be faster, and whom it chose is asked for afterwards: it may be any one that waits.
        """
        async with self._database.writing() as session:
            probe_id = await models.begin_probe(session, hold, now=now, until=now + self._terms.probe)
        if probe_id is not None:
            log.info("hold.probed", hold_id=hold.id, publication_id=probe_id)
            self._wake()
        async with self._database.reading() as session:
            holds = await models.holds_on(session, channel)
        return next((found for found in holds if found.id == hold.id), None)

    async def note(self, channel: Channel, publication_id: int, error: PublishingError) -> Hold | None:
        """An attempt came to this error. Returns the hold that was begun or made longer by it. One that ends
        the publication is followed by `pass_on`."""
        now = clock.now()
        if isinstance(error, RateLimited):
            until = now + timedelta(seconds=min(error.retry_after or 60, 24 * 60 * 60))
            detail = f"{error.detail} Posts go out by themselves afterwards."
            hold = await self._begin(channel, False, error.code, detail, until, passing=publication_id)
            if error.is_of_app and (channel.is_practice or self._terms.is_one_app):
                await self._count(channel, _APP_LIMIT, detail, until, accounts=2)
            return hold
        fault = _FAULTS.get(error.code)
        if fault is None:
            return None
        pause = await self._pause(channel)
        label = LABELS[channel.platform]
        detail = (
            f"{label} has trouble for several accounts at once. Nothing is sent until it works again; then "
            "posts go out in order by themselves."
        )
        return await self._count(
            channel, fault, detail, now + pause, accounts=self._terms.accounts, probe=publication_id
        )

    async def pass_on(self, channel: Channel, publication_id: int) -> None:
        """This publication came to an end that says nothing of the platform. If it tried for others, the next
        one does."""
        async with self._database.writing() as session:
            is_over = await models.end_probe(session, publication_id, until=clock.now())
            if is_over:
                await models.release_held(session, channel, clock.now())
        if is_over:
            self._wake()

    async def end(self, channel: Channel, publication_id: int) -> None:
        """This publication went out. What it tried for all others is over."""
        async with self._database.writing() as session:
            ended = await models.end_holds(session, channel, publication_id, clock.now())
            if ended:
                await models.release_held(session, channel, clock.now())
        if ended:
            log.info("hold.ended", platform=channel.platform, publication_id=publication_id)
            self._wake()

    async def _pause(self, channel: Channel) -> timedelta:
        async with self._database.reading() as session:
            holds = await models.holds_on(session, channel)
        tries = max((hold.tries for hold in holds if hold.code in _FAULTS.values()), default=-1) + 1
        doubled: timedelta = self._terms.first_pause * 2 ** min(tries, 10)
        return min(doubled, self._terms.longest_pause)

    async def _begin(
        self,
        channel: Channel,
        is_on_platform: bool,
        code: str,
        detail: str,
        until: datetime,
        *,
        passing: int | None = None,
    ) -> Hold | None:
        now = clock.now()
        async with self._database.writing() as session:
            # What `passing` tried for others ends at the same moment: it must not be chosen again in between.
            is_over = passing is not None and await models.end_probe(session, passing, until=now)
            if is_over:
                await models.release_held(session, channel, now)
            begun = await models.begin_hold(
                session,
                channel,
                is_on_platform=is_on_platform,
                code=code,
                detail=detail,
                at=now,
                until=until,
            )
            holds = await models.holds_on(session, channel)
        if is_over:
            self._wake()
        if begun:
            log.warning("hold.begun", channel_id=channel.id, is_on_platform=is_on_platform, code=code)
        return next((hold for hold in holds if (hold.channel_id is None) == is_on_platform), None)

    async def _count(
        self,
        channel: Channel,
        code: str,
        detail: str,
        until: datetime,
        *,
        accounts: int,
        probe: int | None = None,
    ) -> Hold | None:
        now = clock.now()
        async with self._database.writing() as session:
            await models.note_trouble(session, channel.id, code, now)
            if probe is not None and await models.end_probe(session, probe, until=until):
                for hold in await models.holds_on(session, channel):
                    await models.hold_no_longer(session, hold, hold.until)
            troubled = await models.who_is_troubled(session, channel, code, now - self._terms.within)
            is_trouble = (
                troubled.accounts >= accounts
                and troubled.first_at is not None
                and not await models.has_published_since(session, channel, troubled.first_at)
            )
            holds = await models.holds_on(session, channel)
        known = [hold for hold in holds if hold.channel_id is None or (probe and hold.code == code)]
        if known or not is_trouble:
            return next(iter(known), None)
        # Somebody's many accounts alone stop nobody else: they are held one by one.
        is_everywhere = troubled.owners >= min(accounts, troubled.others)
        return await self._begin(channel, is_everywhere, code, detail, until)


async def list_holds(session: AsyncSession, *, user_id: int, business_id: int) -> Sequence[Hold]:
    """What keeps posts of this business from going out now."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.holds_of_business(session, business_id)


def held_until(story: PublicationStory) -> datetime | None:
    """Until when nothing of this publication is sent; None when nothing holds it."""
    row = story.publication
    is_waiting = row.state in (PublicationState.SCHEDULED.value, PublicationState.PUBLISHING.value)
    if not is_waiting or row.held_until is None or row.held_until <= clock.now():
        return None
    return row.held_until
