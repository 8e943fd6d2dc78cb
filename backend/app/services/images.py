"""The library: pictures taken in, kept, listed, derived from, and let go.

Every picture comes in through `Library.accept`, whatever door it used. The order there is what keeps
rows and objects together through a crash: verify, write down what is begun, store the objects, then
one transaction that adds the row and removes the note. `Library.sweep` cleans up after notes whose
work never finished.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit
from weakref import WeakValueDictionary

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, Conflict, NotFound, RuleBroken, UnsupportedType, UpstreamUnavailable
from app.core.faults import fault
from app.core.fetch import fetch_to_file
from app.core.logging import get_logger
from app.imaging import THUMB_MIME_TYPE, PictureRefused, Workshop
from app.imaging.renditions import RECIPES, Recipe, plan
from app.models import images as models
from app.models import posts as post_models
from app.models.businesses import Role
from app.models.images import Filter, Image, Page, Rendition, Sort, StorageIntent
from app.models.posts import Post
from app.providers.storage.base import ObjectMissing, Storage, StorageError, StoredObject
from app.services import access

log = get_logger(__name__)

UNFINISHED_AFTER = timedelta(hours=1)
"""What was begun longer ago than this and is not finished never will be."""
_DISK_REFUSES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was taken from the outside into a temporary place. `sha256` is of its bytes."""

    path: Path
    sha256: str
    filename: str


@dataclass(frozen=True, slots=True)
class AiOrigin:
    """How an AI picture was made."""

    prompt: str
    model: str
    style: str | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a platform would make of an image."""

    platform: str
    is_ready: bool
    is_cropped: bool
    width: int
    height: int
    note: str


def display_name(name: str | None, extension: str) -> str:
    """The sender's file name, fit to be shown: no control or direction characters, at most 255 long."""
    cleaned = "".join(
        char for char in unicodedata.normalize("NFC", name or "") if unicodedata.category(char)[0] != "C"
    ).strip()
    if not cleaned:
        return f"untitled.{extension}"
    if len(cleaned) > 255:
        suffix = PurePosixPath(cleaned).suffix[:10]
        cleaned = cleaned[: 255 - len(suffix)] + suffix
    return cleaned


