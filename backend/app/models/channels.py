"""Connected accounts on the platforms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.models.businesses import Business, Member, Role, role_within
from app.models.logins import Login


class ChannelStatus(StrEnum):
    """Whether a channel can be published to."""

    CONNECTED = "connected"
    RECONNECT_NEEDED = "reconnect_needed"
    RESTRICTED = "restricted"


class Channel(Base):
    """One Instagram account or Facebook Page. The token is encrypted; `disconnected_at` keeps history.

    `check_at` is when the account is looked at next (None: never), `renew_at` when a token that ends is to be
    made new, `data_access_expires_at` until when Meta gives data without another login.
    """

    __tablename__ = "channels"
    __table_args__ = (
        UniqueConstraint("business_id", "platform", "external_id"),
        CheckConstraint("platform IN ('instagram', 'facebook')", name="platform"),
        CheckConstraint("status IN ('connected', 'reconnect_needed', 'restricted')", name="status"),
        Index("ix_channels_check_at", "check_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    platform: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20))
    is_practice: Mapped[bool]
    login: Mapped[str] = mapped_column(String(20))
    token_sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    disconnected_at: Mapped[datetime | None]
    # --- how it is, as far as it is known
    login_id: Mapped[int | None] = mapped_column(ForeignKey("logins.id", ondelete="SET NULL"))
    token_expires_at: Mapped[datetime | None]
    data_access_expires_at: Mapped[datetime | None]
    renew_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]
    missing_permissions: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    may_comment: Mapped[bool | None]
    """Whether Meta's permission for comments was given; None where nobody has said."""
    problem_code: Mapped[str | None] = mapped_column(String(100))
    problem_detail: Mapped[str | None] = mapped_column(Text)
    quota_used: Mapped[int | None]
    quota_total: Mapped[int | None]


async def list_connected(session: AsyncSession, business_id: int) -> Sequence[Channel]:
    """The business's channels in the order in which they were connected."""
    return (
        await session.scalars(
            select(Channel)
            .where(Channel.business_id == business_id, Channel.disconnected_at.is_(None))
            .order_by(Channel.id)
        )
    ).all()


async def list_by_ids(session: AsyncSession, channel_ids: Collection[int]) -> dict[int, Channel]:
    """Channels by id, also disconnected ones: what a post's history needs."""
    rows = await session.scalars(select(Channel).where(Channel.id.in_(channel_ids)))
    return {channel.id: channel for channel in rows}


async def find_account(
    session: AsyncSession, business_id: int, platform: str, external_id: str
) -> Channel | None:
    """The business's channel for this account, also a disconnected one."""
    return await session.scalar(
        select(Channel).where(
            Channel.business_id == business_id,
            Channel.platform == platform,
            Channel.external_id == external_id,
        )
    )


async def find(session: AsyncSession, channel_id: int) -> Channel | None:
    """The channel with this id, whoever asks."""
    return await session.get(Channel, channel_id)


async def find_for_user(session: AsyncSession, channel_id: int, user_id: int) -> tuple[Channel, Role] | None:
    """A connected channel and the asking user's role in its business."""
    row = (
        await session.execute(
            select(Channel, Member.role)
            .join(Member, and_(Member.business_id == Channel.business_id, Member.user_id == user_id))
            .where(Channel.id == channel_id, Channel.disconnected_at.is_(None))
        )
    ).one_or_none()
    role = role_within(row[1], row[0].business_id) if row else None
    return (row[0], role) if row and role else None


async def set_status(
    session: AsyncSession,
    channel_id: int,
    status: ChannelStatus,
    at: datetime,
    *,
    token_sealed: str,
    problem: tuple[str, str] | None = None,
    check_at: datetime | None = None,
) -> None:
    """What the platform let us know about the account when it was asked with this token. `problem`: its code
    and its words. With `check_at`, a look at the account follows then and says more."""
    code, detail = problem or (None, None)
    later = {} if check_at is None else {"check_at": check_at}
    await session.execute(
        update(Channel)
        .where(Channel.id == channel_id, Channel.token_sealed == token_sealed)
        .values(status=status.value, updated_at=at, problem_code=code, problem_detail=detail, **later)
    )


