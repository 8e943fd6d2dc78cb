"""What is published on Practice Instagram, as it is read and listed; and the account itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from practice.accounts import Account
from practice.graph.call import GraphCall
from practice.graph.context import Context, Json, choose, iso_time, page_of, pick
from practice.graph.pictures import picture_path


def slide_containers(db: sqlite3.Connection, media: sqlite3.Row) -> list[str]:
    """The containers of a media's pictures, in order."""
    row = db.execute("SELECT id, children FROM containers WHERE id = ?", (media["container_id"],)).fetchone()
    return json.loads(row["children"]) or [row["id"]]


def media_fields(
    db: sqlite3.Connection, context: Context, media: sqlite3.Row
) -> dict[str, Callable[[], Any]]:
    """Every field of a published media that can be asked for."""
    is_story = media["media_type"] == "STORIES"
    is_carousel = media["media_type"] == "CAROUSEL"

    def account() -> sqlite3.Row:
        row: sqlite3.Row = db.execute(
            "SELECT * FROM accounts WHERE id = ?", (media["account_id"],)
        ).fetchone()
        return row

    def first_picture() -> sqlite3.Row:
        row: sqlite3.Row = db.execute(
            "SELECT p.id, p.mime_type, m.alt_text FROM media_pictures m JOIN pictures p "
            "ON p.id = m.picture_id WHERE m.media_id = ? ORDER BY m.position",
            (media["id"],),
        ).fetchone()
        return row

    def media_url() -> str:
        picture = first_picture()
        return context.link(picture_path(picture["id"], picture["mime_type"]))

    return {
        "id": lambda: media["id"],
        "permalink": lambda: context.link(f"/instagram/p/{media['shortcode']}/"),
        "shortcode": lambda: media["shortcode"],
        "media_type": lambda: "CAROUSEL_ALBUM" if is_carousel else "IMAGE",
        "media_product_type": lambda: "STORY" if is_story else "FEED",
        "timestamp": lambda: iso_time(media["created_at"]),
        "caption": lambda: media["caption"] or None,
        "alt_text": lambda: first_picture()["alt_text"] or None,
        "is_ai_generated": lambda: bool(media["is_ai_generated"]),
        "media_url": media_url,
        "username": lambda: account()["username"],
        "owner": lambda: {"id": media["account_id"]},
        "like_count": lambda: 0,
        "comments_count": lambda: db.execute(
            "SELECT count(*) FROM comments WHERE owner_id = ?", (media["id"],)
        ).fetchone()[0],
        "is_comment_enabled": lambda: True,
        "children": lambda: _children(db, media) if is_carousel else None,
    }


def _children(db: sqlite3.Connection, media: sqlite3.Row) -> Json:
    container = db.execute(
        "SELECT children FROM containers WHERE id = ?", (media["container_id"],)
    ).fetchone()
    return {"data": [{"id": child} for child in json.loads(container["children"])]}


def read_media(db: sqlite3.Connection, context: Context, media: sqlite3.Row, call: GraphCall) -> Json:
    """`GET /{media-id}`."""
    return choose(call, "Media", media_fields(db, context, media))


def list_media(
    db: sqlite3.Connection, context: Context, account: Account, call: GraphCall, link: str
) -> Json:
    """`GET /{ig-user-id}/media`: newest first, without stories."""
    fields = call.fields(())
    rows = db.execute(
        "SELECT * FROM media WHERE account_id = ? AND media_type != 'STORIES' "
        "ORDER BY created_at DESC, rowid DESC",
        (account.id,),
    ).fetchall()
    return page_of(call, [pick(fields, "Media", media_fields(db, context, row)) for row in rows], link)


def read_instagram_account(
    db: sqlite3.Connection, context: Context, account: Account, call: GraphCall
) -> Json:
    """`GET /{ig-user-id}` and `GET /me` with the account's own token."""

    def media_count() -> int:
        row = db.execute("SELECT count(*) FROM media WHERE account_id = ?", (account.id,)).fetchone()
        return int(row[0])

    return choose(
        call,
        "IGUser",
        {
            "id": lambda: account.id,
            "user_id": lambda: account.id,
            "ig_id": lambda: account.id,
            "username": lambda: account.username,
            "name": lambda: account.name,
            "account_type": lambda: "BUSINESS",
            "profile_picture_url": lambda: context.link(f"/avatars/{account.id}.svg"),
            "biography": lambda: None,
            "website": lambda: None,
            "followers_count": lambda: 0,
            "follows_count": lambda: 0,
            "media_count": media_count,
        },
    )
