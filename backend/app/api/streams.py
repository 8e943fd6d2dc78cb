"""Answers that come piece by piece, whose client may go away at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")

_left_behind: set[asyncio.Task[None]] = set()
"""The loop itself does not hold on to tasks."""


async def whole_pieces(pieces: AsyncGenerator[T, None]) -> AsyncIterator[T]:
    """The pieces, each made to its end: when the client goes away meanwhile, nobody waits for the last one.

    The server calls an answer off anew at each thing that it waits for, also while it tidies up. A question
    to the database that is cut off like that costs its connection, and a new one costs everybody more than
    the rest of the piece does.
    """
    while True:
        making = asyncio.create_task(_next(pieces))
        try:
            made = await asyncio.shield(making)
        except asyncio.CancelledError:
            ending = asyncio.create_task(_end(making, pieces))
            _left_behind.add(ending)
            ending.add_done_callback(_left_behind.discard)
            raise
        if not made:
            return
        yield made[0]


async def _next(pieces: AsyncGenerator[T, None]) -> tuple[T, ...]:
    """The next piece; nothing at the end."""
    try:
        return (await anext(pieces),)
    except StopAsyncIteration:
        return ()


async def _end(making: asyncio.Task[tuple[T, ...]], pieces: AsyncGenerator[T, None]) -> None:
    # Whatever goes wrong with it, nobody is there to be told.
    await asyncio.wait([making])
    if not making.cancelled():
        making.exception()
    await pieces.aclose()
