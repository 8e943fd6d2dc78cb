"""A Facebook Page: an unpublished photo first, then one post that carries the text and the photo.

The Page has no container that could be asked what became of a post. After a lost answer the recent posts
are searched for the same text; not finding it there proves nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson

from app.providers.publishing.base import (
    Account,
    AccountFacts,
    Content,
    ContentRefused,
    Look,
    PlatformRules,
    PrepareAgain,
    Standing,
)
from app.providers.publishing.errors import ACCOUNT_NOT_VISIBLE, UNAVAILABLE
from app.providers.publishing.graph import GraphClient
from app.providers.publishing.matching import only_match, web_address

CLOCK_SKEW = timedelta(seconds=5)
"""How far the platform's clock may be behind ours. Narrow, because a post of the same text from just before
would be taken for this one."""


class FacebookPublisher:
    """Publishes a text, with or without one picture, on a Page."""

    rules = PlatformRules(
        platform="facebook",
        min_images=0,
        max_images=1,
        max_characters=63206,
        max_hashtags=None,
        max_mentions=None,
        max_alt_text=1000,
        recipe="facebook",
    )

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def verify(self, account: Account) -> AccountFacts:
        """Ask for the Page that the token speaks for."""
        try:
            answer = await self._graph.get(account, account.external_id, fields="id,name")
        except ContentRefused as error:
            raise ACCOUNT_NOT_VISIBLE.build(is_irreversible=False, trace=error.trace) from error
        name = answer.get("name")
        if not isinstance(name, str) or not name:
            raise ACCOUNT_NOT_VISIBLE.build(is_irreversible=False)
        return AccountFacts(external_id=account.external_id, name=name)

    async def prepare(self, account: Account, content: Content) -> str:
        """Hand the picture over as an unpublished photo; empty when there is none."""
        if len(content.pictures) > self.rules.max_images:
            raise ContentRefused("too_many_images", "Only one image can be published to Facebook in a post.")
        if not content.pictures:
            if not content.text.strip():
                raise ContentRefused("post_is_empty", "A post needs a text or an image. Add one.")
            return ""
        picture = content.pictures[0]
        form = {"url": picture.url, "published": "false"}
        if picture.alt_text:
            form["alt_text_custom"] = picture.alt_text
        return await self._graph.post_for_id(account, "photos", form, is_irreversible=False)

    async def check(
        self, account: Account, reference: str, content: Content, attempted_at: datetime | None
    ) -> Look:
        """Before an attempt everything is ready; after one, search the recent posts.

        A post without text cannot be told from another's, so it stays unknown.
        """
        if attempted_at is None:
            return Look(Standing.READY)
        if not content.text.strip():
            return Look(Standing.UNKNOWN)
        try:
            answer = await self._graph.get(
                account, account.external_id, "published_posts", fields="id,message,created_time", limit=25
            )
        except (ContentRefused, PrepareAgain):
            return Look(Standing.UNKNOWN)  # a refusal to list says nothing about the post
        found = only_match(
            answer,
            text_field="message",
            time_field="created_time",
            text=content.text,
            since=attempted_at - CLOCK_SKEW,
        )
        return Look(Standing.PUBLISHED, found) if found else Look(Standing.UNKNOWN)

    async def finish(self, account: Account, reference: str, content: Content) -> str:
        """Publish the post."""
        form: dict[str, str] = {}
        if content.text:
            form["message"] = content.text
        if reference:
            form["attached_media[0]"] = orjson.dumps({"media_fbid": reference}).decode()
        return await self._graph.post_for_id(account, "feed", form, is_irreversible=True)

    async def permalink(self, account: Account, external_id: str) -> str:
        """The public address of the post."""
        answer = await self._graph.get(account, external_id, fields="id,permalink_url")
        address = web_address(answer.get("permalink_url"))
        if address is None:
            raise UNAVAILABLE.build(is_irreversible=False)
        return address
