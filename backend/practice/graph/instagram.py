"""Instagram publishing: containers, publishing, media, quota.

A container is made, becomes ready by the passing of time, and is published at most once:

    IN_PROGRESS ──time──> FINISHED ──media_publish──> PUBLISHED
         │                    └──24 h──> EXPIRED
         └──> ERROR

The state is computed from moments, so that nothing has to run in the background.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from practice.accounts import Account
from practice.faults import Fault
from practice.graph import errors
from practice.graph.call import GraphCall
from practice.graph.context import DAY, Context, Json, choose, pick
from practice.graph.errors import GraphError
from practice.graph.pictures import (
    DownloadError,
    Picture,
    download,
    is_fetchable,
    keep_picture,
    probe,
)
from practice.store import new_id, setting

IMAGE_LIMIT = 8 * 1024 * 1024
CAPTION_LIMIT, HASHTAG_LIMIT, MENTION_LIMIT, ALT_TEXT_LIMIT = 2_200, 30, 20, 1_000
CONTAINERS_PER_DAY = 400
CHILDREN_MIN, CHILDREN_MAX = 2, 10
COLLABORATORS_MAX, USER_TAGS_MAX = 3, 20

HASHTAG = re.compile(r"(?<![\w&])#\w*[^\W\d_]\w*")
MENTION = re.compile(r"(?<![\w.@])@[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?")

USERNAME = re.compile(r"[A-Za-z0-9._]{1,30}")

_MEDIA_TYPES = frozenset({"", "IMAGE", "STORIES", "CAROUSEL"})
_STATUS_TEXTS = {
    "IN_PROGRESS": "In Progress: Media is still being processed.",
    "FINISHED": "Finished: Media has been uploaded and it is ready to be published.",
    "PUBLISHED": "Published: Media has been published.",
    "EXPIRED": "Expired: Container was not published within 24 hours.",
}


def caption_length(text: str) -> int:
    """The larger of code points and UTF-16 units: Meta does not say which it counts."""
    return max(len(text), len(text.encode("utf-16-le", "surrogatepass")) // 2)


def trimmed(text: str) -> str:
    """A text as Meta keeps it: one kind of line end, nothing around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


async def create_container(
    context: Context, account: Account, call: GraphCall, *, fate: Fault | None = None
) -> Json:
    """`POST /{ig-user-id}/media`: check everything, download the picture now, answer the container's id."""
    if account.is_restricted:
        raise GraphError(errors.ACCOUNT_RESTRICTED)
    media_type = call.text("media_type").upper()
    if media_type not in _MEDIA_TYPES:
        raise GraphError(errors.MEDIA_TYPE_UNKNOWN, media_type=media_type)
    is_child = call.flag("is_carousel_item")
    is_ai_generated = call.flag("is_ai_generated")
    if is_child and "is_ai_generated" in call.params:
        raise GraphError(
            errors.PARAMETER_INVALID, name="is_ai_generated", problem="is not allowed on carousel items"
        )
    if is_child and media_type in ("CAROUSEL", "STORIES"):
        raise GraphError(errors.MEDIA_TYPE_UNKNOWN, media_type=media_type)
    caption = "" if is_child or media_type == "STORIES" else trimmed(call.text("caption"))
    _check_texts(call, caption)
    tags = _read_tags(call, is_allowed=media_type != "CAROUSEL")
    processing, timeout = await context.store.run(
        lambda db: (
            setting(db, "processing_ms") / 1000,
            setting(db, "download_timeout_ms") / 1000,
        )
    )
    picture: Picture | None = None
    children: list[str] = []
    if media_type == "CAROUSEL":
        children = [str(child) for child in call.items("children")]
        if not CHILDREN_MIN <= len(children) <= CHILDREN_MAX:
            raise GraphError(errors.CAROUSEL_SIZE)
    else:
        picture = await _download_image(call, timeout=timeout, is_any_ratio=media_type == "STORIES")

    def save(db: sqlite3.Connection) -> Json:
        now = context.store.now()
        _forget_old_containers(db, now)
        made = db.execute(
            "SELECT count(*) FROM containers WHERE account_id = ? AND created_at > ?", (account.id, now - DAY)
        ).fetchone()[0]
        if made >= CONTAINERS_PER_DAY:
            raise GraphError(errors.QUOTA_REACHED)
        ready_at: float | None = now + processing
        for child_id in children:
            child = _own_container(db, account, child_id)
            if not child["is_carousel_item"] or state_of(child, now) in ("PUBLISHED", "EXPIRED", "ERROR"):
                raise GraphError(errors.CONTAINER_UNKNOWN, id=child_id)
            is_known = ready_at is not None and child["ready_at"] is not None
            ready_at = max(ready_at or 0.0, child["ready_at"]) if is_known else None
        container_id = new_id("178", 17)
        kind = "" if fate is None else fate.kind
        db.execute(
            "INSERT INTO containers (id, account_id, media_type, caption, alt_text, is_ai_generated, "
            "is_carousel_item, picture_id, children, created_at, ready_at, failure) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                container_id,
                account.id,
                media_type or "IMAGE",
                caption,
                call.text("alt_text"),
                is_ai_generated,
                is_child,
                keep_picture(db, picture) if picture is not None else None,
                json.dumps(children),
                now - DAY if kind == "expired" else now,
                None if kind == "never_finished" else ready_at,
                str(fate.options.get("code", 2207032)) if fate is not None and kind == "failed" else None,
            ),
        )
        db.executemany(
            "INSERT INTO user_tags (container_id, username, x, y) VALUES (?, ?, ?, ?)",
            [(container_id, *tag) for tag in tags],
        )
        return {"id": container_id}

    return await context.store.run(save)


