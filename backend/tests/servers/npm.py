"""Fetches a single npm package that only the tests need, and checks that it is the one that was meant."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any


class WrongPackage(RuntimeError):
    """What the registry sent is not the package whose digest is known."""


def fetch_package(package: str, integrity: str, into: Path) -> Path:
    """Unpack `package` (`name@version`) below `into`, without its dependencies or scripts.

    `integrity` is the digest as npm writes it. Returns the folder with the package's files. Raises
    `WrongPackage`, or `subprocess.SubprocessError` when npm cannot fetch it.
    """
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(
            ["npm", "pack", "--silent", package],
            cwd=work,
            check=True,
            capture_output=True,
            text=True,
            timeout=900,
        )
        [archive] = Path(work).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != integrity:
            raise WrongPackage(f"{package} is not the package that was checked")
        unpack(archive, into)
    return into / "package"


def unpack(archive: Path, into: Path) -> None:
    """Unpack a tar file that is known to hold what it should."""
    # Early 3.11 has no filters yet.
    options: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(archive) as opened:
        opened.extractall(into, **options)  # noqa: S202 - its digest was checked
