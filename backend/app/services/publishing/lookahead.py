"""Planned posts are looked at while their owners can still do something: a day before, whether their channel
can take them, and shortly before, everything. A channel that is cut off is told on its posts at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, UpstreamTrouble
from app.core.logging import get_logger
from app.models import channels as channel_models
from app.models import posts as post_models
from app.models import sending as models
from app.models.posts import PublicationState
from app.services import posts
from app.services.channel_health import ChannelHealth
from app.services.channels import Channels
from app.services.images import Library
from app.services.posts import CHANNEL_NOT_CONNECTED, PostStory, Problem, PublicationStory
from app.services.publishing.history import note
from app.services.publishing.preflight import Preflight

log = get_logger(__name__)

FIRST_LOOK, LAST_LOOK = timedelta(hours=24), timedelta(minutes=10)
"""How long before a post is due."""
_SEEN_LATELY = timedelta(hours=1)
"""A channel is not looked at again for each of its posts."""
_AT_ONCE = 20


class LookAhead:
    """Looks at the channel of what is due soon, checks it by every rule, and fetches its pictures as the
    platform will. What stands in the way is told; at its time the publication is judged once more."""

    def __init__(
        self,
        database: Database,
        library: Library,
        channels: Channels,
        preflight: Preflight,
        health: ChannelHealth,
    ) -> None:
        self._health = health
        self._database = database
        self._library = library
        self._channels = channels
        self._preflight = preflight

    async def look(self) -> int:
        """Look at everything whose time for a look has come. Returns how many looks there were."""
        now = clock.now()
        async with self._database.writing() as session:
            last = await models.claim_last_looks(session, due_before=now + LAST_LOOK, limit=_AT_ONCE)
            first = await models.claim_first_looks(
                session, now=now, due_before=now + FIRST_LOOK, limit=_AT_ONCE
            )
        for publication_id in first:
            await self._look_at_channel(publication_id)
        for publication_id in last:
            await self._look_at(publication_id)
        await self._tell_of_channels()
        return len(first) + len(last)

    async def _look_at_channel(self, publication_id: int) -> None:
        async with self._database.reading() as session:
            publication = await post_models.find_publication(session, publication_id)
            channel = (
                None if publication is None else await channel_models.find(session, publication.channel_id)
            )
        if channel is None:
            return
        if channel.checked_at is None or channel.checked_at < clock.now() - _SEEN_LATELY:
            await self._health.check_health(channel.id)

    async def _tell_of_channels(self) -> None:
        """Whoever or whatever has found a channel cut off, or has connected it again: its posts say so."""
        now, code = clock.now(), CHANNEL_NOT_CONNECTED
        async with self._database.writing() as session:
            for publication, channel in await models.list_cut_off(session, code, _AT_ONCE):
                problem = posts.channel_problem(channel)
                assert problem is not None
                await _keep(session, publication.id, now, problem.code, problem.sentences)
                log.warning("publication.in_danger", publication_id=publication.id, code=code)
            for publication, channel in await models.list_joined_again(session, code, _AT_ONCE):
                told = f"{channel.name} is connected again: this goes out at its time."
                await _keep(session, publication.id, now, "channel_connected", told, is_well=True)

    async def _look_at(self, publication_id: int) -> None:
        async with self._database.reading() as session:
            publication = await post_models.find_publication(session, publication_id)
        if publication is None:
            return
        await self._health.check_health(publication.channel_id)
        async with self._database.reading() as session:
            post = await post_models.find(session, publication.post_id)
            if post is None:
                return
            (story,) = await posts.tell(session, [post])
        part = next(part for part in story.publications if part.publication.id == publication_id)
        try:
            problem = await self._problem(story, part)
        except UpstreamTrouble:
            return  # trouble of our own may have passed by then
        except AppError as error:
            problem = Problem(error.code, error.detail, "")
        if problem is not None and problem.code != CHANNEL_NOT_CONNECTED:  # which is told anyway
            await self._tell(publication_id, problem)

    async def _problem(self, story: PostStory, part: PublicationStory) -> Problem | None:
        outgoing = story.outgoing(part.channel.id)
        verdict = await posts.judge(self._library, self._channels, part.channel, outgoing)
        if verdict.obstacle is not None:
            return verdict.obstacle
        return await self._preflight.obstacle(part.channel, verdict.files, is_afresh=True)

    async def _tell(self, publication_id: int, problem: Problem) -> None:
        async with self._database.writing() as session:
            told = f"Looked at before its time: {problem.sentences.strip()}"
            detail = problem.sentences.strip()
            await _keep(session, publication_id, clock.now(), problem.code, told, detail=detail)
        log.warning("publication.in_danger", publication_id=publication_id, code=problem.code)


async def _keep(
    session: AsyncSession,
    publication_id: int,
    at: datetime,
    code: str,
    told: str,
    *,
    detail: str | None = None,
    is_well: bool = False,
) -> None:
    """Write it down, unless the publication has begun meanwhile."""
    moved = await post_models.move(
        session,
        publication_id,
        to=PublicationState.SCHEDULED,
        origin=PublicationState.SCHEDULED,
        at=at,
        error_code=None if is_well else code,
        error_detail=None if is_well else detail or told,
    )
    if moved:
        note(session, publication_id, at, code, told)
