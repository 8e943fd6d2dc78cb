"""Texts for people: escaped captions, dates as one says them, sizes."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

from practice.graph.instagram import HASHTAG, MENTION

_MARKED = re.compile(f"(?:{HASHTAG.pattern})|(?:{MENTION.pattern})")


def caption_html(text: str) -> str:
    """The text, escaped, with hashtags and mentions highlighted."""
    parts: list[str] = []
    end = 0
    for found in _MARKED.finditer(text):
        parts.append(html.escape(text[end : found.start()]))
        parts.append(f'<span class="mark">{html.escape(found[0])}</span>')
        end = found.end()
    parts.append(html.escape(text[end:]))
    return "".join(parts)


def time_html(at: float, now: float) -> str:
    """A `time` element: as one says it, exactly on hover."""
    moment = datetime.fromtimestamp(at, UTC)
    exact = f"{moment.day} {moment:%B %Y at %H:%M} UTC"
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}" title="{exact}">{said_time(at, now)}</time>'


def said_time(at: float, now: float) -> str:
    """How long ago, or the date when it is more than a week."""
    ago = timedelta(seconds=max(now - at, 0))
    if ago < timedelta(minutes=1):
        return "just now"
    if ago < timedelta(hours=1):
        return _count(ago // timedelta(minutes=1), "minute")
    if ago < timedelta(days=1):
        return _count(ago // timedelta(hours=1), "hour")
    if ago < timedelta(days=7):
        return "yesterday" if ago.days == 1 else _count(ago.days, "day")
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B %Y}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'} ago"


def size_text(size: int) -> str:
    """Bytes as people read them, in the units of the product's own pages."""
    return f"{size / 1_000_000:.1f} MB" if size >= 950_000 else f"{max(round(size / 1000), 1)} KB"


def shortened(text: str, limit: int = 90) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
