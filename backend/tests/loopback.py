"""A wall around this machine: no socket of a test process connects to, or asks the name of, anything else.

It is a Python audit hook, so it sees every library that uses Python's sockets. Child processes and event
loops written in C are outside of it; the tests give those loopback addresses only.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

attempts: list[str] = []
"""Outside addresses that somebody reached for since the list was last cleared."""

_is_built = False


class LeavesThisMachine(RuntimeError):
    """A test reached for an address outside of loopback."""


def build_wall() -> None:
    """From now on, for as long as this process lives. Calling it again does nothing."""
    global _is_built
    if not _is_built:
        sys.addaudithook(_watch)
        _is_built = True


def is_allowed(host: object) -> bool:
    """Whether an address is loopback, or a local socket, which has no host at all."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool(address.is_loopback or address.is_unspecified or (mapped and mapped.is_loopback))


def _is_number(host: object) -> bool:
    """Whether looking this host up asks nobody."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and not is_allowed(address[0]):
            _refuse(address[0])
    elif event == "socket.getaddrinfo" and not is_allowed(arguments[0]) and not _is_number(arguments[0]):
        _refuse(arguments[0])


def _refuse(host: object) -> None:
    attempts.append(str(host))
    raise LeavesThisMachine(f"tests do not leave this machine, and this one reached for {host}")
