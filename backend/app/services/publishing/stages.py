"""The steps of a publication as people follow them, read from what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.core import clock
from app.models.posts import Publication, PublicationState
from app.services.posts import PostStory, PublicationStory

StageName = Literal["rendition", "upload", "check", "publish", "link", "comment"]
StageState = Literal["done", "running", "waiting", "failed"]


_NO_FILE = ("image_", "storage_", "internal_error")
"""How the codes begin of what keeps a file from being made."""
_NOT_TAKEN = ("picture_", "preparation_", "parts_", "media_", "platform_slow")
"""How the codes begin of what a platform has against the files that it was given."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: where it stands, since when, and a few words where there is something to say."""

    name: StageName
    state: StageState
    at: datetime | None = None
    detail: str | None = None


def stages(post: PostStory, story: PublicationStory) -> list[Stage]:
    """What has to be done for this publication, in order, and how far it is. What a post does not need is
    left out."""
    row, count = story.publication, len(post.pictures)
    uploaded = count if row.reference is not None else len(story.parts)
    is_out = row.state == PublicationState.PUBLISHED.value
    has_begun = uploaded > 0 or row.reference is not None or is_out
    prepared_at = _at(story, "prepared")
    done: list[tuple[StageName, bool, datetime | None, str | None]] = []
    if count:
        is_made = has_begun or _is_checked(row)
        done.append(("rendition", is_made, row.started_at if is_made else None, None))
        told = f"{min(uploaded, count)} of {count}" if count > 1 and not is_out else None
        done.append(("upload", row.reference is not None or is_out, prepared_at, told))
        done.append(("check", _is_taken(row) or is_out, row.attempted_at, None))
    done.append(("publish", is_out, row.published_at, None))
    done.append(("link", row.permalink is not None, None, None))
    found: list[Stage] = []
    for name, is_done, at, detail in done:
        if is_done:
            found.append(Stage(name, "done", at, detail))
        elif any(stage.state != "done" for stage in found):
            found.append(Stage(name, "waiting"))
        else:
            found.append(_current(name, row, detail))
    if post.post.first_comment:
        found.append(_comment(row))
    return found


def _is_checked(row: Publication) -> bool:
    """Whether a look at the post has made its files: that comes before anything is sent. One that failed for
    want of a file says so."""
    has_begun = row.started_at is not None or row.state == PublicationState.FAILED.value
    return has_begun and not (row.error_code or "").startswith(_NO_FILE)


def _is_taken(row: Publication) -> bool:
    """Whether the platform was done with what was handed over, also where it refused what came next."""
    if row.reference is None or row.attempted_at is not None:
        return row.attempted_at is not None
    if row.state == PublicationState.FAILED.value:
        return not (row.error_code or "").startswith(_NOT_TAKEN)
    return row.held_until is not None


def _current(name: StageName, row: Publication, detail: str | None) -> Stage:
    """The first step that is not done."""
    match PublicationState(row.state):
        case PublicationState.FAILED:
            return Stage(name, "failed", row.updated_at, row.error_detail)
        case PublicationState.UNCONFIRMED:
            is_looking = row.next_step_at is not None
            return Stage(name, "running" if is_looking else "waiting", row.updated_at, row.error_detail)
        case PublicationState.PUBLISHING if row.held_until is not None and row.held_until > clock.now():
            return Stage(name, "waiting", row.held_since, detail)
        case PublicationState.PUBLISHING | PublicationState.PUBLISHED if row.next_step_at is not None:
            return Stage(name, "running", row.updated_at, detail)
        case PublicationState.PUBLISHED:
            return Stage(name, "waiting", None, "The platform does not show its address.")
        case _:
            return Stage(name, "waiting", None, detail)


def _comment(row: Publication) -> Stage:
    if row.comment_id is not None:
        return Stage("comment", "done", row.comment_attempted_at)
    if row.comment_error is not None:
        return Stage("comment", "failed", row.comment_attempted_at, row.comment_error)
    return Stage("comment", "waiting")


def _at(story: PublicationStory, code: str) -> datetime | None:
    return next((event.at for event in reversed(story.events) if event.code == code), None)
