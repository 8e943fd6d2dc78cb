"""What runners do with generations. The rules are at the top of the package."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError
from app.core.faults import fault
from app.core.logging import get_logger
from app.imaging import Limits
from app.models import generations as models
from app.models.generations import Generation, GenerationState
from app.providers.image_generation.base import (
    GeneratedPicture,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    ImageProvider,
    Moderator,
    PromptRefused,
    SourcePicture,
    Watch,
)
from app.services.generations.checks import picture_name
from app.services.generations.journal import Journal
from app.services.generations.outcomes import LOST, Outcome, outcome_of
from app.services.generations.sources import Sources
from app.services.generations.spool import Arrived, Spool
from app.services.generations.watching import Board
from app.services.images import AiOrigin, Library, Received

log = get_logger(__name__)

LEASE = timedelta(minutes=2)
"""How long a runner that is not heard of any more keeps what it took."""
DECODED_AT_ONCE = 8
"""Arrived pictures that are taken into the library at the same time."""
AI_LIMITS = Limits(min_side=1, most_scaled_pixels=40_000_000)
"""A paid picture is not lost to the limits of uploads: a larger one is scaled, a smaller one is kept."""
_DISK_PAUSE = 5.0
_DISK_TRIES = 120


class GenerationSteps:
    """One runner's hands. `owner` names it in leases, `requester` makes the name under which a user is known
    to providers. `moderator` looks at prompts in front of providers that do not."""

    def __init__(
        self,
        database: Database,
        library: Library,
        providers: Mapping[str, ImageProvider],
        spool: Spool,
        board: Board,
        *,
        owner: str,
        wake: Callable[[], None],
        requester: Callable[[int], str],
        moderator: Moderator | None = None,
    ) -> None:
        self._database = database
        self._library = library
        self._providers = providers
        self._spool = spool
        self._board = board
        self._owner = owner
        self._requester = requester
        self._moderator = moderator
        self._wake = wake
        self._journal = Journal(database, providers, spool, owner=owner, wake=wake)
        self._sources = Sources(database, library)
        self._decoding = asyncio.Semaphore(DECODED_AT_ONCE)
        self._at_work: set[int] = set()
        self._calls: dict[int, asyncio.Task[Arrived]] = {}
        self._called_off: set[int] = set()
        self._missing: set[int] = set()
        self._is_letting_go = False

    # --- taking

    async def claim_due(self, limit: int) -> list[int]:
        """Take generations whose next step is due, as many as their providers work on at once."""
        now = clock.now()
        async with self._database.writing() as session:
            return await models.claim_due(
                session,
                at_once={name: provider.at_once for name, provider in self._providers.items()},
                owner=self._owner,
                now=now,
                lease_until=now + LEASE,
                limit=limit,
            )

    async def next_due_at(self) -> datetime | None:
        """When the earliest step is due that nobody has taken, from now on: what is due and was not taken
        waits for a provider to be free."""
        async with self._database.reading() as session:
            return await models.next_due_at(session, clock.now())

    async def look_after(self) -> None:
        """Keep the leases of what is in these hands, and let go of what somebody called off, and of what
        slipped from these hands because the database could not be written to."""
        if self._is_letting_go:
            return
        async with self._database.reading() as session:
            held = await models.list_held(session, self._owner)
        for row in held:
            if row.cancel_requested_at is not None:
                self.call_off(row.id)
        if not held:
            return
        # What was taken a moment ago may not be at work yet, so it is looked at twice.
        missing = {row.id for row in held} - self._at_work
        lost, self._missing = missing & self._missing, missing
        async with self._database.writing() as session:
            await models.renew_leases(session, self._owner, self._at_work, clock.now() + LEASE)
            await models.release(session, self._owner, lost)
        if lost:
            log.warning("generations.picked_up", count=len(lost))
            self._wake()

    def call_off(self, generation_id: int) -> None:
        """Stop asking for it, if these hands do and it has not arrived yet."""
        if generation_id in self._at_work:
            self._called_off.add(generation_id)
            if call := self._calls.get(generation_id):
                call.cancel()

    async def take_over(self, owner_prefix: str) -> None:
        """This process replaces the ones whose names begin so: what they had is free, and pictures that
        arrived and were not taken in are due now."""
        await self._journal.free(owner_prefix)
        for generation_id in await self._spool.list_ids():
            await self._journal.found_in_spool(generation_id)

    def let_go(self) -> None:
        """This process is about to end. From here on failures mean nothing, for connections are closed under
        the calls; the next process sees what became of them. Providers are not told to stop."""
        self._is_letting_go = True

    # --- working

    async def step(self, generation_id: int) -> None:
        """Do what is next for a claimed generation, to its end if nothing is in the way. Never raises for
        what a provider does. When this is cancelled the call to the provider goes on; `call_off` ends it."""
        self._at_work.add(generation_id)
        with self._board.running_here(generation_id):
            try:
                async with self._database.reading() as session:
                    row = await models.find(session, generation_id)
                if row is not None and row.lease_owner == self._owner:
                    self._board.changed(generation_id)
                    await self._advance(row)
            except Exception:
                # The outer edge of a job: whatever it was, the row says where to go on.
                log.exception("generation.step_failed", generation_id=generation_id)
                try:
                    await self._journal.put_back(generation_id)
                except Exception:
                    # Then the lease ends by itself.
                    log.exception("generation.put_back_failed", generation_id=generation_id)
            finally:
                self._at_work.discard(generation_id)
                self._called_off.discard(generation_id)

    async def _advance(self, row: Generation) -> None:
        arrived = await self._spool.find(row.id)
        if arrived is None:
            arrived = await self._obtain(row)
        if arrived is not None and not self._is_letting_go:
            await self._take_in(row, arrived)

    async def _obtain(self, row: Generation) -> Arrived | None:
        """The picture from the provider, in the spool; None when there is none, and that is kept."""
        try:
            if row.attempted_at is not None:
                return await self._go_on(row)
            async with self._sources.held(row) as (sources, mask):
                return await self._ask(row, sources, mask)
        except asyncio.CancelledError:
            if row.id not in self._called_off:
                raise
            await self._journal.called_off(row, was_asked=True)
        except GenerationError as error:
            if not self._is_letting_go:
                await self._give_up(row, error)
        except AppError as error:
            # The image that was to be changed can't be read.
            await self._journal.own_trouble(row, error, cost=None)
        return None

    async def _ask(
        self, row: Generation, sources: tuple[SourcePicture, ...], mask: bytes | None
    ) -> Arrived | None:
        provider = self._providers.get(row.provider)
        if provider is None:
            detail = "This AI provider is not set up on this server any more."
            await self._journal.settle(row, Outcome(GenerationState.FAILED, "unknown_provider", detail))
            return None
        if self._moderator is not None and not provider.is_moderated:
            refusal = await self._moderator.refusal(row.prompt)
            if refusal is not None:
                raise PromptRefused(refusal)
        fault("generate.before_attempt")
        if row.cancel_requested_at is not None or not await self._journal.attempt(row):
            await self._journal.called_off(row, was_asked=False)
            return None
        if row.id in self._called_off:
            await self._journal.called_off(row, was_asked=False)
            return None
        fault("generate.before_call")
        request = self._request(row, sources, mask)
        return await self._answer(row, provider.generate(request, self._watch(row)))

    async def _go_on(self, row: Generation) -> Arrived:
        """With what the provider has in the works. Raises `GenerationUnknown` where nobody can know."""
        provider = self._providers.get(row.provider)
        if provider is None or row.handle is None:
            raise GenerationUnknown(LOST)
        return await self._answer(row, provider.resume(self._request(row), row.handle, self._watch(row)))

    async def _answer(self, row: Generation, answer: Coroutine[Any, Any, GeneratedPicture]) -> Arrived:
        """The provider's picture, on disk. Raises CancelledError when it was called off before it arrived."""

        async def keep() -> Arrived:
            picture = await answer
            # It is paid for: from here on nobody calls it off.
            self._calls.pop(row.id, None)
            fault("generate.after_call")
            return await self._keep(row.id, picture)

        call = self._calls[row.id] = asyncio.create_task(keep())
        try:
            return await asyncio.shield(call)
        finally:
            self._calls.pop(row.id, None)

    async def _keep(self, generation_id: int, picture: GeneratedPicture) -> Arrived:
        for _ in range(_DISK_TRIES):
            try:
                return await self._spool.keep(generation_id, picture)
            except OSError:
                # Nobody else has this picture: it is held until the disk takes it.
                log.exception("generation.spool_refuses", generation_id=generation_id)
                await asyncio.sleep(_DISK_PAUSE)
        return await self._spool.keep(generation_id, picture)

    async def _take_in(self, row: Generation, arrived: Arrived) -> None:
        fault("generate.after_arrival")
        origin = AiOrigin(
            prompt=row.prompt,
            model=arrived.model or row.model,
            style=row.style,
            edited_from_id=await self._sources.still_there(row),
            is_edit=row.is_edit,
        )
        received = Received(arrived.path, arrived.sha256, picture_name(row.prompt, arrived.head))
        began = time.perf_counter()
        try:
            async with self._decoding, self._library.workspace() as workspace:
                image, _ = await self._library.accept(
                    received,
                    business_id=row.business_id,
                    workspace=workspace,
                    origin=origin,
                    limits=AI_LIMITS,
                )
        except AppError as error:
            await self._journal.own_trouble(row, error, cost=arrived.cost, arrived=True)
            return
        fault("generate.after_ingest")
        took_ms = round((time.perf_counter() - began) * 1000, 1)
        await self._journal.succeed(row, arrived, image.id)
        log.info("generation.succeeded", generation_id=row.id, image_id=image.id, taken_in_ms=took_ms)
        fault("generate.after_settle")
        await self._spool.drop(row.id)

    async def _give_up(self, row: Generation, error: GenerationError) -> None:
        outcome = outcome_of(error)
        if outcome.state is GenerationState.UNKNOWN and row.id in self._called_off:
            await self._journal.called_off(row, was_asked=True)
        elif not (outcome.is_passing and await self._journal.again(row, outcome)):
            await self._journal.settle(row, outcome)

    def _request(
        self, row: Generation, sources: tuple[SourcePicture, ...] = (), mask: bytes | None = None
    ) -> GenerationRequest:
        return GenerationRequest(
            prompt=row.enhanced_prompt,
            model=row.model,
            size=row.size,
            quality=row.quality,
            sources=sources,
            mask=mask,
            partials=row.partials,
            requester=self._requester(row.user_id),
        )

    def _watch(self, row: Generation) -> Watch:
        return _Told(row.id, self._journal, self._board)


class _Told(Watch):
    """Keeps what a provider says on the way."""

    def __init__(self, generation_id: int, journal: Journal, board: Board) -> None:
        self._generation_id = generation_id
        self._journal = journal
        self._board = board

    async def accepted(self, handle: str) -> None:
        """Committed at once: it is the only way back to the work."""
        await self._journal.accepted(self._generation_id, handle)
        fault("generate.after_handle")

    async def partial(self, content: bytes) -> None:
        """For whoever watches."""
        self._board.show(self._generation_id, content)
