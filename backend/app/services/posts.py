"""Posts: written, checked against each platform's rules, listed, changed while they are drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, Conflict, NotFound, RuleBroken, UpstreamTrouble
from app.imaging.renditions import RECIPES
from app.models import channels as channel_models
from app.models import images as image_models
from app.models import posts as models
from app.models.businesses import Role
from app.models.channels import Channel, ChannelStatus
from app.models.images import Image, Rendition
from app.models.posts import (
    Post,
    PostChannel,
    PostImage,
    Publication,
    PublicationEvent,
    PublicationState,
)
from app.providers.publishing.base import PlatformRules, TextFacts, text_facts
from app.services import access
from app.services.channels import Channels
from app.services.idempotency import KEPT_FOR
from app.services.images import Library

LABELS = {"instagram": "Instagram", "facebook": "Facebook"}
MAX_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class PictureInPost:
    """An image at its place, with the alt text that goes out with it."""

    image: Image
    alt_text: str


@dataclass(frozen=True, slots=True)
class PublicationStory:
    """A publication, its channel, and its history."""

    publication: Publication
    channel: Channel
    events: Sequence[PublicationEvent]


@dataclass(frozen=True, slots=True)
class PostStory:
    """A post with everything that belongs to it."""

    post: Post
    pictures: Sequence[PictureInPost]
    channel_ids: Sequence[int]
    publications: Sequence[PublicationStory]

    @property
    def state(self) -> str:
        """One word for the whole post: what needs attention most wins."""
        states = {story.publication.state for story in self.publications}
        for state in ("publishing", "unconfirmed", "failed", "scheduled", "published", "cancelled"):
            if state in states:
                return state
        return "draft"


@dataclass(frozen=True, slots=True)
class PictureInput:
    """An image for a post; without `alt_text` the image's own goes out."""

    image_id: int
    alt_text: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the way, or worth knowing, with its cure. `limit` is the number that was passed."""

    code: str
    message: str
    fix: str
    is_blocking: bool = True
    image_id: int | None = None
    limit: int | None = None

    @property
    def sentences(self) -> str:
        """What is wrong and its cure, to be read without anything around it."""
        return f"{self.message.rstrip('.')}. {self.fix}"

    def refusal(self) -> RuleBroken:
        """The error to raise where this stands in the way."""
        return RuleBroken(self.code, self.sentences, limit=self.limit)


@dataclass(slots=True)
class ChannelVerdict:
    """What one channel would say of a post, and the files it would get."""

    channel: Channel
    text: TextFacts
    problems: list[Problem] = field(default_factory=list)
    renditions: list[Rendition] = field(default_factory=list)

    @property
    def obstacle(self) -> Problem | None:
        """The first thing that stands in the way."""
        return next((problem for problem in self.problems if problem.is_blocking), None)

    @property
    def is_ready(self) -> bool:
        """Nothing stands in the way."""
        return self.obstacle is None


def rule_problems(
    rules: PlatformRules, channel: Channel, text: str, pictures: Sequence[PictureInPost]
) -> list[Problem]:
    """Every rule of the platform that this post would break, each with its cure."""
    problems = early_problems(rules, channel, text, len(pictures))
    problems += [
        Problem(
            "alt_text_too_long",
            f"{LABELS[rules.platform]} takes {rules.max_alt_text:,} characters of alt text.",
            "Shorten the alt text.",
            image_id=picture.image.id,
            limit=rules.max_alt_text,
        )
        for picture in pictures
        if len(picture.alt_text) > rules.max_alt_text
    ]
    return problems


def early_problems(rules: PlatformRules, channel: Channel, text: str, image_count: int) -> list[Problem]:
    """The rules that would be broken, as far as they are known before any picture is."""
    label = LABELS[rules.platform]
    counted = text_facts(text)
    problems = []
    if channel.status == ChannelStatus.RESTRICTED.value:
        problems.append(
            Problem(
                "channel_not_connected",
                f"{label} holds {channel.name} back.",
                f"Log in on {label} and follow what it asks, then connect the channel again.",
            )
        )
    elif channel.status != ChannelStatus.CONNECTED.value:
        problems.append(
            Problem(
                "channel_not_connected",
                f"{channel.name} is not connected any more.",
                "Connect the channel again, then publish.",
            )
        )
    if image_count < rules.min_images:
        problems.append(
            Problem(
                f"{rules.platform}_requires_image",
                f"{label} requires at least one image",
                "Choose one from your library, upload one, or generate one.",
            )
        )
    if image_count > rules.max_images:
        problems.append(
            Problem(
                "too_many_images",
                f"{label} takes {rules.max_images} image{'s' if rules.max_images > 1 else ''} here, "
                f"and this post has {image_count}.",
                f"Take out {image_count - rules.max_images}.",
                limit=rules.max_images,
            )
        )
    if not image_count and not text.strip():
        problems.append(
            Problem("post_empty", "There is nothing to publish yet.", "Write a text or add an image.")
        )
    if counted.characters > rules.max_characters:
        problems.append(
            Problem(
                "text_too_long",
                f"{label} takes {rules.max_characters:,} characters, "
                f"and this text has {counted.characters:,}.",
                f"Shorten it by {counted.characters - rules.max_characters:,}.",
                limit=rules.max_characters,
            )
        )
    if rules.max_hashtags is not None and counted.hashtags > rules.max_hashtags:
        problems.append(
            Problem(
                "too_many_hashtags",
                f"{label} takes {rules.max_hashtags} hashtags, and this text has {counted.hashtags}.",
                f"Take out {counted.hashtags - rules.max_hashtags}.",
                limit=rules.max_hashtags,
            )
        )
    if rules.max_mentions is not None and counted.mentions > rules.max_mentions:
        problems.append(
            Problem(
                "too_many_mentions",
                f"{label} takes {rules.max_mentions} mentions, and this text has {counted.mentions}.",
                f"Take out {counted.mentions - rules.max_mentions}.",
                limit=rules.max_mentions,
            )
        )
    return problems


async def create_post(
    session: AsyncSession,
    *,
    user_id: int,
    business_id: int,
    content_text: str,
    pictures: Sequence[PictureInput],
    channel_ids: Sequence[int],
    scheduled_at: datetime | None = None,
    request_key: str | None = None,
) -> Post:
    """Keep a draft. With the `request_key` of an earlier request it is that request's post.

    `scheduled_at` is only checked: planning the post is another step.
    """
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)
    if request_key is not None:
        earlier = await find_earlier(session, user_id, request_key)
        if earlier is not None:
            return earlier
        await models.forget_request(session, user_id, request_key, clock.now() - KEPT_FOR)
    if scheduled_at is not None:
        check_moment(scheduled_at)
    now = clock.now()
    post = Post(
        business_id=business_id,
        author_id=user_id,
        content_text=content_text,
        scheduled_at=None,
        request_key=request_key,
        created_at=now,
        updated_at=now,
        deleted_at=None,
    )
    session.add(post)
    await session.flush()
    await _set_pictures(session, post, pictures)
    await _set_channels(session, post, channel_ids)
    return post


async def find_earlier(session: AsyncSession, user_id: int, request_key: str) -> Post | None:
    """The post of an earlier request with this key, as long as keys are kept."""
    return await models.find_by_request(session, user_id, request_key, clock.now() - KEPT_FOR)


async def change_post(
    session: AsyncSession,
    *,
    user_id: int,
    post_id: int,
    content_text: str | None,
    pictures: Sequence[PictureInput] | None,
    channel_ids: Sequence[int] | None,
) -> Post:
    """Change a draft; None leaves a thing as it is, also one that could not be chosen any more."""
    post = await hold_post(session, user_id=user_id, post_id=post_id)
    if await models.list_publications(session, [post.id]):
        raise Conflict(
            "post_not_draft", "This post is planned, on its way or out already, so it can't be changed."
        )
    if content_text is not None:
        post.content_text = content_text
    if pictures is not None:
        await models.clear_images(session, post.id)
        await _set_pictures(session, post, pictures)
    if channel_ids is not None:
        await models.clear_channels(session, post.id)
        await _set_channels(session, post, channel_ids)
    post.updated_at = clock.now()
    await session.flush()
    return post


async def delete_post(session: AsyncSession, *, user_id: int, post_id: int) -> None:
    """Take a post off the list. What is scheduled is cancelled; what is going out cannot be stopped."""
    post = await hold_post(session, user_id=user_id, post_id=post_id)
    now = clock.now()
    publications = await models.list_publications(session, [post.id])
    if not publications:
        # A draft leaves nothing behind that anybody could ask for, and lets go of its images.
        await models.remove_draft(session, post.id)
        return
    for publication in publications:
        is_going_out = publication.state == PublicationState.PUBLISHING.value
        if publication.state == PublicationState.SCHEDULED.value:
            # Its time may have come since it was read.
            is_going_out = not await models.move(
                session,
                publication.id,
                to=PublicationState.CANCELLED,
                origin=PublicationState.SCHEDULED,
                at=now,
                next_step_at=None,
            )
        if is_going_out:
            raise Conflict("post_publishing", "This post is going out right now. Wait until it has settled.")
    post.deleted_at = post.updated_at = now


async def get_post(
    session: AsyncSession, *, user_id: int, post_id: int, at_least: Role = Role.VIEWER
) -> Post:
    """A post of one of the user's businesses."""
    found = await models.find_for_user(session, post_id, user_id)
    if found is None:
        raise NotFound("post_not_found", "There is no such post.")
    access.ensure(found[1], at_least)
    return found[0]


