"""Sealing every kept token anew after the secret was changed.

One by one, each only where it still is what was read: it can be stopped at any moment, begun again, and done
while servers run.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.faults import fault
from app.models import channels as channel_models
from app.models import logins as models
from app.services.channels import token_context
from app.services.logins.connecting import CHOICE_FOR, login_context

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many tokens were sealed anew, and the channels and logins whose token nothing opens."""

    count: int
    unreadable_channels: tuple[int, ...]
    unreadable_logins: tuple[int, ...]


class Sealing:
    """The tokens of one database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def count_old(self) -> int:
        """How many tokens are sealed with an earlier secret."""
        async with self._database.reading() as session:
            return await channel_models.count_sealed(
                session, self._vault.current_key
            ) + await models.count_sealed(session, self._vault.current_key)

    async def seal_anew(self) -> Sealed:
        """Seal everything with the current secret that is sealed with another."""
        channels, no_channels = await self._channels()
        logins, no_logins = await self._logins()
        return Sealed(channels + logins, tuple(no_channels), tuple(no_logins))

    async def forget_attempts(self) -> None:
        """What somebody is just choosing from is dropped: they log in again."""
        async with self._database.writing() as session:
            await models.forget_attempts(session, clock.now() + CHOICE_FOR * 2)

    async def _channels(self) -> tuple[int, list[int]]:
        count, unreadable, last = 0, [], 0
        while True:
            async with self._database.reading() as session:
                found = await channel_models.list_sealed(session, self._vault.current_key, _AT_ONCE, last)
            for channel in found:
                last = channel.id
                try:
                    token = self._vault.open(channel.token_sealed, token_context(channel))
                except ValueError:
                    unreadable.append(channel.id)
                    continue
                anew = self._vault.seal(token, token_context(channel))
                async with self._database.writing() as session:
                    await channel_models.replace_sealed(session, channel.id, channel.token_sealed, anew)
                count += 1
                fault("secret.after_one")
            if not found:
                return count, unreadable

    async def _logins(self) -> tuple[int, list[int]]:
        count, unreadable, last = 0, [], 0
        while True:
            async with self._database.reading() as session:
                found = await models.list_sealed(session, self._vault.current_key, _AT_ONCE, last)
            for login in found:
                last = login.id
                try:
                    token = self._vault.open(login.token_sealed, login_context(login))
                except ValueError:
                    unreadable.append(login.id)
                    continue
                anew = self._vault.seal(token, login_context(login))
                async with self._database.writing() as session:
                    await models.replace_sealed(session, login.id, login.token_sealed, anew)
                count += 1
            if not found:
                return count, unreadable
