"""ExifTool, which reads what others write into pictures. npm has it with all of its Perl files."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.servers.npm import fetch_package

_PACKAGE = "exiftool-vendored.pl@13.59.3"
_INTEGRITY = "sha512-QmYq2JKCXRK9Uo3E3nHb0gQ6Xce2HK7wPtrHF5r+IYWyiM5WkOhiT3BesLI9lvJvPAbzjqFxQlrjXv+/cuSX/Q=="
_TOOLS = Path(__file__).resolve().parents[3] / ".tools"


def read_metadata(*files: Path) -> list[dict[str, Any]]:
    """Everything that each file says beside its pixels, by group and name, as it is written there."""
    told = subprocess.run(
        ["perl", str(_script()), "-config", "", "-json", "-G1", "-n", "-struct", "-charset", "filename=utf8"]
        + [str(file) for file in files],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return list(json.loads(told.stdout))


@cache
def _script() -> Path:
    if shutil.which("perl") is None:
        pytest.skip("Perl is not installed, and ExifTool is written in it")
    folder = _TOOLS / _PACKAGE
    if not folder.exists():
        _TOOLS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_TOOLS) as work:
            package = fetch_package(_PACKAGE, _INTEGRITY, Path(work))
            # Another test process may have been quicker.
            with contextlib.suppress(OSError):
                package.rename(folder)
    return folder / "bin" / "exiftool"
