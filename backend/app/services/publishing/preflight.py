"""What can be known of a post before it goes out, besides the platforms' rules: whether its pictures can be
fetched, whether the account has room for it, and whether it has been there before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.core import clock
from app.core.db import Database
from app.models import images as image_models
from app.models import sending as models
from app.models.channels import Channel
from app.models.images import Rendition
from app.services.posts import LABELS, ChannelVerdict, Problem
from app.services.publishing.quota import Meter, Quotas
from app.services.publishing.reachability import LOCAL_ADDRESS, Reachability

_MOST_SIMILAR = 50


class Preflight:
    """Looks before anything is sent."""

    def __init__(self, database: Database, reachability: Reachability, quotas: Quotas) -> None:
        self._database = database
        self._reachability = reachability
        self.quotas = quotas

    async def complete(
        self, verdicts: Sequence[ChannelVerdict], image_ids: Sequence[int], *, at: datetime | None
    ) -> None:
        """Add to what a check says of a post that would go out at `at`; None: now. The caller has checked
        that whoever asks may see these images and channels."""
        for verdict in verdicts:
            await self._complete(verdict, image_ids, at)

    async def _complete(self, verdict: ChannelVerdict, image_ids: Sequence[int], at: datetime | None) -> None:
        channel = verdict.channel
        verdict.problems += await self._reachability.problems(channel, verdict.files)
        meter = await self.quotas.read(channel)
        async with self._database.reading() as session:
            problem = await self.quotas.problem(session, channel, meter, at or clock.now())
        if problem is not None:
            verdict.problems.append(problem)
        verdict.problems += await self._seen_before(channel, image_ids)

    async def obstacle(
        self, channel: Channel, renditions: Sequence[Rendition], *, is_afresh: bool = False
    ) -> Problem | None:
        """What stands in the way of fetching these files, if anything does."""
        if not self._reachability.is_strict(channel):
            return None
        found = await self._reachability.problems(channel, renditions, is_afresh=is_afresh)
        return next((problem for problem in found if problem.is_blocking), None)

    async def why_not_fetched(self, channel: Channel, renditions: Sequence[Rendition]) -> Problem | None:
        """What can be seen from here when the platform says that it could not fetch these files."""
        found = await self._reachability.problems(channel, renditions, is_afresh=True)
        # A platform of our own network is not kept away by an address of this network.
        return next((row for row in found if row.is_blocking or row.code != LOCAL_ADDRESS), None)

    async def meters(self, channels: Sequence[Channel]) -> dict[int, Meter | None]:
        """What the platforms say of room for more, by channel."""
        return {channel.id: await self.quotas.read(channel) for channel in channels}

    async def _seen_before(self, channel: Channel, image_ids: Sequence[int]) -> list[Problem]:
        problems = []
        async with self._database.reading() as session:
            images = await image_models.find_by_ids(session, set(image_ids))
            for image in images.values():
                similar = await image_models.find_similar(session, image, limit=_MOST_SIMILAR)
                found = await models.last_published(
                    session, channel, [image.id, *(other.id for other in similar)]
                )
                if not found:
                    continue
                is_same = image.id in found
                where = f"on {LABELS[channel.platform]} as {channel.name}"
                what = "this picture" if is_same else "a picture that looks like this one"
                at = found[image.id] if is_same else max(found.values())
                problems.append(
                    Problem(
                        "posted_before",
                        f"You posted {what} {where} {_ago(clock.now() - at)}.",
                        "Choose another one, or post it again if you mean to.",
                        is_blocking=False,
                        image_id=image.id,
                    )
                )
        return problems


def _ago(age: timedelta) -> str:
    if age < timedelta(hours=1):
        return "just now" if age < timedelta(minutes=2) else f"{age.seconds // 60} minutes ago"
    for length, word in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour")):
        count = age // length
        if count:
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"
