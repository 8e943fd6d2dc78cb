"""Uploads that a browser sends to the store itself, from the promise of a place to the finished image.

A ticket is written before anything can arrive under its key and stays until it has ended for good, so that
the sweep knows of every object that may be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, delete, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcDateTime


class UploadTicket(Base):
    """The right of one user to send one file to one place, until `expires_at`.

    `filename`, `mime_type` and `size` (bytes) are what the browser said. Once `completed_at` is set,
    `image_id` is the image that came of it; None again when that one is removed.
    """

    __tablename__ = "upload_tickets"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    storage_provider: Mapped[str] = mapped_column(String(20))
    storage_key: Mapped[str] = mapped_column(String(500), unique=True)
    filename: Mapped[str] = mapped_column(String(255))
    mime_type: Mapped[str] = mapped_column(String(50))
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    image_id: Mapped[int | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"), index=True)
    is_duplicate: Mapped[bool] = mapped_column(default=False)


async def find(session: AsyncSession, ticket_id: str, user_id: int) -> UploadTicket | None:
    """The user's own ticket of this id."""
    return await session.scalar(
        select(UploadTicket).where(UploadTicket.id == ticket_id, UploadTicket.user_id == user_id)
    )


async def complete(
    session: AsyncSession, ticket_id: str, *, image_id: int, is_duplicate: bool, at: datetime
) -> bool:
    """The image is there. False when the ticket was completed, or has ended, already."""
    result = await session.execute(
        update(UploadTicket)
        .where(UploadTicket.id == ticket_id, UploadTicket.completed_at.is_(None))
        .values(completed_at=at, image_id=image_id, is_duplicate=is_duplicate)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def drop(session: AsyncSession, ticket_id: str) -> None:
    """The ticket has ended, and nothing is left of it in the store."""
    await session.execute(delete(UploadTicket).where(UploadTicket.id == ticket_id))


async def end(session: AsyncSession, ticket_id: str, at: datetime) -> None:
    """The ticket can't be used any more. It stays: what it allowed may still arrive in the store."""
    await session.execute(
        update(UploadTicket)
        .where(UploadTicket.id == ticket_id, UploadTicket.completed_at.is_(None))
        .values(expires_at=at)
    )


async def count_open(session: AsyncSession, user_id: int, since: datetime) -> tuple[int, datetime | None]:
    """How many of the user's tickets that were given since then have not become an image, and when the first
    of them was given."""
    count, first_at = (
        await session.execute(
            select(func.count(), func.min(UploadTicket.created_at)).where(
                UploadTicket.user_id == user_id,
                UploadTicket.created_at >= since,
                UploadTicket.completed_at.is_(None),
            )
        )
    ).one()
    return count, first_at


async def list_old(
    session: AsyncSession, before: datetime, limit: int, *, after: UploadTicket | None = None
) -> Sequence[UploadTicket]:
    """Tickets that were given before this moment, oldest first; those that come after one of them."""
    query = select(UploadTicket).where(UploadTicket.created_at < before)
    if after is not None:
        place = tuple_(UploadTicket.created_at, UploadTicket.id)
        query = query.where(place > tuple_(literal(after.created_at, UtcDateTime), after.id))
    return (
        await session.scalars(query.order_by(UploadTicket.created_at, UploadTicket.id).limit(limit))
    ).all()
