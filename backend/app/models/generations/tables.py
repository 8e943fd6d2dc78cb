"""Requests to AI image providers.

The columns are the memory of whoever runs generations: what is committed before each step is what a new
process knows after a crash.

    queued ──claimed──▶ running ──▶ succeeded
      │  ▲                │  │
      │  └── known not to │  ├──▶ refused, failed      nothing was made
      │      have been    │  ├──▶ cancelled            called off while it was painted
      ▼      made         │  └──▶ unknown              asked for, and the answer is missing
    cancelled ◀───────────┘            │
                                       └──▶ running, succeeded: the picture was here after all

`attempted_at` is committed before the provider is asked, and cleared only when it is known that nothing was
made. `handle` is what the provider calls the work. `next_step_at` is when a runner may take the generation
(None: at rest); `lease_owner` and `lease_until` say which runner has it now. A generation is asked for again
by itself until `retry_until`; None: never.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class GenerationState(StrEnum):
    """Where a generation stands. `unknown`: the answer was lost, the picture may exist at the provider."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


MOVES: dict[GenerationState, frozenset[GenerationState]] = {
    GenerationState.QUEUED: frozenset(
        {
            GenerationState.RUNNING,
            GenerationState.REFUSED,
            GenerationState.FAILED,
            GenerationState.CANCELLED,
        }
    ),
    GenerationState.RUNNING: frozenset(
        {
            GenerationState.QUEUED,
            GenerationState.SUCCEEDED,
            GenerationState.REFUSED,
            GenerationState.FAILED,
            GenerationState.CANCELLED,
            GenerationState.UNKNOWN,
        }
    ),
    GenerationState.UNKNOWN: frozenset({GenerationState.RUNNING, GenerationState.SUCCEEDED}),
    GenerationState.SUCCEEDED: frozenset(),
    GenerationState.REFUSED: frozenset(),
    GenerationState.FAILED: frozenset(),
    GenerationState.CANCELLED: frozenset(),
}
"""Every allowed move. Anything else is a bug or comes too late."""
UNFINISHED = (GenerationState.QUEUED.value, GenerationState.RUNNING.value)


class Generation(Base):
    """One wish and what became of it. `enhanced_prompt` is what the provider saw, `model` what was asked, and
    what made the picture once there is one. `partials` is how many previews were wanted. `mask` is a PNG,
    kept until the work is over. `retry_after` is how many seconds to wait before asking again."""

    __tablename__ = "generations"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'refused', 'failed', 'cancelled', 'unknown')",
            name="state",
        ),
        UniqueConstraint("user_id", "request_key"),
        Index("ix_generations_newest", "business_id", "id"),
        *(
            Index(
                f"ix_generations_{column}",
                column,
                sqlite_where=text(f"{column} IS NOT NULL"),
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in ("next_step_at", "lease_owner", "source_image_id")
        ),
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
    source_image_id: Mapped[int | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"))
    is_edit: Mapped[bool] = mapped_column(default=False, server_default=false())
    has_mask: Mapped[bool] = mapped_column(default=False, server_default=false())
    mask: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    partials: Mapped[int] = mapped_column(default=0, server_default="0")
    seed: Mapped[int | None] = mapped_column(BigInteger)
    error_code: Mapped[str | None] = mapped_column(String(100))
    error_detail: Mapped[str | None] = mapped_column(Text)
    retry_after: Mapped[int | None]
    request_key: Mapped[str | None] = mapped_column(String(255))
    handle: Mapped[str | None] = mapped_column(String(500))
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    attempted_at: Mapped[datetime | None]
    retry_until: Mapped[datetime | None]
    next_step_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
