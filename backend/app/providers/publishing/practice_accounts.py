"""Opens accounts where there is a service for that: an Instagram account and a Page per business."""

from __future__ import annotations

import httpx

from app.core.tls import public_certificates
from app.providers.publishing.base import OpenedAccount, TryLater


class AccountService:
    """Speaks to the account service at `base_url`, which knows us by `key`."""

    def __init__(self, base_url: str, key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"X-Practice-Key": key},
            timeout=httpx.Timeout(10.0, connect=3.0),
            verify=public_certificates(),
            trust_env=False,
        )

    async def open_accounts(self, name: str, *, reference: str) -> tuple[OpenedAccount, ...]:
        """One account on each platform. Raises `TryLater` when the service does not answer as it should."""
        try:
            answer = await self._client.post("/control/accounts", json={"name": name, "reference": reference})
            answer.raise_for_status()
            body = answer.json()
            return (
                OpenedAccount(
                    "instagram",
                    str(body["instagram"]["id"]),
                    str(body["instagram"]["username"]),
                    str(body["instagram"]["access_token"]),
                ),
                OpenedAccount(
                    "facebook",
                    str(body["page"]["id"]),
                    str(body["page"]["name"]),
                    str(body["page"]["access_token"]),
                ),
            )
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise TryLater("accounts_unavailable", "The accounts could not be opened just now.") from error

    async def announce_login(self, state: str, *, reference: str) -> None:
        """Say who will come to the login. Raises `TryLater` when the service does not take it."""
        try:
            answer = await self._client.post("/control/logins", json={"state": state, "reference": reference})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise TryLater("accounts_unavailable", "The login could not be announced just now.") from error

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()
