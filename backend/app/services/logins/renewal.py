"""The tokens of people are made new before they end, and with them those of their Pages."""

from __future__ import annotations

from datetime import timedelta

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.logging import get_logger
from app.models import channels as channel_models
from app.models import logins as models
from app.models.logins import Login
from app.providers.publishing.base import Grant, PublishingError, TryLater
from app.services.channel_health import RENEW_AFTER
from app.services.channels import Channels, jittered
from app.services.logins.connecting import Gates, login_context

log = get_logger(__name__)

_TRY_AGAIN = timedelta(hours=6)
_AT_ONCE = 20


class LoginRenewal:
    """Renews what is due."""

    def __init__(self, database: Database, vault: Vault, channels: Channels, gates: Gates) -> None:
        self._database = database
        self._vault = vault
        self._channels = channels
        self._gates = gates

    async def renew_due(self) -> int:
        """Renew every login whose time has come, as many as fit into one round; how many were taken."""
        now, count = clock.now(), 0
        async with self._database.reading() as session:
            due = await models.list_to_renew(session, now, _AT_ONCE)
        for login in due:
            assert login.renew_at is not None
            async with self._database.writing() as session:
                # Taken until the next try, so that a process that dies here costs no more than that.
                is_ours = await models.take_to_renew(
                    session, login.id, login.renew_at, now + jittered(_TRY_AGAIN)
                )
            if is_ours:
                await self._renew(login)
                count += 1
        return count

    async def _renew(self, login: Login) -> None:
        found = self._gates.get(login.kind)
        if found is None or found[1] != login.is_practice:
            return
        gate = found[0]
        try:
            token, expires_at = await gate.renew(self._vault.open(login.token_sealed, login_context(login)))
            grant = Grant(login.meta_user_id, token, login.permissions, expires_at)
            accounts = await gate.accounts(grant)
        except TryLater as error:
            log.info("login.not_renewed", login_id=login.id, code=error.code)
            return
        except (PublishingError, ValueError) as error:
            await self._give_up(login, error)
            return
        now = clock.now()
        tokens = {(account.platform, account.external_id): account.access_token for account in accounts}
        async with self._database.writing() as session:
            kept = await models.find(session, login.id)
            if kept is None or kept.token_sealed != login.token_sealed:
                return  # logged in anew meanwhile
            kept.token_sealed = self._vault.seal(token, login_context(login))
            kept.expires_at, kept.renew_at, kept.updated_at = expires_at, now + jittered(RENEW_AFTER), now
            for channel in await channel_models.list_of_logins(session, [login.id]):
                if fresh := tokens.get((channel.platform, channel.external_id)):
                    channel.token_sealed = self._channels.seal(channel, fresh)
                channel.check_at = now
        log.info("login.renewed", login_id=login.id)

    async def _give_up(self, login: Login, error: Exception) -> None:
        """Its token is of no more use. What that means for the channels, a look at each of them shows."""
        code = error.code if isinstance(error, PublishingError) else "token_unreadable"
        log.warning("login.ended", login_id=login.id, code=code)
        now = clock.now()
        async with self._database.writing() as session:
            kept = await models.find(session, login.id)
            if kept is None or kept.token_sealed != login.token_sealed:
                return
            kept.token_sealed, kept.renew_at, kept.updated_at = "", None, now
            for channel in await channel_models.list_of_logins(session, [login.id]):
                channel.check_at = now
