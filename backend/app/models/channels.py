"""Connected accounts on the platforms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint, and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.models.businesses import Business, Member, Role


class ChannelStatus(StrEnum):
    """Whether a channel can be published to."""

    CONNECTED = "connected"
    RECONNECT_NEEDED = "reconnect_needed"
    RESTRICTED = "restricted"


class Channel(Base):
    """One Instagram account or Facebook Page. The token is encrypted; `disconnected_at` keeps history."""

    __tablename__ = "channels"
    __table_args__ = (
        UniqueConstraint("business_id", "platform", "external_id"),
        CheckConstraint("platform IN ('instagram', 'facebook')", name="platform"),
        CheckConstraint("status IN ('connected', 'reconnect_needed', 'restricted')", name="status"),
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


async def list_connected(session: AsyncSession, business_id: int) -> Sequence[Channel]:
    """The business's channels in the order in which they were connected."""
    return (
        await session.scalars(
            select(Channel)
            .where(Channel.business_id == business_id, Channel.disconnected_at.is_(None))
            .order_by(Channel.id)
        )
    ).all()


async def list_by_ids(session: AsyncSession, channel_ids: Sequence[int]) -> dict[int, Channel]:
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
    return (row[0], Role(row[1])) if row else None


async def set_status(
    session: AsyncSession, channel_id: int, status: ChannelStatus, at: datetime, *, token_sealed: str
) -> None:
    """What the platform let us know about the account when it was asked with this token."""
    await session.execute(
        update(Channel)
        .where(Channel.id == channel_id, Channel.token_sealed == token_sealed)
        .values(status=status.value, updated_at=at)
    )


async def practice_to_reconnect(session: AsyncSession) -> Sequence[tuple[Channel, Business]]:
    """Connected practice channels that cannot be published to until they get a new token."""
    rows = await session.execute(
        select(Channel, Business)
        .join(Business, Business.id == Channel.business_id)
        .where(
            Channel.is_practice,
            Channel.disconnected_at.is_(None),
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
