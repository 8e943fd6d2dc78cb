"""Who works on which generation: leases, and how much of a provider each business gets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import take_turns
from app.models.generations.tables import UNFINISHED, Generation, GenerationState


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


async def list_held(session: AsyncSession, owner: str) -> Sequence[Generation]:
    """Generations whose lease this runner has."""
    return (await session.scalars(select(Generation).where(Generation.lease_owner == owner))).all()


async def release(session: AsyncSession, owner: str, generation_ids: Collection[int]) -> None:
    """Let go of generations that this runner holds; what is next for them stays as it is."""
    if generation_ids:
        await session.execute(
            update(Generation)
            .where(Generation.id.in_(generation_ids), Generation.lease_owner == owner)
            .values(lease_owner=None, lease_until=None)
        )


async def free_leases(session: AsyncSession, owner_prefix: str) -> int:
    """The runners with these names are gone: what they had can be taken at once."""
    result = await session.execute(
        update(Generation)
        .where(Generation.lease_owner.startswith(owner_prefix, autoescape=True))
        .values(lease_owner=None, lease_until=None)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult
