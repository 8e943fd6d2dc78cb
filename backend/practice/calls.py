"""The log of calls: what reached the simulators, without tokens, prompts or pictures."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from practice.store import CALLS_KEPT

SHOWN_CHARACTERS = 200
_NEVER_SHOWN = frozenset(
    {
        "access_token",
        "input_token",
        "appsecret_proof",
        "client_secret",
        "prompt",
        "source",
        "fb_exchange_token",
        "code",
    }
)


def shown(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as they may be seen: no secrets, long texts cut."""
    seen: dict[str, Any] = {}
    for name, value in params.items():
        if name in _NEVER_SHOWN:
            continue
        is_short = not isinstance(value, str) or len(value) <= SHOWN_CHARACTERS
        seen[name] = value if is_short else value[:SHOWN_CHARACTERS] + "…"
    return seen


def begin_call(
    db: sqlite3.Connection,
    *,
    at: float,
    method: str,
    path: str,
    edge: str,
    account_id: str | None,
    params: Mapping[str, Any],
    faults: list[str],
) -> int:
    """Note that a call has arrived."""
    cursor = db.execute(
        "INSERT INTO calls (at, method, path, edge, account_id, params, faults) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at, method, path, edge, account_id, json.dumps(shown(params), default=str), json.dumps(faults)),
    )
    call_id = int(cursor.lastrowid or 0)
    if call_id % 200 == 0:
        db.execute("DELETE FROM calls WHERE id <= ?", (call_id - CALLS_KEPT,))
    return call_id


def end_call(db: sqlite3.Connection, call_id: int, *, status: int, error: str | None) -> None:
    """Note that the call's work is done, whether or not anybody hears of it."""
    db.execute(
        "UPDATE calls SET is_executed = 1, status = ?, error = ? WHERE id = ?", (status, error, call_id)
    )


def list_calls(db: sqlite3.Connection, limit: int = 500) -> list[dict[str, Any]]:
    """The latest calls, oldest first."""
    rows = db.execute("SELECT * FROM calls ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
    return [
        {
            "id": row["id"],
            "at": row["at"],
            "method": row["method"],
            "path": row["path"],
            "edge": row["edge"],
            "account_id": row["account_id"],
            "params": json.loads(row["params"]),
            "faults": json.loads(row["faults"]),
            "is_executed": bool(row["is_executed"]),
            "status": row["status"],
            "error": row["error"],
        }
        for row in reversed(rows)
    ]
