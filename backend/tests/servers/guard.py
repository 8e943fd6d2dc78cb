"""Runs one command and ends it when whoever asked for it is gone.

    python guard.py --log FILE [--user UID] [--signal NAME] [--grace SECONDS] [--remove DIR] -- command …

The parent holds the other end of this process's standard input. When the parent closes it, or dies in
any way at all (`kill -9` included), the command gets the signal, then, after the grace, `SIGKILL` for
its whole process group. DIR is removed when the parent died without a word (it writes one before an
orderly end, and then tidies up itself). So no test run leaves a server or a folder behind.

The first and only line on standard output is the command's process id. The guard ends with the
command's own return code. It is a plain script without imports from this project: it starts quickly.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--user", type=int)
    parser.add_argument("--signal", default="SIGTERM")
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("--remove")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()

    with open(arguments.log, "ab") as log:
        # As another user the command keeps none of root's groups.
        identity = (
            {}
            if arguments.user is None
            else {"user": arguments.user, "group": arguments.user, "extra_groups": []}
        )
        child = subprocess.Popen(
            arguments.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **identity,
        )
    print(child.pid, flush=True)

    ended = threading.Event()
    is_abandoned = False

    def end_with_parent() -> None:
        nonlocal is_abandoned
        word = b""
        while part := os.read(0, 4096):
            word += part
        is_abandoned = not word
        child.send_signal(getattr(signal, arguments.signal))
        if not ended.wait(arguments.grace):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)

    threading.Thread(target=end_with_parent, daemon=True).start()
    code = child.wait()
    ended.set()
    # Helpers of a command that died by itself must not outlive it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    if arguments.remove and is_abandoned:
        shutil.rmtree(arguments.remove, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