def slug(name: str) -> str:
    """A short piece of `[a-z0-9-]` that reminds of the name; `image` where nothing is left of it."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    ascii_stem = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_stem).strip("-")[:50].strip("-") or "image"


def readiness(image: Image) -> list[Readiness]:
    """What Instagram and Facebook would get from this image, by arithmetic alone."""
    found = []
    for platform, recipe_name, label in (
        ("instagram", "instagram-feed", "Instagram"),
        ("facebook", "facebook", "Facebook"),
    ):
        laid = plan(image.width, image.height, RECIPES[recipe_name])
        is_cropped = laid.crop[2:] != (image.width, image.height)
        note = f"Sent as {laid.width} × {laid.height} sRGB JPEG."
        if is_cropped:
            note = f"{label} needs another shape: cropped around the centre to {laid.width} × {laid.height}."
        if image.is_animated:
            note += " Only the first frame is sent."
        found.append(Readiness(platform, True, is_cropped, laid.width, laid.height, note))
    return found


class Library:
    """The pictures of every business: one database, one store, one workshop."""

    def __init__(self, database: Database, storage: Storage, workshop: Workshop, *, work_dir: Path) -> None:
        self.database = database
        self.storage = storage
        self.workshop = workshop
        self._work_dir = work_dir
        self._making: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def workspace(self) -> AsyncIterator[Path]:
        """A folder for temporary files, gone afterwards. Raises `UpstreamUnavailable`
        (`storage_unavailable`) when the disk takes no more of them."""
        try:
            await asyncio.to_thread(self._work_dir.mkdir, parents=True, exist_ok=True)
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._work_dir))
            try:
                yield folder
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, True)
        except OSError as error:
            if error.errno not in _DISK_REFUSES:
                raise
            log.error("workspace.disk_refuses", error=os.strerror(error.errno))
            raise UpstreamUnavailable(
                "storage_unavailable", "The server has no room for pictures just now. Try again in a minute."
            ) from error

    async def accept(
        self,
        received: Received,
        *,
        business_id: int,
        workspace: Path,
        alt_text: str = "",
        origin: AiOrigin | None = None,
    ) -> tuple[Image, bool]:
        """Take a picture into the library; returns it and whether the business had it already.

        The caller has checked who asks. A picture that is in the trash comes back from there. Raises
        `UnsupportedType` or `RuleBroken` for a file that is refused; nothing is left behind then.
        """
        existing = await self._find_again(business_id, received.sha256)
        if existing:
            return existing, True
        clean, thumb = workspace / "clean", workspace / "thumb"
        try:
            verified = await self.workshop.verify(
                received.path, clean, thumb, is_ai_generated=origin is not None
            )
        except PictureRefused as refusal:
            raise _as_app_error(refusal) from refusal

        unique = secrets.token_hex(16)
        base = f"ai-{unique}" if origin else f"{unique}-{slug(received.filename)}"
        key = f"{business_id}/{base}.{verified.extension}"
        thumbnail_key = f"{business_id}/{unique}-thumb.webp"
        async with self._begun([key, thumbnail_key]) as intent_id:
            await self._put(key, clean, verified.mime_type)
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
                storage_provider=self.storage.name,
                storage_key=key,
                thumbnail_key=thumbnail_key,
                thumbhash=verified.thumbhash,
                sha256=received.sha256,
                is_animated=verified.animated,
                is_ai_generated=origin is not None,
                ai_prompt=origin.prompt if origin else None,
                ai_model=origin.model if origin else None,
                ai_style=origin.style if origin else None,
                alt_text=alt_text,
                tags=[],
                usage_count=0,
                last_used_at=None,
                created_at=now,
                updated_at=now,
                deleted_at=None,
            )
            try:
                async with self.database.writing() as session:
                    session.add(image)
                    await session.flush()
                    if not await models.drop_intent(session, intent_id):
                        raise UpstreamUnavailable("storage_slow", "Storing took too long. Try again.")
            except IntegrityError:
                # The same bytes came twice at once, and the other one was first.
                winner = await self._find_again(business_id, received.sha256)
                if winner is None:
                    raise
                await self._undo(intent_id, [key, thumbnail_key])
                return winner, True
        log.info("image.accepted", image_id=image.id, business_id=business_id, bytes=image.file_size)
        return image, False

    async def rendition(self, image: Image, recipe: Recipe) -> Rendition:
        """The rendition of an image by a recipe, made when it is first wanted and then kept."""
        name = rendition_name(recipe)
        lock = self._making.setdefault((image.id, name), asyncio.Lock())
        async with lock:
            async with self.database.reading() as session:
                made = await models.find_rendition(session, image.id, name)
            if made:
                return made
            async with self.workspace() as workspace:
                return await self._make(image, recipe, name, workspace)

    async def _make(self, image: Image, recipe: Recipe, name: str, workspace: Path) -> Rendition:
        source, target = workspace / "source", workspace / "target"
        await self._download(image.storage_key, source)
        try:
            rendered = await self.workshop.render(
                source, recipe, target, is_ai_generated=image.is_ai_generated
            )
        except PictureRefused as refusal:
            raise _as_app_error(refusal) from refusal
        key = f"{image.business_id}/{secrets.token_hex(16)}-{name}.{recipe.extension}"
        async with self._begun([key]) as intent_id:
            await self._put(key, target, rendered.mime_type)
            made = Rendition(
                image_id=image.id,
                recipe=name,
                storage_key=key,
                mime_type=rendered.mime_type,
                width=rendered.width,
                height=rendered.height,
                file_size=rendered.file_size,
                sha256=rendered.sha256,
                is_cropped=rendered.crop is not None,
                created_at=clock.now(),
            )
            try:
                async with self.database.writing() as session:
                    session.add(made)
                    await session.flush()
                    await models.drop_intent(session, intent_id)
            except IntegrityError as error:
                # Another process made it meanwhile, or the image is gone.
                await self._undo(intent_id, [key])
                async with self.database.reading() as session:
                    other = await models.find_rendition(session, image.id, name)
                if other is None:
                    raise NotFound("image_not_found", "This image is no longer there.") from error
                return other
        return made

    async def find_file(self, image_id: int, name: str) -> tuple[str, str] | None:
        """Key and type of `original`, `thumb` or a rendition of an image, if it is there."""
        async with self.database.reading() as session:
            return await models.find_file(session, image_id, name)

    async def open_file(self, key: str) -> StoredObject:
        """Read a stored file. The caller has checked that whoever asks may see it."""
        try:
            return await self.storage.open(key)
        except ObjectMissing as error:
            log.error("storage.object_missing", key=key)
            raise NotFound("image_file_missing", "The file of this image is missing in storage.") from error
        except StorageError as error:
            raise UpstreamUnavailable(
                "storage_unavailable", "The picture could not be read just now. Try again in a minute."
            ) from error

    async def import_url(self, url: str, *, business_id: int, max_bytes: int) -> Image:
        """Take a picture in from somewhere else on the network, by the same rules as an upload."""
        async with self.workspace() as workspace:
            path = workspace / "received"
            await fetch_to_file(url, path, max_bytes=max_bytes)
            digest = await asyncio.to_thread(_sha256, path)
            name = unquote(PurePosixPath(urlsplit(url).path).name)
            image, _ = await self.accept(
                Received(path, digest, name), business_id=business_id, workspace=workspace
            )
        return image

    async def remove(self, image_id: int) -> None:
        """Let go of an image for good: the rows first, then the bytes. Raises `Conflict` where a post
        shows it."""
        try:
            async with self.database.writing() as session:
                renditions = await models.list_renditions(session, image_id)
                image = await session.get(Image, image_id)
                if image is None:
                    return
                keys = [image.storage_key, image.thumbnail_key, *(made.storage_key for made in renditions)]
                intent = StorageIntent(keys=keys, created_at=clock.now())
                session.add(intent)
                await session.flush()
                await models.remove(session, image_id)
        except IntegrityError as error:
            # Somebody put it into a post at this very moment.
            raise Conflict("image_in_use", "A post shows this image now, so it stays.") from error
        await self._undo(intent.id, keys)

    async def sweep(self) -> int:
        """Remove objects that were begun over an hour ago and that no row names; returns how many notes
        were settled. At most a hundred a run: more than that is for a person to look at."""
        async with self.database.reading() as session:
            intents = await models.list_old_intents(session, clock.now() - UNFINISHED_AFTER, 100)
        for intent in intents:
            async with self.database.reading() as session:
                used = await models.keys_in_use(session, intent.keys)
            await self._undo(intent.id, [key for key in intent.keys if key not in used])
        return len(intents)

    async def _find_again(self, business_id: int, sha256: str) -> Image | None:
        async with self.database.reading() as session:
            image = await models.find_by_hash(session, business_id, sha256)
        if image is None or image.deleted_at is None:
            return image
        async with self.database.writing() as session:
            await models.restore(session, image.id, clock.now())
            await session.flush()
            return await models.find_by_hash(session, business_id, sha256)

    @asynccontextmanager
    async def _begun(self, keys: list[str]) -> AsyncIterator[int]:
        """Write down that `keys` may come to exist; cleaned up at once if the work is refused.

        What was on its way to the store when the store failed may still arrive there: then the note stays,
        and the sweep looks again. When the work was called off, or the database failed, it is not even known
        whether a row names the keys: then all of it is the sweep's.
        """
        intent = StorageIntent(keys=keys, created_at=clock.now())
        async with self.database.writing() as session:
            session.add(intent)
        fault("images.after_intent")
        try:
            yield intent.id
        except AppError as error:
            is_settled = not isinstance(error.__cause__, StorageError)
            with suppress(Exception):
                await asyncio.shield(self._undo(intent.id, keys, is_settled=is_settled))
            raise

    async def _undo(self, intent_id: int, keys: Sequence[str], *, is_settled: bool = True) -> None:
        """Delete the objects under `keys`, and the note unless something may still arrive there."""
        try:
            for key in keys:
                await self.storage.delete(key)
        except StorageError:
            log.warning("storage.cleanup_postponed", intent_id=intent_id)
            return
        if is_settled:
            async with self.database.writing() as session:
                await models.drop_intent(session, intent_id)

    async def _put(self, key: str, source: Path, mime_type: str) -> None:
        try:
            await self.storage.put(key, source, mime_type=mime_type)
        except StorageError as error:
            log.error("storage.put_failed", key=key, error=str(error))
            raise UpstreamUnavailable(
                "storage_unavailable", "The picture could not be stored just now. Try again in a minute."
            ) from error

    async def _download(self, key: str, target: Path) -> None:
        try:
            stored = await self.storage.open(key)
            with await asyncio.to_thread(target.open, "wb") as file:
                async for piece in stored.body:
                    await asyncio.to_thread(file.write, piece)
        except ObjectMissing as error:
            log.error("storage.object_missing", key=key)
            raise NotFound("image_file_missing", "The file of this image is missing in storage.") from error
        except StorageError as error:
            raise UpstreamUnavailable(
                "storage_unavailable", "The picture could not be read just now. Try again in a minute."
            ) from error


def rendition_name(recipe: Recipe) -> str:
    """What a rendition is called in the database and in URLs; a new version of a recipe is a new name."""
    return recipe.name if recipe.version == 1 else f"{recipe.name}-{recipe.version}"


async def get_image(
    session: AsyncSession, *, user_id: int, image_id: int, at_least: Role = Role.VIEWER, trashed: bool = False
) -> Image:
    """An image of one of the user's businesses. In the trash it is found only with `trashed`."""
    found = await models.find_for_user(session, image_id, user_id)
    if found is None or (found[0].deleted_at is not None and not trashed):
        raise NotFound("image_not_found", "There is no such image.")
    access.ensure(found[1], at_least)
    return found[0]


