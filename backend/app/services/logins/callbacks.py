"""What Meta tells this server by itself. Nobody is signed in here: a signature made with an app's secret is
what counts, and without one nothing is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.core import clock
from app.core.crypto import is_signed_body, new_token, read_signed_request, token_hash
from app.core.db import Database
from app.core.errors import Forbidden, NotFound
from app.core.logging import get_logger
from app.models import channels as channel_models
from app.models import logins as models
from app.models.channels import ChannelStatus
from app.models.logins import DeletionRequest, Login

log = get_logger(__name__)

_MOST_ENTRIES = 1000
_REMOVED = (
    "login_removed",
    "Whoever connected this channel has removed this app at Meta. Connect the channel again.",
)


@dataclass(frozen=True, slots=True)
class AppKey:
    """The secret of an app, and of which login it is."""

    kind: str
    is_practice: bool
    secret: str


class Callbacks:
    """Meta's own calls."""

    def __init__(self, database: Database, keys: list[AppKey]) -> None:
        self._database = database
        self._keys = keys

    async def take_event(self, body: bytes, signature: str) -> int:
        """A webhook: whatever has happened to an account or a person that we know, its channels are looked at
        soon. Nothing of the event itself is kept, so that a repeated one does no harm. How many channels."""
        if not any([is_signed_body(key.secret, body, signature) for key in self._keys]):
            raise Forbidden("signature_invalid", "This is not signed with the app's secret.")
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            return 0
        ids = _named(said)
        if not ids:
            return 0
        async with self._database.writing() as session:
            count = await channel_models.check_soon(session, ids, clock.now())
        log.info("webhook.taken", entries=len(ids), channels=count)
        return count

    async def deauthorize(self, signed_request: str) -> int:
        """A person has removed the app: their tokens are thrown away, and their channels say so. How many
        channels."""
        keys, said = self._read(signed_request)
        async with self._database.writing() as session:
            logins = await self._logins(session, keys, said)
            channels = await channel_models.list_of_logins(session, [login.id for login in logins])
            now = clock.now()
            for channel in channels:
                channel.status = ChannelStatus.RECONNECT_NEEDED.value
                channel.problem_code, channel.problem_detail = _REMOVED
                channel.token_sealed, channel.login_id = "", None
                channel.renew_at, channel.checked_at, channel.updated_at = None, now, now
            await session.flush()
            await models.remove(session, [login.id for login in logins])
        log.info("login.removed_by_person", logins=len(logins), channels=len(channels))
        return len(channels)

    async def delete_data(self, signed_request: str) -> str:
        """A person wants to be forgotten: their logins go, with every token that came of them. An Instagram
        account that logged in by itself is that person, so its name and number go, too. Returns the code
        under which the outcome can be looked up."""
        keys, said = self._read(signed_request)
        code, now = new_token("del"), clock.now()
        async with self._database.writing() as session:
            logins = await self._logins(session, keys, said)
            of_themselves = {login.id for login in logins if login.kind == "instagram"}
            channels = await channel_models.list_of_logins(session, [login.id for login in logins])
            for channel in channels:
                is_the_person = channel.login_id in of_themselves
                channel.token_sealed, channel.login_id = "", None
                channel.renew_at, channel.updated_at = None, now
                if is_the_person:
                    channel.name, channel.external_id = "Deleted account", f"deleted-{channel.id}"
                    channel.disconnected_at = now
                else:
                    channel.status = ChannelStatus.RECONNECT_NEEDED.value
                    channel.problem_code, channel.problem_detail = _REMOVED
            await session.flush()
            await models.remove(session, [login.id for login in logins])
            session.add(
                DeletionRequest(
                    code_hash=token_hash(code),
                    logins_removed=len(logins),
                    channels_removed=len(channels),
                    done_at=now,
                )
            )
        log.info("login.data_deleted", logins=len(logins), channels=len(channels))
        return code

    async def deletion(self, code: str) -> DeletionRequest:
        """What became of a wish to be forgotten."""
        async with self._database.reading() as session:
            found = await models.find_deletion(session, token_hash(code))
        if found is None:
            raise NotFound("deletion_not_found", "There is no deletion under this code.")
        return found

    def _read(self, signed_request: str) -> tuple[list[AppKey], Mapping[str, Any]]:
        """What it says, and every key that it is signed with: two logins may have one secret."""
        found = [(key, read_signed_request(key.secret, signed_request)) for key in self._keys]
        keys = [key for key, said in found if said is not None and said.get("user_id")]
        for key, said in found:
            if said is not None and key in keys:
                return keys, said
        raise Forbidden("signature_invalid", "This is not signed with the app's secret.")

    async def _logins(self, session: Any, keys: Sequence[AppKey], said: Mapping[str, Any]) -> list[Login]:
        issued_at, now = said.get("issued_at"), clock.now()
        if not _is_id(str(said["user_id"])):
            return []
        # An old request sent again takes nothing from somebody who has logged in since.
        until = (
            datetime.fromtimestamp(issued_at, UTC)
            if isinstance(issued_at, int) and 0 < issued_at < 10**11
            else now
        )
        return [
            login
            for key in keys
            for login in await models.list_of_person(
                session,
                str(said["user_id"]),
                kind=key.kind,
                is_practice=key.is_practice,
                granted_before=min(until, now),
            )
        ]


def _named(said: object) -> list[str]:
    """The ids of the people and accounts that an event names."""
    entries = said.get("entry") if isinstance(said, dict) else None
    if not isinstance(entries, list):
        return []
    found = {
        str(entry[name])
        for entry in entries[:_MOST_ENTRIES]
        if isinstance(entry, dict)
        for name in ("id", "uid")
        if isinstance(entry.get(name), str | int) and not isinstance(entry.get(name), bool)
    }
    return sorted(value for value in found if _is_id(value))


def _is_id(value: str) -> bool:
    """Meta numbers everything; what is no number names nothing that we know."""
    return value.isascii() and value.isdigit() and len(value) <= 100