async def keep_facts(session: AsyncSession, channel_id: int, *, seen_token: str, **facts: Any) -> bool:
    """Keep what a look at the account has shown, unless its token is another by now. Whether it was kept."""
    kept = await session.execute(
        update(Channel)
        .where(
            Channel.id == channel_id, Channel.token_sealed == seen_token, Channel.disconnected_at.is_(None)
        )
        .values(**facts)
        .returning(Channel.id)
    )
    return kept.one_or_none() is not None


async def list_to_check(session: AsyncSession, now: datetime, limit: int) -> Sequence[Channel]:
    """Connected channels that are to be looked at now."""
    return (
        await session.scalars(
            select(Channel)
            .where(Channel.check_at <= now, Channel.disconnected_at.is_(None))
            .order_by(Channel.check_at)
            .limit(limit)
        )
    ).all()


async def take_to_check(session: AsyncSession, channel_id: int, seen: datetime, until: datetime) -> bool:
    """Take a channel that is due, so that nobody else looks at it before `until`. Whether it was there."""
    taken = await session.execute(
        update(Channel)
        .where(Channel.id == channel_id, Channel.check_at == seen)
        .values(check_at=until)
        .returning(Channel.id)
    )
    return taken.one_or_none() is not None


async def check_soon(session: AsyncSession, platform_ids: Sequence[str], at: datetime) -> int:
    """Something has happened to these accounts or logins at the platform: look at the channels. How many."""
    of_person = select(Login.id).where(Login.meta_user_id.in_(platform_ids))
    moved = await session.execute(
        update(Channel)
        .where(
            Channel.disconnected_at.is_(None),
            or_(Channel.external_id.in_(platform_ids), Channel.login_id.in_(of_person)),
        )
        .values(check_at=at)
        .returning(Channel.id)
    )
    return len(moved.all())


async def list_of_logins(session: AsyncSession, login_ids: Sequence[int]) -> Sequence[Channel]:
    """Connected channels that stand on these logins."""
    return (
        await session.scalars(
            select(Channel)
            .where(Channel.login_id.in_(login_ids), Channel.disconnected_at.is_(None))
            .order_by(Channel.id)
        )
    ).all()


async def replace_sealed(session: AsyncSession, channel_id: int, before: str, after: str) -> None:
    """Put the same token, sealed anew, in the place of the old one, unless that has changed meanwhile."""
    await session.execute(
        update(Channel)
        .where(Channel.id == channel_id, Channel.token_sealed == before)
        .values(token_sealed=after)
    )


async def list_sealed(session: AsyncSession, but_key: str, limit: int, after: int = 0) -> Sequence[Channel]:
    """Channels whose token is sealed with another key than this one."""
    return (
        await session.scalars(
            select(Channel)
            .where(
                Channel.id > after,
                Channel.token_sealed != "",
                ~Channel.token_sealed.startswith(f"{but_key}."),
            )
            .order_by(Channel.id)
            .limit(limit)
        )
    ).all()


async def practice_to_reconnect(session: AsyncSession) -> Sequence[tuple[Channel, Business]]:
    """Connected practice channels that cannot be published to until they get a new token."""
    rows = await session.execute(
        select(Channel, Business)
        .join(Business, Business.id == Channel.business_id)
        .where(
            Channel.is_practice,
            Channel.disconnected_at.is_(None),
            # Where there is none, somebody has taken it back.
            Channel.token_sealed != "",
            Channel.status == ChannelStatus.RECONNECT_NEEDED.value,
        )
        .order_by(Channel.id)
    )
    return [(channel, business) for channel, business in rows]


async def businesses_without(session: AsyncSession, limit: int) -> Sequence[Business]:
    """Businesses that never had a channel."""
    return (
        await session.scalars(
            select(Business)
            .where(~select(Channel.id).where(Channel.business_id == Business.id).exists())
            .order_by(Business.id)
            .limit(limit)
        )
    ).all()


async def count_sealed(session: AsyncSession, but_key: str) -> int:
    """How many tokens are sealed with another key than this one."""
    return (
        await session.scalar(
            select(func.count())
            .select_from(Channel)
            .where(Channel.token_sealed != "", ~Channel.token_sealed.startswith(f"{but_key}."))
        )
        or 0
    )
