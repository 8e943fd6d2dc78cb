"""A business's pictures as files: written out with all that is known of them, and taken back.

Beside each picture lies a description of the same name that ends in `.json`. A folder and a ZIP file hold
the same. Taking back goes through the one ingest: what was changed by hand meanwhile is treated as an upload.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, Protocol

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from sqlalchemy.exc import InterfaceError, OperationalError

from app.core import clock
from app.core.errors import AppError, NotFound
from app.core.logging import get_logger
from app.core.words import clean_tag
from app.imaging import SourceType
from app.models import businesses as business_models
from app.models import images as models
from app.models.images import Image
from app.providers.storage.base import StorageError
from app.services import posts
from app.services.images import (
    AiOrigin,
    Library,
    Received,
    posts_using,
    slug,
    source_type_of,
    zip_entry,
)

LARGEST_PICTURE = 64 * 1024 * 1024
"""Bytes. An export can hold more than an upload may: what was turned upright without loss has grown."""
_LARGEST_DESCRIPTION = 1024 * 1024
_PIECE = 256 * 1024
_AT_ONCE = 100
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)

log = get_logger(__name__)

Progress = Callable[[int], None]
"""Called with the number of pictures that are done."""


class NotAnExport(Exception):
    """The folder or file cannot be used; the message says why and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Link(_Part):
    """Where a post went out."""

    platform: str
    channel: str
    permalink: str


class Use(_Part):
    """A post that shows the picture."""

    id: int
    content_text: str
    state: str
    scheduled_at: datetime | None
    links: list[Link]


Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    BeforeValidator(lambda given: clean_tag(given) if isinstance(given, str) else given),
]
Words = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class Description(_Part):
    """What is written beside a picture. `sha256` is of the file; `received_sha256` of what was uploaded once,
    by which the library knows a picture again."""

    name: Annotated[Words, Field(max_length=255)]
    alt_text: Annotated[Words, Field(max_length=1000)] = ""
    tags: list[str] = []
    is_ai_generated: bool = False
    digital_source_type: SourceType | None = None
    prompt: Words | None = None
    model: Annotated[Words, Field(max_length=100)] | None = None
    style: Annotated[Words, Field(max_length=50)] | None = None
    created_at: AwareDatetime
    mime_type: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    sha256: Hash
    received_sha256: Hash
    posts: list[Use] = []


def _plausible(moment: datetime) -> datetime:
    if not _EARLIEST <= moment <= clock.now() + timedelta(days=1):
        raise ValueError("not between 1980 and now")
    return moment.astimezone(UTC)


class _Given(Description):
    """A description that comes from outside. What the library itself has is written out as it is."""

    tags: Annotated[list[Tag], Field(max_length=30)] = []
    prompt: Annotated[Words, Field(max_length=32_000)] | None = None
    created_at: Annotated[AwareDatetime, AfterValidator(_plausible)]


@dataclass(slots=True)
class Exported:
    """What was written. `missing` names pictures whose file could not be read."""

    pictures: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Imported:
    """What was taken in, was there already, or was in the trash and is back. `refused` holds each file's name
    and why."""

    taken: int = 0
    duplicates: int = 0
    brought_back: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


async def require_business(library: Library, business_id: int) -> None:
    """Raises NotFound (`business_not_found`)."""
    async with library.database.reading() as session:
        if await business_models.find(session, business_id) is None:
            raise NotFound("business_not_found", f"There is no business {business_id}.")


# Out


async def export_business(
    library: Library, business_id: int, target: Path, progress: Progress | None = None
) -> Exported:
    """Write every picture that is not in the trash into `target`: a ZIP file where its name says so, else a
    folder. Raises `NotAnExport` when something is there already, `OSError` for trouble with the disk.

    No more than one piece of a file is in memory. What is not whole yet has a name that says so.
    """
    exported = Exported()
    async with _sink(target) as sink:
        last = 0
        while images := await _next(library, business_id, last):
            for image in images:
                await _write(library, image, sink, exported)
                if progress is not None:
                    progress(exported.pictures + len(exported.missing))
            last = images[-1].id
    return exported


async def _next(library: Library, business_id: int, after_id: int) -> Sequence[Image]:
    async with library.database.reading() as session:
        return await models.list_next(session, business_id, after_id, _AT_ONCE)


async def _write(library: Library, image: Image, sink: _Sink, exported: Exported) -> None:
    suffix = PurePosixPath(image.storage_key).suffix
    stem = f"{image.id}-{slug(image.original_filename)}"
    digest, size = hashlib.sha256(), 0
    try:
        stored = await library.open_original(image)
        async with sink.file(f"{stem}{suffix}", image.created_at) as file:
            async for piece in stored.body:
                await asyncio.to_thread(file.write, piece)
                digest.update(piece)
                size += len(piece)
            if size != stored.size:
                raise StorageError("The file ended early.")
    except (AppError, StorageError):
        exported.missing.append(f"{image.original_filename} (image {image.id})")
        return
    text = (await _describe(library, image, digest.hexdigest(), size)).model_dump_json(indent=2)
    async with sink.file(f"{stem}.json", image.created_at) as file:
        await asyncio.to_thread(file.write, text.encode() + b"\n")
    exported.pictures += 1
    exported.bytes += size


