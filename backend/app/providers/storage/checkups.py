"""What the checkups of all stores have in common: one step is one finding, and trouble names its cure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from app.core.logging import get_logger
from app.providers.storage.base import Finding, StorageError

log = get_logger(__name__)


class Trouble(Exception):
    """A check did not go well: what was seen, and what to change. `state` is how bad that is."""

    def __init__(self, detail: str, fix: str, *, state: Literal["warning", "failed"] = "failed") -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix
        self.state = state


async def look(name: str, title: str, step: Callable[[], Awaitable[str | None]]) -> Finding:
    """The finding of one step, which returns what is worth saying when all is well, or raises `Trouble`."""
    try:
        return Finding(name, title, "ok", await step() or "")
    except Trouble as trouble:
        return Finding(name, title, trouble.state, trouble.detail, trouble.fix)
    except StorageError as error:
        return Finding(name, title, "failed", str(error))
    except Exception as error:
        # One check that breaks must not hide what the others found.
        log.exception("storage.check_broke", check=name)
        return Finding(
            name, title, "failed", f"The check itself broke ({type(error).__name__}); see the log."
        )


def skipped(name: str, title: str, detail: str) -> Finding:
    """A check that makes no sense here."""
    return Finding(name, title, "skipped", detail)
