"""A password that is replaced while people are signing in with the old one, on both databases."""

from __future__ import annotations

import asyncio

from app.core.db import Database
from app.core.errors import Unauthenticated
from app.services import users
from app.services.users import SignIn

OLD, NEW = "correct horse battery", "a better one than that"


async def test_no_session_of_the_old_password_outlives_it(database: Database) -> None:
    email = "ada@example.com"
    await users.create(database, email=email, password=OLD, name="Ada", business_name=None, timezone=None)
    before = await users.log_in(database, email=email, password=OLD)
    changed, *answers = await asyncio.gather(
        users.set_password(database, email=email, password=NEW),
        *(users.log_in(database, email=email, password=OLD) for _ in range(8)),
        return_exceptions=True,
    )
    assert isinstance(changed, tuple), changed
    ended, _ = changed
    assert ended >= 1
    opened = [answer for answer in answers if isinstance(answer, SignIn)]
    assert ended == 1 + len(opened)
    assert all(isinstance(answer, SignIn | Unauthenticated) for answer in answers)
    after = await users.log_in(database, email=email, password=NEW)
    async with database.reading() as session:
        for signed_in in (before, *opened):
            try:
                await users.identify(session, signed_in.token)
            except Unauthenticated as refusal:
                assert refusal.code == "token_invalid"
            else:
                raise AssertionError("a session of the old password goes on")
        assert await users.identify(session, after.token) == after.account.user.id