async def _describe(library: Library, image: Image, sha256: str, size: int) -> Description:
    async with library.database.reading() as session:
        stories = await posts.tell(session, await posts_using(session, image.id))
    return Description(
        name=image.original_filename,
        alt_text=image.alt_text,
        tags=image.tags,
        is_ai_generated=image.is_ai_generated,
        digital_source_type=source_type_of(image),
        prompt=image.ai_prompt,
        model=image.ai_model,
        style=image.ai_style,
        created_at=image.created_at,
        mime_type=image.mime_type,
        width=image.width,
        height=image.height,
        bytes=size,
        sha256=sha256,
        received_sha256=image.sha256,
        posts=[_use(story) for story in stories],
    )


def _use(story: posts.PostStory) -> Use:
    return Use(
        id=story.post.id,
        content_text=story.post.content_text,
        state=story.state,
        scheduled_at=story.post.scheduled_at,
        links=[
            Link(
                platform=told.channel.platform,
                channel=told.channel.name,
                permalink=told.publication.permalink,
            )
            for told in story.publications
            if told.publication.permalink
        ],
    )


class _Sink(Protocol):
    """Where an export goes."""

    def file(self, name: str, at: datetime) -> contextlib.AbstractAsyncContextManager[IO[bytes]]:
        """A file to be written; when the block fails it is as if it had never been."""


@contextlib.asynccontextmanager
async def _sink(target: Path) -> AsyncIterator[_Sink]:
    if target.suffix.lower() == ".zip":
        if await asyncio.to_thread(os.path.lexists, target):
            raise NotAnExport(f"{target} is there already. Choose another name.")
        part = target.with_name(f"{target.name}.part")
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
                yield _ZipSink(archive)
            await asyncio.to_thread(part.rename, target)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        return
    await asyncio.to_thread(target.mkdir, parents=True, exist_ok=True)
    if await asyncio.to_thread(os.listdir, target):
        raise NotAnExport(f"{target} is not empty. Choose another folder, or a name that ends in .zip.")
    yield _FolderSink(target)


class _FolderSink:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.asynccontextmanager
    async def file(self, name: str, at: datetime) -> AsyncIterator[IO[bytes]]:
        """A file of the folder."""
        part = self._folder / f"{name}.part"
        try:
            with await asyncio.to_thread(part.open, "wb") as file:
                yield file
            os.utime(part, (at.timestamp(), at.timestamp()))
            part.rename(self._folder / name)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)


class _ZipSink:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextlib.asynccontextmanager
    async def file(self, name: str, at: datetime) -> AsyncIterator[IO[bytes]]:
        """An entry of the ZIP file. One that fails is left out of its list."""
        entry = zip_entry(name, at)
        is_whole = False
        try:
            with self._archive.open(entry, "w", force_zip64=True) as file:
                yield file
            is_whole = True
        finally:
            if not is_whole and entry in self._archive.filelist:
                self._archive.filelist.remove(entry)
                del self._archive.NameToInfo[name]


# Back


async def import_business(
    library: Library, business_id: int, source: Path, progress: Progress | None = None
) -> Imported:
    """Take every picture of a folder or ZIP file in. Raises `NotAnExport` when it is neither.

    Names in the ZIP lead nowhere: each file is read into our own temporary place. Nothing is read further
    than a picture may be large, whatever the file says of itself.
    """
    imported = Imported()
    with _pages(source) as pages:
        for page in pages:
            try:
                await _take_back(library, business_id, page, imported)
            except AppError as error:
                imported.refused.append((page.name, error.detail))
            except _Refused as refused:
                imported.refused.append((page.name, str(refused)))
            except (InterfaceError, OperationalError, OSError):
                # No fault of this file: the next one would fare the same.
                raise
            except Exception as error:
                log.error("import.unexpected", error=type(error).__name__)
                imported.refused.append((page.name, "Something unexpected is wrong with it."))
            if progress is not None:
                done = imported.taken + imported.duplicates + imported.brought_back
                progress(done + len(imported.refused))
    return imported


class _Refused(Exception):
    """Why one file is not taken back."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A picture of an export. `open` gives its bytes, `describe` those of its description, if it has one."""

    name: str
    open: Callable[[], IO[bytes]]
    describe: Callable[[], IO[bytes]] | None


