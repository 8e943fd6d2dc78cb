"""URLs of stored files, made when somebody reads.

Where the storage has URLs of its own they are used; else the product serves the bytes at `/media/…`,
signed. A signature holds 24 to 48 hours and changes once a day, so that caches hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from posixpath import splitext
from urllib.parse import unquote, urlsplit

from app.core import clock
from app.core.crypto import Signer
from app.providers.storage.base import StorageError, Stores

_OWN = re.compile(r"^/media/(?P<image_id>\d{1,18})/(?P<name>[a-z0-9-]{1,60})\.[a-z]{3,4}$")


def end_of_tomorrow(now: datetime) -> datetime:
    """The midnight (UTC) after the next one: 24 to 48 hours away, the same all day long."""
    return _two_days_after(now.date())


# A list asks for it with every address that it shows.
@lru_cache(maxsize=4)
def _two_days_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=2)


@dataclass(frozen=True, slots=True)
class OwnLink:
    """A URL that looks like one of ours, taken apart."""

    image_id: int
    expires: str
    signature: str


def _preview_of(key: str) -> str:
    # No key of a file has a colon, so this proof opens nothing else.
    return f"{key}:preview"


class MediaUrls:
    """Makes and checks them. `public_url` is how the world reaches this server, `loopback_url` how the
    simulators do."""

    def __init__(self, stores: Stores, signer: Signer, *, public_url: str, loopback_url: str) -> None:
        self._stores = stores
        self._signer = signer
        self._public_url = public_url
        self._loopback_url = loopback_url

    def url(self, *, image_id: int, name: str, provider: str, key: str, for_practice: bool = False) -> str:
        """An absolute URL of `original`, `thumb` or a rendition, for anyone who has it. `provider` is the
        store that the row names."""
        direct = self.direct_url(provider, key)
        if direct is not None:
            return direct
        expires_at = end_of_tomorrow(clock.now())
        base = self._loopback_url if for_practice else self._public_url
        # The key is signed, not the id: it belongs to this file alone, for ever.
        return f"{base}/media/{image_id}/{name}{splitext(key)[1]}?{self._proof(key, expires_at)}"

    def preview_url(self, *, image_id: int, key: str) -> str:
        """An absolute URL of the preview of the original under `key`, which may not be made yet.

        It leads to this server whatever the storage: only here can the preview be made when it is wanted.
        """
        proof = self._proof(_preview_of(key), end_of_tomorrow(clock.now()))
        return f"{self._public_url}/media/{image_id}/preview.webp?{proof}"

    def direct_url(self, provider: str, key: str) -> str | None:
        """Where the store itself gives the file out, for a day or more; None when it does not.

        None as well where the store is not set up any more: then the answer at our own URL says so.
        """
        if provider not in self._stores:
            return None
        return self._stores[provider].url(key, expires_at=end_of_tomorrow(clock.now()))

    def is_valid_preview(self, *, key: str, expires: str, signature: str) -> bool:
        """Whether we signed this for the preview of the original under `key`, and it has not ended."""
        return self.is_valid(key=_preview_of(key), expires=expires, signature=signature)

    def is_valid(self, *, key: str, expires: str, signature: str) -> bool:
        """Whether we signed this for the file under `key`, and it has not ended."""
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return False
        if not self._signer.is_valid(f"{key}/{int(expires)}", signature):
            return False
        return int(expires) > clock.now().timestamp()

    def _proof(self, subject: str, expires_at: datetime) -> str:
        seconds = int(expires_at.timestamp())
        return f"e={seconds}&s={self._signer.sign(f'{subject}/{seconds}')}"

    def own_link(self, url: str) -> OwnLink | None:
        """What a URL of ours to an original says; whether it is valid is for `is_valid`."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        if f"{parts.scheme}://{parts.netloc}" not in (self._public_url, self._loopback_url):
            return None
        match = _OWN.match(parts.path)
        if not match or match["name"] != "original":
            return None
        query = dict(pair.partition("=")[::2] for pair in parts.query.split("&"))
        return OwnLink(int(match["image_id"]), query.get("e", ""), query.get("s", ""))

    def own_storage_key(self, url: str) -> str | None:
        """The key that a URL of one of our stores names, whoever's it is: look it up within the business."""
        try:
            key = "/".join(unquote(urlsplit(url).path).split("/")[-2:])
            found = [store.url(key, expires_at=end_of_tomorrow(clock.now())) for store in self._stores]
        except (StorageError, ValueError):
            return None
        bare = url.partition("?")[0]
        return (
            key if any(direct is not None and direct.partition("?")[0] == bare for direct in found) else None
        )
