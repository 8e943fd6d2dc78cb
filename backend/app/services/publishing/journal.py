"""What a step came to, committed: the new state, when it goes on, and a line of history.

Nothing is kept for a runner that has lost its lease, but for one thing: that a post is out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.core import clock
from app.core.db import Database
from app.core.logging import get_logger
from app.models import channels as channel_models
from app.models import images as image_models
from app.models import posts as models
from app.models import sending
from app.models.channels import Channel, ChannelStatus
from app.models.posts import PartKind, Publication, PublicationEvent, PublicationPart, PublicationState
from app.models.sending import Hold
from app.providers.publishing.base import (
    PublishingError,
)
from app.services.channel_health import RESTRICTED_FOR
from app.services.posts import LABELS, Outgoing
from app.services.publishing.history import note, sentence

log = get_logger(__name__)

_LOOK_AFTER = timedelta(minutes=2)
"""A channel that refused a post is looked at soon: that says more of it."""
PATIENCE = timedelta(minutes=10)
"""How long a publication tries before it says that it did not work."""
ORDINARY_WAIT = "platform_slow"
"""The code of a wait that every platform asks for: no trouble, so its line of history promises no cure."""
PAUSES = (1, 2, 3, 5, 10, 20, 30, 60)
"""Seconds between two looks, longer each time."""
LOOKING_AGAIN = "looking_again"
"""The code of a look that a person has asked for: what it shows is told, whatever it is."""
LOOKED = "looked"
ASKS_PERSON = "needs_a_look"
"""The code of what looks have not settled: a person is asked to look."""
LOOKING_FIRST = "looking_first"
"""The code of the look that comes before something is sent again."""
SETTLED_BY_PERSON = "settled_by_person"
_LOOKING = frozenset({ASKS_PERSON, "not_looked_up", LOOKING_AGAIN, LOOKED, LOOKING_FIRST, SETTLED_BY_PERSON})
"""Lines of history that say nothing new about what was sent."""


def pause(step_count: int) -> timedelta:
    """How long to wait before the next look, longer each time."""
    return timedelta(seconds=PAUSES[min(step_count, len(PAUSES) - 1)])


@dataclass(frozen=True, slots=True)
class Task:
    """Everything one step needs, read in one go."""

    publication: Publication
    channel: Channel
    outgoing: Outgoing
    events: Sequence[PublicationEvent]
    parts: list[PublicationPart]
    """What has been handed over for the images, in order; grows while a step hands over more."""
    is_post_deleted: bool

    @property
    def state(self) -> PublicationState:
        """Where the publication stood when the step began."""
        return PublicationState(self.publication.state)

    @property
    def references(self) -> list[str]:
        """The platform's references of the parts, in order."""
        return [part.reference for part in self.parts]

    @property
    def has_leftovers(self) -> bool:
        """Whether something lies on the platform that would stay there: photos that no post shows."""
        return any(part.kind == PartKind.PHOTO.value for part in self.parts)

    @property
    def unclear_since(self) -> datetime:
        """When it became unclear whether the last attempt worked."""
        lines = [event.at for event in self.events if event.code not in _LOOKING]
        return max(lines, default=self.publication.updated_at)

    @property
    def is_denied(self) -> bool:
        """Whether a person has said of the last attempt that it did not go out."""
        attempted_at = self.publication.attempted_at
        return attempted_at is not None and any(
            event.code == SETTLED_BY_PERSON and event.at >= attempted_at for event in self.events
        )

    def is_told(self, code: str) -> bool:
        """Whether the last line of history says this already."""
        return bool(self.events) and self.events[-1].code == code

    def steps_of(self, error: PublishingError | None) -> int:
        """How many steps have come to this same wait, one after the other."""
        if error is not None and not self.is_told(error.code):
            return 0
        return self.publication.step_count


def label(task: Task) -> str:
    """Where a publication goes, inside a sentence."""
    return place(task.channel)


def place(channel: Channel) -> str:
    """The platform behind a channel, inside a sentence."""
    if channel.is_practice:
        return {"instagram": "Practice Instagram", "facebook": "the Practice Page"}[channel.platform]
    return LABELS[channel.platform]


