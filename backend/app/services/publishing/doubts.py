"""What became of an attempt whose answer is missing: only a look at the platform moves it on.

A person may say that it did not go out, and have it sent again. People are mistaken at times, so a look comes
first all the same: what the platform shows is believed, and it is sent anew only where everything since the
attempt is listed without it. A platform that does not answer, or refuses to show it, lets nothing be sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from app.core import clock
from app.core.errors import AppError, UpstreamTrouble
from app.models.channels import ChannelStatus
from app.models.posts import PublicationState
from app.providers.publishing.base import (
    Look,
    PublishingError,
    ReconnectNeeded,
    Standing,
    TryLater,
)
from app.services.publishing.history import sentence
from app.services.publishing.journal import ASKS_PERSON, LOOKING_AGAIN, Journal, Task, label, pause
from app.services.publishing.tasks import Tasks

MAX_ATTEMPTS = 5
"""How often `finish` is sent when each time its answer is lost and a look proves that nothing went out."""
MAX_LOOKS = 20
"""After so many looks a person is asked to look. A platform that does not answer is asked further on."""
_FEW_LOOKS = 5
"""So many looks wait for the platform to tell more than it has so far."""


class Doubts:
    """Looks until it is known. `succeed` keeps that a publication is out."""

    def __init__(
        self,
        tasks: Tasks,
        journal: Journal,
        *,
        settle_after: timedelta,
        succeed: Callable[[Task, str | None], Awaitable[None]],
    ) -> None:
        self._tasks = tasks
        self._journal = journal
        self._settle_after = settle_after
        self._succeed = succeed

    async def begin(self, task: Task, code: str, detail: str, look_at: datetime) -> None:
        """`finish` may have worked: nothing is sent before a look has shown what became of it."""
        told = sentence(f"{detail} Looking at {label(task)} before anything is sent again.")
        await self._journal.keep(
            task,
            PublicationState.UNCONFIRMED,
            code=code,
            message=told,
            error_code=code,
            error_detail=told,
            step_count=0,
            next_step_at=look_at,
        )

    async def look(self, task: Task) -> None:
        """Find out what became of an attempt whose answer is missing."""
        publication = task.publication
        attempted_at = publication.attempted_at or publication.updated_at
        is_answering = True
        try:
            publisher, account = self._tasks.platform(task.channel)
            placement = publisher.rules.placement_for(len(task.outgoing.pictures))
            content = await self._tasks.content(task, placement)
            look = await publisher.check(
                account,
                publication.reference or "",
                content,
                attempted_at,
                task.references,
                await self._tasks.others(task, attempted_at),
            )
        except (TryLater, UpstreamTrouble):
            look, is_answering = Look(Standing.UNKNOWN), False
        except ReconnectNeeded as error:
            error = await self._tasks.named(task.channel, error)
            await self._journal.mark_channel(task, ChannelStatus.RECONNECT_NEEDED, error)
            await self._stop_looking(task, error.detail)
            return
        except AppError as error:
            await self._stop_looking(task, error.detail)
            return
        except PublishingError:
            look = Look(Standing.UNKNOWN)
        now = clock.now()
        settled_at = max(attempted_at, task.unclear_since) + self._settle_after
        match look.standing:
            case Standing.PUBLISHED if look.external_id or publication.step_count >= _FEW_LOOKS:
                # It is out. Where the platform does not show which one it is, there is no link.
                await self._succeed(task, look.external_id)
            case Standing.READY if now >= settled_at:
                await self._send_again(task)
            case Standing.READY:
                await self._journal.again(task, settled_at, seen=_seen(task, look, is_answering))
            case Standing.GONE if task.is_denied:
                await self._send_anew(task, f"{label(task)} shows that nothing went out. Sending it again.")
            case Standing.NOT_SHOWN if task.is_denied and now >= settled_at:
                await self._send_anew(task, f"{label(task)} does not show it either. Sending it again.")
            case Standing.NOT_SHOWN if task.is_denied:
                await self._journal.again(task, settled_at, seen=_seen(task, look, is_answering))
            case Standing.UNKNOWN if (
                task.is_denied and is_answering and publication.step_count >= _FEW_LOOKS and now >= settled_at
            ):
                await self._stop_looking(task, f"{label(task)} does not say whether this went out.")
            case Standing.GONE:
                await self._journal.fail(
                    task,
                    "preparation_lost",
                    f"{label(task)} shows that nothing went out, and what was handed over is gone. "
                    "Try again.",
                )
            case _ if publication.step_count + 1 >= MAX_LOOKS and task.is_denied:
                await self._stop_looking(task, f"{label(task)} does not say whether this went out.")
            case _ if publication.step_count + 1 == MAX_LOOKS:
                await self._ask_person(
                    task,
                    f"{label(task)} does not say whether this went out.",
                    step_count=publication.step_count + 1,
                    next_step_at=None if is_answering else now + pause(publication.step_count),
                )
            case _ if publication.step_count >= MAX_LOOKS and is_answering:
                await self._journal.again(task, None)
            case _:
                await self._journal.again(
                    task, now + pause(publication.step_count), seen=_seen(task, look, is_answering)
                )

    async def _send_again(self, task: Task) -> None:
        """A look has proved that the attempt did nothing."""
        publication, now = task.publication, clock.now()
        nothing_out = f"{label(task)} shows that nothing went out"
        started_at = publication.started_at or publication.created_at
        attempts = 1 + sum(event.code == "not_sent" and event.at >= started_at for event in task.events)
        if task.is_post_deleted:
            await self._journal.fail(
                task, "post_deleted", f"{nothing_out}, and the post was deleted meanwhile."
            )
        elif attempts >= MAX_ATTEMPTS:
            await self._journal.fail(
                task, "not_taken", f"{nothing_out}, after {attempts} attempts. Send it again later."
            )
        else:
            await self._journal.keep(
                task,
                PublicationState.PUBLISHING,
                code="not_sent",
                message=f"{nothing_out}. Sending now.",
                attempted_at=None,
                step_count=0,
                next_step_at=now,
                error_code=None,
                error_detail=None,
            )

    async def _send_anew(self, task: Task, told: str) -> None:
        """A person has said that it did not go out, and the platform does not show it: all begins again."""
        if task.is_post_deleted:
            await self._journal.fail(
                task, "post_deleted", "The post was deleted meanwhile. Nothing was sent."
            )
            return
        for picture in task.outgoing.pictures:
            if picture.image.deleted_at is not None:
                name = picture.image.original_filename
                told = f"It is not there, and {name} is in the trash by now. Restore it, then try again."
                await self._journal.fail(task, "image_in_trash", told)
                return
        now = clock.now()
        await self._journal.keep(
            task,
            PublicationState.PUBLISHING,
            code="sent_anew",
            message=told,
            reference=None,
            attempted_at=None,
            prepare_count=0,
            step_count=0,
            started_at=now,
            next_step_at=now,
            error_code=None,
            error_detail=None,
        )

    async def _stop_looking(self, task: Task, detail: str) -> None:
        """Looking does not settle it. Where it was about to be sent again, nothing is sent: the attempt is
        still unclear, and is looked for again before the next one."""
        if not task.is_denied:
            await self._ask_person(task, detail)
            return
        told = sentence(
            f"{detail} Nothing was sent again. Try again later, or write a new post if it is not there."
        )
        await self._journal.keep(
            task,
            PublicationState.FAILED,
            code="not_looked_up",
            message=told,
            error_code="not_looked_up",
            error_detail=told,
            step_count=0,
            next_step_at=None,
        )

    async def _ask_person(self, task: Task, detail: str, **values: Any) -> None:
        """Looking does not settle it: whoever asks for another look brings it back."""
        told = sentence(f"{detail} Look at {label(task)} yourself, then check again.")
        await self._journal.keep(
            task,
            PublicationState.UNCONFIRMED,
            code=ASKS_PERSON,
            message=told,
            error_code=ASKS_PERSON,
            error_detail=told,
            **{"next_step_at": None, **values},
        )


def _seen(task: Task, look: Look, is_answering: bool) -> str | None:
    """What to tell of a look that settles nothing, where a person has asked for it."""
    if not task.is_told(LOOKING_AGAIN):
        return None
    if not is_answering:
        return f"{label(task)} does not answer. It is looked at again by itself."
    match look.standing:
        case Standing.READY:
            return f"{label(task)} does not show it so far. It is looked at again before anything is sent."
        case Standing.PENDING:
            return f"{label(task)} is still working on it. It is looked at again by itself."
        case Standing.PUBLISHED:
            return f"{label(task)} says that it is out, and does not show it so far. It is looked at again."
        case Standing.UNKNOWN:
            return (
                f"{label(task)} does not say whether it is out. It is looked at again by itself. "
                "Or look there yourself."
            )
        case _:
            return (
                f"{label(task)} does not show it, which proves nothing so far. It is looked at again by "
                "itself. Or look there yourself."
            )
