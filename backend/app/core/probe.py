"""Asking for one of our own media addresses as a platform's fetcher does, before the platform has to.

The fetcher follows no redirect, obeys robots.txt, and wants the file with its right type at once. What stands
in its way is named by kind, because each kind has another cure. Addresses come from our own settings and
stores, never from a user.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import httpcore
import httpx
from protego import Protego

from app.core.fetch import is_public
from app.core.network import Network, Pinned

USER_AGENT = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
_ROBOT = "facebookexternalhit"
_LONGEST_ROBOTS = 500 * 1024
_NETWORK = Network()


class Trouble(StrEnum):
    """Why a platform would not get the file."""

    LOCAL_ADDRESS = "media_local_address"
    REDIRECTED = "media_redirected"
    WRONG_TYPE = "media_wrong_type"
    BLOCKED_BY_ROBOTS = "media_blocked_by_robots"
    NOT_FOUND = "media_not_found"
    TLS_FAILED = "media_tls_failed"
    SLOW_OR_UNREACHABLE = "media_slow_or_unreachable"
    TOO_LONG = "media_too_long"


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of a probe: `trouble` None means that a platform gets the file. `seen` says in a few words
    what came back, where something did."""

    trouble: Trouble | None = None
    seen: str = ""


async def probe(
    url: str,
    *,
    mime_type: str,
    size: int,
    is_local_allowed: bool = False,
    deadline: float = 8.0,
    network: Network = _NETWORK,
) -> Probe:
    """Fetch `url` as a platform would, to see whether the file of this type and size (bytes) comes back.

    `deadline` is in seconds for everything together. `is_local_allowed` is for a platform in our own network:
    then plain HTTP and private addresses are in order.
    """
    parsed = httpx.URL(url)
    host, is_https = parsed.raw_host.decode("ascii").lower().removesuffix("."), parsed.scheme == "https"
    if not is_local_allowed and is_local_name(host):
        return Probe(Trouble.LOCAL_ADDRESS)
    try:
        async with asyncio.timeout(deadline):
            try:
                addresses = list(await network.resolve(host, parsed.port or (443 if is_https else 80)))
            except (OSError, UnicodeError):
                return Probe(Trouble.SLOW_OR_UNREACHABLE, "the name is not known")
            if not is_local_allowed:
                if not all(is_public(address) for address in addresses):
                    return Probe(Trouble.LOCAL_ADDRESS)
                if not is_https:
                    return Probe(Trouble.TLS_FAILED, "plain http")
            if await _is_blocked(parsed, addresses, network):
                return Probe(Trouble.BLOCKED_BY_ROBOTS)
            return await _get(parsed, addresses, network, mime_type, size)
    except TimeoutError:
        return Probe(Trouble.SLOW_OR_UNREACHABLE, f"nothing within {deadline:.0f} seconds")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ssl.SSLError) as error:
        if is_https and _is_about_tls(error):
            return Probe(Trouble.TLS_FAILED)
        return Probe(Trouble.SLOW_OR_UNREACHABLE, "the connection fails")


def is_local_name(host: str) -> bool:
    """Whether a name or address can mean something in our own network only."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))
    return not is_public(host)


def _is_about_tls(error: BaseException) -> bool:
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLError):
            return True
        found = found.__cause__ or found.__context__
    return False


async def _is_blocked(url: httpx.URL, addresses: Sequence[str], network: Network) -> bool:
    """Whether the host's robots.txt keeps the fetcher away. One that cannot be had forbids nothing."""
    async with _answer(url.copy_with(raw_path=b"/robots.txt"), addresses, network) as response:
        if response.status != 200:
            return False
        text = bytearray()
        async for piece in response.aiter_stream():
            text += piece
            if len(text) > _LONGEST_ROBOTS:
                break

    def is_blocked() -> bool:
        rules = Protego.parse(text[:_LONGEST_ROBOTS].decode("utf-8", "replace"))
        return not rules.can_fetch(str(url), _ROBOT)

    # Rules made to be slow take a second, in which nobody else should have to wait.
    return await asyncio.to_thread(is_blocked)


async def _get(
    url: httpx.URL, addresses: Sequence[str], network: Network, mime_type: str, size: int
) -> Probe:
    async with _answer(url, addresses, network) as response:
        if 300 <= response.status < 400:
            return Probe(Trouble.REDIRECTED)
        if response.status in (404, 410):
            return Probe(Trouble.NOT_FOUND)
        if response.status != 200:
            return Probe(Trouble.SLOW_OR_UNREACHABLE, f"HTTP status {response.status}")
        told = _header(response.headers, b"content-type").partition(";")[0].strip().lower()
        if told != mime_type:
            return Probe(Trouble.WRONG_TYPE, told or "no type at all")
        received = 0
        async for piece in response.aiter_stream():
            received += len(piece)
            if received > size:
                return Probe(Trouble.TOO_LONG)
        if received < size:
            return Probe(Trouble.WRONG_TYPE, "only a part of it")
        return Probe()


@contextlib.asynccontextmanager
async def _answer(
    url: httpx.URL, addresses: Sequence[str], network: Network
) -> AsyncIterator[httpcore.Response]:
    """One request as the fetcher makes it."""
    host = url.raw_host.decode("ascii").lower().removesuffix(".")
    target = httpcore.URL(
        scheme=url.raw_scheme,
        host=host,
        port=url.port or (443 if url.scheme == "https" else 80),
        target=url.raw_path,
    )
    headers = [
        ("Host", url.netloc.decode("ascii")),
        ("User-Agent", USER_AGENT),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    async with (
        contextlib.aclosing(Pinned(addresses, network)) as backend,
        httpcore.AsyncConnectionPool(
            ssl_context=network.tls() if url.scheme == "https" else None,
            network_backend=backend,
            max_connections=1,
        ) as pool,
        pool.stream("GET", target, headers=headers) as response,
    ):
        backend.body_begins()
        yield response


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")