async def hold_post(session: AsyncSession, *, user_id: int, post_id: int) -> Post:
    """A post that its editor is about to change or send: nobody else can until this unit of work ends."""
    found = await models.find_for_user(session, post_id, user_id, is_held=True)
    if found is None:
        raise NotFound("post_not_found", "There is no such post.")
    access.ensure(found[1], Role.EDITOR)
    return found[0]


async def list_posts(
    session: AsyncSession,
    *,
    user_id: int,
    business_id: int,
    state: str | None,
    limit: int,
    before_id: int | None,
) -> tuple[Sequence[Post], int | None]:
    """A business's posts, newest first, and where the next page begins."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.list_page(session, business_id, state=state, limit=limit, before_id=before_id)


async def tell(session: AsyncSession, posts: Sequence[Post]) -> list[PostStory]:
    """Everything that belongs to these posts, in five queries however many they are."""
    ids = [post.id for post in posts]
    rows = await models.list_images(session, ids)
    images = await image_models.find_by_ids(session, {row.image_id for row in rows})
    wanted = await models.list_channels(session, ids)
    publications = await models.list_publications(session, ids)
    channels = await channel_models.list_by_ids(session, [row.channel_id for row in publications])
    events = await models.list_events(session, [row.id for row in publications])
    return [
        PostStory(
            post=post,
            pictures=[
                PictureInPost(image, image.alt_text if row.alt_text is None else row.alt_text)
                for row in rows
                if row.post_id == post.id and (image := images.get(row.image_id))
            ],
            channel_ids=[row.channel_id for row in wanted if row.post_id == post.id],
            publications=[
                PublicationStory(
                    publication=row,
                    channel=channels[row.channel_id],
                    events=[event for event in events if event.publication_id == row.id],
                )
                for row in publications
                if row.post_id == post.id
            ],
        )
        for post in posts
    ]


async def check_post(
    database: Database,
    library: Library,
    channels: Channels,
    *,
    user_id: int,
    business_id: int,
    content_text: str,
    pictures: Sequence[PictureInput],
    channel_ids: Sequence[int],
) -> list[ChannelVerdict]:
    """What each chosen channel would say, and the very files that would be sent: they are made now."""
    async with database.reading() as session:
        await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)
        chosen = await _find_channels(session, business_id, channel_ids)
        shown = await _find_pictures(session, business_id, pictures)
    return [await judge(library, channels, channel, content_text, shown) for channel in chosen]


async def judge(
    library: Library,
    channels: Channels,
    channel: Channel,
    content_text: str,
    pictures: Sequence[PictureInPost],
) -> ChannelVerdict:
    """One channel's verdict, with its renditions. Raises `UpstreamTrouble` when they cannot be made now:
    that says nothing about the post."""
    verdict = ChannelVerdict(channel, text_facts(content_text))
    try:
        rules = channels.rules(channel)
    except RuleBroken as error:
        verdict.problems.append(Problem(error.code, error.detail, "Take the channel out of this post."))
        return verdict
    verdict.problems += rule_problems(rules, channel, content_text, pictures)
    for picture in pictures[: rules.max_images]:
        try:
            rendition = await library.rendition(picture.image, RECIPES[rules.recipe])
        except UpstreamTrouble:
            raise
        except AppError as error:
            verdict.problems.append(
                Problem(error.code, error.detail, "Choose another image.", image_id=picture.image.id)
            )
            continue
        verdict.renditions.append(rendition)
        if rendition.is_cropped:
            verdict.problems.append(
                Problem(
                    "image_cropped",
                    f"{LABELS[rules.platform]} needs another shape: this image is cropped around its centre.",
                    "Look at the preview: it shows what stays.",
                    is_blocking=False,
                    image_id=picture.image.id,
                )
            )
        if picture.image.is_animated:
            verdict.problems.append(
                Problem(
                    "first_frame_only",
                    f"{LABELS[rules.platform]} takes no moving pictures here: the first frame is sent.",
                    "Look at the preview: it shows that frame.",
                    is_blocking=False,
                    image_id=picture.image.id,
                )
            )
    return verdict


def check_moment(scheduled_at: datetime) -> None:
    """Raises when a post cannot be planned for this moment."""
    now = clock.now()
    if scheduled_at <= now:
        raise RuleBroken("scheduled_in_past", "This time has passed. Choose a later one, or publish now.")
    if scheduled_at > now + MAX_AHEAD:
        raise RuleBroken("scheduled_too_far", "Posts can be planned up to a year ahead.")


async def _set_pictures(session: AsyncSession, post: Post, pictures: Sequence[PictureInput]) -> None:
    await _find_pictures(session, post.business_id, pictures)
    session.add_all(
        PostImage(post_id=post.id, position=place, image_id=picture.image_id, alt_text=picture.alt_text)
        for place, picture in enumerate(pictures)
    )
    await session.flush()


async def _set_channels(session: AsyncSession, post: Post, channel_ids: Sequence[int]) -> None:
    await _find_channels(session, post.business_id, channel_ids)
    session.add_all(
        PostChannel(post_id=post.id, channel_id=channel_id) for channel_id in dict.fromkeys(channel_ids)
    )
    await session.flush()


async def _find_channels(
    session: AsyncSession, business_id: int, channel_ids: Sequence[int]
) -> list[Channel]:
    connected = {channel.id: channel for channel in await channel_models.list_connected(session, business_id)}
    missing = [channel_id for channel_id in channel_ids if channel_id not in connected]
    if missing:
        raise NotFound("channel_not_found", "This business has no such channel, or no longer.")
    return [connected[channel_id] for channel_id in dict.fromkeys(channel_ids)]


async def _find_pictures(
    session: AsyncSession, business_id: int, pictures: Sequence[PictureInput]
) -> list[PictureInPost]:
    images = await image_models.find_many(session, business_id, [picture.image_id for picture in pictures])
    if any(picture.image_id not in images for picture in pictures):
        raise NotFound("image_not_found", "There is no such image in this business's library.")
    return [
        PictureInPost(
            images[picture.image_id],
            images[picture.image_id].alt_text if picture.alt_text is None else picture.alt_text,
        )
        for picture in pictures
    ]
