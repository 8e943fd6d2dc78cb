"""Takes one picture in and dies at a named point of that work; for a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from app.core import faults
from app.core.db import Database
from app.imaging import Workshop
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.services.images import Library, Received


def accept_and_die(url: str, folder: Path, business_id: int, picture: Path, point: str) -> None:
    """Never returns: the process is killed on the way."""
    asyncio.run(_accept(url, folder, business_id, picture, point))


async def _accept(url: str, folder: Path, business_id: int, picture: Path, point: str) -> None:
    faults.arm(point)
    workshop = Workshop(workers=1)
    library = Library(
        Database(url), Stores(LocalStorage(folder / "files")), workshop, work_dir=folder / "work"
    )
    async with library.workspace() as workspace:
        digest = hashlib.sha256(picture.read_bytes()).hexdigest()
        await library.accept(
            Received(picture, digest, picture.name), business_id=business_id, workspace=workspace
        )
    raise AssertionError(f"{point} was not reached")
