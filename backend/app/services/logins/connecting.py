"""Connecting through Meta's login: out with a state that counts once, back with a code, then a choice.

    begin ──▶ Meta's dialog ──▶ come_back ──▶ attempt: what can be chosen ──▶ choose ──▶ channels

The state belongs to one session, one business and a quarter of an hour. What came back is kept encrypted
until the attempt ends; channels are made only of what the person then chooses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.crypto import Vault, new_token, token_hash
from app.core.db import Database
from app.core.errors import NotFound, RuleBroken
from app.core.logging import get_logger
from app.models import channels as channel_models
from app.models import logins as models
from app.models.businesses import Role
from app.models.channels import Channel
from app.models.logins import Login, LoginAttempt
from app.providers.publishing.base import Grant, LoginGate, OfferedAccount, PublishingError, TryLater
from app.services import access
from app.services.channel_health import RENEW_AFTER
from app.services.channels import (
    Channels,
    Standing,
    Way,
    jittered,
    may_comment,
    missing_permissions,
    no_such_channel,
    shown_name,
)

log = get_logger(__name__)

AWAY_FOR = timedelta(minutes=15)
CHOICE_FOR = timedelta(minutes=15)
MOST_CHOSEN = 500

Gates = Mapping[str, tuple[LoginGate, bool]]
"""By login: the way in, and whether it is a practice one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An account that can be chosen, unless there is a hindrance. `channel_id`: it is connected already."""

    platform: str
    external_id: str
    name: str
    hindrance: str | None
    missing_permissions: tuple[str, ...]
    channel_id: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a login."""

    id: int
    business_id: int
    login: str
    is_practice: bool
    expires_at: datetime
    problem: tuple[str, str] | None
    missing_permissions: tuple[str, ...]
    choices: tuple[Choice, ...]
    person: str | None
    """How Meta calls whoever has logged in."""


@dataclass(frozen=True, slots=True)
class _Offer:
    grant: Grant
    accounts: tuple[OfferedAccount, ...]


