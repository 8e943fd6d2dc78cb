"""People: how they sign up, sign in and out, and whom a token speaks for."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import token_hash
from app.core.errors import Unauthenticated
from app.models import users

MAX_TOKEN_LENGTH = 200


async def identify(session: AsyncSession, token: str) -> int:
    """The id of the user a token speaks for.

    Raises Unauthenticated: `token_expired` when it ended by itself, `token_invalid` when it never was
    or was revoked.
    """
    if 0 < len(token) <= MAX_TOKEN_LENGTH:
        hashed = token_hash(token)
        now = clock.now()
        user = await users.find_by_token(session, hashed, now)
        if user is not None:
            return user.id
        ended_at = await users.token_expiry(session, hashed)
        if ended_at is not None and ended_at <= now:
            raise Unauthenticated("token_expired", "Your session has ended. Sign in again.")
    raise Unauthenticated("token_invalid", "This token is not valid. Sign in again.")
