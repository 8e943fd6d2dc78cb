"""Passwords that cost next to nothing to hash, for tests and for the servers that they fork.

Nearly every test begins by signing somebody up, and a hash of full strength takes as long as the rest of it.
What protects real passwords is looked at in `unit/test_accounts.py`.
"""

from __future__ import annotations

from app.services import users


def hash_lightly() -> None:
    """From here on this process hashes with as little work as the algorithm takes."""
    users.passwords = users.Passwords(memory_kib=8, passes=1)
