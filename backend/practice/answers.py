"""Answers that a well-behaved server never gives, and the header that all answers carry."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRANSPORT_KEY = "practice.transport"

PRACTICE_HEADERS: Mapping[str, str] = {"X-Practice": "1", "X-Content-Type-Options": "nosniff"}


class JsonAnswer(Response):
    """JSON as Graph writes it: plain, with non-ASCII characters escaped."""

    media_type = "application/json"

    def __init__(self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(content, separators=(",", ":")).encode()
        super().__init__(body, status_code=status, headers={**PRACTICE_HEADERS, **(headers or {})})


class CutConnection(Response):
    """Ends the connection without an answer.

    With the server of `python -m practice` the peer sees a reset. Elsewhere, where the transport cannot
    be reached, it sees the head of an answer and then the end of the connection: unusable all the same.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = _transport(scope)
        if transport is None:
            await _begin_and_leave(send, 200, [(b"content-type", b"application/json")], b"", 64)
            return
        transport.abort()
        await _notice_the_end(receive)


class CutBody(Response):
    """Sends the head of an answer and half of its body, then ends the connection."""

    def __init__(self, whole: Response) -> None:
        # An answer that streams has no body yet: all that comes of it is its head.
        body = bytes(getattr(whole, "body", b""))
        super().__init__(body, status_code=whole.status_code, media_type=whole.media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self.body)
        head = [(k, v) for k, v in self.raw_headers if k != b"content-length"]
        await _begin_and_leave(send, self.status_code, head, body[: len(body) // 2], max(len(body), 2))
        transport = _transport(scope)
        if transport is not None:
            transport.close()
            await _notice_the_end(receive)


async def _begin_and_leave(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], part: bytes, announced: int
) -> None:
    # Returning without completing an announced body makes the server close the connection.
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", str(announced).encode())],
        }
    )
    await send({"type": "http.response.body", "body": part, "more_body": True})


def _transport(scope: Scope) -> asyncio.Transport | None:
    transport: asyncio.Transport | None = scope.get(TRANSPORT_KEY)
    return transport


async def _notice_the_end(receive: Receive) -> None:
    # The server calls an answer that never came an error, unless it knows that the line is closed.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await wait_for_disconnect(receive)


def with_transport(app: ASGIApp) -> ASGIApp:
    """Let `CutConnection` reach the socket: wrap the outermost application of a uvicorn server."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            cycle = getattr(send, "__self__", None)
            transport = getattr(cycle, "transport", None)
            if transport is not None:
                scope[TRANSPORT_KEY] = transport
        await app(scope, receive, send)

    return wrapped


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the peer has gone. The request's body must have been read before."""
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return
