"""A line in which parties take turns: who brings a thousand things holds up nobody who brings one."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Place = Literal["taken", "full", "full for this party"]


class FairQueue(Generic[T]):
    """First in, first out for each party. A party's turn comes when no other has fewer things in hand; among
    equals it is one after the other. A thing is in hand from `take` until `finish`.

    At most `most` things wait, and at most `most_of_one` of one party. It may be used from any number of
    threads.
    """

    def __init__(self, *, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        # The party whose turn it is stands first; none is without things.
        self._lines: OrderedDict[Hashable, deque[T]] = OrderedDict()
        self._in_hand: Counter[Hashable] = Counter()
        self._count = 0
        self._idle = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return self._count

    @property
    def lacks_hands(self) -> bool:
        """Whether more things wait than there is somebody waiting for things."""
        with self._changed:
            return self._count > self._idle

    def put(self, party: Hashable, thing: T) -> Place:
        """Join the line, where there is room. A closed line is full."""
        with self._changed:
            if self._is_closed or self._count >= self._most:
                return "full"
            line = self._lines.get(party)
            if line is not None and len(line) >= self._most_of_one:
                return "full for this party"
            if line is None:
                line = self._lines[party] = deque()
            line.append(thing)
            self._count += 1
            self._changed.notify()
            return "taken"

    def take(self) -> T | None:
        """The next thing, as soon as there is one; None once the line is closed."""
        with self._changed:
            while not self._count:
                if self._is_closed:
                    return None
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            # Of those with the fewest, the first whose turn it is.
            party = min(self._lines, key=self._in_hand.__getitem__)
            line = self._lines.pop(party)
            thing = line.popleft()
            self._in_hand[party] += 1
            if line:
                self._lines[party] = line
            self._count -= 1
            return thing

    def finish(self, party: Hashable) -> None:
        """Something of this party that was taken is done with."""
        with self._changed:
            self._in_hand[party] -= 1
            if not self._in_hand[party]:
                del self._in_hand[party]

    def close(self) -> list[T]:
        """Nobody joins any more; returns those that waited, and ends every `take`."""
        with self._changed:
            self._is_closed = True
            left = [thing for line in self._lines.values() for thing in line]
            self._lines.clear()
            self._count = 0
            self._changed.notify_all()
            return left
