"""Practice people: what each of them manages, and what they have allowed the app.

A person belongs to a browser, by a cookie, as at Meta. A code counts once and for ten minutes; tokens end as
Meta's do, by the simulators' own clock.
"""

from __future__ import annotations

import hmac
import json
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from practice.accounts import Account, ensure_pair, find_account
from practice.store import Store, new_id

APP_ID = "100000000000001"
DAY = 86_400.0
SHORT, LONG = 3_600.0, 60 * DAY
DATA_ACCESS = 90 * DAY
CODE_LIFE = 600.0
_IDLE_REMEMBERED = 100
_CODES_REMEMBERED = 20
"""Of each person, codes that were never used."""
ALL_TASKS = ("ANALYZE", "ADVERTISE", "MODERATE", "CREATE_CONTENT", "MANAGE")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account at practice Meta."""

    id: str
    name: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, and what stands behind it. `account_id`: it speaks for an account and not for the person."""

    token: str
    kind: str
    person_id: str
    account_id: str | None
    granted: tuple[str, ...]
    declined: tuple[str, ...]
    account_ids: tuple[str, ...]
    issued_at: float
    expires_at: float | None
    data_access_expires_at: float
    subcode: int | None

    def trouble(self, now: float) -> int | None:
        """The subcode of what is wrong with it."""
        if self.subcode is not None:
            return self.subcode
        return 463 if self.expires_at is not None and self.expires_at <= now else None


def app_secret(control_key: str) -> str:
    """The secret of the one app, where `control_key` opens `/control`."""
    return hmac.digest(control_key.encode(), b"aigrowth:practice-login", "sha256").hex()


def find_person(db: sqlite3.Connection, cookie: str) -> Person | None:
    """Whose browser it is."""
    row = db.execute("SELECT * FROM people WHERE cookie = ?", (cookie,)).fetchone()
    return None if row is None else Person(row["id"], row["name"], row["cookie"])


def add_person(
    db: sqlite3.Connection,
    store: Store,
    *,
    pages: int | None = None,
    owned: int = 0,
    clients: int = 0,
) -> Person:
    """A new person with two businesses, a Page to look at only, and a personal Instagram account; or with
    so many Pages. `owned` and `clients` are Pages that are held through business portfolios only."""
    person = Person(new_id("9", 15), "Pat Practice", secrets.token_urlsafe(18))
    db.execute(
        "INSERT INTO people (id, name, cookie, created_at) VALUES (?, ?, ?, ?)",
        (person.id, person.name, person.cookie, store.now()),
    )
    names = ["Harbour Bakery", "Harbour Bakery Berlin"]
    if pages is not None:
        names = [f"Bakery {number:03}" for number in range(1, pages + 1)]
    for name in names:
        pair = ensure_pair(db, store, name=name)
        hold(db, person, pair.page.id)
        hold(db, person, pair.instagram.id)
    if pages is None:
        fair = _alone(db, store, "page", "Old Town Fair")
        hold(db, person, fair, tasks=("ANALYZE",))
        hold(db, person, _alone(db, store, "instagram", "Pat, privately"), account_type="PERSONAL")
    for edge, count in (("owned_pages", owned), ("client_pages", clients)):
        if count:
            _add_portfolio(db, store, person, edge, count)
    return person


def forget_idle(db: sqlite3.Connection) -> None:
    """Anybody can come to a dialog, and becomes a new person there. Of those who have never let the app in
    only the newest are remembered, with their accounts."""
    idle = [
        row["id"]
        for row in db.execute(
            "SELECT id FROM people p WHERE NOT EXISTS (SELECT 1 FROM login_grants g WHERE g.person_id = p.id)"
            " AND NOT EXISTS (SELECT 1 FROM strangers s WHERE s.person_id = p.id)"
            " ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?",
            (_IDLE_REMEMBERED,),
        )
    ]
    for person_id in idle:
        mine = [
            row["account_id"]
            for row in db.execute(
                "SELECT h.account_id FROM holdings h JOIN accounts a ON a.id = h.account_id"
                " WHERE h.person_id = ? AND a.reference IS NULL AND NOT EXISTS (SELECT 1 FROM holdings o"
                " WHERE o.account_id = h.account_id AND o.person_id <> h.person_id)",
                (person_id,),
            )
        ]
        db.execute("DELETE FROM login_codes WHERE person_id = ?", (person_id,))
        db.execute("DELETE FROM holdings WHERE person_id = ?", (person_id,))
        db.executemany("DELETE FROM accounts WHERE id = ?", [(account_id,) for account_id in mine])
        db.execute("DELETE FROM people WHERE id = ?", (person_id,))


