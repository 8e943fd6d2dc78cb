"""Faults of a platform that channels met: whom they concern, and who has tried for the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Subquery, and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.models.businesses import Member, Role
from app.models.channels import Channel
from app.models.posts import Publication

PROBED = "probed"
"""The code of a trouble that is none yet: a publication of this channel tries for all others."""


class Trouble(Base):
    """A fault of the platform that a channel met, or that it has tried for the others."""

    __tablename__ = "publishing_troubles"
    __table_args__ = (Index("ix_publishing_troubles_at", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]


async def note_trouble(session: AsyncSession, channel_id: int, code: str, at: datetime) -> None:
    """Keep that this channel met a fault of its platform."""
    session.add(Trouble(channel_id=channel_id, code=code, at=at))


@dataclass(frozen=True, slots=True)
class Troubled:
    """Who met a fault: how many accounts, of how many owners; the first of them at `first_at`. `others`: the
    owners of all accounts that are connected on the platform."""

    accounts: int
    owners: int
    others: int
    first_at: datetime | None


def owners_of_businesses() -> Subquery:
    """Each business with whom it counts as: of several owners the one who has been here longest, so that a
    person with many businesses is one."""
    return (
        select(Member.business_id, func.min(Member.user_id).label("owner"))
        .where(Member.role == Role.OWNER.value)
        .group_by(Member.business_id)
        .subquery("owners")
    )


async def who_is_troubled(session: AsyncSession, channel: Channel, code: str, since: datetime) -> Troubled:
    """Who on this platform met the fault since then."""
    owners = owners_of_businesses()
    is_there = and_(Channel.platform == channel.platform, Channel.is_practice == channel.is_practice)
    accounts, in_trouble, first_at = (
        await session.execute(
            select(
                func.count(func.distinct(Channel.external_id)),
                func.count(func.distinct(owners.c.owner)),
                func.min(Trouble.at),
            )
            .select_from(Trouble)
            .join(Channel, Channel.id == Trouble.channel_id)
            .join(owners, owners.c.business_id == Channel.business_id)
            .where(Trouble.code == code, Trouble.at >= since, is_there)
        )
    ).one()
    everybody = await session.scalar(
        select(func.count(func.distinct(owners.c.owner)))
        .select_from(Channel)
        .join(owners, owners.c.business_id == Channel.business_id)
        .where(Channel.disconnected_at.is_(None), is_there)
    )
    return Troubled(int(accounts), int(in_trouble), int(everybody or 0), first_at)


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


def last_troubles_of_owners() -> Subquery:
    """When each owner last met trouble on any account, or tried for the others; who had none is missing."""
    owners = owners_of_businesses()
    return (
        select(owners.c.owner, func.max(Trouble.at).label("at"))
        .select_from(Trouble)
        .join(Channel, Channel.id == Trouble.channel_id)
        .join(owners, owners.c.business_id == Channel.business_id)
        .group_by(owners.c.owner)
        .subquery("of_owners")
    )


def last_troubles_of_accounts() -> Subquery:
    """The same for each account."""
    return (
        select(Channel.external_id, func.max(Trouble.at).label("at"))
        .select_from(Trouble)
        .join(Channel, Channel.id == Trouble.channel_id)
        .group_by(Channel.external_id)
        .subquery("of_accounts")
    )


async def forget_troubles(session: AsyncSession, before: datetime) -> None:
    """Drop what nobody asks about any more."""
    await session.execute(delete(Trouble).where(Trouble.at < before))
