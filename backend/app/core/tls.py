"""Which certificates outgoing connections believe: the public ones that come with the product."""

from __future__ import annotations

import functools
import ssl

import httpx


@functools.cache
def public_certificates() -> ssl.SSLContext:
    """One context for every client of the process. The environment names no other bundle.

    Reading the bundle takes tens of milliseconds and a megabyte, so it is read once.
    """
    return httpx.create_ssl_context(trust_env=False)
