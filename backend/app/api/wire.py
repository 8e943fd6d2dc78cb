"""HTTP as it comes in over a connection: how much of it may be anything but a body.

The server's parser takes an address, header lines and trailers of any size, keeps all of them, and copies a
long one again with each piece of it that arrives. So what is not body is counted here, before anybody is
signed in and before a route is known, and the connection ends at a limit that no client comes near.
"""

from __future__ import annotations

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.core.logging import get_logger

log = get_logger(__name__)

MOST_HEAD_BYTES = 64 * 1024
"""For the address and all header lines of a request together, and for the trailers after its body. What has
arrived in one piece is not measured: it is there already, and a piece is small."""
_FRAME_BYTES = 16
"""What the frame of a chunk may take beside its bytes."""

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
    """uvicorn's protocol, which ends a connection whose requests are mostly something else than bodies."""

    _beside_body = 0
    """Bytes of the request at hand that were not body, so far."""
    _is_in_head = True

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body <= MOST_HEAD_BYTES or self.transport.is_closing():
            return
        log.warning("request.headers_too_large")
        # Once one is being answered, nothing may be written in between.
        if self._is_in_head and not self._is_answering():
            self.transport.write(_ANSWER)
        self.transport.close()

    def on_message_begin(self) -> None:
        """The first line of a request begins."""
        super().on_message_begin()
        self._is_in_head = True

    def on_headers_complete(self) -> None:
        """Its head is there."""
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

    def _is_answering(self) -> bool:
        # There is none before the first request, whatever the server's types say.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete
