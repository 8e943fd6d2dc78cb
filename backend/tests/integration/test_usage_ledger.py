"""The ledger: what is free, what is charged, what the provider bills, and that all of it holds when many ask
at once."""

from __future__ import annotations

import asyncio
import csv
import io
import zoneinfo
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.errors import AppError, Conflict, LimitReached, RuleBroken
from app.models import businesses as business_models
from app.models import usage as models
from app.models.businesses import Business
from app.models.usage import UsageEntry
from app.providers.image_generation.base import AccountTrouble, GenerationUnknown, PromptRefused
from app.services import usage
from app.services.doctor import Doctor
from app.services.usage import NOTHING, Allowance, MonthReport, Terms
from tests.integration.studio import PRICE, Studio, picture

TEN_CENTS = Decimal("0.10")


async def left(studio: Studio) -> Allowance:
    async with studio.database.reading() as session:
        business = await session.get_one(Business, studio.business_id)
        return await usage.allowance(session, business, studio.terms, user_id=studio.user_id)


async def report(studio: Studio, **more: int | None) -> MonthReport:
    async with studio.database.reading() as session:
        return await usage.report(
            session,
            user_id=studio.user_id,
            business_id=studio.business_id,
            month=None,
            terms=studio.terms,
            limit=more.get("limit") or 100,
            before_id=more.get("before_id"),
        )


async def test_fifty_at_once_with_one_free_image_left_use_exactly_one_and_none_is_refused(
    studio: Studio,
) -> None:
    studio.terms = Terms(1, TEN_CENTS)
    desk = studio.desk()
    ids = await asyncio.gather(*(studio.orders(desk) for _ in range(50)))
    assert len(set(ids)) == 50
    async with studio.database.reading() as session:
        entries = (await session.scalars(select(UsageEntry))).all()
    assert [entry.is_free for entry in entries].count(True) == 1
    assert sum(entry.price for entry in entries) == 49 * TEN_CENTS
    assert {(await studio.row(generation_id)).state for generation_id in ids} == {"queued"}


async def test_one_user_has_the_free_images_of_so_many_businesses_and_no_more(studio: Studio) -> None:
    studio.terms = Terms(2, TEN_CENTS, free_businesses=3)
    others = [await studio.another_business() for _ in range(5)]
    desk = studio.desk()
    await asyncio.gather(*(studio.orders(desk, business_id=other) for other in others for _ in range(2)))
    async with studio.database.reading() as session:
        entries = (await session.scalars(select(UsageEntry))).all()
    assert [entry.is_free for entry in entries].count(True) == 6
    assert sum(entry.price for entry in entries) == 4 * TEN_CENTS
    # The price is told before, also in a business that has its own free images still.
    told = await left(studio)
    assert (told.free_remaining, told.next_price) == (0, TEN_CENTS)
    # What a colleague finds there is not touched by that.
    colleague, _ = await studio.somebody_else()
    async with studio.database.reading() as session:
        business = await session.get_one(Business, studio.business_id)
        assert (await usage.allowance(session, business, studio.terms, user_id=colleague)).free_remaining == 2
    # A free image that is given back is free again, wherever that is.
    studio.painter.script = [PromptRefused("No.")]
    await studio.turn(limit=1)
    assert (await left(studio)).free_remaining == 1


async def test_a_cap_holds_when_many_ask_at_once(studio: Studio) -> None:
    studio.terms = Terms(2, TEN_CENTS)
    await studio.business(monthly_ai_cap=Decimal("0.55"))
    desk = studio.desk()
    answers = await asyncio.gather(*(studio.orders(desk) for _ in range(20)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, LimitReached)]
    # Two for nothing and five for ten cents; five cents are not enough for one more.
    assert len(answers) - len(refused) == 7
    assert {refusal.code for refusal in refused} == {"spending_cap_reached"}
    assert (await left(studio)).cap_remaining == Decimal("0.05")
    async with studio.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(UsageEntry)) == 7


