"""What a process and its children take, read from /proc (Linux)."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and all its living descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, at = [pid], 0
    while at < len(found):
        found += parents.get(found[at], [])
        at += 1
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process, its living descendants, and those of theirs that ended."""
    spent = 0
    for member in family(pid):
        if fields := _stat(member):
            spent += sum(int(field) for field in fields[11:15])
    return spent / _TICKS


def resident_bytes(pid: int) -> int:
    """Memory of the process alone."""
    return _status(pid, "VmRSS:")


def peak_bytes(pid: int) -> int:
    """The most memory that the process alone has had."""
    return _status(pid, "VmHWM:")


@dataclass
class Watch:
    """Samples the memory of a process with all its descendants; shared pages count once."""

    pid: int
    peak: int = 0

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.1):
            self.peak = max(self.peak, sum(proportional(pid) for pid in family(self.pid)))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the parent is at 1, times at 11 to 14."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _status(pid: int, name: str) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split(name)[1].split()[0]) * 1024


def proportional(pid: int) -> int:
    """Memory of the process, with its share of the pages that it shares."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(rollup.split("\nPss:")[1].split()[0]) * 1024
    except (OSError, IndexError):
        return 0
