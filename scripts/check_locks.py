"""Fails when a lock file names an address, or a Python package without a hash.

An address would tie every installation to one package server; a missing hash would let any server
choose what runs here.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON_LOCKS = ("backend/requirements.lock", "backend/requirements-dev.lock")
ADDRESS = re.compile(r"\b[a-z+]+://", re.IGNORECASE)
# npm keeps the link under which a package asks for donations; nothing is fetched from it.
HARMLESS = re.compile(r'^\s*"url": "https://[^"]+",?$')


def problems() -> list[str]:
    """One sentence for each line that does not belong into a lock file."""
    found = []
    for name in (*PYTHON_LOCKS, "frontend/package-lock.json"):
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
            if ADDRESS.search(line) and not HARMLESS.match(line):
                found.append(f"{name}:{number}: holds an address: {line.strip()}")
    for name in PYTHON_LOCKS:
        for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8")):
            package = entry.split(maxsplit=1)[0] if entry.strip() else "#"
            if not package.startswith("#") and "--hash=sha256:" not in entry:
                found.append(f"{name}: {package} has no hash")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()))
