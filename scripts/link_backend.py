"""Makes `app` and `practice` importable in the environment that runs this, and puts `aigrowth` into it.

It does what an editable install does, without a build tool that would have to be fetched first.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[1] / "backend"

# The shell starts the interpreter beside this file, so the folder may be moved and may hold spaces.
COMMAND = """#!/bin/sh
'''exec' "$(dirname "$0")/python" "$0" "$@"
' '''
import sys

from app.cli import main

sys.exit(main())
"""


def main() -> None:
    """Write the path file and the command."""
    if sys.prefix == sys.base_prefix:
        sys.exit("Run this with the environment's own Python: make setup-run does.")
    Path(sysconfig.get_path("purelib"), "aigrowth.pth").write_text(f"{BACKEND}\n", encoding="utf-8")
    command = Path(sysconfig.get_path("scripts"), "aigrowth")
    command.write_text(COMMAND, encoding="utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    main()
