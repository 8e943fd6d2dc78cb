"""The history of a publication: one sentence a line, for people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.models.posts import PublicationEvent


def note(session: AsyncSession, publication_id: int, at: datetime, code: str, message: str) -> None:
    """Add a line."""
    session.add(PublicationEvent(publication_id=publication_id, at=at, code=code, message=sentence(message)))


def sentence(text: str) -> str:
    """A place may stand at its beginning, "the Practice Page". The name of an account stays as it is."""
    return f"The {text[4:]}" if text.startswith("the ") else text
