"""The official SDK with its own ideas switched off: it asks once, and knows only our settings."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import openai

from app.core.tls import public_certificates
from app.providers.image_generation.wire import is_key

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""Raised before a byte of the request is on its way."""


def make_client(
    base_url: str, api_key: str, *, timeout: timedelta, connect_timeout: timedelta
) -> openai.AsyncOpenAI:
    """A client of one account at one server. A key that can't be one is not sent."""
    timeouts = httpx2.Timeout(timeout.total_seconds(), connect=connect_timeout.total_seconds())
    client = openai.AsyncOpenAI(
        api_key=api_key if is_key(api_key) else "unusable",
        base_url=base_url,
        max_retries=0,
        timeout=timeouts,
        # No kept connections: one that the server has just closed would look like a lost answer.
        http_client=httpx2.AsyncClient(
            timeout=timeouts,
            verify=public_certificates(),
            trust_env=False,
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=200, max_keepalive_connections=0),
        ),
    )
    # The SDK fills these from the environment; only our own settings count.
    client.organization = None
    client.project = None
    return client
