"""What has gone out where and when, what is planned, and which of it is to be looked at before its time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.channels import Channel, ChannelStatus
from app.models.posts import Post, PostImage, Publication, PublicationState


async def hold_accounts(session: AsyncSession, channels: Sequence[Channel]) -> None:
    """Nobody else counts what these accounts send until the unit of work ends, whatever business asks."""
    await session.execute(
        select(Channel.id)
        .where(
            or_(
                *(
                    and_(Channel.platform == channel.platform, Channel.external_id == channel.external_id)
                    for channel in channels
                )
            )
        )
        .order_by(Channel.id)
        .with_for_update()
    )


async def sending_times(
    session: AsyncSession, channel: Channel, *, since: datetime, now: datetime, but_post_id: int | None = None
) -> tuple[list[datetime], int]:
    """When this account sends: each post that went out since then, is on its way, or is planned; and how
    many of them are out already. One that is on its way counts as sent now. `but_post_id` is left out."""
    rows = await session.execute(
        select(Publication.state, Publication.published_at, Post.scheduled_at)
        .join(Post, Post.id == Publication.post_id)
        .join(Channel, Channel.id == Publication.channel_id)
        .where(
            Channel.platform == channel.platform,
            Channel.external_id == channel.external_id,
            *([Publication.post_id != but_post_id] if but_post_id is not None else []),
            or_(
                Publication.published_at >= since,
                Publication.state.in_(
                    [
                        PublicationState.SCHEDULED.value,
                        PublicationState.PUBLISHING.value,
                        PublicationState.UNCONFIRMED.value,
                    ]
                ),
            ),
        )
    )
    times: list[datetime] = []
    out = 0
    for state, published_at, scheduled_at in rows:
        if state == PublicationState.PUBLISHED.value and published_at is not None:
            out += 1
            times.append(published_at)
        elif state == PublicationState.SCHEDULED.value and scheduled_at is not None:
            times.append(max(scheduled_at, now))
        else:
            times.append(now)
    return times, out


async def last_published(
    session: AsyncSession, channel: Channel, image_ids: Sequence[int]
) -> dict[int, datetime]:
    """When each of these images last went out on this channel; those that never did are left out."""
    rows = await session.execute(
        select(PostImage.image_id, func.max(Publication.published_at))
        .join(Publication, Publication.post_id == PostImage.post_id)
        .where(
            PostImage.image_id.in_(image_ids),
            Publication.channel_id == channel.id,
            Publication.state == PublicationState.PUBLISHED.value,
        )
        .group_by(PostImage.image_id)
    )
    return {image_id: at for image_id, at in rows if at is not None}


async def claim_first_looks(
    session: AsyncSession, *, now: datetime, due_before: datetime, limit: int
) -> list[int]:
    """Planned publications that come before a moment and were never looked at: they are marked as looked at,
    so each is returned once."""
    return await _claim_looks(session, due_before, Publication.preflight_at.is_(None), now, limit)


async def claim_last_looks(session: AsyncSession, *, due_before: datetime, limit: int) -> list[int]:
    """Planned publications that come before a moment and were not looked at for the last time yet: they are
    marked as looked at for their own time, so each is returned once."""
    is_waiting = or_(Publication.preflight_at.is_(None), Publication.preflight_at < Publication.next_step_at)
    return await _claim_looks(session, due_before, is_waiting, Publication.next_step_at, limit)


async def _claim_looks(
    session: AsyncSession, due_before: datetime, is_waiting: ColumnElement[bool], mark: object, limit: int
) -> list[int]:
    ids = list(
        await session.scalars(
            select(Publication.id)
            .where(
                Publication.state == PublicationState.SCHEDULED.value,
                Publication.next_step_at <= due_before,
                is_waiting,
            )
            .order_by(Publication.next_step_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    if ids:
        await session.execute(update(Publication).where(Publication.id.in_(ids)).values(preflight_at=mark))
    return ids


async def list_cut_off(session: AsyncSession, code: str, limit: int) -> Sequence[tuple[Publication, Channel]]:
    """Planned publications on channels that nothing can go out on, and that this code does not say so of."""
    return await _planned(
        session,
        limit,
        Channel.status != ChannelStatus.CONNECTED.value,
        Publication.error_code.is_distinct_from(code),
    )


async def list_joined_again(
    session: AsyncSession, code: str, limit: int
) -> Sequence[tuple[Publication, Channel]]:
    """Planned publications that this code says are cut off, and are not any more."""
    return await _planned(
        session, limit, Channel.status == ChannelStatus.CONNECTED.value, Publication.error_code == code
    )


async def _planned(
    session: AsyncSession, limit: int, *conditions: ColumnElement[bool]
) -> Sequence[tuple[Publication, Channel]]:
    rows = await session.execute(
        select(Publication, Channel)
        .join(Channel, Channel.id == Publication.channel_id)
        .where(Publication.state == PublicationState.SCHEDULED.value, *conditions)
        .order_by(Publication.next_step_at, Publication.id)
        .limit(limit)
        .with_for_update(of=Publication, skip_locked=True)
    )
    return [(publication, channel) for publication, channel in rows]