class Connecting:
    """The journeys of everybody."""

    def __init__(
        self, database: Database, vault: Vault, channels: Channels, gates: Gates, *, redirect_uri: str
    ) -> None:
        self._database = database
        self._vault = vault
        self._channels = channels
        self._gates = gates
        self._redirect_uri = redirect_uri

    @property
    def logins(self) -> dict[str, bool]:
        """The logins that this server has, each with whether it is a practice one."""
        return {kind: is_practice for kind, (_, is_practice) in self._gates.items()}

    async def begin(
        self,
        *,
        user_id: int,
        session_token: str,
        business_id: int,
        kind: str,
        is_again: bool,
        channel_id: int | None = None,
    ) -> str:
        """The address of Meta's dialog for a new attempt. `channel_id`: the channel that it is meant for; the
        state says so when it comes back (`channel_of`)."""
        async with self._database.reading() as session:
            await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.ADMIN)
            if channel_id is not None:
                channel = await channel_models.find(session, channel_id)
                if channel is None or channel.business_id != business_id or channel.disconnected_at:
                    raise no_such_channel()
        if kind not in self._gates:
            names = "META_APP_ID and META_APP_SECRET"
            if kind == "instagram":
                names = "META_INSTAGRAM_APP_ID and META_INSTAGRAM_APP_SECRET"
            raise RuleBroken(
                "login_not_set_up",
                f"This login is not set up on this server: its operator has to set {names}. "
                "Connect with a token meanwhile.",
            )
        gate, is_practice = self._gates[kind]
        state, now = new_token("st"), clock.now()
        if channel_id is not None:
            state += f".{channel_id}"
        if is_practice:
            await self._channels.announce_practice_login(business_id, state)
        async with self._database.writing() as session:
            session.add(
                LoginAttempt(
                    business_id=business_id,
                    user_id=user_id,
                    state_hash=token_hash(state),
                    session_hash=token_hash(session_token),
                    kind=kind,
                    is_practice=is_practice,
                    created_at=now,
                    expires_at=now + AWAY_FOR,
                )
            )
        return gate.address(redirect_uri=self._redirect_uri, state=state, is_again=is_again)

    async def come_back(
        self, *, user_id: int, session_token: str, state: str, code: str, error: str
    ) -> int | None:
        """Take what Meta's dialog sent along. Returns the attempt's id; None for a state that does not count
        (any more, or for this session). What went wrong stands in the attempt."""
        now = clock.now()
        async with self._database.writing() as session:
            attempt = await models.return_attempt(session, token_hash(state), token_hash(session_token), now)
            if attempt is None:
                return None
            attempt.expires_at = now + CHOICE_FOR
        if attempt.user_id != user_id:
            return None
        # Meta's redirect has `#_` at its end, which some browsers send along.
        problem, offer = await self._ask(attempt, code.partition("#")[0], error)
        async with self._database.writing() as session:
            kept = await models.find_attempt(session, attempt.id, user_id, now)
            if kept is None:
                return None
            kept.problem_code, kept.problem_detail = problem or (None, None)
            if offer is not None:
                kept.offer_sealed = self._vault.seal(_written(offer), _context(attempt.id))
        reason = problem[0] if problem else None
        log.info("login.returned", business_id=attempt.business_id, login=attempt.kind, problem=reason)
        return attempt.id

    async def _ask(
        self, attempt: LoginAttempt, code: str, error: str
    ) -> tuple[tuple[str, str] | None, _Offer | None]:
        """Exchange the code, and see what there is to choose from; or what went wrong."""
        if error == "access_denied":
            return (
                "login_cancelled",
                "You left Meta's page without allowing anything. Nothing was changed.",
            ), None
        if error or not code:
            return ("login_refused", "Meta did not complete this login. Begin again."), None
        found = self._gates.get(attempt.kind)
        if found is None or found[1] != attempt.is_practice:
            return ("login_not_set_up", "This login is no longer set up on this server."), None
        gate = found[0]
        try:
            grant = await gate.exchange(code, self._redirect_uri)
            accounts = await gate.accounts(grant)
        except TryLater as trouble:
            return (trouble.code, f"{trouble.detail} Begin again in a moment: nothing was changed."), None
        except PublishingError as refusal:
            return (refusal.code, refusal.detail), None
        if not accounts:
            return (
                "no_accounts",
                "Meta named no Page. Choose at least one Page in Meta's dialog; it has to be yours, or "
                "somebody has to give you the task Content there.",
            ), _Offer(grant, ())
        return None, _Offer(grant, accounts)

    async def attempt(self, *, user_id: int, attempt_id: int) -> Attempt:
        """What became of the user's own attempt, with what can be chosen."""
        found, offer = await self._find(user_id, attempt_id)
        gate = self._gates[found.kind][0] if found.kind in self._gates else None
        choices: tuple[Choice, ...] = ()
        missing: dict[str, None] = {}
        if offer is not None:
            granted = _granted(offer.grant)
            platforms = ("facebook", "instagram") if found.kind == "facebook" else ("instagram",)
            for platform in platforms:
                missing |= dict.fromkeys(missing_permissions(gate, platform, granted))
            async with self._database.reading() as session:
                known = {
                    (channel.platform, channel.external_id): channel.id
                    for channel in await channel_models.list_connected(session, found.business_id)
                }
            choices = tuple(
                Choice(
                    account.platform,
                    account.external_id,
                    shown_name(account.name) or account.external_id,
                    account.hindrance,
                    tuple(missing_permissions(gate, account.platform, granted)),
                    known.get((account.platform, account.external_id)),
                )
                for account in offer.accounts
            )
        problem = (found.problem_code, found.problem_detail or "") if found.problem_code else None
        return Attempt(
            id=found.id,
            business_id=found.business_id,
            login=found.kind,
            is_practice=found.is_practice,
            expires_at=found.expires_at,
            problem=problem,
            missing_permissions=tuple(missing),
            choices=choices,
            person=shown_name(offer.grant.user_name) or None if offer is not None else None,
        )

    async def choose(
        self, *, user_id: int, attempt_id: int, accounts: Sequence[tuple[str, str]]
    ) -> list[Channel]:
        """Connect these accounts of the attempt; those that are connected already are renewed. Safe to
        repeat while the attempt lasts. All of them are possible, or none is connected."""
        found, offer = await self._find(user_id, attempt_id)
        if offer is None:
            raise RuleBroken("nothing_to_choose", "This login brought nothing to choose from. Begin again.")
        offered = {(account.platform, account.external_id): account for account in offer.accounts}
        gate = self._gates[found.kind][0] if found.kind in self._gates else None
        chosen = []
        for key in dict.fromkeys(accounts):
            account = offered.get(key)
            if account is None:
                raise RuleBroken(
                    "account_not_offered", "This login did not bring one of the accounts. Choose again."
                )
            if account.hindrance:
                raise RuleBroken("account_not_usable", f"{account.name}: {account.hindrance}")
            if missing_permissions(gate, account.platform, _granted(offer.grant)):
                raise RuleBroken(
                    "permission_missing",
                    f"{account.name} needs permissions that were not given. Log in again, and leave them "
                    "ticked.",
                )
            chosen.append(account)
        login_id = await self._keep_login(found, offer.grant)
        return [await self._keep(found, login_id, offer.grant, account) for account in chosen]

    async def _find(self, user_id: int, attempt_id: int) -> tuple[LoginAttempt, _Offer | None]:
        async with self._database.reading() as session:
            found = await models.find_attempt(session, attempt_id, user_id, clock.now())
            if found is None:
                raise NotFound(
                    "attempt_not_found", "There is no such login, or its time is over. Begin again."
                )
            # Asked anew: what somebody may do can change between the way out and the way back.
            await access.require_role(
                session, business_id=found.business_id, user_id=user_id, at_least=Role.ADMIN
            )
        if not found.offer_sealed:
            return found, None
        try:
            return found, _read(self._vault.open(found.offer_sealed, _context(found.id)))
        except ValueError as error:
            raise NotFound("attempt_not_found", "This login can't be read any more. Begin again.") from error

    async def _keep_login(self, attempt: LoginAttempt, grant: Grant) -> int:
        try:
            return await self._write_login(attempt, grant)
        except IntegrityError:
            # Twice at once: the second time it is there.
            return await self._write_login(attempt, grant)

    async def _write_login(self, attempt: LoginAttempt, grant: Grant) -> int:
        now = clock.now()
        async with self._database.writing() as session:
            login = await models.find_same(
                session,
                business_id=attempt.business_id,
                kind=attempt.kind,
                is_practice=attempt.is_practice,
                meta_user_id=grant.user_id,
            )
            if login is None:
                login = Login(
                    business_id=attempt.business_id,
                    kind=attempt.kind,
                    is_practice=attempt.is_practice,
                    meta_user_id=grant.user_id,
                )
                session.add(login)
            login.permissions = dict(grant.permissions)
            login.expires_at = grant.expires_at
            login.granted_at = login.updated_at = now
            login.token_sealed, login.renew_at = "", None
            if attempt.kind == "facebook":
                login.token_sealed = self._vault.seal(grant.access_token, login_context(login))
                login.renew_at = now + jittered(RENEW_AFTER)
            await session.flush()
            return login.id

    async def _keep(
        self, attempt: LoginAttempt, login_id: int, grant: Grant, account: OfferedAccount
    ) -> Channel:
        has_own_token = attempt.kind == "instagram"
        standing = Standing(
            login_id=login_id,
            # The token of a Page does not end by itself.
            token_expires_at=grant.expires_at if has_own_token else None,
            data_access_expires_at=grant.data_access_expires_at,
            renew_at=clock.now() + jittered(RENEW_AFTER) if has_own_token else None,
            may_comment=may_comment(account.platform, attempt.kind, _granted(grant)),
        )
        way = Way(account.platform, attempt.kind, attempt.is_practice)
        return await self._channels.keep(
            attempt.business_id, way, account.external_id, account.name, account.access_token, standing
        )

    async def forget(self) -> None:
        """Drop attempts whose time is over, with what they brought."""
        async with self._database.writing() as session:
            await models.forget_attempts(session, clock.now())


