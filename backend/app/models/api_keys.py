"""Keys for programs: each speaks for the member who made it, in one business."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.models.businesses import Role
from app.models.users import User


class ApiKey(Base):
    """What a program signs in with. Only the hash of its secret is kept, and the `hint` that it begins with;
    a revoked key is deleted, and all of a member's go with the membership. `role` is the most that it may."""

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["business_id", "user_id"], ["members.business_id", "members.user_id"], ondelete="CASCADE"
        ),
        CheckConstraint("role IN ('owner', 'admin', 'editor', 'viewer')", name="role"),
        Index("ix_api_keys_member", "business_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(Id)
    user_id: Mapped[int] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(16))
    hint: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


async def find_by_secret(session: AsyncSession, secret_hash: str) -> ApiKey | None:
    """The key with this secret, also one that has expired."""
    return await session.scalar(_BY_SECRET, {"secret_hash": secret_hash})


# Asked with every request of a program, and made once.
_BY_SECRET = select(ApiKey).where(ApiKey.secret_hash == bindparam("secret_hash"))


async def note_use(session: AsyncSession, key_id: int, at: datetime, *, unless_since: datetime) -> None:
    """The key is used at this moment, unless a use is noted that is younger than the other one."""
    await session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < unless_since))
        .values(last_used_at=at)
    )


async def find(session: AsyncSession, key_id: int) -> ApiKey | None:
    """The key with this id, whoever asks."""
    return await session.get(ApiKey, key_id)


async def list_made(
    session: AsyncSession, business_id: int, *, user_id: int | None
) -> Sequence[tuple[ApiKey, User]]:
    """The keys of a business with who made them, newest first; with `user_id` those of one member alone."""
    conditions = [ApiKey.business_id == business_id]
    if user_id is not None:
        conditions.append(ApiKey.user_id == user_id)
    rows = await session.execute(
        select(ApiKey, User)
        .join(User, User.id == ApiKey.user_id)
        .where(*conditions)
        .order_by(ApiKey.id.desc())
    )
    return [(key, user) for key, user in rows]


async def count_of_member(session: AsyncSession, business_id: int, user_id: int) -> int:
    """How many keys a member has made in a business."""
    count = await session.scalar(
        select(func.count())
        .select_from(ApiKey)
        .where(ApiKey.business_id == business_id, ApiKey.user_id == user_id)
    )
    return count or 0


async def revoke(session: AsyncSession, key_id: int) -> None:
    """The key speaks for nobody from the next request on."""
    await session.execute(delete(ApiKey).where(ApiKey.id == key_id))


async def revoke_of_user(session: AsyncSession, user_id: int) -> int:
    """The same for every key that a user has made, in all businesses; how many there were."""
    gone = await session.execute(delete(ApiKey).where(ApiKey.user_id == user_id).returning(ApiKey.id))
    return len(gone.all())


def role_of(key: ApiKey) -> Role:
    """The most that a key may."""
    return Role(key.role)
