"""The platforms as people see them in a browser: where an account is, and which addresses lie there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

_HOSTS: Mapping[str, tuple[str, ...]] = {
    "instagram": ("www.instagram.com", "instagram.com"),
    "facebook": ("www.facebook.com", "facebook.com", "m.facebook.com", "web.facebook.com"),
}
_POSTS: Mapping[str, re.Pattern[str]] = {
    "instagram": re.compile(r"/([A-Za-z0-9._]{1,30}/)?(p|reel|reels|tv)/[A-Za-z0-9_-]+/?"),
    "facebook": re.compile(
        r"/(?!(login|dialog|flx|plugins|sharer?)/)[^/\\.][^/\\]*(?<!\.php)"
        r"/(posts|photos|videos)(/[^/\\.][^/\\]*){1,3}/?"
        r"|/groups/[^/\\]+/(posts|permalink)/\d+/?"
        r"|/share/[prv]/[A-Za-z0-9]+/?"
        r"|/reel/\d+/?"
        r"|/\d+_\d+/?"
        r"|/(photo|permalink|story)\.php|/photo/?|/watch/?"
    ),
}
"""The paths that posts have. Others lead elsewhere, as `/l.php?u=…` does, or are of accounts."""
_USERNAME = re.compile(r"[A-Za-z0-9._]{1,30}")
_WRITTEN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+/[\x21-\x7e]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class PlatformSites:
    """`practice_url` is where a browser finds the practice platforms, without a trailing slash.
    `has_own_graph`: the operator has set another server in the place of Meta's, whose word counts."""

    practice_url: str
    has_own_graph: bool = False

    def start(self, platform: str, *, is_practice: bool) -> str:
        """What every address of the platform begins with."""
        if is_practice:
            return f"{self.practice_url}/{platform}/"
        return f"https://{_HOSTS[platform][0]}/"

    def account(self, platform: str, external_id: str, name: str, *, is_practice: bool) -> str:
        """Where an account and its posts can be looked at."""
        start = self.start(platform, is_practice=is_practice)
        if is_practice or platform == "facebook":
            return start + quote(external_id, safe="")
        # Instagram knows people by their user names, and a channel can have been given another name.
        return f"{start}{name}/" if _USERNAME.fullmatch(name) else start

    def has(self, platform: str, address: str, *, is_practice: bool) -> bool:
        """Whether this is the address of a post on the platform, and of nothing else."""
        return self._lies_there(platform, address, is_practice=is_practice) and (
            is_practice or _POSTS[platform].fullmatch(unquote(urlsplit(address).path)) is not None
        )

    def _lies_there(self, platform: str, address: str, *, is_practice: bool) -> bool:
        if not _WRITTEN.fullmatch(address):
            return False
        try:
            given, start = urlsplit(address), urlsplit(self.start(platform, is_practice=is_practice))
            if not is_practice:
                is_there = given.scheme == "https" and given.hostname in _HOSTS[platform] and not given.port
                return is_there and given.path != "/"
            is_there = _origin(given) == _origin(start)
        except ValueError:
            return False
        # A browser takes these for steps upwards, in whichever way they are written.
        plain = unquote(given.path).replace("\\", "/")
        return is_there and given.path.startswith(start.path) and "/." not in plain

    def is_kept(self, platform: str, address: str, *, is_practice: bool) -> bool:
        """Whether an address that the platform told for a post is one that people may be led to."""
        if self.has_own_graph:
            return _WRITTEN.fullmatch(address) is not None
        # Its own word on which of its addresses: a shape that is not known here is no reason to lose it.
        return self._lies_there(platform, address, is_practice=is_practice)


def _origin(address: SplitResult) -> tuple[str, str, int | None]:
    """Scheme, host and port; this machine has several names."""
    host = address.hostname or ""
    port = address.port or {"http": 80, "https": 443}.get(address.scheme)
    return address.scheme, "localhost" if host in _LOOPBACK else host, port
