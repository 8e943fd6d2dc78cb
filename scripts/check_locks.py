"""Fails when a lock file names an address, a Python package without a hash, or is not up to date for npm.

An address would tie every installation to one package server; a missing hash would let any server
choose what runs here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PYTHON_LOCKS = (
    "backend/requirements.lock",
    "backend/requirements-heic.lock",
    "backend/requirements-dev.lock",
)
NPM_LOCK = "frontend/package-lock.json"
NPM_WISHES = "frontend/package.json"
ADDRESS = re.compile(r"\b[a-z+]+://", re.IGNORECASE)


def problems() -> Iterator[str]:
    """One sentence for each thing that does not belong into a lock file."""
    for name in PYTHON_LOCKS:
        text = (ROOT / name).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if ADDRESS.search(line):
                yield f"{name}:{number}: holds an address: {line.strip()}"
        for entry in re.split(r"\n(?=\S)", text):
            package = entry.split(maxsplit=1)[0] if entry.strip() else "#"
            if not package.startswith("#") and "--hash=sha256:" not in entry:
                yield f"{name}: {package} has no hash"
    packages: dict[str, dict[str, Any]] = json.loads((ROOT / NPM_LOCK).read_text(encoding="utf-8"))[
        "packages"
    ]
    for package, facts in packages.items():
        # Where a package asks for donations; nothing is fetched from there.
        facts.pop("funding", None)
        if ADDRESS.search(json.dumps(facts)):
            yield f"{NPM_LOCK}: {package} holds an address"


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
