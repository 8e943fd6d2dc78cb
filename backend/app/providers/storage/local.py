"""Pictures as files in one folder: the embedded default."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import uuid4

from app.providers.storage.base import (
    Document,
    Finding,
    ObjectExists,
    ObjectMissing,
    StorageError,
    StoredObject,
)
from app.providers.storage.checkups import Trouble, look
from app.providers.storage.rules import require_key, require_size
from app.providers.storage.samples import SAMPLE, SAMPLE_TYPE

LITTLE_SPACE = 1024**3
"""Bytes; with less than this the operator is warned."""

_PIECE = 256 * 1024  # bytes
_AT_ONCE = 1000  # objects of an inventory
_TEMPORARY = ".tmp"  # a key never begins with a dot, so no object can be in there

# Filesystems without hard links, or a source on another one.
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}

P = ParamSpec("P")
T = TypeVar("T")


class LocalStorage:
    """Objects are files below `root`, which is made when it is missing.

    `put` links the given file into place where it can, so the source must not be written to
    afterwards; removing it is fine. An object that `put` has answered for survives a power cut.
    """

    name = "local"

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, source: Path, *, mime_type: str) -> None:
        """Keep the file's bytes under `key`, whole or not at all. Raises `ObjectExists`."""
        target = self._path(key)
        await _in_thread(self._put, target, source)

    async def open(self, key: str) -> StoredObject:
        """Read an object. Raises `ObjectMissing`."""
        size, body = await _in_thread(_open, self._path(key))
        return StoredObject(size=size, body=body)

    async def delete(self, key: str) -> None:
        """Remove an object. Removing a missing one succeeds.

        The folders stay: removing an empty one would race with a `put` that is about to fill it.
        """
        await _in_thread(self._path(key).unlink, missing_ok=True)

    def url(self, key: str, *, expires_at: datetime) -> str | None:
        """None: the product itself serves the bytes."""
        require_key(key)
        return None

    async def check(self) -> None:
        """Write, read and delete a small object; raises `StorageError` naming what failed."""
        await _in_thread(self._check)

    async def inventory(self) -> AsyncIterator[Sequence[tuple[str, int]]]:
        """The key and size of every object, folder by folder."""
        folders = [self._root]
        while folders:
            found, inner = await _in_thread(_look_into, self._root, folders.pop())
            folders += inner
            for start in range(0, len(found), _AT_ONCE):
                yield found[start : start + _AT_ONCE]

    def _path(self, key: str) -> Path:
        return self._root / require_key(key)

    def _put(self, target: Path, source: Path) -> None:
        require_size(source)
        self._make_folder(target.parent)
        try:
            _sync(source)
            os.link(source, target)
        except FileExistsError as error:
            raise ObjectExists("There is an object under this key already.") from error
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            self._copy(target, source)
        _sync(target.parent)

    def _copy(self, target: Path, source: Path) -> None:
        self._make_folder(self._root / _TEMPORARY)
        copy = self._root / _TEMPORARY / uuid4().hex
        try:
            shutil.copyfile(source, copy)
            _sync(copy)
            try:
                os.link(copy, target)
            except FileExistsError as error:
                raise ObjectExists("There is an object under this key already.") from error
            except OSError as error:
                if error.errno not in _CANNOT_LINK:
                    raise
                _reserve(target)
                copy.replace(target)
        finally:
            copy.unlink(missing_ok=True)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        missing = [folder]
        while not missing[-1].parent.is_dir():
            missing.append(missing[-1].parent)
        folder.mkdir(parents=True, exist_ok=True)
        for made in missing:
            _sync(made.parent)

    def _check(self) -> None:
        key = f"check/{uuid4().hex}"
        content = os.urandom(64)
        source = self._root / _TEMPORARY / uuid4().hex
        target = self._path(key)
        step = "written"
        try:
            self._make_folder(source.parent)
            try:
                source.write_bytes(content)
                self._put(target, source)
            finally:
                source.unlink(missing_ok=True)
            step = "read"
            if target.read_bytes() != content:
                raise StorageError("The storage folder gave back other bytes than were written.")
            step = "removed"
            target.unlink()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "unknown error"
            raise StorageError(
                f"A file could not be {step} in the storage folder ({reason}). "
                "Give this process the right to write below DATA_DIR, or free some space."
            ) from error


