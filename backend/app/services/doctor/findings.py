"""What is said of one thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `fix` says what to do, where something is wrong."""

    what: str
    is_ok: bool
    detail: str
    fix: str = ""


def number_of(count: int, noun: str = "piece of work") -> str:
    """So many things are."""
    plural = "pieces of work" if noun == "piece of work" else f"{noun}s"
    return f"{count} {noun} is" if count == 1 else f"{count} {plural} are"
