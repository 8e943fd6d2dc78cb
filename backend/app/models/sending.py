"""What keeps posts from going out: holds and the troubles that lead to them; and what has gone out where.

A hold is on one channel (its account asked for a pause), or on a platform (several accounts met the same
fault). While `until` lies ahead nothing is sent but by the publication that tries whether it works again,
`probe_publication_id`. A hold that is over keeps its row, with `ended_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    and_,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy import delete as delete_rows
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.models.channels import Channel, ChannelStatus
from app.models.posts import Post, PostImage, Publication, PublicationEvent, PublicationState

_ON = text("ended_at IS NULL AND channel_id IS NULL")
_ON_CHANNEL = text("ended_at IS NULL AND channel_id IS NOT NULL")


class Hold(Base):
    """Why nothing is sent on a channel, or on a whole platform (`channel_id` None)."""

    __tablename__ = "publishing_holds"
    __table_args__ = (
        Index(
            "uq_publishing_holds_platform",
            "platform",
            "is_practice",
            unique=True,
            sqlite_where=_ON,
            postgresql_where=_ON,
        ),
        Index(
            "uq_publishing_holds_channel_id",
            "channel_id",
            unique=True,
            sqlite_where=_ON_CHANNEL,
            postgresql_where=_ON_CHANNEL,
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    is_practice: Mapped[bool]
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(100))
    detail: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime]
    until: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    probe_publication_id: Mapped[int | None] = mapped_column(Id)
    ended_at: Mapped[datetime | None]


class Trouble(Base):
    """A fault of the platform that a channel met."""

    __tablename__ = "publishing_troubles"
    __table_args__ = (Index("ix_publishing_troubles_at", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]


def _on(channel: Channel) -> Any:
    return and_(
        Hold.ended_at.is_(None),
        Hold.platform == channel.platform,
        Hold.is_practice == channel.is_practice,
        or_(Hold.channel_id.is_(None), Hold.channel_id == channel.id),
    )


async def holds_on(session: AsyncSession, channel: Channel) -> Sequence[Hold]:
    """What keeps this channel from sending, the longest first."""
    return (
        await session.scalars(
            select(Hold)
            .where(_on(channel))
            .order_by(Hold.until.desc(), Hold.id)
            .execution_options(populate_existing=True)
        )
    ).all()


async def holds_of_business(session: AsyncSession, business_id: int) -> Sequence[Hold]:
    """Every hold that keeps something of this business back, the oldest first."""
    return (
        await session.scalars(
            select(Hold)
            .where(
                Hold.ended_at.is_(None),
                select(Channel.id)
                .where(
                    Channel.business_id == business_id,
                    Channel.disconnected_at.is_(None),
                    Channel.platform == Hold.platform,
                    Channel.is_practice == Hold.is_practice,
                    or_(Hold.channel_id.is_(None), Hold.channel_id == Channel.id),
                )
                .exists(),
            )
            .order_by(Hold.began_at, Hold.id)
        )
    ).all()


async def begin_hold(
    session: AsyncSession,
    channel: Channel,
    *,
    is_on_platform: bool,
    code: str,
    detail: str,
    at: datetime,
    until: datetime,
) -> bool:
    """Put a hold on a channel or on its platform; False where there is one, which lasts longer now."""
    values = {
        "platform": channel.platform,
        "is_practice": channel.is_practice,
        "channel_id": None if is_on_platform else channel.id,
    }
    conditions = [
        Hold.ended_at.is_(None),
        *(
            getattr(Hold, name) == value if value is not None else getattr(Hold, name).is_(None)
            for name, value in values.items()
        ),
    ]
    if await session.scalar(select(Hold.id).where(*conditions)) is None:
        try:
            async with session.begin_nested():
                session.add(
                    Hold(**values, code=code, detail=detail, began_at=at, until=until, tries=0, ended_at=None)
                )
            return True
        except IntegrityError:
            pass  # another runner met the same trouble at the same moment
    await session.execute(
        update(Hold)
        .where(*conditions, Hold.until < until)
        .values(until=until, tries=Hold.tries + 1, probe_publication_id=None)
    )
    return False


async def begin_probe(
    session: AsyncSession, hold: Hold, publication_id: int, *, now: datetime, until: datetime
) -> bool:
    """Let one publication try whether it works again; False when another was faster."""
    result = await session.execute(
        update(Hold)
        .where(Hold.id == hold.id, Hold.ended_at.is_(None), Hold.until <= now)
        .values(probe_publication_id=publication_id, until=until)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def end_probe(session: AsyncSession, publication_id: int, *, until: datetime) -> bool:
    """The publication that tried came to nothing: another may from `until` on. False when it tried for nobody
    else."""
    result = await session.execute(
        update(Hold)
        .where(Hold.probe_publication_id == publication_id, Hold.ended_at.is_(None))
        .values(probe_publication_id=None, until=until, tries=Hold.tries + 1)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def end_holds(session: AsyncSession, channel: Channel, publication_id: int, at: datetime) -> int:
    """This publication went out: the holds that it tried are over. Returns how many there were."""
    result = await session.execute(
        update(Hold).where(_on(channel), Hold.probe_publication_id == publication_id).values(ended_at=at)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def shorten_holds(session: AsyncSession, channel: Channel, code: str, now: datetime) -> None:
    """The holds of this channel alone with this reason are tried now, unless one is being tried already."""
    await session.execute(
        update(Hold)
        .where(
            Hold.channel_id == channel.id,
            Hold.code == code,
            Hold.ended_at.is_(None),
            Hold.probe_publication_id.is_(None),
            Hold.until > now,
        )
        .values(until=now)
    )


async def release_held(session: AsyncSession, channel: Channel, now: datetime) -> None:
    """Let everything go on that waits on this channel's platform. What is still held waits again."""
    await session.execute(
        update(Publication)
        .where(
            Publication.held_until > now,
            Publication.channel_id.in_(
                select(Channel.id).where(
                    Channel.platform == channel.platform, Channel.is_practice == channel.is_practice
                )
            ),
        )
        .values(held_until=now)
    )


