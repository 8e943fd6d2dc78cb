"""A planned post is looked at once more shortly before its time, while its owner can still do something."""

from __future__ import annotations

from datetime import timedelta

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, UpstreamTrouble
from app.core.logging import get_logger
from app.models import posts as post_models
from app.models import sending as models
from app.models.posts import PublicationState
from app.services import posts
from app.services.channel_health import ChannelHealth
from app.services.channels import Channels
from app.services.images import Library
from app.services.posts import PostStory, Problem, PublicationStory
from app.services.publishing.history import note
from app.services.publishing.preflight import Preflight

log = get_logger(__name__)

AHEAD = timedelta(minutes=10)
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
        """Look at everything that is due within ten minutes and was not looked at. Returns how many."""
        now = clock.now()
        async with self._database.writing() as session:
            ids = await models.claim_preflights(session, now=now, due_before=now + AHEAD, limit=_AT_ONCE)
        for publication_id in ids:
            await self._look_at(publication_id)
        return len(ids)

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
        if problem is not None:
            await self._tell(publication_id, problem)

    async def _problem(self, story: PostStory, part: PublicationStory) -> Problem | None:
        outgoing = story.outgoing(part.channel.id)
        verdict = await posts.judge(self._library, self._channels, part.channel, outgoing)
        if verdict.obstacle is not None:
            return verdict.obstacle
        return await self._preflight.obstacle(part.channel, verdict.files, is_afresh=True)

    async def _tell(self, publication_id: int, problem: Problem) -> None:
        now = clock.now()
        async with self._database.writing() as session:
            moved = await post_models.move(
                session,
                publication_id,
                to=PublicationState.SCHEDULED,
                origin=PublicationState.SCHEDULED,
                at=now,
                error_code=problem.code,
                error_detail=problem.sentences.strip(),
            )
            if moved:
                told = f"Looked at before its time: {problem.sentences.strip()}"
                note(session, publication_id, now, problem.code, told)
        log.warning("publication.in_danger", publication_id=publication_id, code=problem.code)