class Journal:
    """Keeps what the steps of one runner come to. `owner` names the runner in leases."""

    def __init__(self, database: Database, *, owner: str, wake: Callable[[], None]) -> None:
        self._database = database
        self._owner = owner
        self._wake = wake

    async def succeed(self, task: Task, external_id: str | None) -> bool:
        """It is out. That is true whoever holds the lease by now, so it is kept in any case; False where it
        was known already."""
        publication, channel, now = task.publication, task.channel, clock.now()
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                publication.id,
                to=PublicationState.PUBLISHED,
                at=now,
                external_id=external_id,
                published_at=now,
                error_code=None,
                error_detail=None,
                held_until=None,
                step_count=0,
            )
            if not moved:
                return False
            await image_models.count_use(
                session, [picture.image.id for picture in task.outgoing.pictures], now
            )
            if channel.status != ChannelStatus.CONNECTED.value:
                # Whatever stood in the way has been put right.
                await channel_models.set_status(
                    session, channel.id, ChannelStatus.CONNECTED, now, token_sealed=channel.token_sealed
                )
            told = f"Published on {label(task)}."
            if task.is_denied:
                told = f"{label(task)} shows that it is out already. Nothing was sent again."
            note(session, publication.id, now, "published", told)
        log.info("publication.published", publication_id=publication.id, channel_id=task.channel.id)
        return True

    async def fail(self, task: Task, code: str, detail: str) -> None:
        """It did not work. Photos that were handed over in vain are removed in a step that follows."""
        await self.keep(
            task,
            PublicationState.FAILED,
            code=code,
            message=detail,
            error_code=code,
            error_detail=sentence(detail),
            attempted_at=None,
            step_count=0,
            next_step_at=clock.now() if task.has_leftovers else None,
        )
        log.info("publication.failed", publication_id=task.publication.id, code=code)

    async def keep(
        self,
        task: Task,
        state: PublicationState,
        *,
        code: str,
        message: str,
        **values: Any,
    ) -> None:
        """Commit what a step came to, with a line of history, and let the lease go. Nothing of it is kept
        when the publication was moved elsewhere meanwhile."""
        publication, now = task.publication, clock.now()
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                publication.id,
                to=state,
                origin=task.state,
                at=now,
                held_by=self._owner,
                lease_owner=None,
                lease_until=None,
                **values,
            )
            if moved:
                note(session, publication.id, now, code, message)
            else:
                await models.release(session, publication.id, self._owner)
        if values.get("next_step_at"):
            self._wake()

    async def again(
        self,
        task: Task,
        at: datetime | None,
        error: PublishingError | None = None,
        *,
        seen: str | None = None,
        **values: Any,
    ) -> None:
        """The same state, another step at `at`; None: no other by itself. `seen`: what a look showed that a
        person has asked for."""
        publication = task.publication
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                publication.id,
                to=task.state,
                origin=task.state,
                at=clock.now(),
                held_by=self._owner,
                step_count=task.steps_of(error) + 1,
                next_step_at=at,
                lease_owner=None,
                lease_until=None,
                **values,
            )
            if not moved:
                await models.release(session, publication.id, self._owner)
            elif error and not task.is_told(error.code):
                # One line for a wait, not one for every look.
                told = f"{error.detail} It is tried again by itself."
                if error.code == ORDINARY_WAIT:
                    what = "the picture" if len(task.outgoing.pictures) == 1 else "the pictures"
                    told = f"Waiting until {label(task)} is done with {what}."
                note(session, publication.id, clock.now(), error.code, told)
            elif seen is not None:
                note(session, publication.id, clock.now(), LOOKED, seen)

    async def hold(self, task: Task, hold: Hold, **values: Any) -> None:
        """Nothing is sent on this channel for now. Its place stays: `next_step_at` does not change.

        Where the hold has ended since it was read, or has chosen this publication to try, it goes on instead.
        """
        publication, now = task.publication, clock.now()
        async with self._database.writing() as session:
            until = await sending.until_when(session, hold, publication.id)
            if until is not None:
                values |= {"held_until": until, "held_since": publication.held_since or now}
            moved = await models.move(
                session,
                publication.id,
                to=task.state,
                origin=task.state,
                at=now,
                held_by=self._owner,
                lease_owner=None,
                lease_until=None,
                **values,
            )
            if not moved:
                await models.release(session, publication.id, self._owner)
            elif until is not None and not task.is_told(hold.code):
                note(session, publication.id, now, hold.code, hold.detail)
        self._wake()

    async def go_on(self, task: Task) -> None:
        """What held it is over: its patience begins anew."""
        publication, now = task.publication, clock.now()
        fresh = {"started_at": now, "step_count": 0, "prepare_count": 0, "held_until": None}
        if task.state is PublicationState.SCHEDULED:
            fresh["started_at"] = publication.started_at
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                publication.id,
                to=task.state,
                origin=task.state,
                at=now,
                held_by=self._owner,
                **fresh,
            )
            if moved:
                note(session, publication.id, now, "resumed", "Going on.")
        for name, value in fresh.items():
            setattr(publication, name, value)

    async def rest(self, task: Task) -> None:
        """There is nothing to do for this publication."""
        await self.again(task, None)

    async def put_back(self, publication_id: int) -> None:
        """After trouble that nobody foresaw: once more in a while, but not for ever."""
        now = clock.now()
        async with self._database.writing() as session:
            publication = await models.find_publication(session, publication_id)
            if publication is None or publication.lease_owner != self._owner:
                return
            state = PublicationState(publication.state)
            started_at = publication.started_at or now
            is_unsent = state in (PublicationState.SCHEDULED, PublicationState.PUBLISHING)
            if is_unsent and publication.attempted_at is None and now > started_at + PATIENCE:
                told = "Something went wrong on this server. Nothing went out. Send it again later."
                parts = await models.list_parts(session, [publication_id])
                has_photos = any(part.kind == PartKind.PHOTO.value for part in parts)
                await models.move(
                    session,
                    publication_id,
                    to=PublicationState.FAILED,
                    origin=state,
                    at=now,
                    held_by=self._owner,
                    error_code="internal_error",
                    error_detail=told,
                    next_step_at=now if has_photos else None,
                    lease_owner=None,
                    lease_until=None,
                )
                note(session, publication_id, now, "internal_error", told)
                return
            await models.move(
                session,
                publication_id,
                to=state,
                origin=state,
                at=now,
                held_by=self._owner,
                started_at=started_at,
                # A link is not worth more.
                next_step_at=None if state is PublicationState.PUBLISHED else now + pause(4),
                lease_owner=None,
                lease_until=None,
            )

    async def mark_channel(self, task: Task, status: ChannelStatus, error: PublishingError) -> None:
        """Say so on the channel, and why, unless it has been connected with another token meanwhile."""
        channel, is_restricted = task.channel, status is ChannelStatus.RESTRICTED
        async with self._database.writing() as session:
            await channel_models.set_status(
                session,
                channel.id,
                status,
                clock.now(),
                token_sealed=channel.token_sealed,
                problem=(error.code, error.detail),
                check_at=clock.now() + (RESTRICTED_FOR if is_restricted else _LOOK_AFTER),
            )
