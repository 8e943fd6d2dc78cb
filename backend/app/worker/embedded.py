"""The embedded job runner: tasks in the web process that do what is due.

Each sort of job has a lane. It sleeps until somebody wakes it, the next step is due, or a few seconds have
passed; the same jobs can be run by any other runner. Jobs are taken some at a time, each by its own lease.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.core import clock
from app.core.logging import get_logger

log = get_logger(__name__)

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


class Steps(Protocol):
    """Jobs that are taken by a lease and done step by step."""

    async def claim_due(self, limit: int) -> list[int]:
        """Take jobs whose next step is due."""

    async def next_due_at(self) -> datetime | None:
        """When the earliest step is due that nobody has taken."""

    async def step(self, job_id: int, /) -> None:
        """Do the next step of a job that was taken. Never raises."""


class Lane:
    """One sort of jobs, at most `at_once` of them at the same time in this process."""

    def __init__(self, name: str, steps: Steps, alarm: Alarm, *, at_once: int) -> None:
        self.name = name
        self._steps = steps
        self._alarm = alarm
        self._at_once = at_once
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                seconds = await self._take()
            except Exception:
                log.exception("runner.round_failed", lane=self.name)
                seconds = 1.0
            await self._alarm.wait(seconds)

    async def stop(self) -> None:
        """Let what runs come to its end for a moment, then let go of it."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self) -> float:
        """Claim what is due and start it; returns how long nothing more will be due."""
        free = self._at_once - len(self._tasks)
        if free <= 0:
            return LONGEST_SLEEP  # a step that ends rings
        for job_id in await self._steps.claim_due(free):
            if job_id not in self._tasks:
                self._begin(job_id)
        due_at = await self._steps.next_due_at()
        if due_at is None:
            return LONGEST_SLEEP
        return min(max((due_at - clock.now()).total_seconds(), 0.05), LONGEST_SLEEP)

    def _begin(self, job_id: int) -> None:
        def finished(_: asyncio.Task[None]) -> None:
            del self._tasks[job_id]
            self._alarm.ring()

        self._tasks[job_id] = asyncio.create_task(self._steps.step(job_id))
        self._tasks[job_id].add_done_callback(finished)


class EmbeddedRunner:
    """Runs lanes and ticks until it is stopped."""

    def __init__(self, lanes: tuple[Lane, ...], ticks: tuple[Tick, ...]) -> None:
        self._lanes = lanes
        self._ticks = ticks
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False

    @property
    def is_alive(self) -> bool:
        """Whether every loop still runs."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def start(self) -> None:
        """Begin, on the running event loop."""
        loops = [*(lane.run() for lane in self._lanes), *(self._run_tick(tick) for tick in self._ticks)]
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Take nothing new, let what runs come to its end for a moment, then let go of it.

        A step that is cut off here is one that the next process finds in the database.
        """
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(lane.stop() for lane in self._lanes))

    async def _run_tick(self, tick: Tick) -> None:
        while not self._is_stopping:
            try:
                await tick.run()
            except Exception:
                log.exception("runner.tick_failed", tick=tick.name)
            await asyncio.sleep(tick.every)
