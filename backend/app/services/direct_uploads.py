"""Uploads that a browser sends to the store itself: a place is promised, the file arrives, the image is made.

What arrived is read back and goes through the same ingest as any upload; nothing that the browser said about
it counts.

    begin ──▶ ticket ──▶ (the browser sends) ──▶ complete ──▶ image, ticket completed ──▶ object deleted
                └──── cancel or refusal ──▶ ticket ended, object deleted

Tickets stay until nothing can arrive under their key any more; then the sweep deletes object and ticket.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import secrets
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import take_turns
from app.core.errors import (
    AppError,
    Conflict,
    NotFound,
    RateLimited,
    UnsupportedType,
    UpstreamUnavailable,
    file_too_large,
)
from app.core.faults import fault
from app.core.logging import get_logger
from app.imaging import Format
from app.imaging.formats import EXTRA_MIME_TYPES, ExtraFormat
from app.models import direct_uploads as models
from app.models import images as image_models
from app.models.businesses import Role
from app.models.direct_uploads import UploadTicket
from app.models.images import Image
from app.providers.storage.base import DirectStorage, DirectUpload, Method, ObjectMissing, StorageError
from app.services import access
from app.services.images import Library, Received

log = get_logger(__name__)

LIFETIME = timedelta(hours=1)
"""How long a ticket may be used."""
_STILL_ARRIVING = timedelta(hours=1)
"""What was begun before a ticket ended may arrive this much later."""
MOST_OPEN = 200
"""Tickets of one user for which something may arrive that is no image yet. A file can be sent for each."""
_SWEPT_AT_ONCE = 100

_EXTENSIONS: dict[str, str] = {
    mime_type: extra for extra, mime_types in EXTRA_MIME_TYPES.items() for mime_type in mime_types
}
_EXTENSIONS |= {format.mime_type: format.extension for format in Format}


class DirectUploads:
    """Tickets and what becomes of them. `storage` is None where the store takes nothing from browsers.

    `mime_types` are the types of pictures that are taken in, this way or any other.
    """

    def __init__(
        self,
        library: Library,
        storage: DirectStorage | None,
        *,
        max_bytes: int,
        extra_formats: Sequence[ExtraFormat] = (),
    ) -> None:
        self.mime_types = _accepted(extra_formats)
        self._library = library
        self._database = library.database
        self._storage = storage
        self._max_bytes = max_bytes

    @property
    def method(self) -> Method | None:
        """How browsers send files to the store, or None where they can't."""
        return self._storage.direct_method if self._storage else None

    async def begin(
        self, *, user_id: int, business_id: int, filename: str, size: int, mime_type: str
    ) -> tuple[UploadTicket, DirectUpload]:
        """A ticket for one file, and how to send it. Raises `Conflict` (`direct_upload_unavailable`),
        `UnsupportedType`, `TooLarge`, and `RateLimited` (`too_many_uploads`) for who has begun many and
        finished none of them."""
        async with self._database.reading() as session:
            await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)
        if self._storage is None or self._storage.direct_method is None:
            raise Conflict(
                "direct_upload_unavailable",
                "The storage takes no files from browsers. Send the picture to /images/upload instead.",
            )
        if mime_type not in self.mime_types:
            raise UnsupportedType(
                "unsupported_image_type", "This is no type of picture that is taken in. Choose another file."
            )
        if size > self._max_bytes:
            raise file_too_large(self._max_bytes)
        now = clock.now()
        key = f"incoming/{business_id}/{secrets.token_hex(16)}.{_EXTENSIONS[mime_type]}"
        ticket = UploadTicket(
            id=secrets.token_urlsafe(32),
            business_id=business_id,
            user_id=user_id,
            storage_provider=self._storage.name,
            storage_key=key,
            filename=filename,
            mime_type=mime_type,
            size=size,
            created_at=now,
            expires_at=now + LIFETIME,
            completed_at=None,
            image_id=None,
            is_duplicate=False,
        )
        leave = self._storage.direct_upload(key, mime_type=mime_type, size=size, expires_at=ticket.expires_at)
        async with self._database.writing() as session:
            await take_turns(session, f"upload tickets of user {user_id}")
            await _ensure_room(session, user_id)
            session.add(ticket)
        return ticket, leave

    async def complete(self, *, user_id: int, ticket_id: str, alt_text: str = "") -> tuple[Image, bool]:
        """Take in what arrived; returns the image and whether the business had it already.

        Asked again, or twice at once, it gives the same image. Raises `NotFound` (`upload_not_found`) for a
        ticket that has ended, `Conflict` (`upload_incomplete`) while nothing has arrived, and what any upload
        raises; a refused file is deleted and ends its ticket.
        """
        ticket = await self._ticket(ticket_id, user_id)
        try:
            return await self._finished(ticket) or await self._take_in(ticket, alt_text)
        except ObjectMissing as error:
            # Somebody else may have been faster, and tidied up already.
            finished = await self._finished(await self._ticket(ticket_id, user_id))
            if finished is None:
                raise Conflict(
                    "upload_incomplete",
                    "The picture has not arrived in the storage. Send it there, then finish the upload.",
                ) from error
            return finished
        except StorageError as error:
            log.error("direct_upload.read_failed", key=ticket.storage_key, error=str(error))
            raise UpstreamUnavailable(
                "storage_unavailable", "The picture could not be read just now. Try again in a minute."
            ) from error

    async def cancel(self, *, user_id: int, ticket_id: str) -> None:
        """Give a ticket back, and delete what arrived. The image of a completed one stays. Cancelling what
        has ended succeeds."""
        async with self._database.reading() as session:
            ticket = await models.find(session, ticket_id, user_id)
        if ticket is not None and ticket.completed_at is None:
            await self._end(ticket)

    async def check_ticket(self, *, user_id: int, ticket_id: str) -> None:
        """Raises `NotFound` where the user may not complete this upload, or not any more."""
        await self._ticket(ticket_id, user_id)

    async def sweep(self) -> int:
        """End the tickets whose time is over, with what arrived for them; returns how many went."""
        before = clock.now() - LIFETIME - _STILL_ARRIVING
        count, last = 0, None
        while True:
            async with self._database.reading() as session:
                old = await models.list_old(session, before, _SWEPT_AT_ONCE, after=last)
            dropped = 0
            for ticket in old:
                if await self._delete_object(ticket):
                    async with self._database.writing() as session:
                        await models.drop(session, ticket.id)
                    dropped += 1
            count += dropped
            # A store that lets go of nothing is left alone until the next time.
            if len(old) < _SWEPT_AT_ONCE or not dropped:
                return count
            last = old[-1]

    async def _ticket(self, ticket_id: str, user_id: int) -> UploadTicket:
        async with self._database.reading() as session:
            ticket = await models.find(session, ticket_id, user_id)
            if ticket is None or (ticket.completed_at is None and ticket.expires_at <= clock.now()):
                raise _not_found()
            await access.require_role(
                session, business_id=ticket.business_id, user_id=user_id, at_least=Role.EDITOR
            )
        return ticket

    async def _finished(self, ticket: UploadTicket) -> tuple[Image, bool] | None:
        if ticket.completed_at is None:
            return None
        async with self._database.reading() as session:
            found = await image_models.find_by_ids(session, [ticket.image_id] if ticket.image_id else [])
        if not found:
            raise _not_found()
        return found[ticket.image_id or 0], ticket.is_duplicate

    async def _take_in(self, ticket: UploadTicket, alt_text: str) -> tuple[Image, bool]:
        try:
            async with self._library.workspace() as workspace:
                path = workspace / "received"
                digest = await self._receive(ticket, path)
                fault("direct_uploads.after_receive")
                image, is_duplicate = await self._library.accept(
                    Received(path, digest, ticket.filename),
                    business_id=ticket.business_id,
                    workspace=workspace,
                    alt_text=alt_text,
                )
        except UpstreamUnavailable:
            # Nothing is wrong with the file: the ticket stays good for another attempt.
            raise
        except AppError:
            await self._end(ticket)
            raise
        fault("direct_uploads.after_accept")
        async with self._database.writing() as session:
            is_first = await models.complete(
                session, ticket.id, image_id=image.id, is_duplicate=is_duplicate, at=clock.now()
            )
        fault("direct_uploads.after_complete")
        if is_first:
            await self._delete_object(ticket)
        return image, is_duplicate

    async def _receive(self, ticket: UploadTicket, target: Path) -> str:
        """Bring what arrived here, never more than the limit; returns its SHA-256."""
        # Opening asks for the first few megabytes at most, and tells the size of all.
        stored = await self._library.stores[ticket.storage_provider].open(ticket.storage_key)
        if stored.size > self._max_bytes:
            raise file_too_large(self._max_bytes)
        digest = hashlib.sha256()
        with await asyncio.to_thread(target.open, "wb") as file:
            async for piece in stored.body:
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
        return digest.hexdigest()

    async def _end(self, ticket: UploadTicket) -> None:
        async with self._database.writing() as session:
            await models.end(session, ticket.id, clock.now())
        await self._delete_object(ticket)

    async def _delete_object(self, ticket: UploadTicket) -> bool:
        """Whether nothing is left in the store now."""
        try:
            await self._library.stores[ticket.storage_provider].delete(ticket.storage_key)
        except StorageError as error:
            log.warning("direct_upload.cleanup_postponed", key=ticket.storage_key, error=str(error))
            return False
        return True


async def _ensure_room(session: AsyncSession, user_id: int) -> None:
    """Raises RateLimited (`too_many_uploads`)."""
    now = clock.now()
    count, first_at = await models.count_open(session, user_id, now - LIFETIME - _STILL_ARRIVING)
    if first_at is not None and count >= MOST_OPEN:
        room_at = first_at + LIFETIME + _STILL_ARRIVING
        raise RateLimited(
            "too_many_uploads",
            f"{MOST_OPEN} uploads that were begun have not become images. Finish them, send the pictures to "
            "/images/upload instead, or try again later.",
            retry_after=max(1, math.ceil((room_at - now).total_seconds())),
        )


def _accepted(extra_formats: Sequence[ExtraFormat]) -> tuple[str, ...]:
    extra = [mime_type for name in extra_formats for mime_type in EXTRA_MIME_TYPES[name]]
    return (*(format.mime_type for format in Format), *extra)


def _not_found() -> NotFound:
    return NotFound(
        "upload_not_found", "There is no such upload, or its time is over. Send the picture again."
    )
