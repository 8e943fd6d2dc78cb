"""HTTP as it comes in over a connection: how much of it may be anything but a body, and for how long.

The server's parser takes an address, header lines and trailers of any size, keeps all of them, and copies a
long one again with each piece of it that arrives. It also takes any number of requests before the first is
answered, and waits for the rest of a head for ever. So these are bounded here, before anybody is signed in
and before a route is known, and the connection ends at a limit that no client comes near.
"""

from __future__ import annotations

import asyncio

import orjson
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.core.logging import get_logger

log = get_logger(__name__)

MOST_HEAD_BYTES = 64 * 1024
"""For the address and all header lines of a request together, and for the trailers after its body. What has
arrived in one piece is not measured: it is there already, and a piece is small."""
_FRAME_BYTES = 256
"""What the frame of a chunk may take beside its bytes."""
MOST_AHEAD = 32
"""So many requests may wait on a connection until those before them are answered."""
HEAD_SECONDS = 60
"""A head that has begun, and the first one of a connection, must be there by then."""

_PROBLEM = orjson.dumps(
    {
        "type": "urn:aigrowth:problem:headers_too_large",
        "title": "Headers too large",
        "status": 431,
        "detail": f"The address and headers of a request may have {MOST_HEAD_BYTES // 1024} KiB together.",
        "code": "headers_too_large",
    }
)
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_PROBLEM), _PROBLEM)
)


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, which ends a connection that is used for anything but requests."""

    _beside_body = 0
    """Bytes of the request at hand that were not body, so far."""
    _is_in_head = True
    _answered: RequestResponseCycle | None = None
    """The request that is being answered, or was the last. The newest that has arrived is `cycle`."""
    _patience: asyncio.TimerHandle | None = None
    """Until when the head must be there."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more: what was asked for is not answered."""
        self._stop_waiting()
        for cycle, _ in self.pipeline:
            cycle.disconnected = True
        self.pipeline.clear()
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > MOST_HEAD_BYTES and not self.transport.is_closing():
            log.warning("request.headers_too_large")
            if self._is_in_head and not self._is_answering():
                self.transport.write(_ANSWER)
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What came is no request. Nothing may be written into an answer that is under way."""
        if self._is_answering():
            self.transport.close()
        else:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """The first line of a request begins."""
        super().on_message_begin()
        self._is_in_head = True
        if self._patience is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._stop_waiting()
        if len(self.pipeline) >= MOST_AHEAD:
            raise ValueError("too many requests at once")
        super().on_headers_complete()
        self._is_in_head = False
        self._beside_body = 0

    def on_body(self, body: bytes) -> None:
        """A piece of its body is there."""
        self._beside_body = max(0, self._beside_body - len(body) - _FRAME_BYTES)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is there."""
        super().on_message_complete()
        self._beside_body = 0

    def on_response_complete(self) -> None:
        """The next one that waits is answered; what comes behind it is read when none waits."""
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _is_answering(self) -> bool:
        return self._answered is not None and not self._answered.response_complete

    def _await_head(self) -> None:
        self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        # Whoever waits for an answer, and has begun to ask for the next thing, gets it first.
        if self._is_answering():
            self._await_head()
        elif not self.transport.is_closing():
            self.transport.close()
