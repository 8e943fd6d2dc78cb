"""The embedded job runner: a task in the web process that does what is due.

It sleeps until somebody wakes it, the next step is due, or a second has passed; the same jobs can be
run by any other runner. Publications are taken a few at a time, each by its own lease.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.core import clock
from app.core.logging import get_logger
from app.services.publishing import PublicationSteps

log = get_logger(__name__)

AT_ONCE = 8
"""Publications worked on at the same time in one process."""
LONGEST_SLEEP = 5.0


class Alarm:
    """Wakes the runner. Made before the runner, so that services can hold it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """There may be something to do."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when it rings, or after this long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()


@dataclass(frozen=True, slots=True)
class Tick:
    """A job that is done again and again, `every` so many seconds."""

    name: str
    every: float
    run: Callable[[], Awaitable[object]]


class EmbeddedRunner:
    """Runs publications and ticks until it is stopped."""

    def __init__(self, steps: PublicationSteps, alarm: Alarm, ticks: tuple[Tick, ...]) -> None:
        self._publications = steps
        self._alarm = alarm
        self._ticks = ticks
        self._tasks: list[asyncio.Task[None]] = []
        self._steps: dict[int, asyncio.Task[None]] = {}
        self._is_stopping = False

    @property
    def is_alive(self) -> bool:
        """Whether every loop still runs."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def start(self) -> None:
        """Begin, on the running event loop."""
        loops = [self._run_publications(), *(self._run_tick(tick) for tick in self._ticks)]
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Take nothing new, let what runs come to its end for a moment, then let go of it.

        A step that is cut off here is one that the next process finds in the database.
        """
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        steps = list(self._steps.values())
        if steps:
            await asyncio.wait(steps, timeout=5)
        for step in steps:
            step.cancel()
        await asyncio.gather(*steps, return_exceptions=True)

    async def _run_publications(self) -> None:
        while not self._is_stopping:
            try:
                seconds = await self._take()
            except Exception:
                log.exception("runner.round_failed")
                seconds = 1.0
            await self._alarm.wait(seconds)

    async def _take(self) -> float:
        """Claim what is due and start it; returns how long nothing more will be due."""
        free = AT_ONCE - len(self._steps)
        if free <= 0:
            return LONGEST_SLEEP  # a step that ends rings
        for publication_id in await self._publications.claim_due(free):
            if publication_id not in self._steps:
                self._begin(publication_id)
        due_at = await self._publications.next_due_at()
        if due_at is None:
            return LONGEST_SLEEP
        return min(max((due_at - clock.now()).total_seconds(), 0.05), LONGEST_SLEEP)

    def _begin(self, publication_id: int) -> None:
        def finished(_: asyncio.Task[None]) -> None:
            del self._steps[publication_id]
            self._alarm.ring()

        self._steps[publication_id] = asyncio.create_task(self._publications.step(publication_id))
        self._steps[publication_id].add_done_callback(finished)

    async def _run_tick(self, tick: Tick) -> None:
        while not self._is_stopping:
            try:
                await tick.run()
            except Exception:
                log.exception("runner.tick_failed", tick=tick.name)
            await asyncio.sleep(tick.every)