class LocalCheckup:
    """The checks of the folder, for whoever operates the server."""

    provider = "local"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._storage = LocalStorage(root)

    def documents(self, *, origin: str) -> list[Document]:
        """None: there is nothing to paste."""
        return []

    async def findings(self, *, origin: str) -> AsyncIterator[Finding]:
        """Each check as it ends."""
        yield await look("write", "Files can be written, read and deleted", self._write)
        yield await look("conditional", "No file is ever replaced", self._conditional)
        yield await look("space", "There is room for pictures", self._space)

    async def _write(self) -> str | None:
        try:
            await self._storage.check()
        except StorageError as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Trouble(
                    str(error), "Free some space, or set DATA_DIR to a folder with more."
                ) from error
            raise Trouble(
                str(error),
                f"Set DATA_DIR to a folder that this server's user may write to, or give it the right: "
                f"chown -R {os.getuid()} {self._root}",
            ) from error
        return f"In {self._root}."

    async def _conditional(self) -> str | None:
        key = f"check/{uuid4().hex}.png"
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "sample.png"
            await asyncio.to_thread(source.write_bytes, SAMPLE)
            await self._storage.put(key, source, mime_type=SAMPLE_TYPE)
            try:
                await self._storage.put(key, source, mime_type=SAMPLE_TYPE)
            except ObjectExists:
                return None
            finally:
                await self._storage.delete(key)
        raise Trouble(
            "The folder's filesystem replaces files although it is asked not to.",
            "Set DATA_DIR to a folder on a local disk.",
        )

    async def _space(self) -> str | None:
        folder = self._root
        while not folder.is_dir():
            folder = folder.parent
        free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
        told = f"{free / 1024**3:.1f} GiB free."
        if free < LITTLE_SPACE:
            raise Trouble(told, "Free some space, or set DATA_DIR to a folder with more.", state="warning")
        return told


class _FileBody:
    """An open file in pieces. It is closed at its end, or when nobody reads on."""

    def __init__(self, descriptor: int | None, first: bytes) -> None:
        self._descriptor = descriptor
        self._first = first
        self._offset = len(first)

    def __aiter__(self) -> _FileBody:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            piece, self._first = self._first, b""
            return piece
        if self._descriptor is None:
            raise StopAsyncIteration
        # Reading at a position of our own: a read that outlives its cancelled caller, and by then
        # finds another file under this descriptor, moves nothing there.
        piece = await _in_thread(os.pread, self._descriptor, _PIECE, self._offset)
        if not piece:
            self._close()
            raise StopAsyncIteration
        self._offset += len(piece)
        return piece

    async def aclose(self) -> None:
        """Stop reading."""
        self._first = b""
        self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self._close()


def _open(path: Path) -> tuple[int, _FileBody]:
    """The file's size and body. A small file is read here whole, which saves a second thread hop."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise ObjectMissing("There is no object under this key.") from error
    try:
        size = os.fstat(descriptor).st_size
        first = os.pread(descriptor, _PIECE, 0)
    except BaseException:
        os.close(descriptor)
        raise
    if len(first) < size:
        return size, _FileBody(descriptor, first)
    os.close(descriptor)
    return size, _FileBody(None, first)


def _look_into(root: Path, folder: Path) -> tuple[list[tuple[str, int]], list[Path]]:
    """Keys and sizes of the files of a folder, and its folders. What is no object of ours is left out."""
    found: list[tuple[str, int]] = []
    inner: list[Path] = []
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return found, inner
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            inner.append(Path(entry.path))
        else:
            with contextlib.suppress(FileNotFoundError):
                size = entry.stat(follow_symlinks=False).st_size
                found.append((Path(entry.path).relative_to(root).as_posix(), size))
    return found, inner


def _reserve(target: Path) -> None:
    """Take the name, so that of two writers one loses. The empty file is replaced in the next step."""
    try:
        target.open("xb").close()
    except FileExistsError as error:
        raise ObjectExists("There is an object under this key already.") from error


def _sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown error"
        raise StorageError(f"The storage folder failed: {reason}.") from error
