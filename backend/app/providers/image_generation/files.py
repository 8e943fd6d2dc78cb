"""Bringing a finished picture from where a provider has put it, and from nowhere else."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.core import fetch
from app.core.errors import AppError
from app.core.network import Network
from app.providers.image_generation.wire import MAX_PICTURE_BYTES, AnswerLost

_SECONDS = 120.0
_TRIES = 3


@dataclass(frozen=True, slots=True)
class FileHosts:
    """The only hosts that files are taken from.

    `own` are `host:port` of the operator's settings, which may be private and plain http; `names` are public
    ones, `*.` before a name standing for all below it.
    """

    own: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, url: str, *names: str) -> FileHosts:
        """The host of an address of the settings, and these names."""
        try:
            parts = urlsplit(url)
            port = parts.port or (80 if parts.scheme == "http" else 443)
            host = (parts.hostname or "").lower()
        except ValueError:
            host = ""
        if not host:
            return cls(names=frozenset(names))
        return cls(frozenset({f"[{host}]:{port}" if ":" in host else f"{host}:{port}"}), frozenset(names))


async def bring(url: str, hosts: FileHosts, *, network: Network | None = None) -> bytes:
    """The file at `url`. It is only looked at, so a look that failed is repeated. Raises `AnswerLost`."""
    with tempfile.TemporaryDirectory(prefix="aigrowth-") as folder:
        target = Path(folder) / "picture"
        for tries_left in reversed(range(_TRIES)):
            try:
                await fetch.fetch_to_file(
                    url,
                    target,
                    max_bytes=MAX_PICTURE_BYTES,
                    deadline=_SECONDS,
                    allowed_hosts=hosts.own,
                    only_hosts=hosts.own | hosts.names,
                    **({} if network is None else {"network": network}),
                )
                break
            except AppError as error:
                if not tries_left or error.code != "image_url_unreachable":
                    raise AnswerLost(f"file_{error.code}") from error
        return target.read_bytes()
