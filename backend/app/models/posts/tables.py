"""Posts, the channels they are meant for, and their publications.

A publication is one post on one channel. Its columns are the state machine's memory: what is written
here before each step on the platform is what a new process knows after a crash.

    scheduled ──due──▶ publishing ──▶ published
        │                 │   ▲
        ▼                 │   └── retried by the user, or `check` saw that nothing went out
    cancelled             ├──▶ failed        the platform said no, or patience ended before sending
                          └──▶ unconfirmed   sent, and the answer is missing; only a look moves it on

What a person has said did not go out is `failed`, with its `attempted_at`: sent again, it is `unconfirmed`
until a look has shown that it is not out.

`reference` is what `prepare` returned. `attempted_at` is set, and committed, before `finish` is sent,
and cleared only when a look does not show what was sent. `started_at` is when publishing began: a
publication does not try for ever. `next_step_at` is when a runner may take the publication (None: at rest);
`lease_owner` and `lease_until` say which runner has it now. `held_until` keeps it from runners while its
channel or platform is held; `next_step_at` stays, so that what was held goes on in order, and `held_since`
says since when. `preflight_at` is when it was looked at a day before, and its own time once it was looked at
for the last time before that.

What was handed over for each slide is in `publication_parts`, one row each, written before the next is handed
over. The first comment is a step of its own after the post is out: `comment_attempted_at` is committed before
it is sent, `comment_id` when it is there, `comment_error` when it is given up.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class PublicationState(StrEnum):
    """Where a publication stands."""

    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"


MOVES: dict[PublicationState, frozenset[PublicationState]] = {
    PublicationState.SCHEDULED: frozenset(
        {PublicationState.PUBLISHING, PublicationState.FAILED, PublicationState.CANCELLED}
    ),
    PublicationState.PUBLISHING: frozenset(
        {PublicationState.PUBLISHED, PublicationState.FAILED, PublicationState.UNCONFIRMED}
    ),
    PublicationState.FAILED: frozenset(
        {PublicationState.PUBLISHING, PublicationState.UNCONFIRMED, PublicationState.CANCELLED}
    ),
    PublicationState.UNCONFIRMED: frozenset(
        {PublicationState.PUBLISHING, PublicationState.PUBLISHED, PublicationState.FAILED}
    ),
    PublicationState.PUBLISHED: frozenset(),
    PublicationState.CANCELLED: frozenset(),
}
"""Every allowed move. Anything else is a bug or a request that came too late."""


class Post(Base):
    """Text plus ordered images, written once. Without publications it is a draft.

    `ai_label`: whether AI-made images are labelled as such; None: as the business does. `first_comment` is
    written under the post once it is out, where the platform takes it.
    """

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("author_id", "request_key"),
        Index("ix_posts_newest", "business_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    content_text: Mapped[str] = mapped_column(Text)
    ai_label: Mapped[bool | None]
    first_comment: Mapped[str | None] = mapped_column(Text)
    scheduled_at: Mapped[datetime | None]
    request_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class PostImage(Base):
    """An image in a post, at its place. `alt_text` None: the image's own.

    Where the platform needs another shape, the image is cropped around its focus (0..1 from top left) or
    fitted on its background (`#rrggbb`). `user_tags` is a list of `{"username", "x", "y"}`.
    """

    __tablename__ = "post_images"
    __table_args__ = (CheckConstraint("framing IN ('crop', 'fit')", name="framing"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"), index=True)
    alt_text: Mapped[str | None] = mapped_column(String(1000))
    framing: Mapped[str] = mapped_column(String(10), default="crop", server_default="crop")
    focus_x: Mapped[float] = mapped_column(default=0.5, server_default="0.5")
    focus_y: Mapped[float] = mapped_column(default=0.5, server_default="0.5")
    background: Mapped[str] = mapped_column(String(7), default="#ffffff", server_default="#ffffff")
    user_tags: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default="[]")


class PostChannel(Base):
    """A channel that a post is meant for."""

    __tablename__ = "post_channels"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)


class PostText(Base):
    """A text of its own for a channel, instead of the post's. It is kept while the channel is not chosen."""

    __tablename__ = "post_texts"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    content_text: Mapped[str] = mapped_column(Text)


class Publication(Base):
    """One post on one channel."""

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("post_id", "channel_id"),
        CheckConstraint(
            "state IN ('scheduled', 'publishing', 'published', 'failed', 'unconfirmed', 'cancelled')",
            name="state",
        ),
        Index("ix_publications_due", "next_step_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str | None] = mapped_column(String(200))
    prepare_count: Mapped[int] = mapped_column(default=0)
    step_count: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    attempted_at: Mapped[datetime | None]
    external_id: Mapped[str | None] = mapped_column(String(200))
    permalink: Mapped[str | None] = mapped_column(String(500))
    comment_attempted_at: Mapped[datetime | None]
    comment_id: Mapped[str | None] = mapped_column(String(200))
    comment_error: Mapped[str | None] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(String(100))
    error_detail: Mapped[str | None] = mapped_column(Text)
    next_step_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]
    held_since: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    preflight_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class PartKind(StrEnum):
    """What a slide is on the platform before the whole is published."""

    CHILD = "child"  # a container inside a carousel
    PHOTO = "photo"  # an unpublished photo of a Page


class PublicationPart(Base):
    """What was handed over for one slide. `sha256` is that of the rendition that the platform was given."""

    __tablename__ = "publication_parts"
    __table_args__ = (CheckConstraint("kind IN ('child', 'photo')", name="kind"),)

    publication_id: Mapped[int] = mapped_column(
        ForeignKey("publications.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    reference: Mapped[str] = mapped_column(String(200))
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class PublicationEvent(Base):
    """One line of a publication's history. `message` is a sentence for people."""

    __tablename__ = "publication_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    code: Mapped[str] = mapped_column(String(100))
    message: Mapped[str] = mapped_column(Text)
