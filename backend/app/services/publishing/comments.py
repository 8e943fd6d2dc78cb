"""The first comment: written under a post that is out. Whatever becomes of it, the post stays published.

`comment_attempted_at` is committed before the comment is sent. Where it is set and no comment is known, an
answer was lost or the process died: then the comments on the platform are looked at first, and only after a
safe while (`settle_after`) without finding it is it written again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core import clock
from app.core.db import Database
from app.core.faults import fault
from app.models import posts as models
from app.models.posts import PublicationState
from app.providers.publishing.base import Account, OutcomeUnclear, Publisher, PublishingError, TryLater
from app.services.channels import PERMISSION_MISSING, comments_not_allowed
from app.services.publishing.journal import Task

NO_POST = "The platform does not say which post it is, so the first comment could not be written."
GIVEN_UP = "The platform could not take the first comment. Write it there yourself."
NOT_KNOWN = (
    "The platform does not say whether it has the first comment. Look there; write it if it is missing."
)


@dataclass(frozen=True, slots=True)
class CommentOutcome:
    """What is known of the comment after a step. With neither id nor error, it is tried again, not before
    `not_before`. `is_unclear`: it was sent, and the answer is missing."""

    comment_id: str | None = None
    error: str | None = None
    not_before: datetime | None = None
    is_unclear: bool = False

    @property
    def is_settled(self) -> bool:
        """Nothing more comes of it."""
        return self.comment_id is not None or self.error is not None

    def given_up(self) -> CommentOutcome:
        """The same when nothing more is tried, told as it is."""
        return CommentOutcome(error=NOT_KNOWN if self.is_unclear else GIVEN_UP)


def refused(task: Task, detail: str) -> CommentOutcome:
    """It cannot be written or looked for any more. `detail` says why."""
    if task.publication.comment_attempted_at is not None:
        return CommentOutcome(error=NOT_KNOWN)
    return CommentOutcome(error=f"The first comment was not written. {detail}")


def is_comment_due(task: Task) -> bool:
    """A comment is wished for and nothing has come of it yet."""
    publication = task.publication
    return bool(
        task.outgoing.first_comment and publication.comment_id is None and publication.comment_error is None
    )


class FirstComments:
    """Writes them, for the runner of this name."""

    def __init__(self, database: Database, *, owner: str, lease: timedelta, settle_after: timedelta) -> None:
        self._database = database
        self._owner = owner
        self._lease = lease
        self._settle_after = settle_after

    async def write(self, task: Task, publisher: Publisher, account: Account) -> CommentOutcome:
        """Write the comment, unless it is there already. Raises nothing that a platform does."""
        text, post_id = task.outgoing.first_comment or "", task.publication.external_id
        if publisher.rules.first_comment is None:
            return refused(task, "This platform takes none from here.")
        if post_id is None:
            return CommentOutcome(error=NO_POST)
        attempted_at = task.publication.comment_attempted_at
        try:
            if attempted_at is not None:
                found = await publisher.find_comment(account, post_id, text)
                if found is not None:
                    return CommentOutcome(comment_id=found)
                settled_at = attempted_at + self._settle_after
                if clock.now() < settled_at:
                    return CommentOutcome(not_before=settled_at, is_unclear=True)
                # It is not there. From here on only the next attempt counts.
                task.publication.comment_attempted_at = attempted_at = None
            if not await self._note_attempt(task, clock.now()):
                return CommentOutcome(not_before=clock.now())
            fault("publish.before_comment")
            comment_id = await publisher.comment(account, post_id, text)
            fault("publish.after_comment")
            return CommentOutcome(comment_id=comment_id)
        except OutcomeUnclear:
            return CommentOutcome(is_unclear=True)
        except TryLater as error:
            await self._note_attempt(task, attempted_at)
            wait = timedelta(seconds=error.retry_after or 0)
            return CommentOutcome(not_before=clock.now() + wait, is_unclear=attempted_at is not None)
        except PublishingError as error:
            if error.code == PERMISSION_MISSING:
                return refused(task, " ".join(comments_not_allowed(task.channel)))
            return refused(task, error.detail)

    async def _note_attempt(self, task: Task, at: datetime | None) -> bool:
        now = clock.now()
        async with self._database.writing() as session:
            is_ours = await models.move(
                session,
                task.publication.id,
                to=PublicationState.PUBLISHED,
                origin=PublicationState.PUBLISHED,
                at=now,
                held_by=self._owner,
                comment_attempted_at=at,
                lease_until=now + self._lease,
            )
        return is_ours