def _read_tags(call: GraphCall, *, is_allowed: bool) -> list[tuple[str, float, float]]:
    """Who is marked in the picture, and where. They belong to pictures, never to a carousel as a whole."""
    tags: list[tuple[str, float, float]] = []
    for tag in call.items("user_tags"):
        is_read = isinstance(tag, dict) and isinstance(tag.get("username"), str)
        places = [tag.get(name) for name in ("x", "y")] if is_read else []
        are_places = all(
            isinstance(place, (int, float)) and not isinstance(place, bool) and 0 <= place <= 1
            for place in places
        )
        if not is_read or not are_places or not USERNAME.fullmatch(tag["username"]):
            raise GraphError(
                errors.PARAMETER_INVALID, name="user_tags", problem="must hold username, x and y from 0 to 1"
            )
        tags.append((tag["username"], float(places[0]), float(places[1])))
    if tags and not is_allowed:
        raise GraphError(errors.PARAMETER_INVALID, name="user_tags", problem="belong to carousel items")
    if len(tags) > USER_TAGS_MAX:
        raise GraphError(errors.TOO_MANY_MENTIONS)
    return tags


def tags_of(db: sqlite3.Connection, container_id: str) -> list[sqlite3.Row]:
    """Who is marked in the picture of a container."""
    return db.execute("SELECT * FROM user_tags WHERE container_id = ?", (container_id,)).fetchall()


def _check_texts(call: GraphCall, caption: str) -> None:
    if caption_length(caption) > CAPTION_LIMIT or len(HASHTAG.findall(caption)) > HASHTAG_LIMIT:
        raise GraphError(errors.CAPTION_TOO_LONG)
    if len(MENTION.findall(caption)) > MENTION_LIMIT:
        raise GraphError(errors.TOO_MANY_MENTIONS)
    if caption_length(call.text("alt_text")) > ALT_TEXT_LIMIT:
        raise GraphError(
            errors.PARAMETER_INVALID,
            name="alt_text",
            problem=f"must be at most {ALT_TEXT_LIMIT} characters long",
        )
    if len(call.items("collaborators")) > COLLABORATORS_MAX:
        raise GraphError(errors.COLLABORATOR)


async def _download_image(call: GraphCall, *, timeout: float, is_any_ratio: bool) -> Picture:
    url = call.text("image_url")
    if not url:
        name = "image_url"
        raise GraphError(errors.PARAMETER_MISSING, name=name)
    if not is_fetchable(url):
        raise GraphError(errors.MEDIA_NOT_FETCHED, url=url)
    try:
        fetched = await download(url, limit=IMAGE_LIMIT, timeout=timeout)
    except DownloadError as error:
        if error.is_timeout:
            raise GraphError(errors.DOWNLOAD_TOO_SLOW) from error
        if error.is_too_large:
            raise GraphError(errors.IMAGE_TOO_LARGE) from error
        raise GraphError(errors.MEDIA_NOT_FETCHED, url=url) from error
    if not fetched.content_type.startswith("image/"):
        raise GraphError(errors.MEDIA_NOT_FETCHED, url=url)
    picture = probe(fetched.body)
    if (
        picture is None
        or picture.mime_type != "image/jpeg"
        or not picture.is_plain
        or fetched.content_type != "image/jpeg"
    ):
        raise GraphError(errors.IMAGE_FORMAT)
    # 4:5 to 1.91:1, both included, in whole numbers: 1080x1350 passes and 1080x1351 does not.
    is_in_range = 5 * picture.width >= 4 * picture.height and 100 * picture.width <= 191 * picture.height
    if not is_in_range and not is_any_ratio:
        raise GraphError(errors.IMAGE_RATIO, ratio=round(picture.width / picture.height, 4))
    return picture


def _forget_old_containers(db: sqlite3.Connection, now: float) -> None:
    """Free the bytes of containers that expired two days ago: nobody can ask for them any more."""
    rows = db.execute(
        "SELECT id, picture_id FROM containers WHERE picture_id IS NOT NULL AND created_at < ? "
        "AND published_at IS NULL LIMIT 50",
        (now - 3 * DAY,),
    ).fetchall()
    for row in rows:
        db.execute("UPDATE containers SET picture_id = NULL WHERE id = ?", (row["id"],))
        db.execute("DELETE FROM pictures WHERE id = ?", (row["picture_id"],))


