"""What keeps posts from going out: holds, and the troubles that lead to them.

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
    Select,
    String,
    Text,
    and_,
    delete,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app.core.db import Base, Id
from app.models.channels import Channel
from app.models.posts import Post, Publication, PublicationEvent, PublicationState
from app.models.sending.troubles import (
    PROBED,
    last_troubles_of_accounts,
    last_troubles_of_owners,
    note_trouble,
    owners_of_businesses,
)

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


async def until_when(session: AsyncSession, hold: Hold, publication_id: int) -> datetime | None:
    """Until when this hold keeps the publication back; None when it does not (any more): it has ended, or
    this is the one that tries.

    Nobody changes the hold before the end of this transaction: what is written down for the publication
    counts when the next one is chosen, or everything let go.
    """
    row = await session.scalar(
        select(Hold)
        .where(Hold.id == hold.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if row is None or row.ended_at is not None or row.probe_publication_id == publication_id:
        return None
    return row.until


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


async def begin_probe(session: AsyncSession, hold: Hold, *, now: datetime, until: datetime) -> int | None:
    """Let one of the publications that wait try whether it works again; returns its id, or None when another
    runner was faster.

    Owners take turns, and so do their accounts: first comes whose last trouble is longest ago, or who had
    none. So nobody whose account alone is in trouble tries for everybody again and again.
    """
    chosen = (await session.execute(_in_turn(hold, now).limit(1))).one_or_none()
    if chosen is None:
        return None
    publication_id, channel_id = chosen
    result = await session.execute(
        update(Hold)
        .where(Hold.id == hold.id, Hold.ended_at.is_(None), Hold.until <= now)
        .values(probe_publication_id=publication_id, until=until)
    )
    if not result.rowcount:  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult
        return None
    await session.execute(
        update(Publication)
        .where(Publication.id == publication_id, Publication.held_until > now)
        .values(held_until=now)
    )
    await note_trouble(session, channel_id, PROBED, now)
    return int(publication_id)


def _in_turn(hold: Hold, now: datetime) -> Select[int, int]:
    """Publications that are due and would be sent now, but for this hold, in the order in which they try for
    all: each with its channel."""
    own, owners = aliased(Hold), owners_of_businesses()
    of_owners, of_accounts = last_troubles_of_owners(), last_troubles_of_accounts()
    is_held_alone = (
        select(own.id)
        .where(own.channel_id == Channel.id, own.id != hold.id, own.ended_at.is_(None), own.until > now)
        .exists()
    )
    return (
        select(Publication.id, Channel.id)
        .join(Channel, Channel.id == Publication.channel_id)
        .join(Post, Post.id == Publication.post_id)
        .outerjoin(owners, owners.c.business_id == Channel.business_id)
        .outerjoin(of_owners, of_owners.c.owner == owners.c.owner)
        .outerjoin(of_accounts, of_accounts.c.external_id == Channel.external_id)
        .where(
            Publication.state.in_([PublicationState.SCHEDULED.value, PublicationState.PUBLISHING.value]),
            Publication.next_step_at <= now,
            Publication.attempted_at.is_(None),
            Post.deleted_at.is_(None),
            *_is_under(hold),
            ~is_held_alone,
        )
        .order_by(
            of_owners.c.at.nulls_first(),
            of_accounts.c.at.nulls_first(),
            Publication.next_step_at,
            Publication.id,
        )
    )


def _is_under(hold: Hold) -> list[ColumnElement[bool]]:
    """Whether a channel is one of those that this hold keeps from sending."""
    if hold.channel_id is not None:
        return [Channel.id == hold.channel_id]
    return [Channel.platform == hold.platform, Channel.is_practice == hold.is_practice]


async def hold_no_longer(session: AsyncSession, hold: Hold, until: datetime) -> None:
    """What waits longer than this for the end of a try waits only until then: all of it may try next."""
    await session.execute(
        update(Publication)
        .where(
            Publication.held_until > until,
            Publication.channel_id.in_(
                select(Channel.id).where(*_is_under(hold)),
            ),
        )
        .values(held_until=until)
    )


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


async def forget_holds(session: AsyncSession, before: datetime) -> None:
    """Drop ended holds that nobody asks about any more."""
    await session.execute(delete(Hold).where(Hold.ended_at < before))
