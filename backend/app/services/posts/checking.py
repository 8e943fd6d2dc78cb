"""What each platform would say of a post, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.db import Database
from app.core.errors import RuleBroken, UpstreamTrouble
from app.models import businesses as business_models
from app.models.businesses import Role
from app.models.channels import Channel
from app.models.images import Rendition
from app.providers.publishing.base import Placement, TextFacts, text_facts
from app.services import access
from app.services.channels import Channels
from app.services.images import Library
from app.services.posts.layouts import FramedRendition, Layout, lay_out, make_files
from app.services.posts.parts import PictureInput, find_channels, find_pictures
from app.services.posts.problems import Problem, layout_problems, rule_problems
from app.services.posts.stories import Outgoing


@dataclass(slots=True)
class ChannelVerdict:
    """What one channel would say of a post, and the files it would get."""

    channel: Channel
    text: TextFacts
    placement: Placement | None = None
    is_ai_labelled: bool = False
    problems: list[Problem] = field(default_factory=list)
    renditions: list[FramedRendition] = field(default_factory=list)

    @property
    def files(self) -> list[Rendition]:
        """The files alone, in order."""
        return [made.file for made in self.renditions]

    @property
    def obstacle(self) -> Problem | None:
        """The first thing that stands in the way."""
        return next((problem for problem in self.problems if problem.is_blocking), None)

    @property
    def is_ready(self) -> bool:
        """Nothing stands in the way."""
        return self.obstacle is None


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
    texts: Mapping[int, str] | None = None,
    ai_label: bool | None = None,
    first_comment: str | None = None,
) -> list[ChannelVerdict]:
    """What each chosen channel would say, and the very files that would be sent: they are made now."""
    own_texts = texts or {}
    async with database.reading() as session:
        await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)
        chosen = await find_channels(session, business_id, channel_ids)
        await find_channels(session, business_id, list(own_texts))
        shown = await find_pictures(session, business_id, pictures)
        labels_ai = ai_label
        if labels_ai is None:
            labels_ai = await business_models.labels_ai_images(session, business_id)
    outgoings = [
        Outgoing(own_texts.get(channel.id, content_text), shown, labels_ai, first_comment or None)
        for channel in chosen
    ]
    return await judge_all(library, channels, list(zip(chosen, outgoings, strict=True)))


async def judge(library: Library, channels: Channels, channel: Channel, outgoing: Outgoing) -> ChannelVerdict:
    """One channel's verdict: see `judge_all`."""
    return (await judge_all(library, channels, [(channel, outgoing)]))[0]


async def judge_all(
    library: Library, channels: Channels, parts: Sequence[tuple[Channel, Outgoing]]
) -> list[ChannelVerdict]:
    """The verdicts of the channels of a post, with their renditions: all those of an image from one decode.
    Raises `UpstreamTrouble` when they cannot be made now: that says nothing about the post."""
    verdicts = []
    layouts: list[tuple[ChannelVerdict, Layout]] = []
    for channel, outgoing in parts:
        verdict = ChannelVerdict(channel, text_facts(outgoing.text))
        verdicts.append(verdict)
        try:
            rules = channels.rules(channel)
        except RuleBroken as error:
            verdict.problems.append(Problem(error.code, error.detail, "Take the channel out of this post."))
            continue
        placement = rules.placement_for(len(outgoing.pictures))
        verdict.placement = placement
        verdict.is_ai_labelled = outgoing.is_ai_labelled and placement.takes_ai_label
        verdict.problems += rule_problems(rules, channel, outgoing)
        layouts += [(verdict, layout) for layout in lay_out(placement, outgoing.pictures)]
    files = await make_files(library, [layout for _, layout in layouts])
    for (verdict, layout), file in zip(layouts, files, strict=True):
        if isinstance(file, Rendition):
            verdict.renditions.append(FramedRendition(layout, file))
        elif isinstance(file, UpstreamTrouble):
            raise file
        else:
            verdict.problems.append(
                Problem(file.code, file.detail, "Choose another image.", image_id=layout.picture.image.id)
            )
    for verdict in verdicts:
        if verdict.placement is not None:
            made = [rendition.layout for rendition in verdict.renditions]
            verdict.problems += layout_problems(channels.rules(verdict.channel), verdict.placement, made)
    return verdicts