async def list_images(
    session: AsyncSession,
    *,
    user_id: int,
    business_id: int,
    sort: Sort,
    only: Filter | None,
    tag: str | None,
    search: str | None,
    page: int,
    limit: int,
    after: tuple[str, int] | None,
) -> Page:
    """One page of a business's library."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.list_page(
        session,
        business_id,
        sort=sort,
        only=only,
        tag=tag,
        search=(search or "").strip() or None,
        limit=limit,
        offset=(page - 1) * limit,
        after=after,
    )


async def library_totals(session: AsyncSession, *, user_id: int, business_id: int) -> tuple[int, int]:
    """How many images a business keeps, and their bytes."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.totals(session, business_id)


async def change_image(
    session: AsyncSession,
    *,
    user_id: int,
    image_id: int,
    filename: str | None,
    alt_text: str | None,
    tags: list[str] | None,
) -> Image:
    """Change what people wrote about an image; None leaves a thing as it is."""
    image = await get_image(session, user_id=user_id, image_id=image_id, at_least=Role.EDITOR)
    if filename is not None:
        image.original_filename = display_name(filename, PurePosixPath(image.storage_key).suffix[1:])
    if alt_text is not None:
        image.alt_text = alt_text
    if tags is not None:
        image.tags = list(dict.fromkeys(tags))
    image.updated_at = clock.now()
    await session.flush()
    return image


