"""People: how they sign up, sign in and out, and whom a token speaks for.

Passwords are hashed with argon2id at the strength that OWASP recommends: 19 MiB and tens of
milliseconds of work. That happens in two threads of its own, never on the event loop and never inside a
transaction, and only so many may wait for them. Signing in takes the same work whether or not the
e-mail is known.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from email_validator import EmailNotValidError, validate_email
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import new_token, token_hash
from app.core.db import Database
from app.core.errors import Conflict, NotFound, RuleBroken, Unauthenticated, UpstreamUnavailable
from app.core.logging import get_logger
from app.models import api_keys as key_models
from app.models import businesses as business_models
from app.models import users as models
from app.models.businesses import Business, Role
from app.models.users import AccessToken, User
from app.services import businesses

SESSION_LIFETIME = timedelta(days=30)
# So long after its end a session is still told from a token that never was.
_EXPIRED_KEPT_FOR = timedelta(days=30)
_MAX_TOKEN_LENGTH = 200
_HASHING_THREADS = 2
_MAX_WAITING = 40
_WRONG_PAIR = "The e-mail or the password is not right."

T = TypeVar("T")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """A user and their businesses, oldest membership first."""

    user: User
    businesses: Sequence[tuple[Business, Role]]


@dataclass(frozen=True, slots=True)
class SignIn:
    """A fresh session. The token is known only here; its hash is what is kept."""

    token: str
    expires_at: datetime
    account: Account


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """A user to be, with everything checked that needs no database."""

    email: str
    password_hash: str
    name: str
    business_name: str
    timezone: str


class Passwords:
    """Hashes and compares passwords, two at a time. `memory_kib` and `passes` are the work of each hash."""

    def __init__(self, *, memory_kib: int = 19 * 1024, passes: int = 2) -> None:
        self._hasher = PasswordHash((Argon2Hasher(time_cost=passes, memory_cost=memory_kib, parallelism=1),))
        self._threads = ThreadPoolExecutor(_HASHING_THREADS, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, known_hash: str | None) -> tuple[bool, str | None]:
        """Whether the password is right, and a newer hash of it where the kept one is outdated.

        None as hash: nobody has this e-mail, and the same work is done for nothing.
        """
        if known_hash is None:
            await self.hash(password)
            return False, None
        return await self._run(lambda: self._hasher.verify_and_update(password, known_hash))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MAX_WAITING:
            raise UpstreamUnavailable(
                "busy", "Too many people are signing in at this moment. Try again shortly.", retry_after=2
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


passwords = Passwords()


def normalise_email(email: str) -> str:
    """The one form in which an address is kept and looked up. Raises ValueError when it is none."""
    try:
        checked = validate_email(
            email, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError("not an e-mail address") from error
    return unicodedata.normalize("NFC", checked.normalized.lower())


def checked_email(email: str) -> str:
    """The address as accounts keep it. Raises RuleBroken (`invalid_fields`) when it is none."""
    try:
        return normalise_email(email)
    except ValueError as error:
        problem = {"field": "email", "code": "not_an_email", "message": "This is not an e-mail address."}
        raise RuleBroken(
            "invalid_fields", "email: This is not an e-mail address.", errors=[problem]
        ) from error


async def register(
    database: Database,
    *,
    email: str,
    password: str,
    name: str,
    business_name: str | None,
    timezone: str | None,
) -> SignIn:
    """Create a user and the business that they own, and sign them in.

    Raises Conflict (`email_taken`), and RuleBroken (`invalid_fields`, `unknown_timezone`).
    """
    newcomer = await _newcomer(
        email=email, password=password, name=name, business_name=business_name, timezone=timezone
    )
    async with database.writing() as session:
        account = await _add(session, newcomer)
        token, expires_at = _open_session(session, account.user.id, clock.now())
    _log_registered(account)
    return SignIn(token, expires_at, account)


async def create(
    database: Database,
    *,
    email: str,
    password: str,
    name: str,
    business_name: str | None,
    timezone: str | None,
) -> Account:
    """As `register`, for somebody who signs in later by themselves."""
    newcomer = await _newcomer(
        email=email, password=password, name=name, business_name=business_name, timezone=timezone
    )
    async with database.writing() as session:
        account = await _add(session, newcomer)
    _log_registered(account)
    return account


async def set_password(database: Database, *, email: str, password: str) -> tuple[int, int]:
    """Replace a forgotten password, end every session of its user and revoke their API keys; how many
    sessions and keys there were.

    Raises NotFound (`user_not_found`), and RuleBroken (`invalid_fields`).
    """
    address = checked_email(email)
    password_hash = await passwords.hash(password)
    async with database.writing() as session:
        user = await models.find_by_email(session, address)
        if user is None:
            raise NotFound("user_not_found", f"Nobody has an account with the e-mail {address}.")
        await models.set_password_hash(session, user.id, password_hash, clock.now())
        ended = await models.revoke_tokens(session, user.id)
        revoked = await key_models.revoke_of_user(session, user.id)
    log.info("user.password_set", user_id=user.id, sessions_ended=ended, api_keys_revoked=revoked)
    return ended, revoked


async def rename(session: AsyncSession, *, user_id: int, name: str) -> Account:
    """Call the user by another name, in all of their businesses."""
    await models.set_name(session, user_id, name, clock.now())
    return await look_up(session, user_id=user_id)


async def change_password(
    database: Database, *, user_id: int, token: str, current_password: str, new_password: str
) -> int:
    """Replace the user's own password, and end every session but the one of this token; how many there were.

    API keys stay. Raises RuleBroken (`wrong_password`).
    """
    async with database.reading() as session:
        account = await look_up(session, user_id=user_id)
    known_hash = account.user.password_hash
    is_right, _ = await passwords.verify(current_password, known_hash)
    if not is_right:
        raise _wrong_password()
    password_hash = await passwords.hash(new_password)
    async with database.writing() as session:
        # Another password may have been set while this one was compared.
        if await models.password_hash(session, user_id) != known_hash:
            raise _wrong_password()
        await models.set_password_hash(session, user_id, password_hash, clock.now())
        ended = await models.revoke_other_tokens(session, user_id, but=token_hash(token))
    log.info("user.password_changed", user_id=user_id, sessions_ended=ended)
    return ended


async def log_in(database: Database, *, email: str, password: str) -> SignIn:
    """Open a session. Raises Unauthenticated (`invalid_credentials`), the same for either mistake."""
    try:
        address = normalise_email(email)
    except ValueError:
        address = ""
    async with database.reading() as session:
        user = await models.find_by_email(session, address) if address else None
    is_right, newer_hash = await passwords.verify(password, user.password_hash if user else None)
    if user is None or not is_right:
        raise Unauthenticated("invalid_credentials", _WRONG_PAIR)
    now = clock.now()
    async with database.writing() as session:
        # Another password may have been set while this one was compared.
        if await models.password_hash(session, user.id) != user.password_hash:
            raise Unauthenticated("invalid_credentials", _WRONG_PAIR)
        await models.drop_expired_tokens(session, now - _EXPIRED_KEPT_FOR)
        if newer_hash:
            await models.set_password_hash(session, user.id, newer_hash, now)
        token, expires_at = _open_session(session, user.id, now)
        account = Account(user, await business_models.list_for_user(session, user.id))
    log.info("user.signed_in", user_id=user.id)
    return SignIn(token, expires_at, account)


async def log_out(session: AsyncSession, *, token: str) -> None:
    """Revoke the token: it speaks for nobody from the next request on."""
    await models.revoke_token(session, token_hash(token))


async def look_up(session: AsyncSession, *, user_id: int) -> Account:
    """The user behind a valid token, with their businesses."""
    user = await models.find(session, user_id)
    if user is None:
        raise Unauthenticated("token_invalid", "This account is gone.")
    return Account(user, await business_models.list_for_user(session, user_id))


async def identify(session: AsyncSession, token: str) -> int:
    """The id of the user a token speaks for.

    Raises Unauthenticated: `token_expired` when it ended by itself, `token_invalid` when it never was
    or was revoked.
    """
    if 0 < len(token) <= _MAX_TOKEN_LENGTH:
        hashed = token_hash(token)
        now = clock.now()
        user_id = await models.find_id_by_token(session, hashed, now)
        if user_id is not None:
            return user_id
        ended_at = await models.token_expiry(session, hashed)
        if ended_at is not None and ended_at <= now:
            raise Unauthenticated("token_expired", "Your session has ended. Sign in again.")
    raise Unauthenticated("token_invalid", "This token is not valid. Sign in again.")


def default_business_name(name: str) -> str:
    """What a business is called until its owner says otherwise."""
    return f"{name[:180]}'{'' if name.endswith(('s', 'S')) else 's'} business"


def _wrong_password() -> RuleBroken:
    message = "This is not your password. Enter the one that you sign in with."
    problem = {"field": "current_password", "code": "wrong_password", "message": message}
    return RuleBroken("wrong_password", message, errors=[problem])


async def _newcomer(
    *, email: str, password: str, name: str, business_name: str | None, timezone: str | None
) -> _Newcomer:
    address = checked_email(email)
    zone = businesses.checked_timezone(timezone)
    return _Newcomer(
        address, await passwords.hash(password), name, business_name or default_business_name(name), zone
    )


async def _add(session: AsyncSession, newcomer: _Newcomer) -> Account:
    now = clock.now()
    user = User(
        email=newcomer.email,
        name=newcomer.name,
        password_hash=newcomer.password_hash,
        created_at=now,
        updated_at=now,
    )
    session.add(user)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "email_taken", "There is an account with this e-mail already. Sign in instead."
        ) from error
    business = await businesses.create(
        session, user_id=user.id, name=newcomer.business_name, timezone=newcomer.timezone
    )
    return Account(user, [(business, Role.OWNER)])


def _log_registered(account: Account) -> None:
    business, _ = account.businesses[0]
    log.info("user.registered", user_id=account.user.id, business_id=business.id)


def _open_session(session: AsyncSession, user_id: int, now: datetime) -> tuple[str, datetime]:
    token = new_token("ags")
    expires_at = now + SESSION_LIFETIME
    session.add(
        AccessToken(user_id=user_id, token_hash=token_hash(token), created_at=now, expires_at=expires_at)
    )
    return token, expires_at
