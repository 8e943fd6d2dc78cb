"""Answers that are given again when the same request comes again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class IdempotentRequest(Base):
    """One use of an `Idempotency-Key`: bound to who sent it, the route and the body.

    `status` is None while the first request runs, in the process named by `runner`. What must not be
    made twice even when that process dies (posts, generations) keeps the key on its own row as well.
    """

    __tablename__ = "idempotent_requests"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    runner: Mapped[str] = mapped_column(String(100))
    status: Mapped[int | None]
    answer: Mapped[Any | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(index=True)


async def find(session: AsyncSession, user_id: int, key: str) -> IdempotentRequest | None:
    """The earlier use of this key by this user."""
    return await session.scalar(
        select(IdempotentRequest).where(IdempotentRequest.user_id == user_id, IdempotentRequest.key == key)
    )


async def settle(session: AsyncSession, request_id: int, status: int, answer: Any) -> None:
    """Keep the answer of the first request."""
    await session.execute(
        update(IdempotentRequest)
        .where(IdempotentRequest.id == request_id)
        .values(status=status, answer=answer)
    )


async def forget(session: AsyncSession, request_id: int) -> None:
    """The request was refused before work began: the key is free again."""
    await session.execute(delete(IdempotentRequest).where(IdempotentRequest.id == request_id))


async def forget_older(session: AsyncSession, before: datetime) -> None:
    """Keys are kept for a day."""
    await session.execute(delete(IdempotentRequest).where(IdempotentRequest.created_at < before))


async def forget_running(session: AsyncSession, runner_prefix: str) -> None:
    """The processes with these names are gone, and so are the requests they were working on."""
    await session.execute(
        delete(IdempotentRequest).where(
            IdempotentRequest.status.is_(None),
            IdempotentRequest.runner.startswith(runner_prefix, autoescape=True),
        )
    )
