"""Where the bytes of pictures are kept.

Keys are made by us and never used twice, so `put` refuses to replace. The database keeps keys; URLs
are made when somebody reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class StorageError(Exception):
    """The store did not do what was asked. Nothing is said about whether trying again helps."""


class ObjectMissing(StorageError):
    """There is no object under this key."""


class ObjectExists(StorageError):
    """There is an object under this key already, and it is left as it is."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object being read: its size in bytes and its body in pieces."""

    size: int
    body: AsyncIterator[bytes]


class Storage(Protocol):
    """A store of immutable objects. Implementations raise only `StorageError` and its children."""

    name: str
    """`local` or `s3`: what `storage_provider` says of a new image."""

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
