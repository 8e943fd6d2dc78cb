"""Tenants and who belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    false,
    func,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, Usd
from app.models.users import User


class Role(StrEnum):
    """What a member may do; each role may do what the ones below it may."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) <= order.index(other)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far whoever asks with a key can go: in this business alone, and with this role at most."""

    business_id: int
    role: Role


_bounds: ContextVar[Bounds | None] = ContextVar("bounds", default=None)


def ask_within(bounds: Bounds) -> None:
    """From here on, until the request ends, every role that is looked up stays within these bounds.

    They belong to the request and not to the arguments of each question, so that no question can be asked
    without them. Work that the request leaves behind asks for no roles.
    """
    _bounds.set(bounds)


def is_within_bounds() -> bool:
    """Whether whoever asks does so with a key."""
    return _bounds.get() is not None


def role_within(role: str, business_id: int) -> Role | None:
    """What a member with this role may do, with a key or without one; None where the key is not for here."""
    own, bounds = Role(role), _bounds.get()
    if bounds is None:
        return own
    if bounds.business_id != business_id:
        return None
    return bounds.role if own.includes(bounds.role) else own


class Business(Base):
    """A tenant. `timezone` is an IANA name; times are shown in it.

    `monthly_ai_cap` is the most that AI images may be charged in a month; None: no limit. `ai_styles` are the
    business's own styles, and its own words for built-in ones. With `ai_provider_fallback` a picture may be
    asked of another provider when the one that was chosen is down. With `label_ai_images` a post says so on
    the platform when an image in it was made by AI, unless the post decides otherwise.
    """

    __tablename__ = "businesses"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(64))
    monthly_ai_cap: Mapped[Decimal | None] = mapped_column(Usd)
    ai_styles: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list, server_default="[]")
    ai_provider_fallback: Mapped[bool] = mapped_column(default=False, server_default=false())
    label_ai_images: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Member(Base):
    """A user in a business, with a role."""

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("business_id", "user_id"),
        CheckConstraint("role IN ('owner', 'admin', 'editor', 'viewer')", name="role"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]


async def find_role(session: AsyncSession, business_id: int, user_id: int) -> Role | None:
    """What the user may do in the business as of now, or None for a stranger."""
    role = await session.scalar(_ROLE, {"business_id": business_id, "user_id": user_id})
    return role_within(role, business_id) if role else None


# Asked with nearly every request, and made once.
_ROLE = select(Member.role).where(
    Member.business_id == bindparam("business_id"), Member.user_id == bindparam("user_id")
)


async def list_for_user(session: AsyncSession, user_id: int) -> Sequence[tuple[Business, Role]]:
    """The user's businesses, oldest membership first."""
    rows = await session.execute(
        select(Business, Member.role)
        .join(Member, Member.business_id == Business.id)
        .where(Member.user_id == user_id)
        .order_by(Member.id)
    )
    return [
        (business, within)
        for business, role in rows
        if (within := role_within(role, business.id)) is not None
    ]


async def find(session: AsyncSession, business_id: int) -> Business | None:
    """The business with this id, whoever asks: check the role first."""
    return await session.get(Business, business_id)


async def labels_ai_images(session: AsyncSession, business_id: int) -> bool:
    """Whether the business labels AI-made images where a post does not decide."""
    return bool(await session.scalar(select(Business.label_ai_images).where(Business.id == business_id)))


async def hold(session: AsyncSession, business_id: int) -> Business:
    """The business as it is now. Nobody else holds it until the unit of work ends: what is counted for it in
    the meantime stays true."""
    return (
        await session.scalars(
            select(Business)
            .where(Business.id == business_id)
            # Rows that only name the business are not kept waiting.
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).one()


async def list_members(session: AsyncSession, business_id: int) -> Sequence[tuple[Member, User]]:
    """Everybody in the business, oldest first."""
    rows = await session.execute(
        select(Member, User)
        .join(User, User.id == Member.user_id)
        .where(Member.business_id == business_id)
        .order_by(Member.id)
    )
    return [(member, user) for member, user in rows]


async def set_role(session: AsyncSession, business_id: int, user_id: int, role: Role) -> None:
    """Change a member's role."""
    await session.execute(
        update(Member)
        .where(Member.business_id == business_id, Member.user_id == user_id)
        .values(role=role.value)
    )


async def remove_member(session: AsyncSession, business_id: int, user_id: int) -> None:
    """End a membership; it bites on the next request."""
    await session.execute(delete(Member).where(Member.business_id == business_id, Member.user_id == user_id))


async def count_owners(session: AsyncSession, business_id: int) -> int:
    """A business is never left without an owner."""
    count = await session.scalar(
        select(func.count())
        .select_from(Member)
        .where(Member.business_id == business_id, Member.role == Role.OWNER.value)
    )
    return count or 0
