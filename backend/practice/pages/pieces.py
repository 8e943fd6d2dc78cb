"""The pieces of which the practice pages are made."""

from __future__ import annotations

import html
import sqlite3
from collections.abc import Sequence

from practice.accounts import Account
from practice.graph.page import post_path
from practice.graph.pictures import picture_path
from practice.pages import style
from practice.pages.frame import COVERS, avatar
from practice.pages.words import caption_html, said_time, shortened, size_text, time_html

_SHOWN = 5
_WIDE, _HIGH = 1.1, 0.9
"""From which width to height a photo counts as wide or high. As in the product's preview."""
AI_TAG = '<span class="tag">AI</span>'


def source_of(root: str, picture_id: str, mime_type: str) -> str:
    """Where the browser gets a picture."""
    return root + picture_path(picture_id, mime_type)


def tile(root: str, row: sqlite3.Row, now: float) -> str:
    """One post in the grid of a profile."""
    said = row["alt_text"] or shortened(row["caption"]) or "Picture without a description"
    description = html.escape(f"{said}, {said_time(row['created_at'], now)}")
    source = source_of(root, row["picture_id"], row["mime_type"])
    return (
        f'<li><a class="tile" href="{root}/instagram/p/{row["shortcode"]}/">'
        f'<img src="{source}" alt="{description}" loading="lazy">'
        f"{style.STACK_MARK if row['media_type'] == 'CAROUSEL' else ''}"
        f"{AI_TAG if row['is_ai_generated'] else ''}</a></li>"
    )


def image(root: str, picture: sqlite3.Row) -> str:
    """A picture with its description."""
    said = html.escape(picture["alt_text"] or "Picture without a description")
    return (
        f'<img src="{source_of(root, picture["id"], picture["mime_type"])}" alt="{said}" '
        f'width="{picture["width"]}" height="{picture["height"]}">'
    )


def openable(root: str, picture: sqlite3.Row, inside: str = "") -> str:
    """A picture that leads to the whole of it, by itself."""
    source = source_of(root, picture["id"], picture["mime_type"])
    return f'<a class="whole" href="{source}">{image(root, picture)}{inside}</a>'


def stage(root: str, pictures: Sequence[sqlite3.Row]) -> str:
    """The picture of a post, or its slides, which scroll sideways."""
    if len(pictures) == 1:
        return openable(root, pictures[0])
    # The stylesheet crops all slides to the shape of the first one.
    slides = "".join(
        f'<li id="picture-{index}">{openable(root, picture)}'
        f'<span class="count">{index} of {len(pictures)}</span>{_arrows(index, len(pictures))}</li>'
        for index, picture in enumerate(pictures, 1)
    )
    # A place that scrolls must be reachable from the keyboard.
    name = f"{len(pictures)} pictures, scroll sideways"
    return f'<ol class="slides" tabindex="0" aria-label="{name}">{slides}</ol>'


def _arrows(index: int, count: int) -> str:
    """The ways to the slides beside this one. Without scripts, they are links into the page."""
    before = (
        f'<a class="arrow before" href="#picture-{index - 1}" aria-label="To picture {index - 1}">'
        f"{style.BACK_MARK}</a>"
    )
    after = (
        f'<a class="arrow after" href="#picture-{index + 1}" aria-label="To picture {index + 1}">'
        f"{style.NEXT_MARK}</a>"
    )
    return (before if index > 1 else "") + (after if index < count else "")


def album(root: str, pictures: Sequence[sqlite3.Row], *, post_link: str | None) -> str:
    """The photos of a post on a Page, laid out by their number and the shape of the first one. What is more
    than five waits behind the last one, and on the post's own page (without `post_link`) lies below."""
    first = pictures[0]
    ratio = first["width"] / first["height"]
    shape = "wide" if ratio > _WIDE else "high" if ratio < _HIGH else "square"
    shown, rest = pictures[:_SHOWN], pictures[_SHOWN:]
    cells = [openable(root, picture) for picture in shown]
    if rest and post_link is not None:
        last = f'<span class="more">+{len(rest)}<span class="unseen"> more photos</span></span>'
        cells[-1] = f'<a class="whole" href="{post_link}">{image(root, shown[-1])}{last}</a>'
    body = f'<div class="photos many count-{len(shown)} {shape}">{"".join(cells)}</div>'
    if rest and post_link is None:
        body += f'<div class="photos rest">{"".join(openable(root, picture) for picture in rest)}</div>'
    return body


