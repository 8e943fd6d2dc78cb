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

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    and_,
    false,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, take_turns
from app.models.businesses import Member, Role


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


async def find_for_user(
    session: AsyncSession, generation_id: int, user_id: int
) -> tuple[Generation, Role] | None:
    """A generation in one of the user's businesses, and their role there."""
    row = (
        await session.execute(
            select(Generation, Member.role)
            .join(Member, and_(Member.business_id == Generation.business_id, Member.user_id == user_id))
            .where(Generation.id == generation_id)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    return (row[0], Role(row[1])) if row else None


async def find(session: AsyncSession, generation_id: int) -> Generation | None:
    """The generation with this id, whoever asks."""
    return await session.get(Generation, generation_id, populate_existing=True)


async def count_unfinished(session: AsyncSession, business_id: int) -> int:
    """How many generations of the business are waiting or in the works."""
    count = await session.scalar(
        select(func.count())
        .select_from(Generation)
        .where(Generation.next_step_at.is_not(None), Generation.business_id == business_id)
    )
    return count or 0


async def find_mask(session: AsyncSession, generation_id: int) -> bytes | None:
    """The mask that came with an edit."""
    return await session.scalar(select(Generation.mask).where(Generation.id == generation_id))


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


async def list_page(
    session: AsyncSession, business_id: int, *, limit: int, before_id: int | None = None
) -> tuple[Sequence[Generation], int | None]:
    """Generations, newest first, and the id before which the next page begins."""
    conditions = [Generation.business_id == business_id]
    if before_id is not None:
        conditions.append(Generation.id < before_id)
    rows = (
        await session.scalars(
            select(Generation).where(*conditions).order_by(Generation.id.desc()).limit(limit + 1)
        )
    ).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


async def newest_error(session: AsyncSession, business_id: int, provider: str) -> str | None:
    """The error code of the business's last generation with this provider that came to an end."""
    return await session.scalar(
        select(Generation.error_code)
        .where(
            Generation.business_id == business_id,
            Generation.provider == provider,
            Generation.state.not_in(UNFINISHED),
        )
        .order_by(Generation.id.desc())
        .limit(1)
    )


async def move(
    session: AsyncSession,
    generation_id: int,
    *,
    to: GenerationState,
    origin: GenerationState | None = None,
    held_by: str | None = None,
    **values: Any,
) -> bool:
    """Move a generation to another state if that is allowed from where it is; False if it is not.

    With `origin`, only from that state, which may be `to` itself: a step inside it. With `held_by`, only
    while that runner still holds the lease.
    """
    origins = [state.value for state, targets in MOVES.items() if to in targets]
    if origin is not None:
        origins = [origin.value] if origin is to or origin.value in origins else []
    conditions = [Generation.id == generation_id, Generation.state.in_(origins)]
    if held_by is not None:
        conditions.append(Generation.lease_owner == held_by)
    result = await session.execute(update(Generation).where(*conditions).values(state=to.value, **values))
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def ask_to_cancel(session: AsyncSession, generation_id: int, at: datetime) -> bool:
    """Whoever runs it shall stop; False where nobody runs it any more."""
    result = await session.execute(
        update(Generation)
        .where(Generation.id == generation_id, Generation.state == GenerationState.RUNNING.value)
        .values(cancel_requested_at=func.coalesce(Generation.cancel_requested_at, at))
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def claim_due(
    session: AsyncSession,
    *,
    at_once: dict[str, int],
    owner: str,
    now: datetime,
    lease_until: datetime,
    limit: int,
) -> list[int]:
    """Take generations whose next step is due and that no living runner has; returns their ids.

    `at_once` is how many each provider works on at a time, whoever runs them. Of that, a business gets at
    most half, and who has the least in the works comes first. What was running already goes on in any case,
    as does what names a provider that is not there any more. Runners that claim take turns.
    """
    await take_turns(session, "generations.claim")
    is_free = or_(Generation.lease_until.is_(None), Generation.lease_until < now)
    is_due = and_(Generation.next_step_at <= now, is_free)
    rows = await session.execute(select(Generation.provider, Generation.state).where(is_due).distinct())
    due = {(row[0], row[1]) for row in rows}
    waiting_for = [name for name, state in due if state == GenerationState.QUEUED.value and name in at_once]
    ids: list[int] = []
    if len(due) > len(waiting_for):
        stranded = or_(
            Generation.state != GenerationState.QUEUED.value, Generation.provider.not_in(list(at_once))
        )
        ids += await session.scalars(
            select(Generation.id).where(is_due, stranded).order_by(Generation.next_step_at).limit(limit)
        )
    for provider in waiting_for:
        most, busy = at_once[provider], await _running_by_business(session, provider)
        room = min(most - sum(busy.values()), limit - len(ids))
        if room <= 0:
            continue
        waiting = await session.execute(
            select(Generation.id, Generation.business_id)
            .where(is_due, Generation.state == GenerationState.QUEUED.value, Generation.provider == provider)
            .order_by(Generation.next_step_at, Generation.id)
            .limit(4 * most + 100)
        )
        ids += _shared_out([(row[0], row[1]) for row in waiting], busy, room, -(-most // 2))
    if not ids:
        return []
    # One that somebody calls off at this very moment is not taken.
    claimed = await session.scalars(
        update(Generation)
        .where(Generation.id.in_(ids), Generation.state.in_(UNFINISHED))
        .values(
            state=GenerationState.RUNNING.value,
            lease_owner=owner,
            lease_until=lease_until,
            started_at=func.coalesce(Generation.started_at, now),
            error_code=None,
            error_detail=None,
            retry_after=None,
        )
        .returning(Generation.id)
    )
    return sorted(claimed)


def _shared_out(
    waiting: Sequence[tuple[int, int]], busy: dict[int, int], room: int, most_each: int
) -> list[int]:
    """Those of the waiting (generation, business) that fit into the room, the least served business first."""
    chosen: list[int] = []
    lines: dict[int, list[int]] = {}
    for generation_id, business_id in waiting:
        lines.setdefault(business_id, []).append(generation_id)
    while lines and len(chosen) < room:
        business_id = min(lines, key=lambda each: (busy.get(each, 0), lines[each][0]))
        if busy.get(business_id, 0) >= most_each:
            break
        chosen.append(lines[business_id].pop(0))
        busy[business_id] = busy.get(business_id, 0) + 1
        if not lines[business_id]:
            del lines[business_id]
    return chosen


async def _running_by_business(session: AsyncSession, provider: str) -> dict[int, int]:
    rows = await session.execute(
        select(Generation.business_id, func.count())
        .where(
            # Whatever runs has a next step, so that the index finds it.
            Generation.next_step_at.is_not(None),
            Generation.state == GenerationState.RUNNING.value,
            Generation.provider == provider,
        )
        .group_by(Generation.business_id)
    )
    return {row[0]: row[1] for row in rows}


async def next_due_at(session: AsyncSession, after: datetime) -> datetime | None:
    """When the earliest next step is due after this moment that no runner has yet."""
    return await session.scalar(
        select(Generation.next_step_at)
        .where(Generation.next_step_at > after, Generation.lease_owner.is_(None))
        .order_by(Generation.next_step_at)
        .limit(1)
    )


async def renew_leases(
    session: AsyncSession, owner: str, generation_ids: Collection[int], until: datetime
) -> None:
    """This runner is alive and still works on these."""
    await session.execute(
        update(Generation)
        .where(Generation.id.in_(generation_ids), Generation.lease_owner == owner)
        .values(lease_until=until)
    )


async def list_to_cancel(session: AsyncSession, owner: str) -> Sequence[int]:
    """Generations in the hands of this runner that somebody called off."""
    return (
        await session.scalars(
            select(Generation.id).where(
                Generation.lease_owner == owner, Generation.cancel_requested_at.is_not(None)
            )
        )
    ).all()


async def free_leases(session: AsyncSession, owner_prefix: str) -> int:
    """The runners with these names are gone: what they had can be taken at once."""
    result = await session.execute(
        update(Generation)
        .where(Generation.lease_owner.startswith(owner_prefix, autoescape=True))
        .values(lease_owner=None, lease_until=None)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def release(session: AsyncSession, generation_id: int, owner: str) -> None:
    """Let go of a generation that this runner holds; what is next for it stays as it is."""
    await session.execute(
        update(Generation)
        .where(Generation.id == generation_id, Generation.lease_owner == owner)
        .values(lease_owner=None, lease_until=None)
    )
