"""Keys for programs: made, listed and revoked by people, and whom a key speaks for.

A key speaks for the member who made it, in one business, and is bound twice: by the role that it was made
with, and by the role that its maker has when it is used. It goes with its maker's membership. What a person
must do themselves (`api.deps.require_person`) no key can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import new_token, token_hash
from app.core.db import Database
from app.core.errors import Conflict, NotFound, RuleBroken, Unauthenticated, UpstreamTrouble
from app.core.logging import get_logger
from app.models import api_keys as models
from app.models import businesses
from app.models.api_keys import ApiKey
from app.models.businesses import Bounds, Role
from app.models.users import User
from app.services import access

__all__ = ["ApiKey", "Bounds", "Caller", "MadeKey"]

PREFIX = "agk"
"""How the secret of every key begins, with an underscore behind it."""
MOST_KEYS = 50
"""Of one member in one business."""
_HINT_LENGTH = len(PREFIX) + 1 + 8
_LONGEST = 200
_NOTED_EVERY = timedelta(minutes=1)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A fresh key with who made it. The secret is known only here; its hash is what is kept."""

    key: ApiKey
    maker: User
    secret: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Which key calls, whom it speaks for, and within which bounds."""

    key_id: int
    user_id: int
    bounds: Bounds


def is_api_key(token: str) -> bool:
    """Whether this is the secret of a key, by how it begins. Whether the key counts is another question."""
    return token.startswith(f"{PREFIX}_")


async def make(
    session: AsyncSession,
    *,
    business_id: int,
    user_id: int,
    name: str,
    role: Role,
    expires_at: datetime | None,
) -> MadeKey:
    """A key for the business, in the name of the user, who gives it their own role at most.

    Raises RuleBroken (`expires_in_past`), Conflict (`too_many_api_keys`), Forbidden (`role_too_low`).
    """
    now = clock.now()
    if expires_at is not None and expires_at <= now:
        raise RuleBroken(
            "expires_in_past",
            "This moment has passed. Choose a later one, or leave it out: it never expires.",
        )
    # Keys of one business are made one after the other, so that the number is right.
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=role)
    await businesses.hold(session, business_id)
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=role)
    if await models.count_of_member(session, business_id, user_id) >= MOST_KEYS:
        raise Conflict(
            "too_many_api_keys",
            f"You have {MOST_KEYS} API keys in this business. Revoke one that is not used.",
        )
    secret = new_token(PREFIX)
    key = ApiKey(
        business_id=business_id,
        user_id=user_id,
        name=name,
        role=role.value,
        hint=secret[:_HINT_LENGTH],
        secret_hash=token_hash(secret),
        created_at=now,
        expires_at=expires_at,
        last_used_at=None,
    )
    session.add(key)
    await session.flush()
    maker = await session.get_one(User, user_id)
    log.info("api_key.made", api_key_id=key.id, business_id=business_id, user_id=user_id, role=role.value)
    return MadeKey(key, maker, secret)


async def list_keys(
    session: AsyncSession, *, business_id: int, user_id: int
) -> Sequence[tuple[ApiKey, User]]:
    """The keys of a business with who made them, newest first: an admin's view; others see their own."""
    role = await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    sees_all = role.includes(Role.ADMIN)
    return await models.list_made(session, business_id, user_id=None if sees_all else user_id)


async def revoke(session: AsyncSession, *, key_id: int, user_id: int) -> None:
    """The key counts no more from the next request on. One's own, or as an admin anyone's.

    Raises NotFound (`api_key_not_found`), Forbidden (`role_too_low`).
    """
    key = await models.find(session, key_id)
    role = await businesses.find_role(session, key.business_id, user_id) if key else None
    if key is None or role is None:
        raise NotFound("api_key_not_found", "There is no such API key.")
    if key.user_id != user_id:
        access.ensure(role, Role.ADMIN)
    await models.revoke(session, key_id)
    log.info("api_key.revoked", api_key_id=key_id, business_id=key.business_id, user_id=user_id)


async def identify(database: Database, secret: str) -> Caller:
    """Whom this key speaks for. That it was used is noted, once a minute at most.

    Raises Unauthenticated: `api_key_expired`, or `api_key_invalid` when it never was, was revoked, or went
    with its maker's membership.
    """
    now = clock.now()
    async with database.reading() as session:
        found = await models.find_by_secret(session, token_hash(secret)) if len(secret) <= _LONGEST else None
    if found is None:
        raise Unauthenticated(
            "api_key_invalid",
            "This API key does not count, or not any more. Make another one in the settings.",
        )
    if found.expires_at is not None and found.expires_at <= now:
        raise Unauthenticated(
            "api_key_expired", "This API key has expired. Make another one in the settings, and use that."
        )
    if found.last_used_at is None or found.last_used_at < now - _NOTED_EVERY:
        await _note_use(database, found.id, now)
    return Caller(found.id, found.user_id, Bounds(found.business_id, models.role_of(found)))


def ask_within(bounds: Bounds) -> None:
    """From here on the request may what its key may, and no more."""
    businesses.ask_within(bounds)


async def _note_use(database: Database, key_id: int, now: datetime) -> None:
    try:
        async with database.writing() as session:
            await models.note_use(session, key_id, now, unless_since=now - _NOTED_EVERY)
    except UpstreamTrouble as error:
        # A full disk or a long line of writers is no reason not to answer.
        log.warning("api_key.use_not_noted", api_key_id=key_id, error=error.code)
