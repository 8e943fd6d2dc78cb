"""What one step works with: the publication with all that belongs to it, what goes out, and its platform."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.core.db import Database
from app.core.errors import AppError, RuleBroken
from app.models import channels as channel_models
from app.models import posts as models
from app.models.channels import Channel
from app.providers.publishing.base import (
    Account,
    Content,
    Others,
    PersonTag,
    Picture,
    Placement,
    Publisher,
    PublishingError,
    ReconnectNeeded,
)
from app.services import posts
from app.services.channels import PERMISSION_MISSING, Channels, missing_permissions, not_allowed
from app.services.images import Library
from app.services.media_urls import MediaUrls
from app.services.publishing.journal import Task

_OTHERS_FROM = timedelta(hours=1)
"""So long before an attempt another publication is thought of as well: its call may have been slow."""


class Tasks:
    """Reads tasks for the runner of this name."""

    def __init__(
        self,
        database: Database,
        library: Library,
        channels: Channels,
        media_urls: MediaUrls,
        *,
        owner: str,
    ) -> None:
        self._database = database
        self._library = library
        self._channels = channels
        self._media_urls = media_urls
        self._owner = owner

    async def load(self, publication_id: int) -> Task | None:
        """Everything one step needs; None when this runner does not have the publication any more."""
        async with self._database.reading() as session:
            publication = await models.find_publication(session, publication_id)
            if publication is None or publication.lease_owner != self._owner:
                return None
            post = await models.find(session, publication.post_id)
            channel = await channel_models.find(session, publication.channel_id)
            if post is None or channel is None:
                return None
            (story,) = await posts.tell(session, [post])
        told = next(found for found in story.publications if found.publication.id == publication_id)
        return Task(
            publication=publication,
            channel=channel,
            outgoing=story.outgoing(channel.id),
            events=told.events,
            parts=list(told.parts),
            is_post_deleted=post.deleted_at is not None,
        )

    async def content(self, task: Task, placement: Placement) -> Content:
        """What goes out, with addresses made now. Raises `AppError` where a picture cannot be made."""
        layouts = posts.lay_out(placement, task.outgoing.pictures)
        pictures = []
        for layout, made in zip(layouts, await posts.make_files(self._library, layouts), strict=True):
            if isinstance(made, AppError):
                raise made
            picture = layout.picture
            url = self._media_urls.url(
                image_id=picture.image.id,
                name=made.recipe,
                provider=made.storage_provider,
                key=made.storage_key,
                for_practice=task.channel.is_practice,
            )
            tags = picture.user_tags if placement.takes_user_tags else ()
            pictures.append(
                Picture(
                    url,
                    picture.alt_text,
                    tuple(PersonTag(tag.username, tag.x, tag.y) for tag in tags),
                    picture.image.id,
                    made.sha256,
                )
            )
        return Content(
            text=task.outgoing.text,
            pictures=tuple(pictures),
            is_ai_generated=task.outgoing.is_ai_labelled and placement.takes_ai_label,
        )

    async def others(self, task: Task, attempted_at: datetime) -> Others:
        """What other publications may be out on the same account since this attempt."""
        since = attempted_at - _OTHERS_FROM
        async with self._database.reading() as session:
            rows = await models.list_sent_beside(session, task.publication, task.channel, since)
        return Others(
            ids=frozenset(external_id for external_id, _ in rows if external_id is not None),
            texts=tuple(text for external_id, text in rows if external_id is None),
        )

    async def named(self, channel: Channel, error: ReconnectNeeded) -> ReconnectNeeded:
        """The same refusal, with the permissions that are missing where the platform tells which."""
        gate = self._channels.gate(channel)
        if error.code != PERMISSION_MISSING or gate is None:
            return error
        try:
            token = await gate.inspect(self._channels.account(channel).access_token)
        except (PublishingError, ValueError):
            return error
        missing = missing_permissions(gate, channel.platform, token.permissions)
        return ReconnectNeeded(error.code, not_allowed(missing), trace=error.trace) if missing else error

    def platform(self, channel: Channel) -> tuple[Publisher, Account]:
        """The platform of a channel, and its account there. Raises `RuleBroken` and `ReconnectNeeded`."""
        if channel.disconnected_at is not None:
            raise RuleBroken("channel_disconnected", f"{channel.name} was disconnected. Connect it again.")
        try:
            return self._channels.publisher(channel), self._channels.account(channel)
        except ValueError as error:
            raise ReconnectNeeded(
                "channel_token_unreadable",
                f"The token of {channel.name} can't be read with today's SECRET_KEY. Connect it again.",
            ) from error
