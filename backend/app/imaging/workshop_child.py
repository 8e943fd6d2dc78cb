"""One worker process of the workshop: `python -m app.imaging.workshop_child PARENT_PID MEMORY_BYTES`.

It reads one task per line from standard input and answers each with one line, both JSON. For a signature it
asks in between, for it holds no secret. It ends when its input ends, and with its parent, however that one
ends.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.imaging.errors import PictureRefused
from app.imaging.framing import Framing
from app.imaging.masks import read_mask
from app.imaging.origin import SourceType
from app.imaging.recipes import recipe_from_json
from app.imaging.renditions import Wanted, render_all
from app.imaging.seals import Seal
from app.imaging.verify import Limits, verify

_PR_SET_PDEATHSIG = 1
_RANK = 5
"""How far a worker stands back (as `nice` counts) where cores are short: pictures can wait, whoever looks at
a page does not."""


def main() -> None:
    parent_pid, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent_pid)
    os.nice(_RANK)
    # Standard output belongs to the protocol; nothing that a library prints may get into it.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)

    from app.imaging import decoder

    decoder.warm_up()
    _limit_memory(memory_bytes)
    answers.write(b'{"ready": true}\n')

    def sign(message: bytes) -> bytes:
        wanted = {"to_sign": base64.b64encode(message).decode()}
        answers.write(json.dumps(wanted).encode("ascii") + b"\n")
        return base64.b64decode(json.loads(sys.stdin.buffer.readline())["signature"])

    while line := sys.stdin.buffer.readline():
        answers.write(json.dumps(_answer(json.loads(line), sign)).encode("ascii") + b"\n")


def _answer(task: dict[str, Any], sign: Callable[[bytes], bytes]) -> dict[str, Any]:
    try:
        return {"done": _perform(task, Seal(**task["seal"], sign=sign) if task["seal"] else None)}
    except PictureRefused as refusal:
        return {"refused": {"code": refusal.code, "detail": refusal.detail, "facts": refusal.facts}}
    except OSError as error:
        return {"failed": {"errno": error.errno, "strerror": error.strerror}}
    except MemoryError:
        return {"out_of_memory": True}
    except Exception as error:
        # The outer edge of a task: the kind of the error is told, its words may quote the picture.
        return {"broken": type(error).__name__}


def _perform(task: dict[str, Any], seal: Seal | None) -> dict[str, Any]:
    source = Path(task["source"])
    if task["kind"] == "mask":
        return asdict(read_mask(source, Path(task["target"])))
    source_type = task["source_type"] and SourceType(task["source_type"])
    if task["kind"] == "verify":
        verified = verify(
            source,
            Path(task["clean"]),
            Path(task["thumb"]),
            Limits(**task["limits"]),
            source_type=source_type,
            parent=Path(task["parent"]) if task["parent"] else None,
            seal=seal,
        )
        told = verified.source_type and verified.source_type.value
        return {**asdict(verified), "format": verified.format.value, "source_type": told}
    wanted = [_wanted(fields) for fields in task["wanted"]]
    rendered = render_all(source, wanted, source_type=source_type, seal=seal)
    return {"rendered": [asdict(made) for made in rendered]}


def _wanted(fields: dict[str, Any]) -> Wanted:
    framing, shape = fields["framing"], fields["shape"]
    return Wanted(
        recipe_from_json(fields["recipe"]),
        Path(fields["target"]),
        Framing(**{**framing, "focus": tuple(framing["focus"])}),
        (shape[0], shape[1]) if shape else None,
    )


def _die_with(parent_pid: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have ended before the line above.
    if os.getppid() != parent_pid:
        os._exit(0)


def _limit_memory(allowance: int) -> None:
    """At most `allowance` bytes more address space than the process has now, where the system counts it."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return
    in_use = int(statm.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + allowance, in_use + allowance))


if __name__ == "__main__":
    main()
