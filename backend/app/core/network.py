"""Names, sockets, and connections that go where they were judged to go.

Whoever is asked may be anybody, so nothing is read without end before a body begins. How much a body may be
is for its reader to say.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpcore

from app.core.tls import public_certificates

_CONNECT_SECONDS = 5.0
_LONGEST_HEAD = 32 * 1024  # bytes before a body, interim answers among them
_HEAD_PIECE = 4096  # bytes of them that are looked at in one go


class Network:
    """Names and sockets. Tests put their own in its place; nothing else does."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Every address of `host`, best first. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(
            _resolvers(), functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        )
        return [str(sockaddr[0]) for *_, sockaddr in answers]

    async def connect(self, address: str, port: int, seconds: float) -> httpcore.AsyncNetworkStream:
        """A connection to exactly this address. Raises httpcore's errors."""
        return await httpcore.AnyIOBackend().connect_tcp(address, port, timeout=seconds)

    def tls(self) -> ssl.SSLContext:
        """Which certificates are believed."""
        return public_certificates()


class Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the judged addresses, whatever the name has come to mean since. For one request: what comes
    back must reach its body, of which `body_begins` tells, before it is too long."""

    def __init__(self, addresses: Sequence[str], network: Network) -> None:
        self._addresses = addresses
        self._network = network
        self._opened: list[httpcore.AsyncNetworkStream] = []
        self._head = _Head()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                stream = await self._network.connect(address, port, _CONNECT_SECONDS)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self._opened.append(stream)
                return _Measured(stream, self._head)
        raise failure

    def body_begins(self) -> None:
        """The head of the answer is there. How much a body may be, its reader knows."""
        self._head.is_over = True

    async def aclose(self) -> None:
        """Close what httpcore leaves open: a connection whose TLS handshake the deadline interrupts."""
        for stream in self._opened:
            await stream.aclose()


@dataclass(slots=True)
class _Head:
    """How many bytes came before the body."""

    size: int = 0
    is_over: bool = False


class _Measured(httpcore.AsyncNetworkStream):
    """A connection that sends no head without end. An answer may have any number of interim ones before it,
    and those that are there already are read in one go, in which nothing else runs."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, head: _Head) -> None:
        self._stream = stream
        self._head = head

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._head.is_over:
            return await self._stream.read(max_bytes, timeout)
        if self._head.size >= _LONGEST_HEAD:
            raise httpcore.RemoteProtocolError("the head of the answer is too long")
        piece = await self._stream.read(min(max_bytes, _HEAD_PIECE), timeout)
        self._head.size += len(piece)
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _Measured(stream, self._head)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@functools.cache
def _resolvers() -> ThreadPoolExecutor:
    # Threads of their own: a name server that never answers holds nobody else up.
    return ThreadPoolExecutor(8, thread_name_prefix="resolve")