async def _take_back(library: Library, business_id: int, page: _Page, imported: Imported) -> None:
    async with library.workspace() as workspace:
        path = workspace / "received"
        digest = await asyncio.to_thread(_copy, page.open, path)
        description = await asyncio.to_thread(_read_description, page.describe)
        name = PurePosixPath(page.name).name
        if description is None:
            was_trashed = await _is_trashed(library, business_id, digest)
            received = Received(path, digest, name)
            _, is_duplicate = await library.accept(received, business_id=business_id, workspace=workspace)
            _count(imported, is_duplicate=is_duplicate, was_trashed=was_trashed)
            return
        # The file is still the one that was written out: then it is the upload that it once was.
        known = description.received_sha256 if digest == description.sha256 else digest
        was_trashed = await _is_trashed(library, business_id, known)
        origin = None
        if description.is_ai_generated:
            origin = AiOrigin(
                description.prompt,
                description.model,
                description.style,
                source_type=description.digital_source_type or SourceType.GENERATED,
            )
        _, is_duplicate = await library.accept(
            Received(path, known, description.name or name),
            business_id=business_id,
            workspace=workspace,
            alt_text=description.alt_text,
            tags=description.tags,
            origin=origin,
            created_at=min(description.created_at, clock.now()),
        )
        _count(imported, is_duplicate=is_duplicate, was_trashed=was_trashed)


async def _is_trashed(library: Library, business_id: int, sha256: str) -> bool:
    async with library.database.reading() as session:
        image = await models.find_by_hash(session, business_id, sha256)
    return image is not None and image.deleted_at is not None


def _count(imported: Imported, *, is_duplicate: bool, was_trashed: bool) -> None:
    if not is_duplicate:
        imported.taken += 1
    elif was_trashed:
        imported.brought_back += 1
    else:
        imported.duplicates += 1


def _copy(open_source: Callable[[], IO[bytes]], target: Path) -> str:
    """Copy a picture; returns its hash."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        for piece in _pieces(open_source):
            size += len(piece)
            if size > LARGEST_PICTURE:
                raise _Refused(f"It is larger than {LARGEST_PICTURE // 1024 // 1024} MiB.")
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _pieces(open_source: Callable[[], IO[bytes]]) -> Iterator[bytes]:
    try:
        with open_source() as source:
            while piece := source.read(_PIECE):
                yield piece
    except _UNREADABLE as error:
        raise _Refused("It cannot be read: the file is damaged or locked.") from error


def _read_description(open_source: Callable[[], IO[bytes]] | None) -> Description | None:
    if open_source is None:
        return None
    try:
        with open_source() as source:
            text = source.read(_LARGEST_DESCRIPTION + 1)
        if len(text) > _LARGEST_DESCRIPTION:
            raise _Refused("Its description is too long.")
        return _Given.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _Refused(f"Its description cannot be used: {where or 'it'} is not right.") from error
    except _UNREADABLE as error:
        raise _Refused("Its description cannot be read.") from error


# What reading a file or an entry of a ZIP raises, an encrypted one among them.
_UNREADABLE = (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError)


@contextlib.contextmanager
def _pages(source: Path) -> Iterator[Iterator[_Page]]:
    if source.is_dir():
        yield _pages_of_folder(source)
        return
    try:
        archive = zipfile.ZipFile(source)
    except FileNotFoundError:
        raise NotAnExport(f"{source} is not there.") from None
    except _UNREADABLE as error:
        raise NotAnExport(f"{source} is neither a folder nor a ZIP file that can be read.") from error
    with archive:
        yield _pages_of_zip(archive)


def _pages_of_folder(folder: Path) -> Iterator[_Page]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if not _is_picture(name) or not _is_plain(path):
                continue
            beside = path.with_suffix(".json")
            described = beside.open if _is_plain(beside) else None
            yield _Page(
                path.relative_to(folder).as_posix(),
                lambda path=path: path.open("rb"),  # type: ignore[misc]  # bound here and now
                None if described is None else lambda beside=beside: beside.open("rb"),  # type: ignore[misc]
            )


def _is_plain(path: Path) -> bool:
    """A file itself: no link that leads out of the folder, and nothing that never ends."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _pages_of_zip(archive: zipfile.ZipFile) -> Iterator[_Page]:
    entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
    for name, entry in sorted(entries.items()):
        if not _is_picture(name):
            continue
        beside = entries.get(str(PurePosixPath(name).with_suffix(".json")))
        yield _Page(
            name,
            lambda entry=entry: archive.open(entry),  # type: ignore[misc]  # bound here and now
            None if beside is None else lambda beside=beside: archive.open(beside),  # type: ignore[misc]
        )


def _is_picture(name: str) -> bool:
    """Everything but descriptions, and what computers leave behind."""
    parts = PurePosixPath(name).parts
    is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts if part not in (".", ".."))
    return bool(parts) and not is_hidden and not name.lower().endswith((".json", ".part", "missing.txt"))
