"""What Meta has to know of this server, and this server of Meta: keys, addresses, webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.core.probe import is_local_name
from app.providers.publishing.base import PublishingError, TryLater
from app.services.doctor.findings import Finding


@dataclass(frozen=True, slots=True)
class MetaSetup:
    """A Meta app as the settings name it. `try_keys` asks Meta whether it takes the keys of Facebook Login
    (None: there are none) and raises `PublishingError`; those of Instagram Login cannot be tried without a
    person who logs in."""

    try_keys: Callable[[], Awaitable[None]] | None
    has_instagram_keys: bool
    redirect_uri: str
    callbacks_url: str
    has_verify_token: bool

    async def look(self) -> AsyncIterator[Finding]:
        """What there is to say."""
        if self.try_keys is not None:
            yield await _look_at_keys(self.try_keys)
        if self.try_keys is None and not self.has_instagram_keys:
            yield Finding(
                "Meta app",
                True,
                "None is set: channels are connected with a token, or for practice. META_APP_ID and "
                "META_APP_SECRET bring Facebook Login.",
            )
            return
        yield self._address()
        yield self._webhooks()

    def _address(self) -> Finding:
        what, address = "Meta's way back", urlsplit(self.redirect_uri)
        if is_local_name(address.hostname or ""):
            return Finding(
                what,
                False,
                f"{self.redirect_uri} is known on this machine only. Meta's own calls cannot come here, and "
                "it cannot fetch pictures from here.",
                "Set PUBLIC_BASE_URL to the https:// address by which the world reaches this server.",
            )
        if address.scheme != "https":
            return Finding(
                what,
                False,
                f"{self.redirect_uri} is not encrypted, and Meta takes https:// only.",
                "Set PUBLIC_BASE_URL to an https:// address.",
            )
        return Finding(what, True, f"Enter it in the app at Meta, exactly: {self.redirect_uri}")

    def _webhooks(self) -> Finding:
        url = self.callbacks_url
        told = f"Enter {url}/deauthorize and {url}/data-deletion in the app at Meta."
        if self.has_verify_token:
            told += f" Webhooks go to {url}/webhooks, with the token of META_WEBHOOK_VERIFY_TOKEN."
        else:
            told += " There are no webhooks: META_WEBHOOK_VERIFY_TOKEN is not set."
        return Finding("Meta's own calls", True, told)


async def _look_at_keys(try_keys: Callable[[], Awaitable[None]]) -> Finding:
    what = "Meta app"
    try:
        await try_keys()
    except TryLater as error:
        return Finding(
            what, False, f"Its keys could not be tried: {error.detail}", "Run this again when Meta answers."
        )
    except PublishingError:
        return Finding(what, False, "Meta does not take its keys.", "Check META_APP_ID and META_APP_SECRET.")
    return Finding(what, True, "Meta knows it by META_APP_ID and META_APP_SECRET.")
