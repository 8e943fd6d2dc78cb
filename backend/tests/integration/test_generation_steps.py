"""Generations on their way: claimed, asked for once, taken in, tried again, called off, and taken over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.errors import AppError, Conflict, RuleBroken
from app.models.generations import MOVES
from app.models.images import Image
from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationUnknown,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
)
from app.providers.storage.base import StorageError
from app.services.generations import LEASE, Board, Story
from app.services.generations.orders import RETRIED_FOR
from tests.factories_pictures import flat, png
from tests.integration.studio import PRICE, Painter, Studio, model, picture


def test_nothing_leaves_an_end() -> None:
    ends = {"succeeded", "refused", "failed", "cancelled"}
    assert {state.value for state, targets in MOVES.items() if not targets} == ends


async def made(studio: Studio, generation_id: int) -> Story:
    """It is in the library."""
    story = await studio.story(generation_id)
    assert story.generation.state == "succeeded", story.generation.error_detail
    assert story.image is not None
    return story


async def test_a_wish_becomes_an_image(studio: Studio) -> None:
    studio.painter.script = [picture(name="oil-2")]
    generation_id = await studio.orders(style="vintage", prompt="A quiet harbour")
    before = (await studio.story(generation_id)).generation
    assert (before.state, before.started_at, before.model) == ("queued", None, "oil")
    assert await studio.turn() == [generation_id]
    (request,) = studio.painter.asked
    assert request.prompt.startswith("A quiet harbour. Vintage, film grain")
    assert request.requester == f"requester-{studio.user_id}"
    story = await made(studio, generation_id)
    assert story.image is not None
    assert (story.image.ai_prompt, story.image.ai_style) == ("A quiet harbour", "vintage")
    # Who really made it.
    assert story.image.ai_model == story.generation.model == "oil-2"
    assert story.generation.enhanced_prompt == request.prompt
    assert story.generation.seed is not None
    assert (story.generation.lease_owner, story.generation.next_step_at) == (None, None)
    assert await studio.turn() == []
    assert list((studio.folder / "spool").iterdir()) == []
    assert list((studio.folder / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (PromptRefused("Not this."), "refused", "prompt_refused"),
        (AccountTrouble("No money."), "failed", "provider_account_trouble"),
        (GenerationUnknown("Lost."), "unknown", "outcome_unknown"),
    ],
)
async def test_what_must_not_be_repeated_is_not(
    studio: Studio, error: GenerationError, state: str, code: str
) -> None:
    studio.painter.script = [error]
    generation_id = await studio.orders()
    await studio.turn()
    row = await studio.row(generation_id)
    assert (row.state, row.error_code, row.next_step_at) == (state, code, None)
    await studio.time_passes(timedelta(hours=1))
    assert await studio.turn() == []
    assert len(studio.painter.asked) == 1


async def test_an_adapter_that_breaks_leaves_it_unknown(studio: Studio) -> None:
    studio.painter.script = [RuntimeError("a bug")]
    generation_id = await studio.orders()
    await studio.turn()
    row = await studio.row(generation_id)
    assert (row.state, row.error_code, row.next_step_at) == ("unknown", "outcome_unknown", None)
    assert (await studio.entry(generation_id)).state == "unknown"


async def test_a_provider_that_has_no_time_is_asked_again_as_it_wishes(studio: Studio) -> None:
    studio.painter.script = [ProviderPaces("Wait.", retry_after=40), ProviderDown("Down.")]
    generation_id = await studio.orders()
    await studio.turn()
    row = await studio.row(generation_id)
    assert (row.state, row.error_code, row.retry_after) == ("queued", "provider_rate_limited", 40)
    assert row.next_step_at is not None
    assert timedelta(seconds=35) < row.next_step_at - clock.now() <= timedelta(seconds=40)
    assert (await studio.entry(generation_id)).state == "reserved"
    assert await studio.turn() == []
    await studio.time_passes(timedelta(seconds=41))
    await studio.turn()
    assert (await studio.row(generation_id)).error_code == "provider_unavailable"
    await studio.time_passes(timedelta(seconds=61))
    await studio.turn()
    story = await made(studio, generation_id)
    assert (story.generation.error_code, story.generation.retry_after) == (None, None)
    assert len(studio.painter.asked) == 3


async def test_a_provider_is_not_asked_for_ever(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.painter.script = [ProviderDown("Down.")] * 50
    generation_id = await studio.orders()
    waited = timedelta(0)
    while (row := await studio.row(generation_id)).state == "queued":
        assert waited < RETRIED_FOR + timedelta(minutes=2)
        step = max((row.next_step_at or clock.now()) - clock.now(), timedelta(0)) + timedelta(seconds=1)
        waited += step
        await studio.time_passes(step)
        await studio.turn()
    assert (row.state, row.error_code) == ("failed", "provider_unavailable")
    assert (await studio.entry(generation_id)).state == "refunded"
    assert 8 < len(studio.painter.asked) < 40


async def test_who_waits_for_an_answer_is_told_at_once(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.painter.script = [ProviderPaces("Wait.", retry_after=7)]
    generation_id = await studio.orders(is_awaited=True, request_key="key-1")
    await studio.turn()
    row = await studio.row(generation_id)
    assert (row.state, row.retry_after, row.request_key) == ("failed", 7, None)
    with pytest.raises(AppError) as caught:
        await studio.desk().outcome(user_id=studio.user_id, generation_id=generation_id)
    assert caught.value.facts == {"retry_after": 7, "generation_id": generation_id}


async def test_another_provider_is_asked_only_where_the_business_lets_it(embedded_studio: Studio) -> None:
    studio = embedded_studio
    square = Painter(name="square", models=(model("tile", sizes=("1024x1024",)),))
    other = Painter(name="other", models=(model("ink"),))
    studio.others = (square, other)
    studio.painter.script = [ProviderDown("Down."), ProviderDown("Down."), AccountTrouble("No money.")]
    alone = await studio.orders(is_awaited=True)
    await studio.turn()
    assert (await studio.row(alone)).state == "failed"
    await studio.business(ai_provider_fallback=True)
    helped = await studio.orders(is_awaited=True, size="1792x1024")
    await studio.turn()
    await studio.turn()
    story = await made(studio, helped)
    assert story.generation.provider == "other"
    assert len(square.asked) == 0
    assert (await studio.entry(helped)).provider == "other"
    # A key that is wrong is no reason to spend elsewhere.
    poor = await studio.orders(is_awaited=True)
    await studio.turn()
    assert (await studio.row(poor)).state == "failed"
    assert len(other.asked) == 1


# --- how many at once


async def test_no_more_calls_than_a_provider_takes(studio: Studio) -> None:
    studio.painter.at_once = 2
    businesses = [studio.business_id, await studio.another_business()]
    for number in range(8):
        await studio.orders(business_id=businesses[number % 2])
    runners = [studio.runner(f"studio#{number}") for number in range(3)]
    for _ in range(4):
        await asyncio.gather(*(studio.turn(runner) for runner in runners))
    assert studio.painter.most_busy == 2
    assert len(studio.painter.asked) == 8


async def test_a_business_gets_half_of_a_provider_and_who_has_least_comes_first(studio: Studio) -> None:
    studio.painter.at_once = 6
    busy, quiet = studio.business_id, await studio.another_business()
    first = [await studio.orders(business_id=busy) for _ in range(8)]
    late = await studio.orders(business_id=quiet)
    runner = studio.runner()
    assert set(await runner.claim_due(100)) == {*first[:3], late}
    assert await runner.claim_due(100) == []


async def test_two_runners_never_take_the_same(studio: Studio) -> None:
    ids = {await studio.orders() for _ in range(12)}
    taken = await asyncio.gather(*(studio.runner(f"studio#{number}").claim_due(5) for number in range(6)))
    claimed = [generation_id for part in taken for generation_id in part]
    assert len(claimed) == len(set(claimed)) == len(ids)


async def test_eight_pictures_are_taken_in_at_once_at_most(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.painter.at_once = 60
    inside, most = 0, 0
    accept = studio.library.accept

    async def counted(*arguments: object, **more: object) -> tuple[Image, bool]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        try:
            return await accept(*arguments, **more)  # type: ignore[arg-type]
        finally:
            inside -= 1

    studio.library.accept = counted  # type: ignore[method-assign]
    for _ in range(20):
        await studio.orders()
    studio.painter.gate.clear()
    working = asyncio.create_task(studio.turn())
    await studio.until(lambda: studio.painter.busy == 20)
    studio.painter.gate.set()
    await working
    assert most == 8


# --- called off


async def test_what_waits_is_called_off_for_nothing(studio: Studio) -> None:
    generation_id = await studio.orders()
    desk = studio.desk()
    story = await desk.cancel(user_id=studio.user_id, generation_id=generation_id)
    assert story.generation.state == "cancelled"
    assert story.entry is not None
    assert (story.entry.state, story.entry.cost) == ("refunded", Decimal(0))
    assert await studio.turn() == []
    assert studio.painter.asked == []
    # Twice is no trouble.
    await desk.cancel(user_id=studio.user_id, generation_id=generation_id)


async def test_what_is_painted_is_broken_off_and_stays_booked(studio: Studio) -> None:
    studio.painter.gate.clear()
    generation_id = await studio.orders()
    runner = studio.runner()
    working = asyncio.create_task(studio.turn(runner))
    await studio.until(lambda: studio.painter.busy == 1)
    await studio.desk(runner.call_off).cancel(user_id=studio.user_id, generation_id=generation_id)
    await working
    story = await studio.story(generation_id)
    assert story.generation.state == "cancelled"
    assert studio.painter.let_go == 1
    # The provider may bill it, and nobody knows how much.
    entry = await studio.entry(generation_id)
    assert (entry.state, entry.cost) == ("booked", None)
    with pytest.raises(AppError) as caught:
        await studio.desk().outcome(user_id=studio.user_id, generation_id=generation_id)
    assert caught.value.code == "generation_cancelled"


async def test_a_runner_elsewhere_hears_of_it_too(studio: Studio) -> None:
    studio.painter.gate.clear()
    generation_id = await studio.orders()
    runner = studio.runner()
    working = asyncio.create_task(studio.turn(runner))
    await studio.until(lambda: studio.painter.busy == 1)
    await studio.desk(lambda _: None).cancel(user_id=studio.user_id, generation_id=generation_id)
    await runner.look_after()
    await working
    assert (await studio.row(generation_id)).state == "cancelled"


async def test_a_picture_that_has_arrived_is_kept_although_it_is_called_off(embedded_studio: Studio) -> None:
    studio = embedded_studio
    generation_id = await studio.orders()
    runner = studio.runner()
    accept = studio.library.accept

    async def late(*arguments: object, **more: object) -> tuple[Image, bool]:
        await studio.desk(runner.call_off).cancel(user_id=studio.user_id, generation_id=generation_id)
        return await accept(*arguments, **more)  # type: ignore[arg-type]

    studio.library.accept = late  # type: ignore[method-assign]
    await studio.turn(runner)
    await made(studio, generation_id)
    assert (await studio.entry(generation_id)).cost == PRICE
    with pytest.raises(Conflict) as caught:
        await studio.desk().cancel(user_id=studio.user_id, generation_id=generation_id)
    assert caught.value.code == "generation_finished"


async def test_an_edit_whose_source_goes_for_good_on_the_way_is_kept_without_it(studio: Studio) -> None:
    source = await studio.image()
    generation_id = await studio.orders(source_image_id=source.id)
    verify = studio.library.workshop.verify

    async def late(*arguments: Any, **more: Any) -> Any:
        """The last moment at which nobody holds the source."""
        verified = await verify(*arguments, **more)
        await studio.library.remove(source.id)
        return verified

    studio.library.workshop.verify = late  # type: ignore[method-assign]
    try:
        await studio.turn()
    finally:
        studio.library.workshop.verify = verify  # type: ignore[method-assign]
    image = (await made(studio, generation_id)).image
    assert image is not None
    assert image.edited_from_id is None
    assert len(studio.painter.asked) == 1
    assert (await studio.entry(generation_id)).state == "booked"


# --- processes that die


async def test_a_death_before_the_provider_was_asked_changes_nothing(studio: Studio) -> None:
    generation_id = await studio.orders()
    assert await studio.runner("studio#dead").claim_due(10) == [generation_id]
    successor = studio.runner("studio#2")
    await successor.take_over("studio#")
    await studio.turn(successor)
    await made(studio, generation_id)
    assert len(studio.painter.asked) == 1


async def test_a_death_while_the_provider_worked_leaves_it_unknown(studio: Studio) -> None:
    generation_id = await studio.orders()
    await studio.runner("studio#dead").claim_due(10)
    await studio.changes(generation_id, attempted_at=clock.now())
    successor = studio.runner("studio#2")
    await successor.take_over("studio#")
    await studio.turn(successor)
    row = await studio.row(generation_id)
    assert (row.state, row.error_code) == ("unknown", "outcome_unknown")
    assert (await studio.entry(generation_id)).state == "unknown"
    assert studio.painter.asked == []


async def test_work_that_the_provider_keeps_is_gone_on_with(studio: Studio) -> None:
    studio.painter.handle = "work-7"
    studio.painter.gate.clear()
    generation_id = await studio.orders()
    dead = studio.runner("studio#dead")
    working = asyncio.create_task(studio.turn(dead))
    await studio.until(lambda: studio.painter.busy == 1)
    assert (await studio.row(generation_id)).handle == "work-7"
    # The process ends in good order: the provider is not told to stop.
    dead.let_go()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert (await studio.row(generation_id)).state == "running"
    assert studio.painter.let_go == 0
    # Seen from the next process: what the first one waits for never comes.
    studio.painter = Painter()
    successor = studio.runner("studio#2")
    await successor.take_over("studio#")
    await studio.turn(successor)
    assert studio.painter.resumed == ["work-7"]
    assert studio.painter.asked == []
    await made(studio, generation_id)


async def test_a_picture_in_the_spool_is_taken_in_by_the_next(studio: Studio) -> None:
    generation_id, unclear = await studio.orders(), await studio.orders()
    await studio.runner("studio#dead").claim_due(10)
    for each in (generation_id, unclear):
        await studio.changes(each, attempted_at=clock.now())
        await studio.spool.keep(each, picture(Decimal("0.03")))
    # Another machine, which has no such spool, could not know better.
    elsewhere = studio.runner("elsewhere#1")
    await studio.changes(unclear, lease_until=clock.now() - LEASE)
    spool, elsewhere._spool = elsewhere._spool, type(studio.spool)(studio.folder / "none")
    await studio.turn(elsewhere)
    assert (await studio.row(unclear)).state == "unknown"
    assert spool is not None
    successor = studio.runner("studio#2")
    await successor.take_over("studio#")
    await studio.turn(successor)
    for each in (generation_id, unclear):
        story = await made(studio, each)
        assert story.entry is not None
        assert (story.entry.state, story.entry.cost) == ("booked", Decimal("0.03"))
    assert studio.painter.asked == []
    assert await studio.spool.list_ids() == []


async def test_a_death_between_the_library_and_the_ledger_makes_no_second_image(studio: Studio) -> None:
    generation_id = await studio.orders()
    await studio.runner("studio#dead").claim_due(10)
    await studio.changes(generation_id, attempted_at=clock.now())
    content = png(flat((1, 2, 3), 64, 64))
    await studio.spool.keep(generation_id, picture(content=content))
    first = studio.runner("studio#2")
    await first.take_over("studio#")
    await studio.turn(first)
    image = (await made(studio, generation_id)).image
    assert image is not None
    # As it looked before the end was written down.
    await studio.changes(
        generation_id, state="running", image_id=None, next_step_at=clock.now(), finished_at=None
    )
    await studio.spool.keep(generation_id, picture(content=content))
    await studio.turn(studio.runner("studio#3"))
    again = (await made(studio, generation_id)).image
    assert again is not None
    assert again.id == image.id
    async with studio.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Image)) == 1


async def test_what_lies_in_the_spool_of_a_settled_generation_is_removed(embedded_studio: Studio) -> None:
    studio = embedded_studio
    generation_id = await studio.orders()
    await studio.turn()
    await studio.spool.keep(generation_id, picture())
    await studio.spool.keep(987654, picture())
    (studio.folder / "spool" / "5.part").write_bytes(b"half")
    await studio.runner("studio#2").take_over("studio#")
    assert await studio.spool.list_ids() == []
    assert list((studio.folder / "spool").iterdir()) == []


async def test_a_late_picture_is_kept_by_who_lost_the_lease(studio: Studio) -> None:
    studio.painter.gate.clear()
    generation_id = await studio.orders()
    slow = studio.runner("slow#1", board=Board())
    working = asyncio.create_task(studio.turn(slow))
    await studio.until(lambda: studio.painter.busy == 1)
    await studio.time_passes(LEASE + timedelta(seconds=1))
    await studio.turn(studio.runner("studio#2"))
    assert (await studio.row(generation_id)).state == "unknown"
    studio.painter.gate.set()
    await working
    await made(studio, generation_id)
    assert (await studio.entry(generation_id)).state == "booked"


async def test_a_living_runner_keeps_its_leases(studio: Studio) -> None:
    studio.painter.gate.clear()
    await studio.orders()
    runner = studio.runner("slow#1")
    working = asyncio.create_task(studio.turn(runner))
    await studio.until(lambda: studio.painter.busy == 1)
    await studio.time_passes(LEASE + timedelta(seconds=1))
    await runner.look_after()
    assert await studio.runner("studio#2").claim_due(10) == []
    studio.painter.gate.set()
    await working


async def test_what_slipped_from_a_runners_hands_is_picked_up_by_itself(studio: Studio) -> None:
    generation_id = await studio.orders()
    runner = studio.runner()
    # Taken, and whatever should have been written down afterwards could not be.
    assert await runner.claim_due(10) == [generation_id]
    await runner.look_after()
    assert await studio.turn(runner) == []
    await runner.look_after()
    assert await studio.turn(runner) == [generation_id]
    await made(studio, generation_id)


# --- trouble of our own


async def test_a_paid_picture_waits_until_the_store_is_well(studio: Studio) -> None:
    async def refuses(*_: object, **__: object) -> None:
        raise StorageError("full")

    put, studio.storage.put = studio.storage.put, refuses  # type: ignore[method-assign]
    generation_id = await studio.orders(is_awaited=True)
    await studio.turn()
    row = await studio.row(generation_id)
    assert (row.state, row.error_code) == ("running", "storage_unavailable")
    studio.storage.put = put  # type: ignore[method-assign]
    await studio.time_passes(timedelta(hours=2))
    await studio.turn()
    await made(studio, generation_id)
    assert len(studio.painter.asked) == 1


async def test_a_picture_that_is_none_fails_and_is_not_charged(studio: Studio) -> None:
    studio.painter.script = [picture(content=b"<html>no picture</html>")]
    generation_id = await studio.orders()
    await studio.turn()
    row, entry = await studio.row(generation_id), await studio.entry(generation_id)
    assert (row.state, row.error_code) == ("failed", "unsupported_image_type")
    # The provider bills it all the same.
    assert (entry.state, entry.cost) == ("refunded", PRICE)
    assert await studio.spool.list_ids() == []


@pytest.mark.parametrize(
    ("width", "height", "kept"), [(6000, 4000, (4096, 2731)), (5000, 500, (4096, 410)), (64, 64, (64, 64))]
)
async def test_a_paid_picture_is_not_lost_to_the_limits_of_uploads(
    embedded_studio: Studio, width: int, height: int, kept: tuple[int, int]
) -> None:
    studio = embedded_studio
    studio.painter.script = [picture(content=png(flat((9, 9, 9), width, height)))]
    generation_id = await studio.orders()
    await studio.turn()
    image = (await made(studio, generation_id)).image
    assert image is not None
    assert (image.width, image.height) == kept


async def test_a_picture_of_more_than_forty_megapixels_is_told(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.painter.script = [picture(content=png(flat((9, 9, 9), 8000, 5001)))]
    generation_id = await studio.orders()
    await studio.turn()
    row = await studio.row(generation_id)
    assert (row.state, row.error_code) == ("failed", "image_dimensions_too_large")


# --- prompts


class Strict:
    """A moderator who knows one word."""

    async def refusal(self, prompt: str) -> str | None:
        if "down" in prompt:
            raise ProviderDown("The moderator is down.")
        return "This is not shown here." if "cruel" in prompt else None


async def test_a_moderator_looks_where_a_provider_does_not(embedded_studio: Studio) -> None:
    studio = embedded_studio
    studio.moderator, studio.painter.is_moderated = Strict(), False
    fine, cruel, down = [await studio.orders(prompt=prompt) for prompt in ("a boat", "cruel", "down")]
    await studio.turn()
    await made(studio, fine)
    row = await studio.row(cruel)
    assert (row.state, row.error_detail) == ("refused", "This is not shown here.")
    assert (await studio.entry(cruel)).state == "refunded"
    assert (await studio.row(down)).state == "queued"
    assert [request.prompt for request in studio.painter.asked] == ["a boat"]
    studio.painter.is_moderated = True
    trusted = await studio.orders(prompt="cruel")
    await studio.turn()
    await made(studio, trusted)


async def test_the_same_key_is_one_generation_and_one_charge(studio: Studio) -> None:
    desk = studio.desk()
    ids = await asyncio.gather(*(studio.orders(desk, request_key="click-1") for _ in range(8)))
    assert len(set(ids)) == 1
    with pytest.raises(AppError) as caught:
        await studio.orders(desk, request_key="click-1", prompt="Something else")
    assert caught.value.code == "idempotency_key_reused"
    await studio.turn()
    assert await studio.orders(desk, request_key="click-1") == ids[0]
    await studio.time_passes(timedelta(hours=25))
    assert await studio.orders(desk, request_key="click-1", prompt="Something else") != ids[0]


async def test_a_model_that_has_ended_is_replaced_by_who_followed(embedded_studio: Studio) -> None:
    studio = embedded_studio
    today = clock.now().date()
    studio.painter.models = (model("old", shutdown_on=today, successor="new"), model("new"))
    generation_id = await studio.orders(model_id="old")
    assert (await studio.row(generation_id)).model == "new"
    studio.painter.models = (model("old", shutdown_on=today),)
    with pytest.raises(RuleBroken) as caught:
        await studio.orders(model_id="old")
    assert caught.value.code == "model_retired"
