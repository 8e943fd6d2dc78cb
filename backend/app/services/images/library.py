"""The library: pictures taken in, derived from, and let go.

Every picture comes in through `Library.accept`, whatever door it used. The order there is what keeps
rows and objects together through a crash: verify, write down what is begun, store the objects, then
one transaction that adds the row and removes the note.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, Conflict, UpstreamUnavailable
from app.core.faults import fault
from app.core.fetch import fetch_to_file
from app.core.logging import get_logger
from app.core.network import Network
from app.imaging import THUMB_MIME_TYPE, Limits, PictureRefused, SourceType, Workshop
from app.models import images as models
from app.models.images import Image, StorageIntent
from app.providers.storage.base import Stores
from app.services.images.bulk import distinct_tags
from app.services.images.deriving import Derived, refused, source_type_of
from app.services.images.names import display_name, slug

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was taken from the outside into a temporary place. `sha256` is of its bytes."""

    path: Path
    sha256: str
    filename: str


@dataclass(frozen=True, slots=True)
class AiOrigin:
    """How an AI picture was made, as far as that is known.

    `is_edit` when it is a change of another picture: `edited_from_id`, unless that is gone meanwhile.
    `source_type` is for one that comes back from an export; it follows from the other picture elsewhere.
    """

    prompt: str | None
    model: str | None
    style: str | None
    edited_from_id: int | None = None
    is_edit: bool = False
    source_type: SourceType | None = None


