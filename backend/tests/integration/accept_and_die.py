"""Takes one picture in and dies at a named point of that work.

python -m tests.integration.accept_and_die DATABASE_URL FOLDER BUSINESS_ID PICTURE POINT
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path

from app.core import faults
from app.core.db import Database
from app.imaging import Workshop
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.services.images import Library, Received


async def main(url: str, folder: Path, business_id: int, picture: Path, point: str) -> None:
    """Never returns: the process is killed on the way."""
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


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5]))