async def test_a_cap_of_nothing_leaves_the_free_images(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.terms = Terms(1, TEN_CENTS)
    await studio.business(monthly_ai_cap=Decimal(0))
    await studio.orders()
    with pytest.raises(LimitReached):
        await studio.orders()


async def test_what_is_made_is_charged_and_booked_as_two_figures(studio: Studio) -> None:
    studio.terms = Terms(1, TEN_CENTS)
    studio.painter.script = [picture(Decimal("0.0528")), picture(Decimal("0.000005"))]
    first, second = await studio.orders(), await studio.orders()
    assert (await studio.entry(first)).estimate == PRICE
    for _ in range(2):
        await studio.turn(limit=1)
    free, paid = await studio.entry(first), await studio.entry(second)
    assert (free.state, free.is_free, free.price, free.cost) == (
        "booked",
        True,
        NOTHING,
        Decimal("0.0528"),
    )
    assert (paid.state, paid.is_free, paid.price, paid.cost) == (
        "booked",
        False,
        TEN_CENTS,
        Decimal("0.000005"),
    )
    found = await report(studio)
    assert (found.total.charged, found.total.cost) == (TEN_CENTS, Decimal("0.052805"))
    assert (found.total.images, found.total.reserved, found.total.unknown) == (2, NOTHING, 0)
    assert found.free_used == 1


@pytest.mark.parametrize("error", [PromptRefused("No."), AccountTrouble("No money.")])
async def test_what_is_refused_or_fails_costs_nothing_and_a_free_image_is_free_again(
    studio: Studio, error: PromptRefused | AccountTrouble
) -> None:
    studio.terms = Terms(1, TEN_CENTS)
    studio.painter.script = [error]
    generation_id = await studio.orders()
    assert (await left(studio)).free_remaining == 0
    await studio.turn()
    entry = await studio.entry(generation_id)
    assert (entry.state, entry.cost) == ("refunded", NOTHING)
    assert (await left(studio)).free_remaining == 1
    found = await report(studio)
    assert (found.total.charged, found.total.cost) == (NOTHING, NOTHING)
    assert (found.total.unknown, found.free_used) == (0, 0)


async def test_what_is_not_known_is_counted_and_never_summed(studio: Studio) -> None:
    studio.terms = Terms(0, TEN_CENTS)
    studio.painter.script = [picture(None), GenerationUnknown("Lost."), picture(Decimal("0.02"))]
    ids = [await studio.orders() for _ in range(3)]
    for _ in ids:
        await studio.turn(limit=1)
    found = await report(studio)
    assert found.total.unknown == 2
    assert found.total.cost == Decimal("0.02")
    # The lost one may still have been made: it is held, not charged.
    assert (found.total.charged, found.total.reserved) == (2 * TEN_CENTS, TEN_CENTS)
    unknown = await studio.entry(ids[1])
    assert (unknown.state, unknown.cost, usage.charged(unknown)) == ("unknown", None, None)


async def test_an_entry_is_settled_once(studio: Studio) -> None:
    generation_id = await studio.orders()
    async with studio.database.writing() as session:
        await usage.book(session, generation_id, cost=Decimal("0.02"), model="oil")
        await usage.book(session, generation_id, cost=Decimal("7"), model="oil")
        await usage.refund(session, generation_id, cost=None)
    entry = await studio.entry(generation_id)
    assert (entry.state, entry.cost) == ("booked", Decimal("0.02"))


@pytest.mark.parametrize(
    ("zone", "moment", "month", "day", "resets_at"),
    [
        # Already December there, and still October.
        ("Pacific/Auckland", "2026-11-30T11:30+00:00", "2026-12", "2026-12-01", "2026-12-31T11:00+00:00"),
        ("America/Los_Angeles", "2026-11-01T06:30+00:00", "2026-10", "2026-10-31", "2026-11-01T07:00+00:00"),
        ("Europe/Berlin", "2026-12-31T23:30+00:00", "2027-01", "2027-01-01", "2027-01-31T23:00+00:00"),
        # The clocks change within the month.
        ("Europe/Berlin", "2026-10-10T12:00+00:00", "2026-10", "2026-10-10", "2026-10-31T23:00+00:00"),
    ],
)
def test_a_month_is_one_of_the_business(zone: str, moment: str, month: str, day: str, resets_at: str) -> None:
    business, at = Business(timezone=zone), datetime.fromisoformat(moment)
    assert usage.month_and_day(business, at) == (month, day)
    found = usage.next_month_begins_at(business, at)
    assert found == datetime.fromisoformat(resets_at)
    assert found.tzinfo is UTC
    local = found.astimezone(zoneinfo.ZoneInfo(zone))
    assert (local.day, local.hour, local.minute) == (1, 0, 0)


async def test_a_new_month_begins_with_its_free_images(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.terms = Terms(1, TEN_CENTS)
    await studio.business(monthly_ai_cap=Decimal(0))
    generation_id = await studio.orders()
    async with studio.database.writing() as session:
        entry = (
            await session.scalars(select(UsageEntry).where(UsageEntry.generation_id == generation_id))
        ).one()
        entry.month = "2020-01"
    assert (await left(studio)).free_remaining == 1
    await studio.orders()


async def test_a_month_is_summed_by_day_model_and_member(studio: Studio) -> None:
    studio.terms = Terms(1, TEN_CENTS)
    studio.painter.script = [picture(name="oil"), picture(name="ink"), picture(None, name="ink")]
    for _ in range(3):
        await studio.orders()
        await studio.turn()
    async with studio.database.reading() as session:
        business = await session.get_one(Business, studio.business_id)
    month, day = usage.month_and_day(business, clock.now())
    found = await report(studio)
    assert found.month == month
    assert [(key, sums.images, sums.charged) for key, sums in found.by_day] == [(day, 3, 2 * TEN_CENTS)]
    assert [(key, sums.images, sums.cost, sums.unknown) for key, sums in found.by_model] == [
        ("ink", 2, PRICE, 1),
        ("oil", 1, PRICE, 0),
    ]
    assert [(who, name, sums.images) for who, name, sums in found.by_member] == [(studio.user_id, "Ada", 3)]
    first = await report(studio, limit=2)
    rest = await report(studio, limit=2, before_id=first.next_before_id)
    listed = [line.entry.id for line in (*first.entries, *rest.entries)]
    assert listed == [line.entry.id for line in found.entries]
    assert listed == sorted(listed, reverse=True)
    assert (len(first.entries), rest.next_before_id) == (2, None)


async def test_the_export_is_harmless_to_spreadsheets(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.painter.script = [picture(None)]
    prompts = ['=HYPERLINK("http://x","y")', "+1", "-2", "@cmd", ' =1+1, "quoted"\nand more', "\u200b=1+1"]
    prompts += ["\uff1d1+1", "A harbour"]
    # A spreadsheet may begin a cell at a semicolon.
    await studio.orders(prompt="sea;=1+1; -2;3")
    for prompt in prompts:
        await studio.orders(prompt=prompt)
    await studio.turn(limit=1)
    name, pieces = await usage.export_csv(
        studio.database, user_id=studio.user_id, business_id=studio.business_id, month=None
    )
    rows = list(csv.DictReader(io.StringIO("".join([piece async for piece in pieces]))))
    assert name == f"ai-usage-{(await left(studio)).month}.csv"
    assert [row["prompt"] for row in reversed(rows)] == [
        "sea;'=1+1; '-2;3",
        *(f"'{prompt}" for prompt in prompts[:-1]),
        "A harbour",
    ]
    made = rows[-1]
    assert (made["state"], made["free"], made["estimated_usd"]) == ("booked", "yes", "0.041")
    # Not known is not nothing.
    assert (made["booked_usd"], made["charged_usd"]) == ("", "0")
    assert rows[0]["charged_usd"] == ""


@pytest.mark.parametrize("month", ["2026-13", "2026", "November", "2026-11-01", ""])
async def test_a_month_that_is_none_is_refused(embedded_studio: Studio, month: str) -> None:
    with pytest.raises(RuleBroken) as caught:
        await usage.export_csv(
            embedded_studio.database,
            user_id=embedded_studio.user_id,
            business_id=embedded_studio.business_id,
            month=month,
        )
    assert caught.value.code == "unknown_month"


async def test_the_ledger_and_the_generations_agree_whatever_happened(studio: Studio) -> None:
    studio.painter.script = [
        picture(),
        PromptRefused("No."),
        AccountTrouble("No."),
        GenerationUnknown("Lost."),
    ]
    for _ in range(4):
        await studio.orders()
        await studio.turn()
    called_off = await studio.orders()
    await studio.desk().cancel(user_id=studio.user_id, generation_id=called_off)
    waiting = await studio.orders()
    hour = timedelta(hours=1)
    async with studio.database.reading() as session:
        assert await models.list_disagreeing(session, clock.now() - hour, 10) == []
        # A reservation that nobody works on for an hour is told.
        assert await models.list_disagreeing(session, clock.now() + hour, 10) == [waiting]
    async with studio.database.writing() as session:
        await usage.refund(session, waiting, cost=None)
    async with studio.database.reading() as session:
        assert await usage.find_disagreements(session) == [waiting]
    doctor = Doctor(studio.library, extra_formats=(), outsides=())
    findings = {finding.what: finding async for finding in doctor.examine()}
    assert not findings["ledger"].is_ok
    assert str(waiting) in findings["ledger"].detail


async def test_a_wish_that_is_refused_reserves_nothing(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.words = ("harbour",)
    wishes: list[dict[str, Any]] = [
        {},
        {"style": "cubist", "prompt": "x"},
        {"size": "1x1"},
        {"model_id": "none"},
    ]
    for changes in wishes:
        with pytest.raises(AppError):
            await studio.orders(**changes)
    async with studio.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(UsageEntry)) == 0


async def test_owners_of_a_cap_change_it_between_reservations(studio: Studio) -> None:
    """Whoever sets a cap and whoever reserves take turns, so that none is reserved past a cap that is set."""
    studio.terms = Terms(0, TEN_CENTS)
    desk = studio.desk()
    async with studio.database.writing() as session:
        business = await business_models.hold(session, studio.business_id)
        order = asyncio.create_task(studio.orders(desk))
        await asyncio.sleep(0.2)
        assert not order.done()
        business.monthly_ai_cap = Decimal(0)
    with pytest.raises(LimitReached):
        await order


# --- settled by hand


async def unclear(studio: Studio) -> int:
    """A generation whose answer was lost."""
    studio.painter.script = [GenerationUnknown("Lost.")]
    generation_id = await studio.orders()
    await studio.turn()
    assert (await studio.entry(generation_id)).state == "unknown"
    return generation_id


async def settle(studio: Studio, generation_id: int, cost: str | None) -> UsageEntry:
    amount = None if cost is None else Decimal(cost)
    story = await studio.desk().settle_by_hand(
        user_id=studio.user_id, generation_id=generation_id, cost=amount
    )
    assert story.entry is not None
    return story.entry


async def test_what_a_person_found_on_the_bill_is_booked_once_whoever_says_so_first(studio: Studio) -> None:
    studio.terms = Terms(1, TEN_CENTS)
    free, charged = await unclear(studio), await unclear(studio)
    assert (await left(studio)).free_remaining == 0
    answers = await asyncio.gather(
        *(settle(studio, charged, cost) for cost in ("0.04", None, "0.05", "0.04", None, "0.06")),
        return_exceptions=True,
    )
    told = [answer for answer in answers if isinstance(answer, UsageEntry)]
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert told and {refusal.code for refusal in refused} == {"already_settled"}
    assert len(told) + len(refused) == 6
    entry = await studio.entry(charged)
    assert {(answer.state, answer.cost) for answer in told} == {(entry.state, entry.cost)}
    assert (entry.settled_by, entry.state) == (studio.user_id, "booked" if entry.cost else "refunded")

    given_back = await settle(studio, free, None)
    assert (given_back.state, given_back.cost, given_back.is_free) == ("refunded", NOTHING, True)
    assert (await left(studio)).free_remaining == 1
    found = await report(studio)
    assert (found.total.unknown, found.total.reserved, found.total.cost) == (0, NOTHING, entry.cost)
    async with studio.database.reading() as session:
        assert await usage.find_disagreements(session) == []


async def test_a_picture_that_turns_up_says_more_than_whoever_settled_it(studio: Studio) -> None:
    studio.terms = Terms(0, TEN_CENTS)
    generation_id = await unclear(studio)
    assert (await settle(studio, generation_id, None)).state == "refunded"
    # It lay in the folder for pictures that have arrived, and is found there.
    await studio.spool.keep(generation_id, picture(Decimal("0.02")))
    await studio.runner("studio#2").take_over("studio#")
    await studio.turn()
    entry = await studio.entry(generation_id)
    assert (await studio.row(generation_id)).state == "succeeded"
    assert (entry.state, entry.price, entry.cost) == ("booked", TEN_CENTS, Decimal("0.02"))
    assert entry.settled_by is None
    with pytest.raises(Conflict, match="already_settled"):
        await settle(studio, generation_id, None)


async def test_a_cost_that_is_not_known_is_settled_and_the_rest_stays_as_it_is(
    embedded_studio: Studio,
) -> None:
    studio = embedded_studio
    studio.painter.script = [picture(None), PromptRefused("Not this.")]
    made, refused = await studio.orders(), await studio.orders()
    waiting = await studio.orders()
    for _ in range(2):
        await studio.turn(limit=1)
    entry = await settle(studio, made, "0.0425")
    assert (entry.state, entry.cost) == ("booked", Decimal("0.0425"))
    assert (await settle(studio, made, "0.0425")).settled_by == studio.user_id
    for generation_id, code in ((refused, "already_settled"), (waiting, "not_settled_yet")):
        with pytest.raises(Conflict, match=code):
            await settle(studio, generation_id, None)
    await studio.desk().cancel(user_id=studio.user_id, generation_id=waiting)
    with pytest.raises(Conflict, match="already_settled"):
        await settle(studio, waiting, "1")
    async with studio.database.reading() as session:
        assert await usage.find_disagreements(session) == []
