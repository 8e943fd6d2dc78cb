"""Publications: moved from state to state, claimed by runners, told with their history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.businesses import Member, Role, role_within
from app.models.channels import Channel
from app.models.posts.tables import (
    MOVES,
    Post,
    PostText,
    Publication,
    PublicationEvent,
    PublicationPart,
    PublicationState,
)


async def list_publications(session: AsyncSession, post_ids: Sequence[int]) -> Sequence[Publication]:
    """The publications of these posts, oldest first."""
    return (
        await session.scalars(
            select(Publication).where(Publication.post_id.in_(post_ids)).order_by(Publication.id)
        )
    ).all()


async def list_events(session: AsyncSession, publication_ids: Sequence[int]) -> Sequence[PublicationEvent]:
    """The history of these publications, oldest first."""
    return (
        await session.scalars(
            select(PublicationEvent)
            .where(PublicationEvent.publication_id.in_(publication_ids))
            .order_by(PublicationEvent.id)
        )
    ).all()


async def list_last_events(
    session: AsyncSession, publication_ids: Sequence[int], each: int
) -> Sequence[PublicationEvent]:
    """The last lines of these publications' histories, so many of each, oldest first."""
    back = func.row_number().over(
        partition_by=PublicationEvent.publication_id, order_by=PublicationEvent.id.desc()
    )
    numbered = (
        select(PublicationEvent.id, back.label("back"))
        .where(PublicationEvent.publication_id.in_(publication_ids))
        .subquery()
    )
    return (
        await session.scalars(
            select(PublicationEvent)
            .join(numbered, numbered.c.id == PublicationEvent.id)
            .where(numbered.c.back <= each)
            .order_by(PublicationEvent.id)
        )
    ).all()


async def drop_last_events(session: AsyncSession, publication_id: int, codes: Sequence[str]) -> None:
    """Take the lines with these codes off the end of a history, up to the last line with another."""
    of_this = PublicationEvent.publication_id == publication_id
    last = await session.scalar(
        select(func.max(PublicationEvent.id)).where(of_this, PublicationEvent.code.not_in(codes))
    )
    await session.execute(delete(PublicationEvent).where(of_this, PublicationEvent.id > (last or 0)))


async def count_events(session: AsyncSession, publication_ids: Sequence[int]) -> dict[int, int]:
    """How many lines the history of each has."""
    rows = await session.execute(
        select(PublicationEvent.publication_id, func.count())
        .where(PublicationEvent.publication_id.in_(publication_ids))
        .group_by(PublicationEvent.publication_id)
    )
    return {publication_id: count for publication_id, count in rows}


async def list_parts(session: AsyncSession, publication_ids: Sequence[int]) -> Sequence[PublicationPart]:
    """What was handed over for the slides of these publications, in order."""
    return (
        await session.scalars(
            select(PublicationPart)
            .where(PublicationPart.publication_id.in_(publication_ids))
            .order_by(PublicationPart.publication_id, PublicationPart.position)
        )
    ).all()


async def clear_parts(session: AsyncSession, publication_id: int) -> None:
    """Forget what was handed over for the slides: it is handed over anew, or was removed."""
    await session.execute(delete(PublicationPart).where(PublicationPart.publication_id == publication_id))


async def find_publication(session: AsyncSession, publication_id: int) -> Publication | None:
    """The publication with this id, whoever asks."""
    return await session.get(Publication, publication_id, populate_existing=True)


async def list_sent_beside(
    session: AsyncSession, publication: Publication, channel: Channel, since: datetime
) -> list[tuple[str | None, str]]:
    """Other publications on the same account that are out, or may be, from `since` on: each one's post there,
    where it is known, and its text."""
    rows = await session.execute(
        select(Publication.external_id, func.coalesce(PostText.content_text, Post.content_text))
        .join(Channel, Channel.id == Publication.channel_id)
        .join(Post, Post.id == Publication.post_id)
        .outerjoin(
            PostText,
            and_(PostText.post_id == Publication.post_id, PostText.channel_id == Publication.channel_id),
        )
        .where(
            Channel.platform == channel.platform,
            Channel.external_id == channel.external_id,
            Publication.id != publication.id,
            func.coalesce(Publication.published_at, Publication.attempted_at) >= since,
        )
    )
    return [(external_id, text) for external_id, text in rows]


