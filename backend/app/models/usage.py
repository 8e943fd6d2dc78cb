"""The money ledger of AI generations: one entry for each generation, from its reservation on.

    reserved ──▶ booked      a picture was made, or work that was begun was called off
        │  ▲
        │  └─ unknown ──▶ booked     the answer was lost; the reservation stays until it is known
        └───▶ refunded    nothing was made: it costs the business nothing, and a free image is free again

What stays unknown can be settled once by a person who has looked at the provider's bill (`settled_by`).
Should the picture turn up after all, what it says replaces that.

Two figures that have nothing to do with each other stand side by side: `price` is what the business is
charged, `cost` what the provider bills whoever runs this server. Neither is ever guessed: None is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from app.core.db import Base, Id, Usd
from app.models.generations import Generation, GenerationState
from app.models.users import User


class EntryState(StrEnum):
    """Where an entry stands."""

    RESERVED = "reserved"
    BOOKED = "booked"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"


class UsageEntry(Base):
    """What one generation costs. `month` and `day` are those of the business's time zone when it was asked
    for, as `2026-11` and `2026-11-25`."""

    __tablename__ = "usage"
    __table_args__ = (
        CheckConstraint("state IN ('reserved', 'booked', 'refunded', 'unknown')", name="state"),
        UniqueConstraint("generation_id"),
        Index("ix_usage_month", "business_id", "month", "id"),
        Index("ix_usage_user_id_month", "user_id", "month"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    generation_id: Mapped[int] = mapped_column(ForeignKey("generations.id", ondelete="CASCADE"))
    month: Mapped[str] = mapped_column(String(7))
    day: Mapped[str] = mapped_column(String(10))
    provider: Mapped[str] = mapped_column(String(30))
    model: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    is_free: Mapped[bool]
    price: Mapped[Decimal] = mapped_column(Usd)
    estimate: Mapped[Decimal | None] = mapped_column(Usd)
    cost: Mapped[Decimal | None] = mapped_column(Usd)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


@dataclass(frozen=True, slots=True)
class Sums:
    """Some entries added up. `charged` and `cost` are of what is known; `reserved` may still be charged;
    `unknown` is how many entries there are whose cost at the provider can't be told. `practice_charged` and
    `practice_cost` are what of these is practice money."""

    images: int
    charged: Decimal
    reserved: Decimal
    cost: Decimal
    unknown: int
    practice_charged: Decimal
    practice_cost: Decimal


PRACTICE = "practice"
"""The provider whose money is practice, as its pictures are."""

_ZERO = Decimal(0)
_HELD = (EntryState.RESERVED.value, EntryState.UNKNOWN.value)
_IS_UNKNOWN = or_(
    UsageEntry.state == EntryState.UNKNOWN.value,
    and_(UsageEntry.state != EntryState.RESERVED.value, UsageEntry.cost.is_(None)),
)
_IS_PRACTICE = UsageEntry.provider == PRACTICE
_SUMS = (
    func.count(case((UsageEntry.state == EntryState.BOOKED.value, 1))),
    func.sum(case((UsageEntry.state == EntryState.BOOKED.value, UsageEntry.price))),
    func.sum(case((UsageEntry.state.in_(_HELD), UsageEntry.price))),
    func.sum(UsageEntry.cost),
    func.count(case((_IS_UNKNOWN, 1))),
    func.sum(case((and_(_IS_PRACTICE, UsageEntry.state == EntryState.BOOKED.value), UsageEntry.price))),
    func.sum(case((_IS_PRACTICE, UsageEntry.cost))),
)


async def spent(session: AsyncSession, business_id: int, month: str) -> tuple[int, Decimal]:
    """Free images that are used or held, and what is charged or may still be."""
    row = (
        await session.execute(
            select(func.count(case((UsageEntry.is_free, 1))), func.sum(UsageEntry.price)).where(
                UsageEntry.business_id == business_id,
                UsageEntry.month == month,
                UsageEntry.state != EntryState.REFUNDED.value,
            )
        )
    ).one()
    return int(row[0]), row[1] or _ZERO


async def count_free_of_user(session: AsyncSession, user_id: int, month: str) -> int:
    """Free images that the user has used or holds, in all businesses."""
    count = await session.scalar(
        select(func.count()).where(
            UsageEntry.user_id == user_id,
            UsageEntry.month == month,
            UsageEntry.is_free,
            UsageEntry.state != EntryState.REFUNDED.value,
        )
    )
    return count or 0


async def settle(
    session: AsyncSession,
    generation_id: int,
    to: EntryState,
    at: datetime,
    *,
    cost: Decimal | None,
    model: str | None = None,
) -> bool:
    """Move a generation's entry on, once; False where it was settled already, and not by hand."""
    values: dict[str, object] = {"state": to.value, "settled_at": at, "settled_by": None}
    if cost is not None:
        # What a person found on the bill stays where nothing better is known.
        values["cost"] = cost
    if model:
        values["model"] = model
    is_open = or_(UsageEntry.state.in_(_HELD), UsageEntry.settled_by.is_not(None))
    result = await session.execute(
        update(UsageEntry).where(UsageEntry.generation_id == generation_id, is_open).values(**values)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def settle_by_hand(
    session: AsyncSession, generation_id: int, to: EntryState, at: datetime, *, cost: Decimal, by: int
) -> bool:
    """Move an entry on whose cost nobody knows, once; False where it is known by now, or open still."""
    result = await session.execute(
        update(UsageEntry)
        .where(UsageEntry.generation_id == generation_id, _IS_UNKNOWN)
        .values(state=to.value, settled_at=at, settled_by=by, cost=cost)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def readdress(
    session: AsyncSession, generation_id: int, *, provider: str, model: str, estimate: Decimal | None
) -> None:
    """The generation goes to another provider; what the business is charged stays as it is."""
    await session.execute(
        update(UsageEntry)
        .where(UsageEntry.generation_id == generation_id)
        .values(provider=provider, model=model, estimate=estimate)
    )


async def sums(session: AsyncSession, business_id: int, month: str) -> Sums:
    """A month of a business."""
    row = (
        await session.execute(
            select(*_SUMS).where(UsageEntry.business_id == business_id, UsageEntry.month == month)
        )
    ).one()
    return _sums(row)


async def sums_by_day(session: AsyncSession, business_id: int, month: str) -> Sequence[tuple[str, Sums]]:
    """A month of a business, the days on which something was asked for, oldest first."""
    return await _sums_by(session, business_id, month, UsageEntry.day)


async def sums_by_model(session: AsyncSession, business_id: int, month: str) -> Sequence[tuple[str, Sums]]:
    """A month of a business by the model that was asked, or that made the picture."""
    return await _sums_by(session, business_id, month, UsageEntry.model)


async def sums_by_member(
    session: AsyncSession, business_id: int, month: str
) -> Sequence[tuple[int, str, Sums]]:
    """A month of a business by who asked, with their names; also of those who have left."""
    rows = await session.execute(
        select(UsageEntry.user_id, User.name, *_SUMS)
        .join(User, User.id == UsageEntry.user_id)
        .where(UsageEntry.business_id == business_id, UsageEntry.month == month)
        .group_by(UsageEntry.user_id, User.name)
        .order_by(UsageEntry.user_id)
    )
    return [(row[0], row[1], _sums(row[2:])) for row in rows]


async def list_page(
    session: AsyncSession, business_id: int, month: str, *, limit: int, before_id: int | None = None
) -> tuple[Sequence[tuple[UsageEntry, Generation, str]], int | None]:
    """Entries of a month, newest first, each with its generation and the name of who asked; and the id
    before which the next page begins."""
    conditions = [UsageEntry.business_id == business_id, UsageEntry.month == month]
    if before_id is not None:
        conditions.append(UsageEntry.id < before_id)
    rows = (
        await session.execute(
            select(UsageEntry, Generation, User.name)
            .join(Generation, Generation.id == UsageEntry.generation_id)
            .join(User, User.id == UsageEntry.user_id)
            .where(*conditions)
            .order_by(UsageEntry.id.desc())
            .limit(limit + 1)
        )
    ).all()
    found = [(row[0], row[1], row[2]) for row in rows]
    return found[:limit], found[limit - 1][0].id if len(found) > limit else None


async def find_by_generations(session: AsyncSession, generation_ids: Sequence[int]) -> dict[int, UsageEntry]:
    """The entries of these generations."""
    rows = await session.scalars(select(UsageEntry).where(UsageEntry.generation_id.in_(generation_ids)))
    return {entry.generation_id: entry for entry in rows}


async def list_disagreeing(session: AsyncSession, held_since: datetime, limit: int) -> Sequence[int]:
    """Generations whose entry does not say what they say, or is held without a reason since before then."""
    expected = case(
        (Generation.state == GenerationState.SUCCEEDED.value, EntryState.BOOKED.value),
        # A person said how it stands. A picture that turns up is taken in in spite of that.
        (
            and_(
                UsageEntry.settled_by.is_not(None),
                Generation.state.in_([GenerationState.UNKNOWN.value, GenerationState.RUNNING.value]),
            ),
            UsageEntry.state,
        ),
        (Generation.state == GenerationState.UNKNOWN.value, EntryState.UNKNOWN.value),
        (
            Generation.state.in_([GenerationState.REFUSED.value, GenerationState.FAILED.value]),
            EntryState.REFUNDED.value,
        ),
        (Generation.state == GenerationState.CANCELLED.value, UsageEntry.state),
        else_=EntryState.RESERVED.value,
    )
    is_over = Generation.state == GenerationState.CANCELLED.value
    return (
        await session.scalars(
            select(Generation.id)
            .join(UsageEntry, UsageEntry.generation_id == Generation.id)
            .where(
                or_(
                    UsageEntry.state != expected,
                    and_(is_over, UsageEntry.state.in_(_HELD)),
                    and_(UsageEntry.state == EntryState.RESERVED.value, UsageEntry.created_at < held_since),
                )
            )
            .order_by(Generation.id)
            .limit(limit)
        )
    ).all()


async def _sums_by(
    session: AsyncSession, business_id: int, month: str, key: InstrumentedAttribute[str]
) -> Sequence[tuple[str, Sums]]:
    rows = await session.execute(
        select(key, *_SUMS)
        .where(UsageEntry.business_id == business_id, UsageEntry.month == month)
        .group_by(key)
        .order_by(key)
    )
    return [(row[0], _sums(row[1:])) for row in rows]


def _sums(row: Sequence[object]) -> Sums:
    images, charged, reserved, cost, unknown, practice_charged, practice_cost = row
    return Sums(
        images=int(str(images)),
        charged=_amount(charged),
        reserved=_amount(reserved),
        cost=_amount(cost),
        unknown=int(str(unknown)),
        practice_charged=_amount(practice_charged),
        practice_cost=_amount(practice_cost),
    )


def _amount(sum_: object) -> Decimal:
    """Of no rows at all the databases say nothing."""
    return sum_ if isinstance(sum_, Decimal) else _ZERO