def comment_list(author: str, comments: Sequence[sqlite3.Row], now: float) -> str:
    """What stands below a post."""
    if not comments:
        return ""
    listed = "".join(
        f'<li class="caption" dir="auto"><b>{html.escape(author)}</b> {caption_html(comment["text"])}'
        f'<p class="sub">{time_html(comment["created_at"], now)}</p></li>'
        for comment in comments
    )
    return f'<ul class="comments" aria-label="Comments">{listed}</ul>'


def facts(
    kind: str,
    external_id: str,
    pictures: Sequence[sqlite3.Row],
    tags: Sequence[Sequence[sqlite3.Row]] = (),
) -> str:
    """What exactly was published."""
    rows: list[tuple[str, str]] = []
    for index, picture in enumerate(pictures, 1):
        name = "Picture" if len(pictures) == 1 else f"Picture {index}"
        form = picture["mime_type"].partition("/")[2].upper()
        size = size_text(picture["size"])
        rows.append((name, f"{picture['width']} × {picture['height']}, {size} {form}"))
        rows.append(("Alt text", picture["alt_text"] or "none"))
        if index <= len(tags) and tags[index - 1]:
            rows.append(("Marked", ", ".join(f"@{tag['username']}" for tag in tags[index - 1])))
    rows.append((f"{kind} id", external_id))
    listed = "".join(f'<dt>{name}</dt><dd dir="auto">{html.escape(value)}</dd>' for name, value in rows)
    return f'<dl class="facts-list">{listed}</dl>'


def page_head(root: str, page: Account) -> str:
    """The head of a Page."""
    number = sum(page.username.encode()) % len(COVERS)
    return (
        f'<header class="page-head"><div class="cover cover-{number}"></div><div class="page-name">'
        f"{avatar(root, page, 'avatar-large avatar-plain')}<div><h1>{html.escape(page.name)}</h1>"
        "<p>Local business</p></div></div></header>"
    )


def waiting_photos(root: str, photos: Sequence[sqlite3.Row]) -> str:
    """Photos that no post shows: visible to whoever runs the Page only."""
    if not photos:
        return ""
    count = f"{len(photos)} unpublished photo{'s' if len(photos) > 1 else ''}"
    shown = "".join(
        f'<img src="{source_of(root, photo["picture_id"], photo["mime_type"])}" alt="Unpublished photo" '
        f'width="{photo["width"]}" height="{photo["height"]}" loading="lazy">'
        for photo in photos[:12]
    )
    return (
        f'<section class="loose"><h2>{count}</h2><p>Handed over and in no post. '
        f'Nobody but the Page sees them.</p><div class="strip">{shown}</div></section>'
    )


def card(
    root: str,
    page: Account,
    post: sqlite3.Row,
    pictures: Sequence[sqlite3.Row],
    now: float,
    *,
    heading: str,
    has_facts: bool = False,
    comments: Sequence[sqlite3.Row] = (),
) -> str:
    """One post of a Page."""
    when = time_html(post["publish_at"], now)
    if not has_facts:
        when = f'<a href="{root}{post_path(post)}">{when}</a>'
    text = f'<p class="caption" dir="auto">{caption_html(post["message"])}</p>' if post["message"] else ""
    link = html.escape(post["link"])
    linked = f'<a class="link" href="{link}" rel="nofollow noopener noreferrer">{link}</a>' if link else ""
    shown = ""
    if len(pictures) > 1:
        shown = album(root, pictures, post_link=None if has_facts else f"{root}{post_path(post)}")
    elif pictures:
        shown = f'<div class="photos">{openable(root, pictures[0])}</div>'
    return (
        f'<article class="card"><header class="who">{avatar(root, page, "avatar-small avatar-plain")}<div>'
        f'<{heading} class="name">{html.escape(page.name)}</{heading}>'
        f'<p class="sub">{when}</p></div></header>'
        f"{text}{linked}{shown}{comment_list(page.name, comments, now)}"
        f"{facts('Post', post['id'], pictures) if has_facts else ''}</article>"
    )
