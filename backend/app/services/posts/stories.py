"""Posts with everything that belongs to them, as they are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.imaging.framing import AS_IT_IS, Framing
from app.models import businesses as business_models
from app.models import channels as channel_models
from app.models import images as image_models
from app.models import posts as models
from app.models.channels import Channel
from app.models.images import Image
from app.models.posts import (
    Post,
    PostChannel,
    PostImage,
    PostText,
    Publication,
    PublicationEvent,
    PublicationPart,
)

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class UserTag:
    """Somebody who is shown in a picture, at (x, y), 0..1 from top left."""

    username: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class PictureInPost:
    """An image at its place, with the alt text that goes out with it, its framing, and who is shown in it."""

    image: Image
    alt_text: str
    framing: Framing = AS_IT_IS
    user_tags: tuple[UserTag, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What of a post goes out on one channel. `labels_ai`: AI-made images are to be labelled as such."""

    text: str
    pictures: Sequence[PictureInPost]
    labels_ai: bool
    first_comment: str | None = None

    @property
    def is_ai_labelled(self) -> bool:
        """Whether the label is wished for: one AI-made image is enough."""
        return self.labels_ai and any(picture.image.is_ai_generated for picture in self.pictures)


@dataclass(frozen=True, slots=True)
class PublicationStory:
    """A publication, its channel, its history, and what was handed over for its slides."""

    publication: Publication
    channel: Channel
    events: Sequence[PublicationEvent]
    parts: Sequence[PublicationPart] = ()
    event_count: int = 0
    """How many lines the history has, of which a list tells only the last."""


@dataclass(frozen=True, slots=True)
class PostStory:
    """A post with everything that belongs to it."""

    post: Post
    pictures: Sequence[PictureInPost]
    channel_ids: Sequence[int]
    """Of a draft, only those that are connected: it goes out on no other."""
    publications: Sequence[PublicationStory]
    texts: Mapping[int, str] = field(default_factory=dict)
    """Texts of their own, by channel."""
    labels_ai: bool = True
    """Whether AI-made images are labelled: as the post says, or else the business."""

    @property
    def state(self) -> str:
        """One word for the whole post: what needs attention most wins."""
        states = {story.publication.state for story in self.publications}
        for state in ("publishing", "unconfirmed", "failed", "scheduled", "published", "cancelled"):
            if state in states:
                return state
        return "draft"

    def outgoing(self, channel_id: int) -> Outgoing:
        """What goes out on this channel."""
        text = self.texts.get(channel_id, self.post.content_text)
        return Outgoing(text, self.pictures, self.labels_ai, self.post.first_comment)


LAST_EVENTS = 10
"""So many lines of a publication's history are told in a list."""


async def tell(session: AsyncSession, posts: Sequence[Post], *, is_brief: bool = False) -> list[PostStory]:
    """Everything that belongs to these posts, in a few queries however many they are. `is_brief`: without the
    texts of single channels, and with the end of each history only."""
    ids = [post.id for post in posts]
    rows = await models.list_images(session, ids)
    images = await image_models.find_by_ids(session, {row.image_id for row in rows})
    wanted = await models.list_channels(session, ids)
    publications = await models.list_publications(session, ids)
    texts = [] if is_brief else await models.list_texts(session, ids)
    channels = await channel_models.list_by_ids(
        session,
        {
            *(row.channel_id for row in wanted),
            *(row.channel_id for row in texts),
            *(row.channel_id for row in publications),
        },
    )
    begun = {row.post_id for row in publications}

    def is_open(row: PostChannel | PostText) -> bool:
        # A draft waits for a channel that is let go: it comes back to it when it is connected again.
        return row.post_id in begun or channels[row.channel_id].disconnected_at is None

    labelling = {
        business_id: await business_models.labels_ai_images(session, business_id)
        for business_id in {post.business_id for post in posts if post.ai_label is None}
    }
    publication_ids = [row.id for row in publications]
    counts: dict[int, int] = {}
    if is_brief:
        listed = await models.list_last_events(session, publication_ids, LAST_EVENTS)
        counts = await models.count_events(session, publication_ids)
    else:
        listed = await models.list_events(session, publication_ids)
    events = _by(listed, lambda event: event.publication_id)
    parts = _by(await models.list_parts(session, publication_ids), lambda part: part.publication_id)
    pictures = _by(rows, lambda row: row.post_id)
    meant = _by(wanted, lambda row: row.post_id)
    sent = _by(publications, lambda row: row.post_id)
    own = _by(texts, lambda row: row.post_id)
    return [
        PostStory(
            post=post,
            pictures=[
                _picture(image, row) for row in pictures[post.id] if (image := images.get(row.image_id))
            ],
            channel_ids=[row.channel_id for row in meant[post.id] if is_open(row)],
            publications=[
                PublicationStory(
                    publication=row,
                    channel=channels[row.channel_id],
                    events=events[row.id],
                    parts=parts[row.id],
                    event_count=counts.get(row.id, len(events[row.id])),
                )
                for row in sent[post.id]
            ],
            texts={row.channel_id: row.content_text for row in own[post.id] if is_open(row)},
            labels_ai=labelling[post.business_id] if post.ai_label is None else post.ai_label,
        )
        for post in posts
    ]


def _by(rows: Iterable[Row], key: Callable[[Row], int]) -> Mapping[int, list[Row]]:
    """Rows by what they belong to, in their order; nothing is an empty list."""
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _picture(image: Image, row: PostImage) -> PictureInPost:
    return PictureInPost(
        image=image,
        alt_text=image.alt_text if row.alt_text is None else row.alt_text,
        framing=Framing(row.framing, (row.focus_x, row.focus_y), row.background),
        user_tags=tuple(UserTag(tag["username"], tag["x"], tag["y"]) for tag in row.user_tags),
    )
