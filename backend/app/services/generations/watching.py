"""Who waits for a generation is told in this process at once; in any other it looks into the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.imaging import HEAD_BYTES, sniff

if TYPE_CHECKING:
    from app.services.generations.orders import Story

MOST_PREVIEW_BYTES = 32 * 1024 * 1024
"""What the newest previews of all generations may take together; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Preview:
    """How a picture looks on its way. `number` counts from 1."""

    number: int
    content: bytes = field(repr=False)

    @property
    def mime_type(self) -> str:
        """By its first bytes."""
        found = sniff(self.content[:HEAD_BYTES])
        return found.mime_type if found else "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a generation. `id` says how far whoever has heard of it knows the story."""

    id: str
    kind: Literal["state", "partial", "done"]
    story: Story
    preview: Preview | None = None


@dataclass(slots=True)
class Audience:
    """Who waits for one generation. Take `changed` before looking, and wait for it afterwards."""

    waiting: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Board:
    """Where this process writes down that something about a generation has changed."""

    def __init__(self) -> None:
        self._audiences: dict[int, Audience] = {}
        self._previews: OrderedDict[int, Preview] = OrderedDict()
        self._local: set[int] = set()
        self._lines: Counter[int] = Counter()
        self.is_closing = False

    def is_run_here(self, generation_id: int) -> bool:
        """Whether every change of it is told on this board."""
        return generation_id in self._local

    @contextlib.contextmanager
    def running_here(self, generation_id: int) -> Iterator[None]:
        """For the time in which a runner of this process works on it."""
        self._local.add(generation_id)
        try:
            yield
        finally:
            self._local.discard(generation_id)
            self._previews.pop(generation_id, None)
            self.changed(generation_id)

    def changed(self, generation_id: int) -> None:
        """Whoever waits for it looks again."""
        audience = self._audiences.get(generation_id)
        if audience:
            audience.changed.set()
            audience.changed = asyncio.Event()

    def show(self, generation_id: int, content: bytes) -> None:
        """Keep the newest preview, in memory alone: it is for those who watch now."""
        earlier = self._previews.pop(generation_id, None)
        self._previews[generation_id] = Preview(earlier.number + 1 if earlier else 1, content)
        total = sum(len(preview.content) for preview in self._previews.values())
        while total > MOST_PREVIEW_BYTES and len(self._previews) > 1:
            _, dropped = self._previews.popitem(last=False)
            total -= len(dropped.content)
        self.changed(generation_id)

    @property
    def listeners(self) -> int:
        """How many wait for news now."""
        return sum(audience.waiting for audience in self._audiences.values())

    def lines_of(self, user_id: int) -> int:
        """How many streams this user has open."""
        return self._lines[user_id]

    @contextlib.contextmanager
    def listening(self, user_id: int) -> Iterator[None]:
        """For the time in which a stream of this user is open."""
        self._lines[user_id] += 1
        try:
            yield
        finally:
            self._lines[user_id] -= 1
            if not self._lines[user_id]:
                del self._lines[user_id]

    def preview(self, generation_id: int) -> Preview | None:
        """The newest preview that was told here."""
        return self._previews.get(generation_id)

    @contextlib.contextmanager
    def waiting(self, generation_id: int) -> Iterator[Audience]:
        """For `next_change`. From here on no change is missed."""
        audience = self._audiences.setdefault(generation_id, Audience())
        audience.waiting += 1
        try:
            yield audience
        finally:
            audience.waiting -= 1
            if not audience.waiting:
                self._audiences.pop(generation_id, None)

    def close(self) -> None:
        """The process is about to end: nobody waits any longer."""
        self.is_closing = True
        for generation_id in list(self._audiences):
            self.changed(generation_id)


async def next_change(changed: asyncio.Event, seconds: float) -> None:
    """Return when something has changed, or after this long."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(changed.wait(), seconds)
