"""Writes the API description, or checks that the kept one is that of the code. Starts nothing.

openapi.py FILE            write it
openapi.py --check FILE    fail when FILE differs
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))

from app.core.config import Settings
from app.main import create_app


def description() -> str:
    """The OpenAPI document as it is kept: in a fixed order, so that a change shows as one."""
    with tempfile.TemporaryDirectory() as folder:
        # Neither a .env file nor practice mode has a say in what the API looks like.
        settings = Settings(_env_file=None, data_dir=Path(folder), practice_mode="off", image_providers=())
        document = create_app(settings).openapi()
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    text = description()
    if not arguments.check:
        arguments.file.write_text(text, encoding="utf-8")
    elif not arguments.file.exists() or arguments.file.read_text(encoding="utf-8") != text:
        sys.exit(f"{arguments.file} is stale: run make openapi")


if __name__ == "__main__":
    main()
