"""The parts of a publication: what is handed over for each image before the whole, kept one by one.

A part stands for one image at its position, and for the very file that the platform was given. Before
anything irreversible all of them are held against the post: as many, in the same order, of the same images
and files. Nothing goes out short.
"""

from __future__ import annotations

from datetime import timedelta

from app.core import clock
from app.core.db import Database
from app.core.faults import fault
from app.models import posts as models
from app.models.posts import PublicationPart, PublicationState
from app.providers.publishing.base import (
    Account,
    Content,
    Placement,
    PrepareAgain,
    Publisher,
)
from app.services.publishing.journal import Task


def require_same(task: Task, content: Content, *, is_whole: bool) -> None:
    """Raises `PrepareAgain` when a part is not that of the image at its position; with `is_whole`, also when
    one is missing."""
    handed = [(part.position, part.image_id, part.sha256) for part in task.parts]
    wanted = [(place, picture.image_id, picture.sha256) for place, picture in enumerate(content.pictures)]
    if handed != (wanted if is_whole else wanted[: len(handed)]):
        raise PrepareAgain("parts_changed", "What had been handed over is not what this post shows.")


def is_from_before(task: Task) -> bool:
    """Whether parts are left from an earlier attempt, which has failed."""
    started_at = task.publication.started_at
    return started_at is not None and any(part.created_at < started_at for part in task.parts)


class Parts:
    """Hands parts over and takes them back, for the runner of this name."""

    def __init__(self, database: Database, *, owner: str, lease: timedelta) -> None:
        self._database = database
        self._owner = owner
        self._lease = lease

    async def hand_over(
        self, task: Task, publisher: Publisher, account: Account, content: Content, placement: Placement
    ) -> bool:
        """Hand over every image that is not yet, each kept before the next is begun. False when another
        runner has taken the publication. Raises `PublishingError`."""
        if placement.part is None:
            return True
        for position in range(len(task.parts), len(content.pictures)):
            fault("publish.before_part")
            reference = await publisher.prepare_part(account, content, position)
            fault("publish.after_part")
            if not await self._keep(task, content, position, placement.part, reference):
                return False
        return True

    async def _keep(self, task: Task, content: Content, position: int, kind: str, reference: str) -> bool:
        now, picture = clock.now(), content.pictures[position]
        part = PublicationPart(
            publication_id=task.publication.id,
            position=position,
            kind=kind,
            reference=reference,
            image_id=picture.image_id,
            sha256=picture.sha256,
            created_at=now,
        )
        async with self._database.writing() as session:
            is_ours = await models.move(
                session,
                task.publication.id,
                to=PublicationState.PUBLISHING,
                origin=PublicationState.PUBLISHING,
                at=now,
                held_by=self._owner,
                lease_until=now + self._lease,
            )
            if is_ours:
                session.add(part)
        if is_ours:
            task.parts.append(part)
        return is_ours

    async def take_back(self, task: Task, publisher: Publisher, account: Account) -> None:
        """Remove from the platform what was handed over in vain, and forget it. Raises `PublishingError`."""
        if task.has_leftovers:
            await publisher.discard(account, task.references)
        await self.forget(task)

    async def forget(self, task: Task) -> None:
        """Nothing is known of any part any more."""
        async with self._database.writing() as session:
            is_ours = await models.move(
                session,
                task.publication.id,
                to=task.state,
                origin=task.state,
                at=clock.now(),
                held_by=self._owner,
            )
            if is_ours:
                await models.clear_parts(session, task.publication.id)
        if is_ours:
            task.parts.clear()
