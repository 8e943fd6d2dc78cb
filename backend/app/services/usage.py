"""Money: what AI images cost a business, reserved before the provider is asked and settled once, afterwards.

Everything here happens inside the transaction of whoever moves the generation on, so the ledger and the
generation never disagree. Reservations of one business take turns at its row, and those of one user as well:
what is left of the free images and of the cap is counted and taken in one go.
"""

from __future__ import annotations

import csv
import io
import re
import zoneinfo
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database, take_turns
from app.core.errors import Conflict, LimitReached, RuleBroken
from app.core.logging import get_logger
from app.core.words import without_invisible
from app.models import businesses as business_models
from app.models import generations as generation_models
from app.models import usage as models
from app.models.businesses import Business, Role
from app.models.generations import Generation, GenerationState
from app.models.usage import EntryState, Sums, UsageEntry
from app.services import access

__all__ = ["Allowance", "Entry", "MonthReport", "Sums", "Terms", "UsageEntry"]

log = get_logger(__name__)

HELD_FOR = timedelta(hours=1)
"""How long a reservation may be open. What is longer in the works is for a person to look at."""
PAGE = 200
"""Entries that are read at a time for an export."""
NOTHING = Decimal(0)
_FORMULA_SIGNS = ("=", "+", "-", "@", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins, also in wide letters."""
_LINE_SIGNS = ("\t", "\r", "\n")
_CELL_WITHIN = re.compile(rf"(;\s*)([{re.escape(''.join(_FORMULA_SIGNS))}])")
COLUMNS = (
    "asked_at",
    "generation_id",
    "member",
    "prompt",
    "provider",
    "model",
    "size",
    "quality",
    "state",
    "free",
    "estimated_usd",
    "booked_usd",
    "charged_usd",
)
"""Of the export."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What AI images cost a business: so many a month are free, each further one has this price in USD.

    Anybody can make businesses, so one user gets the free images of `free_businesses` at most in a month.
    """

    free_per_month: int
    extra_price: Decimal
    free_businesses: int = 30


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a business has left this month for one of its members. `cap_remaining` is None without a cap;
    `next_price` is what the next image is charged."""

    month: str
    free_remaining: int
    free_resets_at: datetime
    cap: Decimal | None
    cap_remaining: Decimal | None
    next_price: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger with what it is about."""

    entry: UsageEntry
    generation: Generation
    member_name: str


@dataclass(frozen=True, slots=True)
class MonthReport:
    """A month of a business. The sums are of the whole month; `entries` is a page of it, newest first."""

    month: str
    timezone: str
    free_used: int
    free_per_month: int
    total: Sums
    by_day: Sequence[tuple[str, Sums]]
    by_model: Sequence[tuple[str, Sums]]
    by_member: Sequence[tuple[int, str, Sums]]
    entries: Sequence[Entry]
    next_before_id: int | None


def month_and_day(business: Business, at: datetime) -> tuple[str, str]:
    """The month and the day that a moment belongs to where the business is."""
    local = at.astimezone(zoneinfo.ZoneInfo(business.timezone))
    return local.strftime("%Y-%m"), local.strftime("%Y-%m-%d")


def next_month_begins_at(business: Business, at: datetime) -> datetime:
    """When the business's next month begins, in UTC."""
    local = at.astimezone(zoneinfo.ZoneInfo(business.timezone))
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    return datetime(year, month, 1, tzinfo=local.tzinfo).astimezone(UTC)


async def allowance(session: AsyncSession, business: Business, terms: Terms, *, user_id: int) -> Allowance:
    """What is left now. It may be taken by somebody else before the next look."""
    now = clock.now()
    month, _ = month_and_day(business, now)
    free_used, spent = await models.spent(session, business.id, month)
    free_remaining = max(0, terms.free_per_month - free_used)
    if free_remaining:
        taken = await models.count_free_of_user(session, user_id, month)
        free_remaining = max(0, min(free_remaining, terms.free_per_month * terms.free_businesses - taken))
    cap = business.monthly_ai_cap
    return Allowance(
        month=month,
        free_remaining=free_remaining,
        free_resets_at=next_month_begins_at(business, now),
        cap=cap,
        cap_remaining=None if cap is None else max(NOTHING, cap - spent),
        next_price=NOTHING if free_remaining else terms.extra_price,
    )


async def reserve(
    session: AsyncSession,
    generation: Generation,
    business: Business,
    terms: Terms,
    *,
    estimate: Decimal | None,
) -> UsageEntry:
    """Take a free image, or the price of a further one, for a generation that was just written down.

    `business` is held (`models.businesses.hold`). Raises LimitReached (`spending_cap_reached`) when the price
    does not fit under the cap any more.
    """
    await take_turns(session, f"free images of user {generation.user_id}")
    left = await allowance(session, business, terms, user_id=generation.user_id)
    if left.cap_remaining is not None and left.next_price > left.cap_remaining:
        resets = left.free_resets_at.astimezone(zoneinfo.ZoneInfo(business.timezone))
        raise LimitReached(
            "spending_cap_reached",
            f"This month's limit of {left.cap:.2f} USD for AI images is reached. It starts anew on "
            f"{resets:%d %B %Y}; an owner can raise it in the settings.",
            limit_usd=f"{left.cap:.2f}",
            resets_at=left.free_resets_at.isoformat(),
        )
    month, day = month_and_day(business, generation.created_at)
    entry = UsageEntry(
        business_id=business.id,
        user_id=generation.user_id,
        generation_id=generation.id,
        month=month,
        day=day,
        provider=generation.provider,
        model=generation.model,
        state=EntryState.RESERVED.value,
        is_free=left.free_remaining > 0,
        price=left.next_price,
        estimate=estimate,
        cost=None,
        created_at=generation.created_at,
        settled_at=None,
    )
    session.add(entry)
    await session.flush()
    return entry


async def book(session: AsyncSession, generation_id: int, *, cost: Decimal | None, model: str | None) -> None:
    """The work was done: what was reserved is charged. `cost` is what the provider bills; None: unknown."""
    await models.settle(session, generation_id, EntryState.BOOKED, clock.now(), cost=cost, model=model)


async def refund(session: AsyncSession, generation_id: int, *, cost: Decimal | None) -> None:
    """The business got nothing, so it pays nothing. `cost` is what the provider bills all the same."""
    await models.settle(session, generation_id, EntryState.REFUNDED, clock.now(), cost=cost)


async def leave_unknown(session: AsyncSession, generation_id: int) -> None:
    """Nobody knows whether the work was done: the reservation stays."""
    await models.settle(session, generation_id, EntryState.UNKNOWN, clock.now(), cost=None)


async def cost_of_image(session: AsyncSession, image_id: int) -> UsageEntry | None:
    """The entry of the generation that made this image, if there is one."""
    generation = await generation_models.find_by_image(session, image_id)
    return (await entries_of(session, [generation])).get(generation.id) if generation else None


async def settle_by_hand(
    session: AsyncSession, generation: Generation, *, cost: Decimal | None, by: int
) -> None:
    """Say what the provider charged for a generation whose cost nobody knows: `cost`, or nothing (None).

    The generation is held. Where there is no telling whether a picture was made, a charge means that what
    was reserved is owed, and none that it is given back; where that is clear, it stays as it is, and only
    the cost is written down. Saying the same again changes nothing. Raises Conflict (`not_settled_yet`,
    `already_settled`).
    """
    entry = (await entries_of(session, [generation])).get(generation.id)
    if entry is None or entry.state == EntryState.RESERVED.value:
        raise Conflict(
            "not_settled_yet", "This generation is still at work. Wait for its end, then look again."
        )
    state = EntryState(entry.state)
    if generation.state in (GenerationState.UNKNOWN.value, GenerationState.CANCELLED.value):
        state = EntryState.REFUNDED if cost is None else EntryState.BOOKED
    amount = NOTHING if cost is None else cost
    if await models.settle_by_hand(session, generation.id, state, clock.now(), cost=amount, by=by):
        log.info(
            "usage.settled_by_hand", generation_id=generation.id, user_id=by, was_charged=cost is not None
        )
    elif (entry.state, entry.cost) != (state.value, amount) or entry.settled_by is None:
        raise Conflict(
            "already_settled",
            "What this generation costs is known by now. Look at the entry before saying more.",
        )


async def find_disagreements(session: AsyncSession) -> Sequence[int]:
    """Generations of which the ledger tells something else than they do themselves, or for which a price has
    been held for over an hour though nobody lost an answer. A hundred at most."""
    return await models.list_disagreeing(session, clock.now() - HELD_FOR, 100)


async def entries_of(session: AsyncSession, generations: Sequence[Generation]) -> dict[int, UsageEntry]:
    """The ledger's entries by generation. Generations of an older version of the product have none."""
    return await models.find_by_generations(session, [generation.id for generation in generations])


async def report(
    session: AsyncSession,
    *,
    user_id: int,
    business_id: int,
    month: str | None,
    terms: Terms,
    limit: int,
    before_id: int | None,
) -> MonthReport:
    """A month of a business, the current one where none is given. For every member."""
    business = await _business(session, user_id, business_id)
    month = _checked_month(month) or month_and_day(business, clock.now())[0]
    free_used, _ = await models.spent(session, business_id, month)
    rows, next_before_id = await models.list_page(
        session, business_id, month, limit=limit, before_id=before_id
    )
    return MonthReport(
        month=month,
        timezone=business.timezone,
        free_used=free_used,
        free_per_month=terms.free_per_month,
        total=await models.sums(session, business_id, month),
        by_day=await models.sums_by_day(session, business_id, month),
        by_model=await models.sums_by_model(session, business_id, month),
        by_member=await models.sums_by_member(session, business_id, month),
        entries=[Entry(*row) for row in rows],
        next_before_id=next_before_id,
    )


async def export_csv(
    database: Database, *, user_id: int, business_id: int, month: str | None
) -> tuple[str, AsyncGenerator[str, None]]:
    """A file name, and a month's entries as CSV, newest first, piece by piece. For every member.

    A cell that a spreadsheet would take for a formula begins with an apostrophe. What is unknown is empty.
    """
    async with database.reading() as session:
        business = await _business(session, user_id, business_id)
    chosen = _checked_month(month) or month_and_day(business, clock.now())[0]
    zone = zoneinfo.ZoneInfo(business.timezone)

    async def pieces() -> AsyncGenerator[str, None]:
        yield _lines([COLUMNS])
        before_id: int | None = None
        while True:
            async with database.reading() as session:
                rows, before_id = await models.list_page(
                    session, business_id, chosen, limit=PAGE, before_id=before_id
                )
            yield _lines([_cells(Entry(*row), zone) for row in rows])
            if before_id is None:
                return

    return f"ai-usage-{chosen}.csv", pieces()


def is_practice(entry: UsageEntry) -> bool:
    """Whether this is practice money, which nobody bills."""
    return entry.provider == models.PRACTICE


def charged(entry: UsageEntry) -> Decimal | None:
    """What the business is charged; None while that is open."""
    match EntryState(entry.state):
        case EntryState.BOOKED:
            return entry.price
        case EntryState.REFUNDED:
            return NOTHING
    return None


def _cells(line: Entry, zone: zoneinfo.ZoneInfo) -> list[str]:
    entry, generation = line.entry, line.generation
    return [
        entry.created_at.astimezone(zone).isoformat(timespec="seconds"),
        str(generation.id),
        line.member_name,
        generation.prompt,
        entry.provider,
        entry.model,
        generation.size,
        generation.quality,
        entry.state,
        "yes" if entry.is_free else "no",
        _amount(entry.estimate),
        _amount(entry.cost),
        _amount(charged(entry)),
    ]


def _lines(rows: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([[_harmless(cell) for cell in row] for row in rows])
    return file.getvalue()


def _harmless(cell: str) -> str:
    # Where numbers are written with a comma, a spreadsheet begins a cell at each semicolon.
    cell = _CELL_WITHIN.sub(r"\1'\2", cell)
    # A spreadsheet may skip what nobody sees, and read on.
    seen = without_invisible(cell).lstrip()
    return f"'{cell}" if seen[:1] in _FORMULA_SIGNS or cell[:1] in _LINE_SIGNS else cell


def _amount(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _checked_month(month: str | None) -> str | None:
    if month is None:
        return None
    try:
        if not re.fullmatch("[0-9]{4}-[0-9]{2}", month):
            raise ValueError(month)
        return datetime.strptime(month, "%Y-%m").strftime("%Y-%m")
    except ValueError as error:
        raise RuleBroken(
            "unknown_month",
            "Give the month as 2026-11.",
            errors=[{"field": "month", "code": "unknown_month", "message": "Not a month, such as 2026-11."}],
        ) from error


async def _business(session: AsyncSession, user_id: int, business_id: int) -> Business:
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    business = await business_models.find(session, business_id)
    if business is None:
        raise access.no_such_business()
    return business
