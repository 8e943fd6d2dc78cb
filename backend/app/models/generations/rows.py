"""Single generations: found, listed, moved from state to state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.businesses import Member, Role, role_within
from app.models.generations.tables import MOVES, UNFINISHED, Generation, GenerationState


async def find_for_user(
    session: AsyncSession, generation_id: int, user_id: int, *, is_held: bool = False
) -> tuple[Generation, Role] | None:
    """A generation in one of the user's businesses, and their role there. With `is_held` it stays as it is
    until the unit of work ends; on SQLite a unit that writes is alone anyway."""
    query = (
        select(Generation, Member.role)
        .join(Member, and_(Member.business_id == Generation.business_id, Member.user_id == user_id))
        .where(Generation.id == generation_id)
        .execution_options(populate_existing=True)
    )
    if is_held:
        query = query.with_for_update(of=Generation)
    row = (await session.execute(query)).one_or_none()
    role = role_within(row[1], row[0].business_id) if row else None
    return (row[0], role) if row and role else None


async def find(session: AsyncSession, generation_id: int) -> Generation | None:
    """The generation with this id, whoever asks."""
    return await session.get(Generation, generation_id, populate_existing=True)


async def find_by_image(session: AsyncSession, image_id: int) -> Generation | None:
    """The generation that made this image; None for an upload, and for one that came with an import."""
    return await session.scalar(
        select(Generation).where(Generation.image_id == image_id).order_by(Generation.id).limit(1)
    )


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
