"""Practice accounts: an Instagram account and the Page it is linked to, always made as a pair."""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

from practice.store import Store, new_id, setting

Kind = Literal["instagram", "page"]


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `token_subcode` is set when its token no longer works, and says why."""

    id: str
    kind: Kind
    pair_id: str
    name: str
    username: str
    access_token: str
    language: str
    token_subcode: int | None
    is_restricted: bool
    created_at: float


@dataclass(frozen=True, slots=True)
class Pair:
    """The two accounts of one practice business."""

    instagram: Account
    page: Account


def account_of(row: sqlite3.Row) -> Account:
    """Read an account from its row."""
    return Account(
        id=row["id"],
        kind=row["kind"],
        pair_id=row["pair_id"],
        name=row["name"],
        username=row["username"],
        access_token=row["access_token"],
        language=row["language"],
        token_subcode=row["token_subcode"],
        is_restricted=bool(row["is_restricted"]),
        created_at=row["created_at"],
    )


def find_account(db: sqlite3.Connection, account_id: str) -> Account | None:
    """The account with this id."""
    row = db.execute("SELECT * FROM accounts WHERE id = ?", (account_id,)).fetchone()
    return None if row is None else account_of(row)


def find_by_token(db: sqlite3.Connection, token: str) -> Account | None:
    """The account that this token speaks for."""
    row = db.execute("SELECT * FROM accounts WHERE access_token = ?", (token,)).fetchone()
    return _by_grant(db, token) if row is None else account_of(row)


def _by_grant(db: sqlite3.Connection, token: str) -> Account | None:
    """The account behind a token that came of a login, with what is wrong with that token."""
    row = db.execute(
        "SELECT a.*, g.token, g.subcode, g.expires_at FROM login_grants g "
        "JOIN accounts a ON a.id = g.account_id WHERE g.token = ?",
        (token,),
    ).fetchone()
    if row is None:
        return None
    account = account_of(row)
    now = time.time() + float(setting(db, "clock_offset"))
    is_over = row["expires_at"] is not None and row["expires_at"] <= now
    subcode = row["subcode"] or (463 if is_over else account.token_subcode)
    return replace(account, access_token=row["token"], token_subcode=subcode)


def set_trouble(
    db: sqlite3.Connection, account_id: str, *, token_subcode: int | None, is_restricted: bool
) -> None:
    """What is the matter with an account; without a subcode its token is well."""
    db.execute(
        "UPDATE accounts SET token_subcode = ?, is_restricted = ? WHERE id = ?",
        (token_subcode, is_restricted, account_id),
    )


def find_by_username(db: sqlite3.Connection, username: str) -> Account | None:
    """The Instagram account with this username, in any case."""
    row = db.execute(
        "SELECT * FROM accounts WHERE kind = 'instagram' AND username = ?", (username.lower(),)
    ).fetchone()
    return None if row is None else account_of(row)


def ensure_pair(
    db: sqlite3.Connection,
    store: Store,
    *,
    name: str,
    handle: str | None = None,
    reference: str | None = None,
    language: str = "es",
) -> Pair:
    """Make a pair of accounts, or return the one that `reference` already made.

    The username is the handle or the name in Instagram's alphabet, with a number when it is taken.
    """
    if reference is not None:
        rows = db.execute("SELECT * FROM accounts WHERE reference = ?", (reference,)).fetchall()
        known = {row["kind"]: account_of(row) for row in rows}
        if known:
            return Pair(known["instagram"], known["page"])
    username = _free_username(db, username_from(handle or name))
    instagram_id, page_id = new_id("17841", 17), new_id("1", 15)
    token = secrets.token_urlsafe(36).replace("-", "x").replace("_", "y")
    rows_to_add = (
        (instagram_id, "instagram", page_id, "IGAA" + token[:24] + secrets.token_hex(16)),
        (page_id, "page", instagram_id, "EAAB" + token[24:] + secrets.token_hex(16)),
    )
    for account_id, kind, pair_id, access_token in rows_to_add:
        db.execute(
            "INSERT INTO accounts (id, kind, pair_id, reference, name, username, access_token, language, "
            "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (account_id, kind, pair_id, reference, name, username, access_token, language, store.now()),
        )
    instagram, page = find_account(db, instagram_id), find_account(db, page_id)
    if instagram is None or page is None:
        raise LookupError("the accounts just made are not there")
    return Pair(instagram, page)


def username_from(name: str) -> str:
    """A name in Instagram's alphabet: a-z, 0-9, dot and underscore, at most 24 characters."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_.]+", "", plain).strip("._")
    slug = re.sub(r"\.{2,}", ".", slug)[:24].strip(".")
    return slug or "practice"


def _free_username(db: sqlite3.Connection, wanted: str) -> str:
    taken = {
        row["username"]
        for row in db.execute(
            "SELECT username FROM accounts WHERE substr(username, 1, ?) = ?",
            (len(wanted), wanted),
        )
    }
    number, username = 1, wanted
    while username in taken:
        number += 1
        username = f"{wanted}{number}"
    return username