def state_of(container: sqlite3.Row, now: float) -> str:
    """The container's `status_code`."""
    if container["published_at"] is not None:
        return "PUBLISHED"
    if container["failure"] is not None:
        return "ERROR"
    if now >= container["created_at"] + DAY:
        return "EXPIRED"
    if container["ready_at"] is None or now < container["ready_at"]:
        return "IN_PROGRESS"
    return "FINISHED"


def _own_container(db: sqlite3.Connection, account: Account, container_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM containers WHERE id = ?", (container_id,)).fetchone()
    if row is None:
        raise GraphError(errors.CONTAINER_UNKNOWN, id=container_id)
    if row["account_id"] != account.id:
        raise GraphError(errors.MEDIA_NOT_FOUND, id=container_id)
    return row


def read_container(db: sqlite3.Connection, context: Context, container: sqlite3.Row, call: GraphCall) -> Json:
    """`GET /{container-id}`: there is no field with the resulting media's id."""
    state = state_of(container, context.store.now())

    def status() -> str:
        failure = container["failure"]
        text = f"Error: Media upload has failed with error code {failure}"
        return text if state == "ERROR" else _STATUS_TEXTS[state]

    return choose(
        call,
        "ShadowIGMediaBuilder",
        {
            "id": lambda: container["id"],
            "status_code": lambda: state,
            "status": status,
            "copyright_check_status": lambda: None,
            "video_status": lambda: None,
        },
    )


async def publish_container(context: Context, account: Account, call: GraphCall) -> Json:
    """`POST /{ig-user-id}/media_publish`: one transaction, so that a container is published once."""
    creation_id = call.text("creation_id").strip()
    if not creation_id:
        raise GraphError(errors.PARAMETER_MISSING, name="creation_id")
    if account.is_restricted:
        raise GraphError(errors.ACCOUNT_RESTRICTED)

    def publish(db: sqlite3.Connection) -> Json:
        now = context.store.now()
        container = _own_container(db, account, creation_id)
        state = state_of(container, now)
        if state == "EXPIRED":
            raise GraphError(errors.CONTAINER_UNKNOWN, id=creation_id)
        if state != "FINISHED":
            raise GraphError(errors.NOT_READY)
        if container["is_carousel_item"]:
            raise GraphError(
                errors.PARAMETER_INVALID, name="creation_id", problem="is a carousel item, not a post"
            )
        if quota_usage(db, account, now) >= setting(db, "quota_total"):
            raise GraphError(errors.QUOTA_REACHED)
        media_id = new_id("179", 17)
        db.execute("UPDATE containers SET published_at = ? WHERE id = ?", (now, creation_id))
        db.execute(
            "INSERT INTO media (id, account_id, container_id, shortcode, media_type, caption, "
            "is_ai_generated, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                media_id,
                account.id,
                creation_id,
                _shortcode(media_id),
                container["media_type"],
                container["caption"],
                container["is_ai_generated"],
                now,
            ),
        )
        slides = [container]
        if container["media_type"] == "CAROUSEL":
            slides = [_own_container(db, account, child) for child in json.loads(container["children"])]
        for position, slide in enumerate(slides):
            db.execute(
                "INSERT INTO media_pictures (media_id, position, picture_id, alt_text) VALUES (?, ?, ?, ?)",
                (media_id, position, slide["picture_id"], slide["alt_text"]),
            )
            db.execute("UPDATE containers SET published_at = ? WHERE id = ?", (now, slide["id"]))
        return {"id": media_id}

    return await context.store.run(publish)


def _shortcode(media_id: str) -> str:
    return base64.urlsafe_b64encode(int(media_id).to_bytes(8, "big")).decode().rstrip("=")


def quota_usage(db: sqlite3.Connection, account: Account, now: float, since: float | None = None) -> int:
    """Posts of the last 24 hours; a carousel counts once."""
    start = now - DAY if since is None else max(since, now - DAY)
    return int(
        db.execute(
            "SELECT count(*) FROM media WHERE account_id = ? AND created_at > ?", (account.id, start)
        ).fetchone()[0]
    )


def read_quota(db: sqlite3.Connection, context: Context, account: Account, call: GraphCall) -> Json:
    """`GET /{ig-user-id}/content_publishing_limit`: without `fields` only the usage."""
    since = call.number("since")
    values: dict[str, Callable[[], Any]] = {
        "quota_usage": lambda: quota_usage(
            db, account, context.store.now(), None if since is None else float(since)
        ),
        "config": lambda: {"quota_total": setting(db, "quota_total"), "quota_duration": int(DAY)},
    }
    asked = [name for name in call.fields(("quota_usage",)) if name != "id"]
    return {"data": [pick(asked, "IGUserContentPublishingLimit", values)]}
