"""What users decide where something is stuck: another look at a publication whose outcome is unclear, the
last word on it, and another try on a channel that is held back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database, after_commit
from app.core.errors import Conflict, NotFound, RuleBroken
from app.models import channels as channel_models
from app.models import images as image_models
from app.models import posts as models
from app.models import sending as sending_models
from app.models import users as user_models
from app.models.channels import Channel, ChannelStatus
from app.models.posts import Post, Publication, PublicationState
from app.providers.publishing.base import Sites
from app.services import channels, posts
from app.services.publishing.history import note, sentence
from app.services.publishing.journal import ASKS_PERSON, LOOKED, LOOKING_AGAIN, SETTLED_BY_PERSON, place

_DAILY_LIMIT = "daily_limit_reached"


class Settling:
    """Decisions of people. `wake` starts a runner once there is something to do."""

    def __init__(self, database: Database, sites: Sites, *, wake: Callable[[], None]) -> None:
        self._database = database
        self._sites = sites
        self._wake = wake

    async def confirm(self, *, user_id: int, publication_id: int) -> Post:
        """Look at the platform again, now. What the look shows is told in the history."""
        now = clock.now()
        async with self._database.writing() as session:
            _, post = await hold_post_of(session, publication_id, user_id)
            moved = await models.move(
                session,
                publication_id,
                to=PublicationState.UNCONFIRMED,
                origin=PublicationState.UNCONFIRMED,
                at=now,
                step_count=0,
                next_step_at=now,
            )
            if not moved:
                raise Conflict("publication_settled", "There is nothing to look up for this publication now.")
            # Only the last of such looks is told: however often somebody asks, the history stays short.
            await models.drop_last_events(session, publication_id, [LOOKING_AGAIN, LOOKED])
            note(session, publication_id, now, LOOKING_AGAIN, "Looking at the platform again.")
            after_commit(session, self._wake)
            return post

    async def settle(
        self, *, user_id: int, publication_id: int, is_published: bool, permalink: str | None
    ) -> Post:
        """A person has looked at the platform, and says what became of the publication. What did not go out
        counts as failed, so that it can be sent again: `attempted_at` stays, as no look has proved it.

        That it is out can be said at any time; that it is not, once the looks that come by themselves have
        come to an end: until then it may still appear."""
        now = clock.now()
        async with self._database.writing() as session:
            publication, post = await hold_post_of(session, publication_id, user_id)
            if permalink is not None:
                await self._check_address(session, publication, permalink, is_published=is_published)
            if not is_published and is_looked_up(publication):
                raise Conflict("still_looking", await self._still_looking(session, publication))
            user = await user_models.find(session, user_id)
            who = user.name if user else "Somebody"
            told = f"{who} has looked: this {'is out' if is_published else 'did not go out'}."
            values: dict[str, Any] = {"published_at": now, "permalink": permalink, "error_code": None}
            if not is_published:
                values = {"error_code": "not_published"}
            moved = await models.move(
                session,
                publication_id,
                to=PublicationState.PUBLISHED if is_published else PublicationState.FAILED,
                origin=PublicationState.UNCONFIRMED,
                at=now,
                error_detail=None if is_published else f"{told} Send it again when you like.",
                next_step_at=None,
                # A look that is on its way comes too late.
                lease_owner=None,
                lease_until=None,
                **values,
            )
            if not moved:
                raise Conflict("publication_settled", "It is known by now what became of this publication.")
            if is_published:
                rows = await models.list_images(session, [post.id])
                await image_models.count_use(session, [row.image_id for row in rows], now)
            note(session, publication_id, now, SETTLED_BY_PERSON, told)
            return post

    async def try_now(self, *, user_id: int, channel_id: int) -> Channel:
        """Let posts go out ahead of time on a channel that is restricted, or held for the day's posts. Where
        some wait, the first of them tries; when the platform refuses again, it is as before. A pause that the
        platform itself has asked for is kept: it grows when it is broken."""
        now = clock.now()
        async with self._database.writing() as session:
            channel = await channels.require_channel(session, user_id=user_id, channel_id=channel_id)
            if channel.status == ChannelStatus.RECONNECT_NEEDED.value:
                raise Conflict(
                    "channel_not_connected", f"{channel.name} has to be connected again before it is tried."
                )
            if channel.status == ChannelStatus.RESTRICTED.value:
                channel.status = ChannelStatus.CONNECTED.value
                channel.problem_code = channel.problem_detail = None
                channel.check_at, channel.updated_at = now + channels.CHECK_EVERY, now
            await sending_models.shorten_holds(session, channel, _DAILY_LIMIT, now)
            await sending_models.release_held(session, channel, now)
            after_commit(session, self._wake)
            return channel

    async def _still_looking(self, session: AsyncSession, publication: Publication) -> str:
        channel = await channel_models.find(session, publication.channel_id)
        assert channel is not None
        return sentence(
            f"{place(channel)} is still looked at, as the post may appear there yet. If it is there by now, "
            "say so. That it is not there can be said once the looks have ended, after some minutes."
        )

    async def _check_address(
        self, session: AsyncSession, publication: Publication, permalink: str, *, is_published: bool
    ) -> None:
        """Refuse an address that is not one of the platform: people follow it."""
        if not is_published:
            raise RuleBroken("permalink_not_usable", "Give an address only for a post that is out.")
        channel = await channel_models.find(session, publication.channel_id)
        assert channel is not None
        platform, is_practice = channel.platform, channel.is_practice
        if not self._sites.has(platform, permalink, is_practice=is_practice):
            raise RuleBroken(
                "permalink_not_usable",
                f"Give the post's own address on {place(channel)}. Only one that begins with "
                f"{self._sites.start(platform, is_practice=is_practice)} is taken.",
            )


def is_looked_up(publication: Publication) -> bool:
    """Whether its outcome is unclear, and looks at the platform that come by themselves may still show it.
    Once a person was asked to look, others may follow, but nobody has to wait for them."""
    return publication.state == PublicationState.UNCONFIRMED.value and publication.error_code != ASKS_PERSON


async def hold_post_of(session: AsyncSession, publication_id: int, user_id: int) -> tuple[Publication, Post]:
    """A publication and its post, held, for whoever may send it."""
    found = await models.find_publication_for_user(session, publication_id, user_id)
    if found is None:
        raise NotFound("publication_not_found", "There is no such publication.")
    return found[0], await posts.hold_post(session, user_id=user_id, post_id=found[0].post_id)
