"""Pictures that have arrived and are not in the library yet, on the disk of whoever asked for them.

A picture is paid for the moment it arrives, so it is written down before anything else is done with it. What
lies here under its own name is whole: it gets that name once its bytes are on the disk. The facts beside it
are not waited for; should a power cut take them, the cost is not known.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.imaging import HEAD_BYTES
from app.providers.image_generation.base import GeneratedPicture


@dataclass(frozen=True, slots=True)
class Arrived:
    """A picture in the spool: where it is, its first bytes, and what its provider said of it. `model` is None
    where that was lost."""

    path: Path
    head: bytes
    sha256: str
    model: str | None
    seed: int | None
    cost: Decimal | None


class Spool:
    """A folder for arrived pictures, one at most for each generation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, generation_id: int, picture: GeneratedPicture) -> Arrived:
        """Write a picture down. Raises `OSError`."""
        return await asyncio.to_thread(self._keep, generation_id, picture)

    async def find(self, generation_id: int) -> Arrived | None:
        """The picture of a generation, if it has arrived."""
        return await asyncio.to_thread(self._find, generation_id)

    async def drop(self, generation_id: int) -> None:
        """The picture is in the library, or nobody can take it in."""
        await asyncio.to_thread(self._drop, generation_id)

    async def list_ids(self) -> Sequence[int]:
        """The generations whose pictures are here. What a dead process left half written is removed."""
        return await asyncio.to_thread(self._list_ids)

    def _keep(self, generation_id: int, picture: GeneratedPicture) -> Arrived:
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(picture.content).hexdigest()
        facts = {
            "sha256": digest,
            "model": picture.model,
            "seed": picture.seed,
            "cost": None if picture.cost is None else str(picture.cost),
        }
        self._facts(generation_id).write_text(json.dumps(facts))
        partial = self._folder / f"{generation_id}.part"
        try:
            with partial.open("wb") as file:
                file.write(picture.content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._picture(generation_id))
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        return Arrived(
            path=self._picture(generation_id),
            head=picture.content[:HEAD_BYTES],
            sha256=digest,
            model=picture.model,
            seed=picture.seed,
            cost=picture.cost,
        )

    def _find(self, generation_id: int) -> Arrived | None:
        path = self._picture(generation_id)
        try:
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None
        try:
            facts = json.loads(self._facts(generation_id).read_bytes())
            if facts["sha256"] != digest:
                raise ValueError("the facts are of another picture")
        except (FileNotFoundError, ValueError):
            return Arrived(path=path, head=head, sha256=digest, model=None, seed=None, cost=None)
        return Arrived(
            path=path,
            head=head,
            sha256=digest,
            model=facts["model"],
            seed=facts["seed"],
            cost=None if facts["cost"] is None else Decimal(facts["cost"]),
        )

    def _drop(self, generation_id: int) -> None:
        # The picture first: facts alone are nothing.
        self._picture(generation_id).unlink(missing_ok=True)
        self._facts(generation_id).unlink(missing_ok=True)

    def _list_ids(self) -> list[int]:
        if not self._folder.is_dir():
            return []
        for partial in self._folder.glob("*.part"):
            partial.unlink(missing_ok=True)
        return sorted(int(path.stem) for path in self._folder.glob("*.picture") if path.stem.isdecimal())

    def _picture(self, generation_id: int) -> Path:
        return self._folder / f"{generation_id}.picture"

    def _facts(self, generation_id: int) -> Path:
        return self._folder / f"{generation_id}.json"
