"""The limits on how often a route may be called. Keys are only what the server itself knows to be true."""

from __future__ import annotations

import ipaddress

from fastapi import FastAPI, Request

from app.core.config import Settings
from app.core.rate_limits import Counters, RateLimit

STORAGE_CHECK_RATE_LIMIT = "6/minute"
"""Per user. A check takes seconds and dozens of calls to the store."""

CHANNEL_CHECK_RATE_LIMIT = "20/minute"
"""Per user: looks at a channel, and logins that are begun."""
POST_CHECK_RATE_LIMIT = "120/minute"
"""Per user. A check of another crop makes files; while one is dragged there are two a second at most."""
PUBLICATION_RATE_LIMIT = "30/minute"
"""Per user: publications that are looked up, settled or sent again."""
AI_TIMES_BY_KEYS = 3
"""So many times the AI limit have all keys of a user together: keys can be made anew, and images cost."""
META_RATE_LIMIT = "600/minute"
"""Per address: what Meta tells by itself, which nobody has signed in for."""


class RateLimits:
    """The limits of the settings, and those for what keeps others busy."""

    def __init__(self, settings: Settings) -> None:
        self.counters = Counters(settings.redis_address)
        self.auth = RateLimit("AUTH_RATE_LIMIT", settings.auth_rate_limit, self.counters)
        self.uploads = RateLimit("UPLOAD_RATE_LIMIT", settings.upload_rate_limit, self.counters)
        self.businesses = RateLimit("BUSINESS_RATE_LIMIT", settings.business_rate_limit, self.counters)
        self.ai = RateLimit("AI_RATE_LIMIT", settings.ai_rate_limit, self.counters)
        self.ai_by_keys = RateLimit(
            "AI_RATE_LIMIT by keys", settings.ai_rate_limit, self.counters, times=AI_TIMES_BY_KEYS
        )
        self.api_keys = RateLimit("API_KEY_RATE_LIMIT", settings.api_key_rate_limit, self.counters)
        self.storage_checks = RateLimit("storage checks", STORAGE_CHECK_RATE_LIMIT, self.counters)
        self.channel_checks = RateLimit("channel checks", CHANNEL_CHECK_RATE_LIMIT, self.counters)
        self.post_checks = RateLimit("checks of posts", POST_CHECK_RATE_LIMIT, self.counters)
        self.publications = RateLimit("looks at publications", PUBLICATION_RATE_LIMIT, self.counters)
        self.meta = RateLimit("Meta", META_RATE_LIMIT, self.counters)


def install(app: FastAPI, settings: Settings) -> None:
    """Give the application its limits. Raises ValueError when a setting is not a rate."""
    app.state.rate_limits = RateLimits(settings)


def limits_of(request: Request) -> RateLimits:
    """The limits of the application that answers this request."""
    limits: RateLimits = request.app.state.rate_limits
    return limits


def address_key(request: Request) -> str:
    """Who calls, as far as the network says: the peer's address, or its /64 network with IPv6.

    Forwarding headers count only where the server is told to trust the proxy, and then the server
    has put the client's address in the peer's place.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


async def limit_auth(request: Request) -> None:
    """Sign-in and sign-up, for each client address."""
    await limits_of(request).auth.hit(address_key(request))


async def limit_meta(request: Request) -> None:
    """Meta's own calls, for each address that they come from."""
    await limits_of(request).meta.hit(address_key(request))
