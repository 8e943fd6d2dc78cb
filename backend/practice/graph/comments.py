"""Comments under a media or a Page's post: written by the account itself, listed, read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from practice.accounts import Account
from practice.graph import errors
from practice.graph.call import GraphCall
from practice.graph.context import Context, Json, iso_time, page_of, pick
from practice.graph.errors import GraphError
from practice.graph.instagram import HASHTAG, HASHTAG_LIMIT, caption_length, trimmed
from practice.store import new_id

LONGEST = {"instagram": 2_200, "page": 8_000}


async def create_comment(context: Context, account: Account, owner_id: str, call: GraphCall) -> Json:
    """`POST /{media-id}/comments` and `POST /{post-id}/comments`: the same text twice is two comments."""
    text = trimmed(call.text("message"))
    if not text:
        raise GraphError(errors.PARAMETER_MISSING, name="message")
    is_crowded = account.kind == "instagram" and len(HASHTAG.findall(text)) > HASHTAG_LIMIT
    if caption_length(text) > LONGEST[account.kind] or is_crowded:
        raise GraphError(errors.PARAMETER_INVALID, name="message", problem="is too long")

    def save(db: sqlite3.Connection) -> Json:
        number = new_id("179" if account.kind == "instagram" else "1", 17)
        comment_id = number if account.kind == "instagram" else f"{owner_id.partition('_')[2]}_{number}"
        db.execute(
            "INSERT INTO comments (id, owner_id, account_id, text, created_at) VALUES (?, ?, ?, ?, ?)",
            (comment_id, owner_id, account.id, text, context.store.now()),
        )
        return {"id": comment_id}

    return await context.store.run(save)


def list_comments(
    db: sqlite3.Connection, account: Account, owner_id: str, call: GraphCall, link: str
) -> Json:
    """`GET /{media-id}/comments` (newest first) and `GET /{post-id}/comments` (oldest first)."""
    order = "DESC" if account.kind == "instagram" else "ASC"
    rows = db.execute(
        f"SELECT * FROM comments WHERE owner_id = ? ORDER BY created_at {order}, rowid {order}",  # noqa: S608 -- both orders are written here
        (owner_id,),
    ).fetchall()
    default = ("timestamp", "text") if account.kind == "instagram" else ("created_time", "from", "message")
    fields = call.fields(default)
    return page_of(call, [pick(fields, "Comment", _fields(account, row)) for row in rows], link)


def _fields(account: Account, row: sqlite3.Row) -> dict[str, Callable[[], Any]]:
    shared: dict[str, Callable[[], Any]] = {"id": lambda: row["id"]}
    if account.kind == "instagram":
        return shared | {
            "text": lambda: row["text"],
            "timestamp": lambda: iso_time(row["created_at"]),
            "username": lambda: account.username,
            "from": lambda: {"id": row["account_id"], "username": account.username},
            "like_count": lambda: 0,
        }
    return shared | {
        "message": lambda: row["text"],
        "created_time": lambda: iso_time(row["created_at"]),
        "from": lambda: {"id": row["account_id"], "name": account.name},
        "like_count": lambda: 0,
    }


def comments_of(db: sqlite3.Connection, owner_id: str) -> list[sqlite3.Row]:
    """The comments under a media or post, oldest first."""
    return db.execute(
        "SELECT * FROM comments WHERE owner_id = ? ORDER BY created_at, rowid", (owner_id,)
    ).fetchall()
