"""Where the bytes of pictures are kept.

Keys are made by us and never used twice, so `put` refuses to replace. The database keeps keys; URLs
are made when somebody reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable


class StorageError(Exception):
    """The store did not do what was asked. Nothing is said about whether trying again helps."""


class ObjectMissing(StorageError):
    """There is no object under this key."""


class ObjectExists(StorageError):
    """There is an object under this key already, and it is left as it is."""


class ObjectTooLarge(StorageError):
    """The store takes no object of this size; trying again does not help."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object being read: its size in bytes and its body in pieces."""

    size: int
    body: AsyncIterator[bytes]


class Storage(Protocol):
    """A store of immutable objects. Implementations raise only `StorageError` and its children."""

    name: str
    """`local`, `s3` or `cloudinary`: what `storage_provider` says of a new image."""

    async def put(self, key: str, source: Path, *, mime_type: str) -> None:
        """Keep the file's bytes under `key`, whole or not at all. Raises `ObjectExists`."""

    async def open(self, key: str) -> StoredObject:
        """Read an object. Raises `ObjectMissing`."""

    async def delete(self, key: str) -> None:
        """Remove an object. Removing a missing one succeeds."""

    def url(self, key: str, *, expires_at: datetime) -> str | None:
        """A URL at which anyone can read the object until `expires_at`, or None where the product
        itself serves the bytes."""

    async def check(self) -> None:
        """Write, read and delete a small object; raises `StorageError` naming what failed."""


class Stores:
    """Every store that is set up. New objects go into the chosen one; each is read where its row says."""

    def __init__(self, chosen: Storage, *others: Storage) -> None:
        self.chosen = chosen
        self._by_name = {store.name: store for store in (*others, chosen)}

    def __iter__(self) -> Iterator[Storage]:
        return iter(self._by_name.values())

    def __contains__(self, provider: str) -> bool:
        return provider in self._by_name

    def __getitem__(self, provider: str) -> Storage:
        """The store of this name. Raises `StorageError` when it is not set up here any more."""
        try:
            return self._by_name[provider]
        except KeyError as error:
            raise StorageError(
                f"Pictures are kept in {provider}, which is not set up here. Set its settings again, or move "
                "the pictures while they are set: aigrowth storage move."
            ) from error


Method = Literal["post", "put"]


@dataclass(frozen=True, slots=True)
class DirectUpload:
    """How a browser sends one file to the store itself: a form with these fields before the file, or the
    bare file with these headers."""

    method: Method
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class DirectStorage(Storage, Protocol):
    """A store to which browsers can send files themselves."""

    direct_method: Method | None
    """How, or None where it is switched off."""

    def direct_upload(self, key: str, *, mime_type: str, size: int, expires_at: datetime) -> DirectUpload:
        """Leave to send one file of this type under `key` until `expires_at`. A form takes at most `size`
        bytes; a bare file can have any size, so look before reading it."""


State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of a store found. `title` says what works when it is ok; `detail` what was seen, and
    `fix` the setting or the rule to change, each a sentence or empty."""

    name: str
    title: str
    state: State
    detail: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """Something to paste into the store's own settings."""

    title: str
    content: str


class Checkup(Protocol):
    """Looks at everything that a store must be able to do, with small objects that are removed again."""

    provider: str

    def findings(self, *, origin: str) -> AsyncIterator[Finding]:
        """Each check as it ends. `origin` is where the page is served from. Raises nothing."""

    def documents(self, *, origin: str) -> list[Document]:
        """What the store's own settings should say."""


@runtime_checkable
class Inventory(Protocol):
    """A store that can say what it holds."""

    def inventory(self) -> AsyncIterator[Sequence[tuple[str, int]]]:
        """The key and size of every object, some at a time, in no order."""
