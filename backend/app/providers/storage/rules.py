"""What every store refuses, so that all of them refuse the same."""

from __future__ import annotations

import re
from pathlib import Path

from app.providers.storage.base import StorageError

# Segments never begin with a dot, so a key can neither climb out of a folder nor name a hidden file.
_SEGMENT = r"[a-z0-9_-][a-z0-9._-]{0,199}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_LONGEST = 512


def require_key(key: str) -> str:
    """The key as given. Raises `StorageError` unless it is made of `[a-z0-9/._-]`, without `..`."""
    if len(key) > _LONGEST or ".." in key or _KEY.fullmatch(key) is None:
        raise StorageError("This is not a storage key.")
    return key


def require_size(source: Path) -> int:
    """The file's size in bytes. Raises `StorageError` when it cannot be read or is empty."""
    try:
        size = source.stat().st_size
    except OSError as error:
        raise StorageError("The file to store cannot be read.") from error
    if size == 0:
        raise StorageError("The file to store is empty.")
    return size