async def find_publication_for_user(
    session: AsyncSession, publication_id: int, user_id: int
) -> tuple[Publication, Role] | None:
    """A publication and the asking user's role in its business."""
    row = (
        await session.execute(
            select(Publication, Member.role, Post.business_id)
            .join(Post, Post.id == Publication.post_id)
            .join(Member, and_(Member.business_id == Post.business_id, Member.user_id == user_id))
            .where(Publication.id == publication_id, Post.deleted_at.is_(None))
        )
    ).one_or_none()
    role = role_within(row[1], row[2]) if row else None
    return (row[0], role) if row and role else None


async def move(
    session: AsyncSession,
    publication_id: int,
    *,
    to: PublicationState,
    at: datetime,
    origin: PublicationState | None = None,
    held_by: str | None = None,
    **values: Any,
) -> bool:
    """Move a publication to another state if that is allowed from where it is; False if it is not.

    With `origin`, only from that state, which may be `to` itself: a step inside it. With `held_by`, only
    while that runner still holds the lease.
    """
    origins = [state.value for state, targets in MOVES.items() if to in targets]
    if origin is not None:
        origins = [origin.value] if origin is to or origin.value in origins else []
    conditions = [Publication.id == publication_id, Publication.state.in_(origins)]
    if held_by is not None:
        conditions.append(Publication.lease_owner == held_by)
    result = await session.execute(
        update(Publication).where(*conditions).values(state=to.value, updated_at=at, **values)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def claim_due(
    session: AsyncSession, *, owner: str, now: datetime, lease_until: datetime, limit: int
) -> list[int]:
    """Take publications whose next step is due and that no living runner has. Returns their ids.

    On PostgreSQL, rows that another runner is claiming at this moment are skipped; SQLite has one
    writer at a time, so there are none.
    """
    due = (
        select(Publication.id)
        .where(
            Publication.next_step_at <= now,
            or_(Publication.lease_until.is_(None), Publication.lease_until < now),
            or_(Publication.held_until.is_(None), Publication.held_until <= now),
        )
        .order_by(Publication.next_step_at, Publication.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(await session.scalars(due))
    if ids:
        await session.execute(
            update(Publication)
            .where(Publication.id.in_(ids))
            .values(lease_owner=owner, lease_until=lease_until)
        )
    return ids


async def next_due_at(session: AsyncSession) -> datetime | None:
    """When the earliest next step is due that no runner has yet."""
    later = case(
        (Publication.held_until > Publication.next_step_at, Publication.held_until),
        else_=Publication.next_step_at,
    )
    return await session.scalar(
        select(later)
        .where(Publication.next_step_at.is_not(None), Publication.lease_owner.is_(None))
        .order_by(later)
        .limit(1)
    )


async def free_leases(session: AsyncSession, owner_prefix: str) -> int:
    """The runners with these names are gone: what they had can be taken at once."""
    result = await session.execute(
        update(Publication)
        .where(Publication.lease_owner.startswith(owner_prefix, autoescape=True))
        .values(lease_owner=None, lease_until=None)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def release(session: AsyncSession, publication_id: int, owner: str) -> None:
    """Let go of a publication that this runner holds; what is next for it stays as it is."""
    await session.execute(
        update(Publication)
        .where(Publication.id == publication_id, Publication.lease_owner == owner)
        .values(lease_owner=None, lease_until=None)
    )


async def reschedule(session: AsyncSession, post_id: int, to: datetime, at: datetime) -> int:
    """Move the publications of a post that wait for their time, and that no runner has begun with, to
    another one; returns how many there were. They are looked at anew before it."""
    result = await session.execute(
        update(Publication)
        .where(
            Publication.post_id == post_id,
            Publication.state == PublicationState.SCHEDULED.value,
            Publication.lease_owner.is_(None),
        )
        .values(next_step_at=to, preflight_at=None, error_code=None, error_detail=None, updated_at=at)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def drop_scheduled(session: AsyncSession, post_id: int) -> int:
    """Remove the publications of a post that wait for their time and that no runner has begun with;
    returns how many there were."""
    result = await session.execute(
        delete(Publication).where(
            Publication.post_id == post_id,
            Publication.state == PublicationState.SCHEDULED.value,
            Publication.lease_owner.is_(None),
        )
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # a DELETE always gives a CursorResult
