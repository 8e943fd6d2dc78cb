"""Recognising our own post among those that the platform lists, and values in its answers."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from app.providers.publishing.base import Look, Others, Standing


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def same_text(theirs: object, ours: str) -> bool:
    """Whether a listed text is ours. The platform trims the ends and may rewrite line ends."""
    return isinstance(theirs, str) and _plain(theirs) == _plain(ours)


def moment(value: object) -> datetime | None:
    """A time as the platform writes it (`2026-11-22T09:30:12+0000`), or nothing."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def web_address(value: object) -> str | None:
    """The value when it is an http(s) address that can be shown as a link."""
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.netloc else None


POSTS_LOOKED_AT = 100
"""As many as the platform lists at once."""


def look_in_list(
    answer: Mapping[str, Any],
    *,
    text_field: str,
    time_field: str,
    text: str,
    since: datetime,
    others: Others,
) -> Look:
    """What the list of an account's newest posts says of a post of ours that was sent from `since` on.

    It is out where more posts have its text than others of ours may account for; as which one is told only
    where there is one alone. It is not shown where the list reaches back to `since` without such a post. An
    empty text is that of any post without words: finding one proves nothing.
    """
    listed = answer.get("data")
    if not isinstance(listed, list):
        return Look(Standing.UNKNOWN)
    paging = answer.get("paging")
    is_whole = not (isinstance(paging, dict) and paging.get("next"))
    is_readable, found = True, []
    for post in listed:
        at = moment(post.get(time_field)) if isinstance(post, dict) else None
        if at is None or not isinstance(post.get("id"), str):
            is_readable = False
        elif at < since:
            is_whole = True
        elif same_text(post.get(text_field) or "", text) and post["id"] not in others.ids:
            found.append(post["id"])
    if not found:
        return Look(Standing.NOT_SHOWN if is_whole and is_readable else Standing.UNKNOWN)
    if not text.strip() or len(found) <= sum(same_text(other, text) for other in others.texts):
        return Look(Standing.UNKNOWN)
    return Look(Standing.PUBLISHED, found[0] if len(found) == 1 else None)


COMMENTS_LOOKED_AT = 50
"""A first comment is written right after its post, when there are hardly others."""


def own_comment(answer: Mapping[str, Any], *, text_field: str, account_id: str, text: str) -> str | None:
    """The id of a listed comment with this text that the account itself wrote, as far as that is told."""
    listed = answer.get("data")
    if not isinstance(listed, list):
        return None
    for comment in listed:
        if not isinstance(comment, dict) or not isinstance(comment.get("id"), str):
            continue
        author = comment.get("from")
        is_others = isinstance(author, dict) and author.get("id") not in (None, account_id)
        if not is_others and same_text(comment.get(text_field), text):
            return str(comment["id"])
    return None