def _add_portfolio(db: sqlite3.Connection, store: Store, person: Person, edge: str, count: int) -> None:
    portfolio_id = new_id("6", 15)
    db.execute("INSERT INTO portfolios VALUES (?, ?, ?)", (portfolio_id, person.id, f"Portfolio of {edge}"))
    for number in range(1, count + 1):
        pair = ensure_pair(db, store, name=f"{edge.split('_')[0].title()} {number:03}")
        hold(db, person, pair.page.id)
        hold(db, person, pair.instagram.id)
        row = (portfolio_id, pair.page.id, edge)
        db.execute("INSERT INTO portfolio_pages VALUES (?, ?, ?)", row)


def portfolios(db: sqlite3.Connection, person_id: str) -> dict[str, str]:
    """The business portfolios of a person: names by id."""
    rows = db.execute("SELECT id, name FROM portfolios WHERE person_id = ? ORDER BY rowid", (person_id,))
    return {row["id"]: row["name"] for row in rows}


def pages_in_portfolios(db: sqlite3.Connection, person_id: str) -> list[tuple[str, str, str]]:
    """Portfolio, edge and Page of everything that a person holds through portfolios."""
    rows = db.execute(
        "SELECT i.* FROM portfolio_pages i JOIN portfolios p ON p.id = i.portfolio_id "
        "WHERE p.person_id = ? ORDER BY i.rowid",
        (person_id,),
    )
    return [(row["portfolio_id"], row["edge"], row["account_id"]) for row in rows]


def hold(
    db: sqlite3.Connection,
    person: Person,
    account_id: str,
    *,
    tasks: Sequence[str] = ALL_TASKS,
    account_type: str = "BUSINESS",
) -> None:
    """Let a person manage an account."""
    db.execute(
        "INSERT INTO holdings (person_id, account_id, tasks, account_type) VALUES (?, ?, ?, ?)",
        (person.id, account_id, json.dumps(list(tasks)), account_type),
    )


def holds(db: sqlite3.Connection, person: Person, account_id: str) -> bool:
    """Whether a person manages an account."""
    found = db.execute(
        "SELECT 1 FROM holdings WHERE person_id = ? AND account_id = ?", (person.id, account_id)
    )
    return found.fetchone() is not None


def _alone(db: sqlite3.Connection, store: Store, kind: str, name: str) -> str:
    """An account that is linked to no other."""
    pair = ensure_pair(db, store, name=name)
    kept, gone = (pair.page, pair.instagram) if kind == "page" else (pair.instagram, pair.page)
    db.execute("UPDATE accounts SET pair_id = '' WHERE id = ?", (kept.id,))
    db.execute("DELETE FROM accounts WHERE id = ?", (gone.id,))
    return kept.id


def held(db: sqlite3.Connection, person_id: str, kind: str) -> list[tuple[Account, list[str], str]]:
    """The accounts of one kind that a person manages, with their tasks there and the account's type."""
    rows = db.execute(
        "SELECT h.* FROM holdings h JOIN accounts a ON a.id = h.account_id "
        "WHERE h.person_id = ? AND a.kind = ? ORDER BY h.rowid",
        (person_id, kind),
    ).fetchall()
    found = [(find_account(db, row["account_id"]), row) for row in rows]
    return [
        (account, json.loads(row["tasks"]), row["account_type"])
        for account, row in found
        if account is not None
    ]


def add_code(
    db: sqlite3.Connection,
    store: Store,
    person: Person,
    *,
    kind: str,
    redirect_uri: str,
    granted: Sequence[str],
    declined: Sequence[str],
    account_ids: Sequence[str],
) -> str:
    """A code for what a person has just allowed."""
    db.execute(
        "DELETE FROM login_codes WHERE code IN (SELECT code FROM login_codes WHERE person_id = ? AND used_at"
        " IS NULL ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?)",
        (person.id, _CODES_REMEMBERED - 1),
    )
    code = "AQ" + secrets.token_urlsafe(48)
    db.execute(
        "INSERT INTO login_codes (code, kind, redirect_uri, person_id, granted, declined, account_ids, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            code,
            kind,
            redirect_uri,
            person.id,
            json.dumps(list(granted)),
            json.dumps(list(declined)),
            json.dumps(list(account_ids)),
            store.now(),
        ),
    )
    return code


