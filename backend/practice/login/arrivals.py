"""Whoever opened a practice business also manages its accounts at practice Meta.

The product announces a login by its state; whoever then comes with it gets hold of the business's accounts,
unless they are a stranger: a person who was made for having other accounts. Meta itself has no such thing.
"""

from __future__ import annotations

import sqlite3

from practice.login.people import Person, hold, holds
from practice.store import Store

_KEPT_FOR = 3_600.0


def announce(db: sqlite3.Connection, store: Store, *, state: str, reference: str) -> None:
    """Somebody from the business behind `reference` will come with this state."""
    now = store.now()
    db.execute("DELETE FROM arrivals WHERE announced_at < ?", (now - _KEPT_FOR,))
    db.execute("INSERT OR REPLACE INTO arrivals VALUES (?, ?, ?)", (state, reference, now))


def make_stranger(db: sqlite3.Connection, person: Person) -> None:
    """This person is from no business here, whatever they come with."""
    db.execute("INSERT OR IGNORE INTO strangers VALUES (?)", (person.id,))


def let_in(db: sqlite3.Connection, person: Person, state: str) -> None:
    """Give whoever comes with an announced state the accounts of their business."""
    if db.execute("SELECT 1 FROM strangers WHERE person_id = ?", (person.id,)).fetchone():
        return
    found = db.execute(
        "SELECT a.id FROM accounts a JOIN arrivals r ON r.reference = a.reference WHERE r.state = ? "
        "ORDER BY a.rowid",
        (state,),
    ).fetchall()
    for row in found:
        if not holds(db, person, row["id"]):
            hold(db, person, row["id"])
