"""What a step came to, committed together with what it means for the money."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, RuleBroken, UpstreamTrouble
from app.core.faults import fault
from app.core.logging import get_logger
from app.models import businesses as business_models
from app.models import generations as models
from app.models import usage as usage_models
from app.models.generations import Generation, GenerationState
from app.providers.image_generation.base import ImageProvider, Model
from app.services import catalogue, usage
from app.services.generations.checks import check_wish
from app.services.generations.outcomes import LOST, Outcome
from app.services.generations.spool import Arrived, Spool

log = get_logger(__name__)

PAUSES = (1, 2, 5, 10, 30, 60)
"""Seconds between two tries, longer each time."""
TAKE_IN_FOR = timedelta(hours=24)
"""How long an arrived picture is tried to be taken in while this server's store or disk is in trouble."""
PREPARE_FOR = timedelta(minutes=10)
"""The same for what happens before a provider is asked."""
_SETTLED_BY: dict[str, Any] = {
    "mask": None,
    "next_step_at": None,
    "lease_owner": None,
    "lease_until": None,
}


class Journal:
    """Keeps what one runner's steps come to. `owner` names the runner in leases."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, ImageProvider],
        spool: Spool,
        *,
        owner: str,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._providers = providers
        self._spool = spool
        self._owner = owner
        self._wake = wake

    # --- on the way

    async def attempt(self, row: Generation) -> bool:
        """From here on the provider may have been asked. False where the lease is lost."""
        async with self._database.writing() as session:
            return await models.move(
                session,
                row.id,
                to=GenerationState.RUNNING,
                origin=GenerationState.RUNNING,
                held_by=self._owner,
                attempted_at=clock.now(),
                attempts=row.attempts + 1,
            )

    async def accepted(self, generation_id: int, handle: str) -> None:
        """The provider took the work, and calls it this."""
        async with self._database.writing() as session:
            await models.move(
                session,
                generation_id,
                to=GenerationState.RUNNING,
                origin=GenerationState.RUNNING,
                handle=handle,
            )

    # --- the end

    async def succeed(self, row: Generation, arrived: Arrived, image_id: int) -> None:
        """The picture is in the library. That is true whoever has the lease by now."""
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                row.id,
                to=GenerationState.SUCCEEDED,
                finished_at=clock.now(),
                image_id=image_id,
                model=arrived.model or row.model,
                seed=arrived.seed,
                error_code=None,
                error_detail=None,
                retry_after=None,
                **_SETTLED_BY,
            )
            if moved:
                await usage.book(session, row.id, cost=arrived.cost, model=arrived.model)

    async def settle(self, row: Generation, outcome: Outcome, *, cost: Decimal | None = Decimal(0)) -> None:
        """It ends without a picture. `cost` is what the provider bills in spite of that."""
        values: dict[str, Any] = {
            "finished_at": clock.now(),
            "error_code": outcome.code,
            "error_detail": outcome.detail,
            "retry_after": outcome.retry_after,
            **_SETTLED_BY,
        }
        if outcome.state is GenerationState.FAILED:
            # The business got nothing, so whoever sends the same request again means it.
            values["request_key"] = None
        async with self._database.writing() as session:
            moved = await models.move(session, row.id, to=outcome.state, **values)
            if moved and outcome.state is GenerationState.UNKNOWN:
                await usage.leave_unknown(session, row.id)
            elif moved:
                await usage.refund(session, row.id, cost=cost)
        log.info("generation.failed", generation_id=row.id, code=outcome.code)

    async def called_off(self, row: Generation, *, was_asked: bool) -> None:
        """Somebody cancelled it. Once the provider was asked it may bill: the price stands, and the cost is
        not known, unless this provider bills nothing at all. Before that nothing is owed."""
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                row.id,
                to=GenerationState.CANCELLED,
                origin=GenerationState.RUNNING,
                held_by=self._owner,
                finished_at=clock.now(),
                error_code=None,
                error_detail=None,
                retry_after=None,
                **_SETTLED_BY,
            )
            if moved and was_asked:
                entry = (await usage.entries_of(session, [row])).get(row.id)
                costs_nothing = entry is not None and entry.estimate == 0
                await usage.book(session, row.id, cost=Decimal(0) if costs_nothing else None, model=None)
            elif moved:
                await usage.refund(session, row.id, cost=Decimal(0))
        log.info("generation.cancelled", generation_id=row.id, was_asked=was_asked)

    # --- later

    async def again(self, row: Generation, outcome: Outcome) -> bool:
        """Queue it once more, for nothing was made: here after a pause, or with another provider where the
        business lets it. False where it must not be tried again."""
        now = clock.now()
        seconds = max(outcome.retry_after or 0, PAUSES[min(row.attempts, len(PAUSES) - 1)])
        values: dict[str, Any] = {
            "attempted_at": None,
            "handle": None,
            "lease_owner": None,
            "lease_until": None,
            "error_code": outcome.code,
            "error_detail": outcome.detail,
        }
        async with self._database.writing() as session:
            if row.retry_until is not None and now + timedelta(seconds=seconds) <= row.retry_until:
                due_at = now + timedelta(seconds=seconds)
                values |= {"next_step_at": due_at, "retry_after": seconds}
            elif not outcome.is_down or not (other := await self._other_provider(session, row)):
                return False
            else:
                provider, model = other
                values |= {"next_step_at": now, "provider": provider.name, "model": model.id}
                estimate = model.price(
                    row.size,
                    row.quality,
                    prompt_length=len(row.enhanced_prompt),
                    partials=row.partials,
                )
                await usage_models.readdress(
                    session, row.id, provider=provider.name, model=model.id, estimate=estimate
                )
            await models.move(
                session,
                row.id,
                to=GenerationState.QUEUED,
                origin=GenerationState.RUNNING,
                held_by=self._owner,
                **values,
            )
        log.info("generation.postponed", generation_id=row.id, code=outcome.code)
        self._wake()
        return True

    async def own_trouble(
        self, row: Generation, error: AppError, *, cost: Decimal | None, arrived: bool = False
    ) -> None:
        """A picture could not be read or kept on our side: again in a while if that may pass."""
        if isinstance(error, UpstreamTrouble) and await self._postpone(
            row, error.code, error.detail, arrived
        ):
            return
        outcome = Outcome(GenerationState.FAILED, error.code, error.detail, error.facts.get("retry_after"))
        await self.settle(row, outcome, cost=cost if arrived else Decimal(0))
        if arrived:
            await self._spool.drop(row.id)

    async def put_back(self, generation_id: int) -> None:
        """After trouble that nobody foresaw: the picture is taken in later if there is one; it is unknown
        when the provider was asked; else it is tried again for a while."""
        async with self._database.reading() as session:
            row = await models.find(session, generation_id)
        if row is None or row.lease_owner != self._owner or row.state != GenerationState.RUNNING.value:
            return
        detail = "Something went wrong on this server. Nothing was made. Try again later."
        has_arrived = await self._spool.find(generation_id) is not None
        if row.attempted_at is not None and not has_arrived:
            await self.settle(row, Outcome(GenerationState.UNKNOWN, "outcome_unknown", LOST))
        elif not await self._postpone(row, "internal_error", detail, has_arrived):
            await self.settle(row, Outcome(GenerationState.FAILED, "internal_error", detail), cost=None)

    async def _postpone(self, row: Generation, code: str, detail: str, has_arrived: bool) -> bool:
        now = clock.now()
        since, patience = (
            (row.attempted_at or row.created_at, TAKE_IN_FOR)
            if has_arrived
            else (row.created_at, PREPARE_FOR)
        )
        # Whoever waits for an answer is told at once while nothing is paid for.
        if now > since + patience or (not has_arrived and row.retry_until is None):
            return False
        pause = timedelta(seconds=PAUSES[min(int((now - since).total_seconds() // 10), len(PAUSES) - 1)])
        async with self._database.writing() as session:
            await models.move(
                session,
                row.id,
                to=GenerationState.RUNNING,
                origin=GenerationState.RUNNING,
                held_by=self._owner,
                next_step_at=now + pause,
                error_code=code,
                error_detail=detail,
                lease_owner=None,
                lease_until=None,
            )
        self._wake()
        return True

    async def _other_provider(
        self, session: AsyncSession, row: Generation
    ) -> tuple[ImageProvider, Model] | None:
        """The next provider in line that can fill the wish, if the business lets another one do it."""
        business = await business_models.find(session, row.business_id)
        if business is None or not business.ai_provider_fallback:
            return None
        names = list(self._providers)
        behind = names[names.index(row.provider) + 1 :] if row.provider in names else []
        today = clock.now().date()
        for provider in (self._providers[name] for name in behind):
            for model in catalogue.offered(provider, today):
                with suppress(RuleBroken):
                    check_wish(
                        model,
                        prompt=row.enhanced_prompt,
                        size=row.size,
                        quality=row.quality,
                        is_edit=row.is_edit,
                        has_mask=row.has_mask,
                    )
                    return provider, model
        return None

    # --- after a death

    async def free(self, owner_prefix: str) -> None:
        """The runners with these names are gone."""
        async with self._database.writing() as session:
            freed = await models.free_leases(session, owner_prefix)
        if freed:
            log.info("generations.taken_over", count=freed)

    async def found_in_spool(self, generation_id: int) -> None:
        """A picture lies here. Unless it is in the library already, or was given up, it is taken in next."""
        async with self._database.writing() as session:
            row = await models.find(session, generation_id)
            state = GenerationState(row.state) if row else None
            if state is GenerationState.UNKNOWN:
                await models.move(
                    session,
                    generation_id,
                    to=GenerationState.RUNNING,
                    finished_at=None,
                    next_step_at=clock.now(),
                )
                fault("generate.after_found")
        if state not in (GenerationState.UNKNOWN, GenerationState.RUNNING):
            await self._spool.drop(generation_id)
