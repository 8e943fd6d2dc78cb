"""People, and the tokens that speak for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class User(Base):
    """Somebody who can sign in. `email` is kept in lower case and is unique."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AccessToken(Base):
    """A session. Only the hash of the token is kept; a revoked token is deleted."""

    __tablename__ = "access_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


async def find_by_email(session: AsyncSession, email: str) -> User | None:
    """`email` in lower case."""
    return await session.scalar(select(User).where(User.email == email))


async def find(session: AsyncSession, user_id: int) -> User | None:
    """The user with this id."""
    return await session.get(User, user_id)


async def find_id_by_token(session: AsyncSession, token_hash: str, now: datetime) -> int | None:
    """The id of whom a token speaks for, if it has not expired."""
    return await session.scalar(_BY_TOKEN, {"token_hash": token_hash, "now": now})


# Asked with every request, and made once: making it takes longer than the database takes to answer.
_BY_TOKEN = select(AccessToken.user_id).where(
    AccessToken.token_hash == bindparam("token_hash"), AccessToken.expires_at > bindparam("now")
)


async def token_expiry(session: AsyncSession, token_hash: str) -> datetime | None:
    """When a token ends or ended, or None where it never was or was revoked."""
    return await session.scalar(select(AccessToken.expires_at).where(AccessToken.token_hash == token_hash))


async def revoke_token(session: AsyncSession, token_hash: str) -> None:
    """The token speaks for nobody from the next request on."""
    await session.execute(delete(AccessToken).where(AccessToken.token_hash == token_hash))


async def revoke_tokens(session: AsyncSession, user_id: int) -> int:
    """Every session of the user is over; how many there were."""
    ended = await session.execute(
        delete(AccessToken).where(AccessToken.user_id == user_id).returning(AccessToken.id)
    )
    return len(ended.all())


async def revoke_other_tokens(session: AsyncSession, user_id: int, but: str) -> int:
    """The same for every session of the user but the one with this hash."""
    ended = await session.execute(
        delete(AccessToken)
        .where(AccessToken.user_id == user_id, AccessToken.token_hash != but)
        .returning(AccessToken.id)
    )
    return len(ended.all())


async def drop_expired_tokens(session: AsyncSession, before: datetime) -> None:
    """Forget tokens that ended before this moment."""
    await session.execute(delete(AccessToken).where(AccessToken.expires_at < before))


async def password_hash(session: AsyncSession, user_id: int) -> str | None:
    """What is kept of the user's password at this moment; it stays so until the transaction's end."""
    return await session.scalar(select(User.password_hash).where(User.id == user_id).with_for_update())


async def set_password_hash(session: AsyncSession, user_id: int, password_hash: str, now: datetime) -> None:
    """Keep this hash, of the same password or of another one."""
    await session.execute(
        update(User).where(User.id == user_id).values(password_hash=password_hash, updated_at=now)
    )


async def set_name(session: AsyncSession, user_id: int, name: str, now: datetime) -> None:
    """What the user is called from now on."""
    await session.execute(update(User).where(User.id == user_id).values(name=name, updated_at=now))
