"""What each platform would say of a post, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core.db import Database
from app.core.errors import AppError, RuleBroken, UpstreamTrouble
from app.imaging.renditions import RECIPES
from app.models.businesses import Role
from app.models.channels import Channel, ChannelStatus
from app.models.images import Rendition
from app.providers.publishing.base import PlatformRules, TextFacts, text_facts
from app.services import access
from app.services.channels import Channels
from app.services.images import Library
from app.services.posts.parts import PictureInput, find_channels, find_pictures
from app.services.posts.stories import PictureInPost

LABELS = {"instagram": "Instagram", "facebook": "Facebook"}


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
        chosen = await find_channels(session, business_id, channel_ids)
        shown = await find_pictures(session, business_id, pictures)
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