async def trash_image(session: AsyncSession, *, user_id: int, image_id: int) -> None:
    """Move an image to the trash. Refused while a post that is still to go out needs it."""
    image = await get_image(session, user_id=user_id, image_id=image_id, at_least=Role.EDITOR)
    needed_by = await post_models.scheduled_with_image(session, image_id)
    if needed_by:
        raise Conflict(
            "image_in_use",
            "A planned post needs this image. Take it out of the post first, or unschedule the post.",
            posts=[{"id": post.id, "content_text": post.content_text[:80]} for post in needed_by],
        )
    await models.move_to_trash(session, image.id, clock.now())


async def restore_image(session: AsyncSession, *, user_id: int, image_id: int) -> Image:
    """Bring an image back from the trash; one that is not there stays as it is."""
    image = await get_image(session, user_id=user_id, image_id=image_id, at_least=Role.EDITOR, trashed=True)
    image.deleted_at = None
    image.updated_at = clock.now()
    await session.flush()
    return image


async def check_removable(session: AsyncSession, *, user_id: int, image_id: int) -> None:
    """Only what is in no post can be removed for good, from the trash or straight away."""
    image = await get_image(session, user_id=user_id, image_id=image_id, at_least=Role.EDITOR, trashed=True)
    used_in = await post_models.with_image(session, image.id, include_deleted=True)
    if used_in:
        raise Conflict(
            "image_in_use",
            "Posts show this image, so it stays in the trash and keeps their pictures.",
            posts=[{"id": post.id, "content_text": post.content_text[:80]} for post in used_in],
        )


async def posts_using(session: AsyncSession, image_id: int) -> Sequence[Post]:
    """Posts with this image, newest first; the caller has checked who asks."""
    return await post_models.with_image(session, image_id)


def checked_cursor(sort: Sort, value: str, image_id: int) -> tuple[str, int]:
    """A place in a list, as `Page.next_cursor` told it. Raises ValueError for anything else."""
    if not 0 < image_id <= access.LARGEST_ID:
        raise ValueError("not an id")
    if sort == "most_used":
        if not 0 <= int(value) <= access.LARGEST_ID:
            raise ValueError("not a count")
    else:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("not a moment")
        # At the ends of the calendar there are times that have none in UTC.
        moment.astimezone(UTC)
    return value, image_id


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_app_error(refusal: PictureRefused) -> Exception:
    kind = UnsupportedType if refusal.code == "unsupported_image_type" else RuleBroken
    return kind(refusal.code, refusal.detail, **refusal.facts)
