"""Facebook Page publishing: photos, feed posts, reading back, deleting."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from practice.accounts import Account
from practice.graph import errors
from practice.graph.call import GraphCall
from practice.graph.context import DAY, Context, Json, choose, iso_time, page_of, pick
from practice.graph.errors import GraphError
from practice.graph.instagram import trimmed
from practice.graph.pictures import (
    DownloadError,
    Picture,
    download,
    is_fetchable,
    keep_picture,
    picture_path,
    probe,
)
from practice.store import new_id, setting

PHOTO_LIMIT = 4_000_000
MESSAGE_LIMIT = 63_206
SOONEST, LATEST = 10 * 60.0, 30 * DAY
_PHOTO_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff"})


async def create_photo(context: Context, page: Account, call: GraphCall) -> Json:
    """`POST /{page-id}/photos`: a post with one photo, or a photo that waits to be attached."""
    # `message` and `name` still work but are deprecated on this edge.
    caption = trimmed(call.text("caption") or call.text("message") or call.text("name"))
    _check_message(caption)
    publish_at = _publish_at(context, call)
    timeout = await context.store.run(lambda db: setting(db, "download_timeout_ms") / 1000)
    picture = await _photo(call, timeout=timeout)

    def save(db: sqlite3.Connection) -> Json:
        now = context.store.now()
        photo_id, post_id = new_id("1", 15), None
        is_post = publish_at is not None and not call.flag("temporary") and not call.flag("no_story")
        if is_post:
            post_id = _add_post(db, page, message=caption, link="", now=now, publish_at=publish_at)
        db.execute(
            "INSERT INTO photos (id, page_id, picture_id, caption, alt_text, is_temporary, post_id, "
            "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                photo_id,
                page.id,
                keep_picture(db, picture),
                caption,
                call.text("alt_text_custom"),
                call.flag("temporary"),
                post_id,
                now,
            ),
        )
        return {"id": photo_id} if post_id is None else {"id": photo_id, "post_id": post_id}

    return await context.store.run(save)


async def _photo(call: GraphCall, *, timeout: float) -> Picture:
    url = call.text("url")
    if call.source is not None:
        body = call.source
    elif url:
        if not is_fetchable(url):
            raise GraphError(errors.PARAMETER_INVALID, name="url", problem="url should represent a valid URL")
        try:
            body = (await download(url, limit=PHOTO_LIMIT, timeout=timeout)).body
        except DownloadError as error:
            refusal = errors.PHOTO_UNREADABLE if error.is_too_large else errors.FILE_INVALID
            raise GraphError(refusal) from error
    else:
        raise GraphError(errors.FILE_NEEDED)
    picture = probe(body)
    if len(body) > PHOTO_LIMIT or picture is None or picture.mime_type not in _PHOTO_TYPES:
        raise GraphError(errors.PHOTO_UNREADABLE)
    return picture


async def create_post(context: Context, page: Account, call: GraphCall) -> Json:
    """`POST /{page-id}/feed`: text, a link, or photos that wait to be attached."""
    message, link = trimmed(call.text("message")), call.text("link")
    _check_message(message)
    photo_ids = [_photo_id(item) for item in call.items("attached_media")]
    if not message and not link and not photo_ids:
        raise GraphError(errors.PARAMETER_MISSING, name="message")
    if link and not is_fetchable(link):
        raise GraphError(errors.LINK_INVALID)
    publish_at = _publish_at(context, call)

    def save(db: sqlite3.Connection) -> Json:
        now = context.store.now()
        post_id = _add_post(db, page, message=message, link=link, now=now, publish_at=publish_at)
        for position, photo_id in enumerate(photo_ids):
            photo = db.execute(
                "SELECT * FROM photos WHERE id = ? AND page_id = ?", (photo_id, page.id)
            ).fetchone()
            if photo is None:
                raise GraphError(errors.OBJECT_MISSING, verb="post", id=photo_id)
            if photo["post_id"] is not None:
                raise GraphError(errors.PHOTOS_ALREADY_POSTED)
            db.execute(
                "UPDATE photos SET post_id = ?, position = ? WHERE id = ?", (post_id, position, photo_id)
            )
        return {"id": post_id}

    return await context.store.run(save)


def _photo_id(item: Any) -> str:
    if isinstance(item, dict) and str(item.get("media_fbid", "")).isdigit():
        return str(item["media_fbid"])
    raise GraphError(errors.PARAMETER_INVALID, name="attached_media", problem="must hold media_fbid")


def _check_message(text: str) -> None:
    if len(text) > MESSAGE_LIMIT:
        raise GraphError(
            errors.PARAMETER_INVALID,
            name="message",
            problem=f"must be at most {MESSAGE_LIMIT} characters long",
        )


def _publish_at(context: Context, call: GraphCall) -> float | None:
    """When the post becomes visible; `None` for one that stays unpublished.

    A scheduled time without `published=false` is ignored: the post goes live at once.
    """
    now = context.store.now()
    if call.flag("published", default=True):
        return now
    planned = call.number("scheduled_publish_time")
    if planned is None:
        if call.text("unpublished_content_type") == "SCHEDULED":
            raise GraphError(errors.PARAMETER_MISSING, name="scheduled_publish_time")
        return None
    if not now + SOONEST <= planned <= now + LATEST:
        raise GraphError(errors.SCHEDULE_TIME)
    return float(planned)


def _add_post(
    db: sqlite3.Connection, page: Account, *, message: str, link: str, now: float, publish_at: float | None
) -> str:
    post_id = f"{page.id}_{new_id('1', 15)}"
    db.execute(
        "INSERT INTO posts (id, page_id, message, link, created_at, publish_at) VALUES (?, ?, ?, ?, ?, ?)",
        (post_id, page.id, message, link, now, publish_at),
    )
    return post_id


def post_path(post: sqlite3.Row) -> str:
    """Where the post can be looked at, below the application's root."""
    return f"/facebook/{post['page_id']}/posts/{post['id'].partition('_')[2]}"