def use_code(db: sqlite3.Connection, store: Store, code: str, *, kind: str, redirect_uri: str) -> Grant | str:
    """The short token for a code; or what is wrong: `used`, `expired`, `redirect`, `unknown`."""
    row = db.execute("SELECT * FROM login_codes WHERE code = ? AND kind = ?", (code, kind)).fetchone()
    if row is None:
        return "unknown"
    if row["used_at"] is not None:
        return "used"
    if row["created_at"] + CODE_LIFE < store.now():
        return "expired"
    if row["redirect_uri"] != redirect_uri:
        return "redirect"
    db.execute("UPDATE login_codes SET used_at = ? WHERE code = ?", (store.now(), code))
    account_ids = tuple(json.loads(row["account_ids"]))
    _mend(db, account_ids)
    return add_grant(
        db,
        store,
        kind="instagram" if kind == "instagram" else "user",
        person_id=row["person_id"],
        account_id=account_ids[0] if kind == "instagram" else None,
        granted=tuple(json.loads(row["granted"])),
        declined=tuple(json.loads(row["declined"])),
        account_ids=account_ids,
        life=SHORT,
    )


def _mend(db: sqlite3.Connection, account_ids: Sequence[str]) -> None:
    """After a login the tokens of these accounts work again, and of those that are linked to them."""
    for account_id in account_ids:
        db.execute(
            "UPDATE accounts SET token_subcode = NULL WHERE id = ? OR pair_id = ?", (account_id, account_id)
        )


def add_grant(
    db: sqlite3.Connection,
    store: Store,
    *,
    kind: str,
    person_id: str,
    account_id: str | None,
    granted: tuple[str, ...],
    declined: tuple[str, ...],
    account_ids: tuple[str, ...],
    life: float | None,
    data_access_expires_at: float | None = None,
) -> Grant:
    """A new token."""
    now = store.now()
    prefix = "IGAA" if kind == "instagram" else "EAAB"
    grant = Grant(
        token=prefix + secrets.token_hex(60),
        kind=kind,
        person_id=person_id,
        account_id=account_id,
        granted=granted,
        declined=declined,
        account_ids=account_ids,
        issued_at=now,
        expires_at=None if life is None else now + life,
        data_access_expires_at=data_access_expires_at or now + DATA_ACCESS,
        subcode=None,
    )
    db.execute(
        "INSERT INTO login_grants (token, kind, person_id, account_id, granted, declined, account_ids, "
        "issued_at, expires_at, data_access_expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            grant.token,
            kind,
            person_id,
            account_id,
            json.dumps(granted),
            json.dumps(declined),
            json.dumps(account_ids),
            now,
            grant.expires_at,
            grant.data_access_expires_at,
        ),
    )
    return grant


def find_grant(db: sqlite3.Connection, token: str | None) -> Grant | None:
    """What stands behind a token that came of a login."""
    row = db.execute("SELECT * FROM login_grants WHERE token = ?", (token or "",)).fetchone()
    if row is None:
        return None
    return Grant(
        token=row["token"],
        kind=row["kind"],
        person_id=row["person_id"],
        account_id=row["account_id"],
        granted=tuple(json.loads(row["granted"])),
        declined=tuple(json.loads(row["declined"])),
        account_ids=tuple(json.loads(row["account_ids"])),
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        data_access_expires_at=row["data_access_expires_at"],
        subcode=row["subcode"],
    )


def page_token(db: sqlite3.Connection, store: Store, user: Grant, page_id: str) -> str:
    """The token of a Page for this person; with a long one of theirs it does not end."""
    is_long = user.expires_at is None or user.expires_at - user.issued_at > DAY
    return add_grant(
        db,
        store,
        kind="page",
        person_id=user.person_id,
        account_id=page_id,
        granted=user.granted,
        declined=user.declined,
        account_ids=(page_id,),
        life=None if is_long else SHORT,
        data_access_expires_at=user.data_access_expires_at,
    ).token


def end_grants(db: sqlite3.Connection, person_id: str, subcode: int | None) -> None:
    """All tokens of a person end, with the subcode of the reason; None: they count again."""
    db.execute("UPDATE login_grants SET subcode = ? WHERE person_id = ?", (subcode, person_id))


def age_grants(db: sqlite3.Connection, person_id: str, seconds: float) -> None:
    """Everything that a person has allowed is so much longer ago."""
    db.execute(
        "UPDATE login_grants SET issued_at = issued_at - ?, expires_at = expires_at - ?, "
        "data_access_expires_at = data_access_expires_at - ? WHERE person_id = ?",
        (seconds, seconds, seconds, person_id),
    )


def take_permissions(db: sqlite3.Connection, person_id: str, names: Sequence[str]) -> None:
    """Permissions are taken away from all tokens of a person."""
    for name in names:
        for row in db.execute(
            "SELECT token, granted, declined FROM login_grants WHERE person_id = ?", (person_id,)
        ).fetchall():
            granted = [one for one in json.loads(row["granted"]) if one != name]
            db.execute(
                "UPDATE login_grants SET granted = ?, declined = ? WHERE token = ?",
                (json.dumps(granted), json.dumps([*json.loads(row["declined"]), name]), row["token"]),
            )
