"""The platforms' rules, held against a post: what it would break, or is worth knowing, each with its cure."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.errors import RuleBroken
from app.models.channels import Channel, ChannelStatus
from app.models.posts import PublicationState
from app.providers.publishing.base import Placement, PlatformRules, text_facts
from app.services.channels import comments_not_allowed
from app.services.posts.layouts import Layout
from app.services.posts.stories import Outgoing, PublicationStory

LABELS = {"instagram": "Instagram", "facebook": "Facebook"}
CHANNEL_NOT_CONNECTED = "channel_not_connected"


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


def rule_problems(rules: PlatformRules, channel: Channel, outgoing: Outgoing) -> list[Problem]:
    """Every rule of the platform that this post would break, each with its cure, as far as no file has to be
    made for it."""
    placement = rules.placement_for(len(outgoing.pictures))
    return [
        *early_problems(rules, channel, outgoing.text, len(outgoing.pictures)),
        *_alt_text_problems(rules, placement, outgoing),
        *_tag_problems(rules, placement, outgoing),
        *_label_problems(rules, placement, outgoing),
        *_comment_problems(rules, channel, outgoing),
    ]


def layout_problems(rules: PlatformRules, placement: Placement, layouts: list[Layout]) -> list[Problem]:
    """What the shape of the placement means for the images."""
    label, problems = LABELS[rules.platform], []
    if placement.is_one_shape and any(found.crop or found.is_fitted for found in layouts[1:]):
        problems.append(
            Problem(
                "carousel_ratio",
                f"{label} shows all images of a carousel in the shape of the first one.",
                "Look at the preview, or put another image first.",
                is_blocking=False,
            )
        )
    problems += [_cropped(label, layout) for layout in layouts if layout.crop]
    problems += [
        Problem(
            "first_frame_only",
            f"{label} takes no moving pictures here: the first frame is sent.",
            "Look at the preview: it shows that frame.",
            is_blocking=False,
            image_id=layout.picture.image.id,
        )
        for layout in layouts
        if layout.picture.image.is_animated
    ]
    return problems


def _cropped(label: str, layout: Layout) -> Problem:
    is_centred = layout.framing.focus == (0.5, 0.5)
    around = "its centre" if is_centred else "the point that you chose"
    return Problem(
        "image_cropped",
        f"{label} needs another shape: this image is cropped around {around}.",
        "Look at the preview: it shows what stays.",
        is_blocking=False,
        image_id=layout.picture.image.id,
    )


def _alt_text_problems(rules: PlatformRules, placement: Placement, outgoing: Outgoing) -> list[Problem]:
    limit = placement.max_alt_text
    if limit is None:
        return []
    return [
        Problem(
            "alt_text_too_long",
            f"{LABELS[rules.platform]} takes {limit:,} characters of alt text.",
            "Shorten the alt text.",
            image_id=picture.image.id,
            limit=limit,
        )
        for picture in outgoing.pictures
        if text_facts(picture.alt_text).characters > limit
    ]


def _tag_problems(rules: PlatformRules, placement: Placement, outgoing: Outgoing) -> list[Problem]:
    label, count = LABELS[rules.platform], sum(len(picture.user_tags) for picture in outgoing.pictures)
    if not count:
        return []
    if placement.max_user_tags is None:
        return [
            Problem(
                "user_tag_not_supported",
                f"{label} takes no marked accounts in pictures here, so they are not sent.",
                "Nothing has to be done. Mention them in the text if you like.",
                is_blocking=False,
            )
        ]
    if count <= placement.max_user_tags:
        return []
    return [
        Problem(
            "too_many_user_tags",
            f"{label} takes {placement.max_user_tags} marked accounts in a post, and this one has {count}.",
            f"Take out {count - placement.max_user_tags}.",
            limit=placement.max_user_tags,
        )
    ]


def _label_problems(rules: PlatformRules, placement: Placement, outgoing: Outgoing) -> list[Problem]:
    if not outgoing.is_ai_labelled or placement.takes_ai_label:
        return []
    return [
        Problem(
            "ai_label_not_supported",
            f"{LABELS[rules.platform]} takes no AI label for pictures, so none is sent.",
            "Nothing has to be done: the file itself says that AI made it. Say so in the text if you like.",
            is_blocking=False,
        )
    ]


def _comment_problems(rules: PlatformRules, channel: Channel, outgoing: Outgoing) -> list[Problem]:
    label, limits = LABELS[rules.platform], rules.first_comment
    if not outgoing.first_comment:
        return []
    if limits is None:
        return [
            Problem(
                "first_comment_not_supported",
                f"{label} takes no first comment from here, so it is not sent.",
                "Put it into the text if it matters there.",
                is_blocking=False,
            )
        ]
    counted, problems = text_facts(outgoing.first_comment), []
    if channel.may_comment is False:
        message, fix = comments_not_allowed(channel)
        told = f"{message} The post goes out without its first comment."
        problems.append(Problem("first_comment_not_allowed", told, fix, is_blocking=False))
    if counted.characters > limits.max_characters:
        problems.append(
            Problem(
                "first_comment_too_long",
                f"{label} takes {limits.max_characters:,} characters in a comment, "
                f"and the first comment has {counted.characters:,}.",
                f"Shorten it by {counted.characters - limits.max_characters:,}.",
                limit=limits.max_characters,
            )
        )
    if limits.max_hashtags is not None and counted.hashtags > limits.max_hashtags:
        problems.append(
            Problem(
                "first_comment_too_many_hashtags",
                f"{label} takes {limits.max_hashtags} hashtags in a comment, "
                f"and the first comment has {counted.hashtags}.",
                f"Take out {counted.hashtags - limits.max_hashtags}.",
                limit=limits.max_hashtags,
            )
        )
    return problems


def channel_problem(channel: Channel) -> Problem | None:
    """Why nothing can go out on the channel, where that is so."""
    if channel.status == ChannelStatus.CONNECTED.value:
        return None
    label = LABELS[channel.platform]
    if channel.status == ChannelStatus.RESTRICTED.value:
        return Problem(
            CHANNEL_NOT_CONNECTED,
            f"{label} holds {channel.name} back.",
            f"{channel.problem_detail or f'Log in on {label} and follow what it asks.'} "
            "In the settings it can be tried before its time.",
        )
    # What was seen of it says what to do.
    return Problem(
        CHANNEL_NOT_CONNECTED,
        f"Nothing goes out on {channel.name} now.",
        channel.problem_detail or "Meta no longer accepts this connection. Connect the channel again.",
    )


def trouble_of(story: PublicationStory) -> tuple[str, str] | None:
    """What is wrong with a publication, as code and words. With one that is planned that is also what is true
    of its channel at this moment, whether or not it has been written down."""
    row = story.publication
    if row.state == PublicationState.SCHEDULED.value:
        if (cut_off := channel_problem(story.channel)) is not None:
            return cut_off.code, cut_off.sentences
        if row.error_code == CHANNEL_NOT_CONNECTED:
            return None
    return (row.error_code, row.error_detail or "") if row.error_code else None


def early_problems(rules: PlatformRules, channel: Channel, text: str, image_count: int) -> list[Problem]:
    """The rules that would be broken, as far as they are known before any picture is."""
    label = LABELS[rules.platform]
    counted = text_facts(text)
    problems = []
    if (cut_off := channel_problem(channel)) is not None:
        problems.append(cut_off)
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