def channel_of(state: str) -> int | None:
    """The channel that a login was meant for. To be believed only of a state that counted."""
    _, _, channel_id = state.partition(".")
    return int(channel_id) if channel_id.isascii() and channel_id.isdigit() else None


def login_context(login: Login) -> str:
    """A sealed token opens only for the login it was sealed for."""
    return f"login:{login.business_id}:{login.kind}:{login.meta_user_id}"


def _context(attempt_id: int) -> str:
    return f"attempt:{attempt_id}"


def _granted(grant: Grant) -> frozenset[str]:
    return frozenset(name for name, status in grant.permissions.items() if status == "granted")


def _written(offer: _Offer) -> str:
    grant = asdict(offer.grant)
    for name in ("expires_at", "data_access_expires_at"):
        moment = grant[name]
        grant[name] = moment.isoformat() if moment else None
    return json.dumps({"grant": grant, "accounts": [asdict(account) for account in offer.accounts]})


def _read(text: str) -> _Offer:
    kept: dict[str, Any] = json.loads(text)
    grant = kept["grant"]
    for name in ("expires_at", "data_access_expires_at"):
        grant[name] = datetime.fromisoformat(grant[name]) if grant[name] else None
    return _Offer(Grant(**grant), tuple(OfferedAccount(**account) for account in kept["accounts"]))
