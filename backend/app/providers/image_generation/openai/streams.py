"""The events of a picture that is painted before one's eyes, read no further than they may be long."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from app.providers.image_generation.wire import AnswerLost


async def read_events(chunks: AsyncIterator[bytes], most_bytes: int) -> AsyncIterator[Mapping[str, Any]]:
    """The data of each event as it comes. Raises `AnswerLost` for what is no event of this API."""
    size = 0
    lines: list[bytes] = []
    rest: list[bytes] = []
    async for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise AnswerLost("answer_too_large")
        *ended, open_end = chunk.split(b"\n")
        for part in ended:
            line = b"".join([*rest, part]).rstrip(b"\r")
            rest = []
            if line.startswith(b"data:"):
                lines.append(line[5:].removeprefix(b" "))
            elif not line and lines:
                data = b"\n".join(lines)
                lines = []
                if data != b"[DONE]":
                    yield _parsed(data)
        rest.append(open_end)


def _parsed(data: bytes) -> Mapping[str, Any]:
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise AnswerLost("event_unreadable") from error
    if not isinstance(event, dict):
        raise AnswerLost("event_unreadable")
    return event