class Library(Derived):
    """The pictures of every business: one database, the stores, one workshop."""

    def __init__(
        self,
        database: Database,
        stores: Stores,
        workshop: Workshop,
        *,
        work_dir: Path,
        network: Network | None = None,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(database, stores, workshop, work_dir=work_dir)
        self._limits = limits or Limits()
        self._network = network or Network()

    async def accept(
        self,
        received: Received,
        *,
        business_id: int,
        workspace: Path,
        alt_text: str = "",
        tags: Sequence[str] = (),
        origin: AiOrigin | None = None,
        created_at: datetime | None = None,
        limits: Limits | None = None,
    ) -> tuple[Image, bool]:
        """Take a picture into the library; returns it and whether the business had it already.

        `created_at` is for one that comes back from an export, and is now for every other. `limits` are those
        of an upload where none are given. The caller has checked who asks. A picture that is in the trash
        comes back from there. One that says itself that a model made it is kept as such. Raises
        `UnsupportedType` or `RuleBroken` for a file that is refused; nothing is left behind then.
        """
        existing = await self._find_again(business_id, received.sha256)
        if existing:
            return existing, True
        clean, thumb = workspace / "clean", workspace / "thumb"
        source_type, parent = await self._made_from(origin, workspace) if origin else (None, None)
        try:
            verified = await self.workshop.verify(
                received.path,
                clean,
                thumb,
                limits or self._limits,
                source_type=source_type,
                parent=parent,
                is_sealed=origin is not None and origin.source_type is None,
                party=business_id,
            )
        except PictureRefused as refusal:
            raise refused(refusal) from refusal

        unique = secrets.token_hex(16)
        base = f"ai-{unique}" if origin else f"{unique}-{slug(received.filename)}"
        key = f"{business_id}/{base}.{verified.extension}"
        thumbnail_key = f"{business_id}/{unique}-thumb.webp"
        async with self._begun([key, thumbnail_key], "images") as intent:
            await self._put(key, clean, verified.mime_type)
            fault("images.after_original")
            await self._put(thumbnail_key, thumb, THUMB_MIME_TYPE)
            fault("images.after_objects")
            now = clock.now()
            image = Image(
                business_id=business_id,
                filename=key,
                original_filename=display_name(received.filename, verified.extension),
                file_size=verified.file_size,
                mime_type=verified.mime_type,
                width=verified.width,
                height=verified.height,
                storage_provider=intent.storage_provider,
                storage_key=key,
                thumbnail_key=thumbnail_key,
                thumbhash=verified.thumbhash,
                perceptual_hash=verified.perceptual_hash,
                sha256=received.sha256,
                is_animated=verified.animated,
                is_ai_generated=verified.source_type is not None,
                digital_source_type=verified.source_type and verified.source_type.value,
                ai_prompt=origin.prompt if origin else None,
                ai_model=origin.model if origin else None,
                ai_style=origin.style if origin else None,
                edited_from_id=origin.edited_from_id if origin else None,
                alt_text=alt_text,
                tags=distinct_tags(tags),
                usage_count=0,
                last_used_at=None,
                created_at=created_at or now,
                updated_at=now,
                deleted_at=None,
            )
            try:
                async with self.database.writing() as session:
                    source_id = image.edited_from_id
                    if source_id and source_id not in await models.hold(session, business_id, [source_id]):
                        # Removed for good since somebody looked: the picture is kept without its source.
                        image.edited_from_id = None
                    session.add(image)
                    await session.flush()
                    if not await models.finish_intent(session, intent.id):
                        raise UpstreamUnavailable("storage_slow", "Storing took too long. Try again.")
                    fault("images.before_commit")
                fault("images.after_commit")
            except IntegrityError:
                # The same bytes came twice at once, and the other one was first.
                winner = await self._find_again(business_id, received.sha256)
                if winner is None:
                    raise
                await self._undo(intent, [key, thumbnail_key])
                return winner, True
        if verified.is_seal_broken:
            log.error("image.not_sealed", image_id=image.id)
        log.info("image.accepted", image_id=image.id, business_id=business_id, bytes=image.file_size)
        return image, False

    async def import_url(
        self, url: str, *, business_id: int, max_bytes: int, alt_text: str = ""
    ) -> tuple[Image, bool]:
        """Take a picture in from somewhere else on the network, by the same rules as an upload.

        Its name is the last part of the address; what the server calls it plays no part.
        """
        async with self.workspace() as workspace:
            path = workspace / "received"
            await fetch_to_file(url, path, max_bytes=max_bytes, network=self._network)
            digest = await asyncio.to_thread(_sha256, path)
            name = unquote(PurePosixPath(urlsplit(url).path).name)
            return await self.accept(
                Received(path, digest, name),
                business_id=business_id,
                workspace=workspace,
                alt_text=alt_text,
            )

    async def empty_trash(self, older_than: timedelta) -> int:
        """Let go of images that went to the trash longer ago than that, all but those that a post shows;
        returns how many went. At most a hundred a run."""
        before = clock.now() - older_than
        async with self.database.reading() as session:
            image_ids = await models.list_trashed(session, before, 100)
        for image_id in image_ids:
            # Somebody may put it into a post at this very moment: then it stays.
            with suppress(Conflict):
                await self.remove(image_id, trashed_before=before)
        if image_ids:
            log.info("trash.emptied", count=len(image_ids))
        return len(image_ids)

    async def remove(self, image_id: int, *, trashed_before: datetime | None = None) -> None:
        """Let go of an image for good: the rows first, then the bytes. With `trashed_before` only if it has
        been in the trash since before then. Raises `Conflict` where a post shows it."""
        try:
            async with self.database.writing() as session:
                renditions = await models.list_renditions(session, image_id)
                image = await session.get(Image, image_id, with_for_update=True)
                if image is None or (trashed_before and not _is_before(image.deleted_at, trashed_before)):
                    return
                keys = {image.storage_provider: [image.storage_key, image.thumbnail_key]}
                for made in renditions:
                    keys.setdefault(made.storage_provider, []).append(made.storage_key)
                intents = [
                    StorageIntent(storage_provider=provider, keys=parts, created_at=clock.now())
                    for provider, parts in keys.items()
                ]
                session.add_all(intents)
                await session.flush()
                await models.remove(session, image_id)
                fault("remove.before_commit")
        except IntegrityError as error:
            # Somebody put it into a post at this very moment.
            raise Conflict("image_in_use", "A post shows this image now, so it stays.") from error
        fault("remove.after_commit")
        for intent in intents:
            await self._undo(intent, intent.keys, work="remove")

    async def remove_renditions(self, rendition_ids: Sequence[int]) -> int:
        """Let go of files that can be made again: the rows first, then the bytes. Returns how many there
        were."""
        if not rendition_ids:
            return 0
        async with self.database.writing() as session:
            gone = await models.remove_renditions(session, rendition_ids)
            keys: dict[str, list[str]] = {}
            for made in gone:
                keys.setdefault(made.storage_provider, []).append(made.storage_key)
            intents = [
                StorageIntent(storage_provider=provider, keys=parts, created_at=clock.now())
                for provider, parts in keys.items()
            ]
            session.add_all(intents)
            await session.flush()
        fault("remove.after_commit")
        for intent in intents:
            await self._undo(intent, intent.keys, work="remove")
        return len(gone)

    async def _made_from(self, origin: AiOrigin, workspace: Path) -> tuple[SourceType, Path | None]:
        """What a picture made by a model is: one edited from a photograph is partly that photograph. With it
        the file of the edited picture, where a manifest is to name that."""
        if origin.source_type:
            return origin.source_type, None
        edited_from = None
        if origin.edited_from_id is not None:
            async with self.database.reading() as session:
                edited_from = await session.get(Image, origin.edited_from_id)
        if edited_from is None:
            return SourceType.COMPOSITE if origin.is_edit else SourceType.GENERATED, None
        source_type = source_type_of(edited_from) or SourceType.COMPOSITE
        if not self.workshop.has_seal:
            return source_type, None
        parent = workspace / "parent"
        try:
            await self._download(edited_from.storage_provider, edited_from.storage_key, parent)
        except AppError:
            # The picture is paid for: it comes in, and its manifest does not name what it was made from.
            return source_type, None
        return source_type, parent

    async def _find_again(self, business_id: int, sha256: str) -> Image | None:
        async with self.database.reading() as session:
            image = await models.find_by_hash(session, business_id, sha256)
        if image is None or image.deleted_at is None:
            return image
        async with self.database.writing() as session:
            await models.restore(session, [image.id], clock.now())
            await session.flush()
            return await models.find_by_hash(session, business_id, sha256)


def _is_before(moment: datetime | None, other: datetime) -> bool:
    return moment is not None and moment < other


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
