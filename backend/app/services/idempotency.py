"""The memory behind `Idempotency-Key`: one request does the work, its repetitions get its answer.

A key belongs to one user. Its first use leaves a row without a status; the unique constraint decides
which of two simultaneous uses that is. The row then gets the answer, or goes when the request was
refused before anything was done. A row whose process has died is removed at the next start
(`models.idempotency.forget_running`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import Conflict
from app.models import idempotency
from app.models.idempotency import IdempotentRequest

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Begun:
    """This is the first use: do the work, then `settle` or `forget` it."""

    request_id: int


@dataclass(frozen=True, slots=True)
class Settled:
    """An earlier use has its answer: a status number and a JSON body."""

    status: int
    answer: Any


@dataclass(frozen=True, slots=True)
class Running:
    """An earlier use is still at work."""


async def begin(
    database: Database, *, user_id: int, key: str, fingerprint: str, runner: str
) -> Begun | Settled | Running:
    """Claim the key for one request, or learn what became of its earlier use.

    `fingerprint` says which request it is (at most 64 characters), `runner` which process works on it.
    Raises Conflict (`idempotency_key_reused`) where the earlier use was another request.
    """
    async with database.reading() as session:
        earlier = await idempotency.find(session, user_id, key)
    if earlier is None or earlier.created_at <= clock.now() - KEPT_FOR:
        try:
            async with database.writing() as session:
                if earlier is not None:
                    await idempotency.forget(session, earlier.id)
                row = IdempotentRequest(
                    user_id=user_id,
                    key=key,
                    fingerprint=fingerprint,
                    runner=runner,
                    created_at=clock.now(),
                )
                session.add(row)
                await session.flush()
            return Begun(row.id)
        except IntegrityError:
            # Somebody was faster by a moment: theirs is the first use.
            async with database.reading() as session:
                earlier = await idempotency.find(session, user_id, key)
            if earlier is None:
                return Running()
    if earlier.fingerprint != fingerprint:
        raise key_reused()
    if earlier.status is None:
        return Running()
    return Settled(earlier.status, earlier.answer)


async def settle(database: Database, *, request_id: int, status: int, answer: Any) -> None:
    """Keep the answer for the repetitions of the next 24 hours."""
    async with database.writing() as session:
        await idempotency.settle(session, request_id, status, answer)


async def forget(database: Database, *, request_id: int) -> None:
    """Nothing was done: the key is free again."""
    async with database.writing() as session:
        await idempotency.forget(session, request_id)


async def drop_old(session: AsyncSession) -> None:
    """Remove what is older than 24 hours."""
    await idempotency.forget_older(session, clock.now() - KEPT_FOR)


def key_reused() -> Conflict:
    """The refusal of a key that stands for another request."""
    return Conflict(
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request. Send a new key with a new request.",
    )
