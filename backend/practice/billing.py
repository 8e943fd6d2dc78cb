"""What the simulators of AI providers have billed, so that a ledger can be held against it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Bill:
    """One picture. `amount` is in USD; `reference` is the provider's name for the work, where it has one."""

    provider: str
    model: str
    amount: Decimal
    reference: str | None = None


def add_bill(db: sqlite3.Connection, bill: Bill, *, at: float, call_id: int | None = None) -> None:
    """Write a bill down, in the transaction that notes that the work is done."""
    db.execute(
        "INSERT INTO bills (at, call_id, provider, model, amount, reference) VALUES (?, ?, ?, ?, ?, ?)",
        (at, call_id, bill.provider, bill.model, str(bill.amount), bill.reference),
    )


def list_bills(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Every bill, oldest first."""
    return [dict(row) for row in db.execute("SELECT * FROM bills ORDER BY id")]