def post_fields(db: sqlite3.Connection, context: Context, post: sqlite3.Row) -> dict[str, Callable[[], Any]]:
    """Every field of a Page post that can be asked for."""
    now = context.store.now()
    is_published = post["publish_at"] is not None and post["publish_at"] <= now

    def photos() -> list[sqlite3.Row]:
        return db.execute(
            "SELECT f.*, p.mime_type, p.width, p.height FROM photos f JOIN pictures p "
            "ON p.id = f.picture_id WHERE f.post_id = ? ORDER BY f.position, f.rowid",
            (post["id"],),
        ).fetchall()

    def attachments() -> Json | None:
        found = photos()
        if not found:
            return None
        return {
            "data": [
                {
                    "type": "photo",
                    "target": {"id": photo["id"]},
                    "media": {
                        "image": {
                            "src": context.link(picture_path(photo["picture_id"], photo["mime_type"])),
                            "width": photo["width"],
                            "height": photo["height"],
                        }
                    },
                }
                for photo in found
            ]
        }

    def status_type() -> str:
        if photos():
            return "added_photos"
        return "shared_story" if post["link"] else "mobile_status_update"

    return {
        "id": lambda: post["id"],
        "message": lambda: post["message"] or None,
        "created_time": lambda: iso_time(post["publish_at"] if is_published else post["created_at"]),
        "updated_time": lambda: iso_time(post["created_at"]),
        "permalink_url": lambda: context.link(post_path(post)),
        "is_published": lambda: is_published,
        "scheduled_publish_time": lambda: (
            int(post["publish_at"]) if post["publish_at"] is not None and not is_published else None
        ),
        "status_type": status_type,
        "attachments": attachments,
        "from": lambda: {"id": post["page_id"]},
    }


def read_post(db: sqlite3.Connection, context: Context, post: sqlite3.Row, call: GraphCall) -> Json:
    """`GET /{post-id}`."""
    return choose(call, "PagePost", post_fields(db, context, post), "message", "created_time")


def list_posts(
    db: sqlite3.Connection, context: Context, page: Account, call: GraphCall, link: str, *, is_scheduled: bool
) -> Json:
    """`GET /{page-id}/feed`, `/published_posts` (newest first) or `/scheduled_posts`."""
    now = context.store.now()
    condition = "publish_at > ?" if is_scheduled else "publish_at <= ?"
    rows = db.execute(
        f"SELECT * FROM posts WHERE page_id = ? AND {condition} ORDER BY publish_at DESC, rowid DESC",  # noqa: S608 -- both conditions are written here
        (page.id, now),
    ).fetchall()
    fields = call.fields(("message", "created_time"))
    return page_of(call, [pick(fields, "PagePost", post_fields(db, context, row)) for row in rows], link)


