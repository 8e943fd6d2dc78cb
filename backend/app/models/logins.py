"""Logins at Meta: what a person allowed for a business, the attempts on the way there, and wishes to be
forgotten. Every token in here is encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class LoginKind(StrEnum):
    """Through which of Meta's logins."""

    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"


class Login(Base):
    """What one person at Meta has allowed for a business. `token_sealed` is the person's own token, from
    which those of Pages are made; with Instagram Login the channel has the only one, and it is empty."""

    __tablename__ = "logins"
    __table_args__ = (
        UniqueConstraint("business_id", "kind", "is_practice", "meta_user_id"),
        CheckConstraint("kind IN ('facebook', 'instagram')", name="kind"),
        Index("ix_logins_meta_user_id", "meta_user_id"),
        Index("ix_logins_renew_at", "renew_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    is_practice: Mapped[bool]
    meta_user_id: Mapped[str] = mapped_column(String(100))
    token_sealed: Mapped[str] = mapped_column(Text)
    permissions: Mapped[dict[str, str]] = mapped_column(JSON)
    expires_at: Mapped[datetime | None]
    renew_at: Mapped[datetime | None]
    granted_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class LoginAttempt(Base):
    """One journey to Meta and back. The state that goes along is kept as a hash, counts once, and only for
    the session that began. `offer_sealed` is what can be chosen from, until it is."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        CheckConstraint("kind IN ('facebook', 'instagram')", name="kind"),
        Index("ix_login_attempts_expires_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    session_hash: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(20))
    is_practice: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    problem_code: Mapped[str | None] = mapped_column(String(100))
    problem_detail: Mapped[str | None] = mapped_column(Text)
    offer_sealed: Mapped[str] = mapped_column(Text, default="")


class DeletionRequest(Base):
    """Somebody's wish at Meta that we forget them, and what became of it. It does not say whose it was."""

    __tablename__ = "deletion_requests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    logins_removed: Mapped[int]
    channels_removed: Mapped[int]
    done_at: Mapped[datetime]


async def find(session: AsyncSession, login_id: int) -> Login | None:
    """The login with this id."""
    return await session.get(Login, login_id)


async def find_same(
    session: AsyncSession, *, business_id: int, kind: str, is_practice: bool, meta_user_id: str
) -> Login | None:
    """The login of this person for the business, if there was one before."""
    return await session.scalar(
        select(Login).where(
            Login.business_id == business_id,
            Login.kind == kind,
            Login.is_practice == is_practice,
            Login.meta_user_id == meta_user_id,
        )
    )


async def list_of_person(
    session: AsyncSession, meta_user_id: str, *, kind: str, is_practice: bool, granted_before: datetime
) -> Sequence[Login]:
    """What this person has allowed, in whatever business, up to a moment."""
    return (
        await session.scalars(
            select(Login).where(
                Login.meta_user_id == meta_user_id,
                Login.kind == kind,
                Login.is_practice == is_practice,
                Login.granted_at <= granted_before,
            )
        )
    ).all()


async def remove(session: AsyncSession, login_ids: Sequence[int]) -> None:
    """Forget these logins and their tokens."""
    await session.execute(delete(Login).where(Login.id.in_(login_ids)))


async def list_to_renew(session: AsyncSession, now: datetime, limit: int) -> Sequence[Login]:
    """Logins whose token is to be made new now."""
    return (
        await session.scalars(
            select(Login)
            .where(Login.renew_at <= now, Login.token_sealed != "")
            .order_by(Login.renew_at)
            .limit(limit)
        )
    ).all()


async def take_to_renew(session: AsyncSession, login_id: int, seen: datetime, until: datetime) -> bool:
    """Take a login that is due, so that nobody else renews it before `until`. Whether it was to be had."""
    taken = await session.execute(
        update(Login)
        .where(Login.id == login_id, Login.renew_at == seen)
        .values(renew_at=until)
        .returning(Login.id)
    )
    return taken.one_or_none() is not None


async def return_attempt(
    session: AsyncSession, state_hash: str, session_hash: str, now: datetime
) -> LoginAttempt | None:
    """The attempt that this state belongs to, which from now on counts no more; None where it never counted
    for this session, or does not any more."""
    found = await session.execute(
        update(LoginAttempt)
        .where(
            LoginAttempt.state_hash == state_hash,
            LoginAttempt.session_hash == session_hash,
            LoginAttempt.returned_at.is_(None),
            LoginAttempt.expires_at > now,
        )
        .values(returned_at=now)
        .returning(LoginAttempt.id)
    )
    attempt_id = found.scalar_one_or_none()
    return None if attempt_id is None else await session.get(LoginAttempt, attempt_id)


async def find_attempt(
    session: AsyncSession, attempt_id: int, user_id: int, now: datetime
) -> LoginAttempt | None:
    """The user's own attempt, while it counts."""
    return await session.scalar(
        select(LoginAttempt).where(
            LoginAttempt.id == attempt_id,
            LoginAttempt.user_id == user_id,
            LoginAttempt.returned_at.is_not(None),
            LoginAttempt.expires_at > now,
        )
    )


async def forget_attempts(session: AsyncSession, now: datetime) -> None:
    """Drop what has ended, with every token in it."""
    await session.execute(delete(LoginAttempt).where(LoginAttempt.expires_at <= now))


async def drop_attempt(session: AsyncSession, attempt_id: int) -> None:
    """The attempt has come to its end."""
    await session.execute(delete(LoginAttempt).where(LoginAttempt.id == attempt_id))


async def find_deletion(session: AsyncSession, code_hash: str) -> DeletionRequest | None:
    """What became of a wish to be forgotten."""
    return await session.scalar(select(DeletionRequest).where(DeletionRequest.code_hash == code_hash))


async def list_sealed(session: AsyncSession, but_key: str, limit: int, after: int = 0) -> Sequence[Login]:
    """Logins whose token is sealed with another key than this one."""
    return (
        await session.scalars(
            select(Login)
            .where(Login.id > after, Login.token_sealed != "", ~Login.token_sealed.startswith(f"{but_key}."))
            .order_by(Login.id)
            .limit(limit)
        )
    ).all()


async def replace_sealed(session: AsyncSession, login_id: int, before: str, after: str) -> None:
    """Put the same token, sealed anew, in the place of the old one, unless that has changed meanwhile."""
    await session.execute(
        update(Login).where(Login.id == login_id, Login.token_sealed == before).values(token_sealed=after)
    )


async def count_sealed(session: AsyncSession, but_key: str) -> int:
    """How many tokens are sealed with another key than this one."""
    return (
        await session.scalar(
            select(func.count())
            .select_from(Login)
            .where(Login.token_sealed != "", ~Login.token_sealed.startswith(f"{but_key}."))
        )
        or 0
    )
