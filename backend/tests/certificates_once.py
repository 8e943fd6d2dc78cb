"""The certificates of the world, read once for a test process and not once for each HTTP client.

httpx makes an SSL context for every client, which takes longer than most calls on this machine. Whoever wants
a context of their own gives one, and gets it.
"""

from __future__ import annotations

import functools

import httpx._config
import httpx._transports.default


def share() -> None:
    """From now on clients that are made without a wish of their own share one context."""
    made_anew = httpx._config.create_ssl_context
    shared = functools.cache(made_anew)

    def context(verify: object = True, cert: object = None, trust_env: bool = True) -> object:
        if verify is True and cert is None:
            return shared(verify=True, cert=None, trust_env=trust_env)
        return made_anew(verify=verify, cert=cert, trust_env=trust_env)  # type: ignore[arg-type]

    httpx._transports.default.create_ssl_context = context  # type: ignore[attr-defined,assignment]