def loose_photos(db: sqlite3.Connection, page_id: str | None = None) -> list[sqlite3.Row]:
    """Photos that were handed over and are in no post: of one Page, or of all."""
    return db.execute(
        "SELECT f.id, f.page_id, f.created_at, f.alt_text, f.picture_id, p.mime_type, p.width, p.height "
        "FROM photos f JOIN pictures p ON p.id = f.picture_id "
        "WHERE f.post_id IS NULL AND (? IS NULL OR f.page_id = ?) ORDER BY f.rowid",
        (page_id, page_id),
    ).fetchall()


def read_photo(db: sqlite3.Connection, context: Context, photo: sqlite3.Row, call: GraphCall) -> Json:
    """`GET /{photo-id}`."""
    picture = db.execute(
        "SELECT mime_type, width, height FROM pictures WHERE id = ?", (photo["picture_id"],)
    ).fetchone()

    def link() -> str | None:
        post = db.execute("SELECT * FROM posts WHERE id = ?", (photo["post_id"],)).fetchone()
        return None if post is None else context.link(post_path(post))

    source = context.link(picture_path(photo["picture_id"], picture["mime_type"]))
    return choose(
        call,
        "Photo",
        {
            "id": lambda: photo["id"],
            "created_time": lambda: iso_time(photo["created_at"]),
            "name": lambda: photo["caption"] or None,
            "alt_text_custom": lambda: photo["alt_text"] or None,
            "page_story_id": lambda: photo["post_id"],
            "link": link,
            "width": lambda: picture["width"],
            "height": lambda: picture["height"],
            "images": lambda: [{"source": source, "width": picture["width"], "height": picture["height"]}],
        },
        "created_time",
    )


def delete_post(db: sqlite3.Connection, post: sqlite3.Row) -> Json:
    """`DELETE /{post-id}`: the post and its photos are gone."""
    for photo in db.execute("SELECT * FROM photos WHERE post_id = ?", (post["id"],)).fetchall():
        _drop_photo(db, photo)
    db.execute("DELETE FROM posts WHERE id = ?", (post["id"],))
    return {"success": True}


def delete_photo(db: sqlite3.Connection, photo: sqlite3.Row) -> Json:
    """`DELETE /{photo-id}`: a post that has nothing left goes with its last photo."""
    post_id = photo["post_id"]
    _drop_photo(db, photo)
    if post_id is not None:
        left = db.execute("SELECT count(*) FROM photos WHERE post_id = ?", (post_id,)).fetchone()[0]
        if left == 0:
            db.execute("DELETE FROM posts WHERE id = ? AND link = ''", (post_id,))
    return {"success": True}


def _drop_photo(db: sqlite3.Connection, photo: sqlite3.Row) -> None:
    db.execute("DELETE FROM photos WHERE id = ?", (photo["id"],))
    db.execute("DELETE FROM pictures WHERE id = ?", (photo["picture_id"],))


def read_page(context: Context, page: Account, instagram: Account | None, call: GraphCall) -> Json:
    """`GET /{page-id}` and `GET /me` with the Page's own token."""

    def linked() -> Json | None:
        if instagram is None:
            return None
        return {"id": instagram.id, "username": instagram.username}

    return choose(
        call,
        "Page",
        {
            "id": lambda: page.id,
            "name": lambda: page.name,
            # A Page need not have a username, and this one has none.
            "username": lambda: None,
            "link": lambda: context.link(f"/facebook/{page.id}"),
            "category": lambda: "Local business",
            "is_published": lambda: True,
            "fan_count": lambda: 0,
            "followers_count": lambda: 0,
            "tasks": lambda: ["ANALYZE", "ADVERTISE", "MODERATE", "CREATE_CONTENT", "MANAGE"],
            "picture": lambda: {"data": {"url": context.link(f"/avatars/{page.id}.svg")}},
            "instagram_business_account": linked,
            "access_token": lambda: page.access_token,
        },
        "name",
    )
