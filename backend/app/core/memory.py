"""How the C library's allocator deals with what a process gives back."""

from __future__ import annotations

import ctypes
import sys

MIB = 1024 * 1024
KEPT_BYTES = 16 * MIB
"""Memory at the end of its heap that a process keeps for what comes next."""
MAPPED_FROM_BYTES = 4 * MIB
"""A piece of at least this size is asked of the system alone, and goes back to it at once."""
ARENAS = 2

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def keep_freed() -> None:
    """Pieces of memory that come and go with every read of a socket are used again from now on.

    By itself the allocator of Linux hands them back each time, and the system clears as many pages anew: half
    of what receiving a file takes. Other systems are left as they are.
    """
    if sys.platform != "linux":
        return
    try:
        tune = ctypes.CDLL(None).mallopt
    except AttributeError:
        # A C library that has other ways.
        return
    for what, value in (
        (_M_TRIM_THRESHOLD, KEPT_BYTES),
        (_M_MMAP_THRESHOLD, MAPPED_FROM_BYTES),
        (_M_ARENA_MAX, ARENAS),
    ):
        tune(what, value)
