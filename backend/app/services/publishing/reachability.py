"""Whether the platform can fetch the pictures of a post: asked when it is planned and again before it is due.

The very address that the platform will get is fetched as the platform does it. What stands in the way has a
message and a cure for each kind. `strict` refuses the post then; `lenient` only says it, for a Graph server
in our own network; `auto` is strict, but lenient for practice channels, which fetch from this very machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from app.core import clock
from app.core.logging import get_logger
from app.core.network import Network
from app.core.probe import Probe, Trouble, probe
from app.models.channels import Channel
from app.models.images import Rendition
from app.services.media_urls import MediaUrls
from app.services.posts import LABELS, Problem

log = get_logger(__name__)

Mode = Literal["strict", "lenient", "auto"]

TIME_NEEDED = timedelta(hours=24)
"""How long an address has to hold: a platform may fetch late, and again."""
_BELIEVED_FOR = timedelta(minutes=5)
_DOUBTED_FOR = timedelta(seconds=10)
_MOST_REMEMBERED = 5000
LOCAL_ADDRESS = Trouble.LOCAL_ADDRESS.value
_EXPIRES_TOO_SOON = "media_expires_too_soon"

_CURES = {
    Trouble.LOCAL_ADDRESS: (
        "{label} can't fetch the picture: {host} is an address of this network only.",
        "Set PUBLIC_BASE_URL to an https:// address that the internet reaches, or keep pictures in a store "
        "with a public address. If only this network sees it as local, set MEDIA_REACHABILITY=lenient.",
    ),
    Trouble.REDIRECTED: (
        "{label} can't fetch the picture: {host} sends it on to another address, which it does not follow.",
        "Let {host} give pictures out itself: set its final address, with the right scheme and host.",
    ),
    Trouble.WRONG_TYPE: (
        "{label} can't use what {host} gives out for the picture: {seen}.",
        "Let {host} pass pictures through unchanged, with their Content-Type and without a page in between.",
    ),
    Trouble.BLOCKED_BY_ROBOTS: (
        "{label} is kept away from the picture by the robots.txt of {host}.",
        "Allow the user agent facebookexternalhit there.",
    ),
    Trouble.NOT_FOUND: (
        "{label} does not find the picture: {host} answers that there is none.",
        "Check that {host} leads to this server or store, with its whole path.",
    ),
    Trouble.TLS_FAILED: (
        "{label} can't fetch the picture: there is no valid certificate for {host}.",
        "Give {host} a certificate that browsers accept, with its whole chain, and use https://.",
    ),
    Trouble.SLOW_OR_UNREACHABLE: (
        "{label} can't fetch the picture from {host}: {seen}.",
        "Check the name, the firewall and whether something keeps robots away from {host}. If only this "
        "server itself does not reach it, set MEDIA_REACHABILITY=lenient.",
    ),
    Trouble.TOO_LONG: (
        "{label} can't use what {host} gives out for the picture: it is longer than the picture.",
        "Let {host} pass pictures through unchanged.",
    ),
}


class Reachability:
    """Looks at addresses, and remembers what it saw for a few minutes."""

    def __init__(self, media_urls: MediaUrls, mode: Mode, *, network: Network | None = None) -> None:
        self._media_urls = media_urls
        self._mode = mode
        self._network = network or Network()
        self._seen: dict[tuple[str, bool], tuple[datetime, Probe]] = {}

    def is_strict(self, channel: Channel) -> bool:
        """Whether a picture that cannot be fetched stands in the way on this channel."""
        return self._mode == "strict" or (self._mode == "auto" and not channel.is_practice)

    async def problems(
        self, channel: Channel, renditions: Sequence[Rendition], *, is_afresh: bool = False
    ) -> list[Problem]:
        """What keeps the channel's platform from these files. `is_afresh`: nothing remembered counts."""
        found = await asyncio.gather(*(self._look(channel, row, is_afresh) for row in renditions))
        return [problem for problem in found if problem is not None]

    async def _look(self, channel: Channel, rendition: Rendition, is_afresh: bool) -> Problem | None:
        url = self._media_urls.url(
            image_id=rendition.image_id,
            name=rendition.recipe,
            provider=rendition.storage_provider,
            key=rendition.storage_key,
            for_practice=channel.is_practice,
        )
        host, label = urlsplit(url).netloc, LABELS[channel.platform]
        if channel.is_practice:
            label = f"Practice {label}"
        now = clock.now()
        ends_at = expiry(url)
        if ends_at is not None and ends_at < now + TIME_NEEDED:
            return Problem(
                _EXPIRES_TOO_SOON,
                f"The address of the picture at {host} ends before {label} has surely fetched it.",
                f"Let addresses of {host} hold for 24 hours or more, and check this server's clock.",
                is_blocking=self.is_strict(channel),
                image_id=rendition.image_id,
            )
        is_strict = self.is_strict(channel)
        # A Graph server of our own network may fetch from it, but whoever uses a real one should know.
        seen = await self._probe(url, rendition, is_local_allowed=channel.is_practice, is_afresh=is_afresh)
        if seen.trouble is Trouble.LOCAL_ADDRESS and not is_strict:
            inside = await self._probe(url, rendition, is_local_allowed=True, is_afresh=is_afresh)
            seen = inside if inside.trouble else seen
        if seen.trouble is None:
            return None
        log.warning("media.not_reachable", channel_id=channel.id, kind=seen.trouble.value, host=host)
        message, fix = _CURES[seen.trouble]
        told = {"label": label, "host": host, "seen": seen.seen}
        return Problem(
            seen.trouble.value,
            message.format(**told),
            fix.format(**told),
            is_blocking=is_strict,
            image_id=rendition.image_id,
        )

    async def _probe(
        self, url: str, rendition: Rendition, *, is_local_allowed: bool, is_afresh: bool
    ) -> Probe:
        # Not the whole address: its signature changes from day to day.
        name, now = (url.partition("?")[0], is_local_allowed), clock.now()
        if not is_afresh and name in self._seen:
            at, seen = self._seen[name]
            if now - at < (_DOUBTED_FOR if seen.trouble else _BELIEVED_FOR):
                return seen
        seen = await probe(
            url,
            mime_type=rendition.mime_type,
            size=rendition.file_size,
            is_local_allowed=is_local_allowed,
            network=self._network,
        )
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[name] = now, seen
        return seen


def expiry(url: str) -> datetime | None:
    """When a signed address ends, as far as it says so itself."""
    query = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    try:
        if "X-Amz-Expires" in query:
            signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return signed_at + timedelta(seconds=int(query["X-Amz-Expires"]))
        for name in ("e", "Expires"):
            if name in query:
                return datetime.fromtimestamp(int(query[name]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    return None