async def take_back_held(session: AsyncSession, publication_id: int, now: datetime) -> bool:
    """Give up a publication that is held back and of which nothing was sent; False where it goes on by now.
    What was handed over for it is removed by the next runner."""
    told = "Taken back while it was held. Nothing went out."
    result = await session.execute(
        update(Publication)
        .where(
            Publication.id == publication_id,
            Publication.state == PublicationState.PUBLISHING.value,
            Publication.held_until > now,
            Publication.attempted_at.is_(None),
            Publication.lease_owner.is_(None),
        )
        .values(
            state=PublicationState.FAILED.value,
            error_code="taken_back",
            error_detail=told,
            held_until=None,
            next_step_at=now,
            updated_at=now,
        )
    )
    is_taken_back = bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
    if is_taken_back:
        session.add(PublicationEvent(publication_id=publication_id, at=now, code="taken_back", message=told))
    return is_taken_back


async def note_trouble(session: AsyncSession, channel_id: int, code: str, at: datetime) -> None:
    """Keep that this channel met a fault of its platform."""
    session.add(Trouble(channel_id=channel_id, code=code, at=at))


async def accounts_in_trouble(
    session: AsyncSession, channel: Channel, code: str, since: datetime
) -> tuple[int, datetime | None]:
    """On how many accounts of this platform the fault was met since then, and when first."""
    count, first = (
        await session.execute(
            select(func.count(func.distinct(Channel.external_id)), func.min(Trouble.at))
            .select_from(Trouble)
            .join(Channel, Channel.id == Trouble.channel_id)
            .where(
                Trouble.code == code,
                Trouble.at >= since,
                Channel.platform == channel.platform,
                Channel.is_practice == channel.is_practice,
            )
        )
    ).one()
    return int(count), first


async def has_published_since(session: AsyncSession, channel: Channel, since: datetime) -> bool:
    """Whether anything went out on this platform since then, on any account."""
    found = await session.scalar(
        select(Publication.id)
        .join(Channel, Channel.id == Publication.channel_id)
        .where(
            Publication.published_at >= since,
            Channel.platform == channel.platform,
            Channel.is_practice == channel.is_practice,
        )
        .limit(1)
    )
    return found is not None


async def forget(session: AsyncSession, before: datetime) -> None:
    """Drop troubles and ended holds that nobody asks about any more."""
    await session.execute(delete_rows(Trouble).where(Trouble.at < before))
    await session.execute(delete_rows(Hold).where(Hold.ended_at < before))


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
