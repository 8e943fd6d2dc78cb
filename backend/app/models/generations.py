"""Requests to AI image providers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.models.businesses import Member


class GenerationState(StrEnum):
    """Where a generation stands. `unknown`: the answer was lost, the picture may exist at the provider."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Generation(Base):
    """One wish and what became of it. `enhanced_prompt` is what the provider saw."""

    __tablename__ = "generations"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'refused', 'failed', 'cancelled', 'unknown')",
            name="state",
        ),
        UniqueConstraint("user_id", "request_key"),
        Index("ix_generations_newest", "business_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    prompt: Mapped[str] = mapped_column(Text)
    enhanced_prompt: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(String(30))
    model: Mapped[str] = mapped_column(String(100))
    size: Mapped[str] = mapped_column(String(20))
    quality: Mapped[str] = mapped_column(String(20))
    style: Mapped[str | None] = mapped_column(String(50))
    state: Mapped[str] = mapped_column(String(20))
    image_id: Mapped[int | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"), index=True)
    error_code: Mapped[str | None] = mapped_column(String(100))
    error_detail: Mapped[str | None] = mapped_column(Text)
    request_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


async def find_for_user(session: AsyncSession, generation_id: int, user_id: int) -> Generation | None:
    """A generation in one of the user's businesses."""
    return await session.scalar(
        select(Generation)
        .join(Member, and_(Member.business_id == Generation.business_id, Member.user_id == user_id))
        .where(Generation.id == generation_id)
    )


async def find_by_request(session: AsyncSession, user_id: int, request_key: str) -> Generation | None:
    """The generation that an earlier request with the same idempotency key made."""
    return await session.scalar(
        select(Generation).where(Generation.user_id == user_id, Generation.request_key == request_key)
    )


async def forget_request(session: AsyncSession, user_id: int, request_key: str, before: datetime) -> None:
    """A key that was used before this moment is free again."""
    await session.execute(
        update(Generation)
        .where(
            Generation.user_id == user_id,
            Generation.request_key == request_key,
            Generation.created_at < before,
        )
        .values(request_key=None)
    )


async def settle(
    session: AsyncSession,
    generation_id: int,
    state: GenerationState,
    at: datetime,
    *,
    image_id: int | None = None,
    model: str | None = None,
    error_code: str | None = None,
    error_detail: str | None = None,
    frees_request: bool = False,
) -> None:
    """The running generation has come to its end; one that is not running is left as it is.

    With `frees_request` the same request may be made again.
    """
    values: dict[str, object] = {
        "state": state.value,
        "finished_at": at,
        "image_id": image_id,
        "error_code": error_code,
        "error_detail": error_detail,
    }
    if model:
        values["model"] = model
    if frees_request:
        values["request_key"] = None
    await session.execute(
        update(Generation)
        .where(Generation.id == generation_id, Generation.state == GenerationState.RUNNING.value)
        .values(**values)
    )


async def settle_abandoned(session: AsyncSession, started_before: datetime, at: datetime) -> int:
    """Generations that a vanished process left running: whether they were made is not known."""
    result = await session.execute(
        update(Generation)
        .where(Generation.state == GenerationState.RUNNING.value, Generation.created_at < started_before)
        .values(
            state=GenerationState.UNKNOWN.value,
            finished_at=at,
            error_code="outcome_unknown",
            error_detail="The server stopped while the provider was painting. The picture may have been made "
            "and billed, but it did not arrive.",
        )
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult
