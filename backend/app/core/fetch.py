"""The only door for outgoing HTTP to an address that a user can influence.

A user's URL may lead to our own network, change its mind between two DNS answers, send without end,
or never finish. So one name is resolved once per hop, every address of the answer is judged, and the
connection goes to a judged address; TLS still proves the name. Whatever goes wrong, the caller
learns one of three things only: not allowed, unreachable, too large. A name that does not exist and
one that leads inside are the same refusal, so nobody can map our network from the answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpcore
import httpx

from app.core.errors import RuleBroken, TooLarge
from app.core.network import Network, Pinned
from app.core.tls import public_certificates

_MOST_REDIRECTS = 3
_MOST_ADDRESSES = 4  # tried one after the other
_LONGEST_URL = 4096
_PIECE = 256 * 1024  # bytes written at once
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

# One parser drops these, another takes them for a slash: a URL with them means two things.
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x1f\x7f\\]")
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_DENIED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "100.64.0.0/10",  # shared by carriers; a metadata server of Alibaba Cloud
        "168.63.129.16/32",  # the host of an Azure machine
        "192.0.0.0/24",  # protocol assignments; a metadata server of Oracle Cloud
        "192.88.99.0/24",  # relays of 6to4
        "224.0.0.0/4",  # multicast
    )
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them, which hides an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which hides an IPv4 address
        "3fff::/20",  # documentation
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    """What has been written: its size in bytes. Nothing that the server said about it is believed."""

    size: int


_NETWORK = Network()


async def fetch_to_file(
    url: str,
    target: Path,
    *,
    max_bytes: int,
    deadline: float = 20.0,
    allowed_hosts: frozenset[str] = frozenset(),
    only_hosts: frozenset[str] | None = None,
    network: Network = _NETWORK,
) -> Fetched:
    """Write what `url` answers into `target`, which is removed again when anything goes wrong.

    Only `https` on port 443 of public addresses, at most three redirects, no credentials, no cookies,
    no proxies, no decompression. `deadline` is in seconds for everything together. `allowed_hosts`
    are exact `host:port` entries that may also be `http`, on another port, or private: they come from
    an operator's settings, never from a user. `only_hosts`, when given, are the only ones that are asked, the
    hosts of redirects among them: `host:port`, or the name of a public one, `*.` before it for all below it.

    Raises `RuleBroken` with `image_url_not_allowed` or `image_url_unreachable`, and `TooLarge` with
    `file_too_large` beyond `max_bytes`.
    """
    is_complete = False
    try:
        async with asyncio.timeout(deadline):
            size = await _follow(url, target, max_bytes, _Rules(allowed_hosts, only_hosts), network)
        is_complete = True
        return Fetched(size)
    except (
        TimeoutError,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.TimeoutException,
        ssl.SSLError,
        UnicodeError,  # a name that looks like Punycode and is not
    ) as error:
        raise _unreachable() from error
    finally:
        if not is_complete:
            _discard(target)


async def answers(url: str, *, seconds: float = 5.0) -> bool:
    """Whether somebody answers HTTP at an address of an operator's settings, whatever the answer is."""
    try:
        async with httpx.AsyncClient(timeout=seconds, verify=public_certificates()) as client:
            await client.head(url)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return True


def is_public(address: str) -> bool:
    """Whether this address belongs to the open internet, whatever is hidden inside it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return _is_public(parsed)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _DENIED_V4)
    if address.scope_id is not None:
        return False
    bits = int(address)
    if address in _NAT64:
        # How a machine with IPv6 alone reaches the rest.
        return _is_public(ipaddress.IPv4Address(bits & 0xFFFFFFFF))
    if address not in _UNICAST_V6 or not address.is_global:
        return False  # mapped and compatible addresses are among these
    if any(address in network for network in _DENIED_V6):
        return False
    if bits >> 32 & 0xFFFFFFFF in _ISATAP:
        return _is_public(ipaddress.IPv4Address(bits & 0xFFFFFFFF))
    return True


@dataclass(frozen=True, slots=True)
class _Target:
    """A judged URL. `host` is a lower-case name or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: bytes
    is_allowed: bool
    url: httpx.URL

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Rules:
    """Where a fetch may go besides the open internet, and where alone it may go."""

    allowed: frozenset[str]
    only: frozenset[str] | None

    def forbids(self, name: str, port: int) -> bool:
        """Whether this host is none of those that alone are asked."""
        if self.only is None or f"{name}:{port}" in self.only:
            return False
        parents = name.split(".")
        return name not in self.only and not any(
            f"*.{'.'.join(parents[place:])}" in self.only for place in range(1, len(parents))
        )


async def _follow(url: str, target: Path, max_bytes: int, rules: _Rules, network: Network) -> int:
    current = _judge(url, rules)
    for _ in range(_MOST_REDIRECTS + 1):
        addresses = await _addresses(current, network)
        location = await _get(current, addresses, target, max_bytes, network)
        if isinstance(location, int):
            return location
        try:
            following = str(current.url.join(location))
        except (httpx.InvalidURL, ValueError):
            raise _not_allowed() from None
        current = _judge(following, rules)
    raise _unreachable()


def _judge(url: str, rules: _Rules) -> _Target:
    """Take a URL apart, once: what is connected to is made of these parts and never parsed again."""
    if len(url) > _LONGEST_URL or _FORBIDDEN_CHARACTERS.search(url):
        raise _not_allowed()
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii").lower()
        port = _default_port(parsed.scheme) if parsed.port is None else parsed.port
    except (httpx.InvalidURL, ValueError):
        # Without the cause: it quotes the URL, which may hold a password or a token.
        raise _not_allowed() from None
    if parsed.scheme not in ("http", "https") or parsed.userinfo or not host:
        raise _not_allowed()
    name = f"[{host}]" if ":" in host else host
    if rules.forbids(name, port):
        raise _not_allowed()
    is_allowed = f"{name}:{port}" in rules.allowed
    if not is_allowed:
        if parsed.scheme != "https" or port != 443:
            raise _not_allowed()
        host = host.removesuffix(".")
        _judge_host(host)
    return _Target(parsed.scheme, host, port, parsed.raw_path, is_allowed, parsed)


def _judge_host(host: str) -> None:
    """Refuse private addresses, and every way of writing an address that only some programs read as one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        if _HOST_NAME.fullmatch(host) is None or len(host) > 253 or _NUMBER.fullmatch(last):
            raise _not_allowed() from None
    else:
        if not _is_public(address):
            raise _not_allowed()


async def _addresses(target: _Target, network: Network) -> list[str]:
    try:
        addresses = list(await network.resolve(target.host, target.port))
    except (OSError, UnicodeError) as error:
        raise (_unreachable() if target.is_allowed else _not_allowed()) from error
    if not addresses:
        raise _unreachable() if target.is_allowed else _not_allowed()
    if not target.is_allowed and not all(is_public(address) for address in addresses):
        raise _not_allowed()
    return addresses[:_MOST_ADDRESSES]


async def _get(
    target: _Target, addresses: Sequence[str], file: Path, max_bytes: int, network: Network
) -> int | str:
    """One request: the number of bytes written to `file`, or where the server says to look instead."""
    url = httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path
    )
    headers = [
        ("Host", target.host_header),
        ("User-Agent", "AIGrowth"),
        ("Accept", "image/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    # A pool of its own: a connection kept for the next request would not be judged again.
    async with (
        contextlib.aclosing(Pinned(addresses, network)) as backend,
        httpcore.AsyncConnectionPool(
            ssl_context=network.tls() if target.scheme == "https" else None,
            network_backend=backend,
            max_connections=1,
        ) as pool,
        pool.stream("GET", url, headers=headers) as response,
    ):
        backend.body_begins()
        if response.status in _REDIRECTS:
            return _header(response.headers, b"location")
        if response.status != 200:
            raise _unreachable()
        return await _write(response, file, max_bytes)


async def _write(response: httpcore.Response, file: Path, max_bytes: int) -> int:
    length = _header(response.headers, b"content-length", otherwise="0")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    size = 0
    pending = bytearray()
    with _open(file) as output:
        async for piece in response.aiter_stream():
            size += len(piece)
            if size > max_bytes:
                raise _too_large(max_bytes)
            pending += piece
            if len(pending) >= _PIECE:
                await asyncio.to_thread(output.write, bytes(pending))
                pending.clear()
        await asyncio.to_thread(output.write, bytes(pending))
    if size == 0:
        raise _unreachable()
    return size


def _open(file: Path) -> IO[bytes]:
    # Not in a thread: one that outlives its cancelled caller would make the file again.
    return file.open("wb")


def _discard(file: Path) -> None:
    file.unlink(missing_ok=True)


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes, otherwise: str | None = None) -> str:
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1")
    if otherwise is None:
        raise _unreachable()
    return otherwise


def _default_port(scheme: str) -> int:
    return 80 if scheme == "http" else 443


def _not_allowed() -> RuleBroken:
    return RuleBroken(
        "image_url_not_allowed",
        "This image address cannot be used. Give an https:// address of a public web server, "
        "check its spelling, or upload the picture instead.",
    )


def _unreachable() -> RuleBroken:
    return RuleBroken(
        "image_url_unreachable",
        "No picture could be fetched from this address. Check that it opens in a private browser "
        "window within a few seconds, or upload the picture instead.",
    )


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        "file_too_large",
        f"The picture at this address is larger than {max_bytes / 1_000_000:.0f} MB. Use a smaller one.",
        limit=max_bytes,
    )
