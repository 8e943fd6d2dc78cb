"""A Facebook Page: unpublished photos first, then one post that carries the text and the photos.

The Page has no container that could be asked what became of a post. After a lost answer the recent posts
are searched for the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson

from app.providers.publishing.base import (
    NOTHING_ELSE,
    Account,
    AccountFacts,
    Content,
    ContentRefused,
    Look,
    Others,
    PrepareAgain,
    ReconnectNeeded,
    Standing,
)
from app.providers.publishing.errors import ACCOUNT_NOT_VISIBLE, PARTS_MISSING, UNAVAILABLE
from app.providers.publishing.graph import GraphClient
from app.providers.publishing.matching import (
    COMMENTS_LOOKED_AT,
    POSTS_LOOKED_AT,
    look_in_list,
    own_comment,
    web_address,
)
from app.providers.publishing.rules import FACEBOOK

CLOCK_SKEW = timedelta(seconds=5)
"""How far the platform's clock may be behind ours. Narrow, because a post of the same text from just before
would be taken for this one."""


class FacebookPublisher:
    """Publishes a text, with or without pictures, on a Page."""

    rules = FACEBOOK

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

    async def prepare_part(self, account: Account, content: Content, position: int) -> str:
        """Hand a picture over as an unpublished photo; the platform downloads it during the call."""
        picture = content.pictures[position]
        form = {"url": picture.url, "published": "false"}
        if picture.alt_text:
            form["alt_text_custom"] = picture.alt_text
        return await self._graph.post_for_id(account, "photos", form, is_irreversible=False)

    async def prepare(self, account: Account, content: Content, parts: Sequence[str] = ()) -> str:
        """There is nothing to hand over but the photos; empty."""
        count = len(content.pictures)
        if count > self.rules.max_images:
            raise ContentRefused(
                "too_many_images",
                f"{self.rules.max_images} images can go into a Facebook post, not {count}.",
            )
        if not count and not content.text.strip():
            raise ContentRefused("post_is_empty", "A post needs a text or an image. Add one.")
        if len(parts) != count:
            raise PARTS_MISSING.build(is_irreversible=False)
        return ""

    async def check(
        self,
        account: Account,
        reference: str,
        content: Content,
        attempted_at: datetime | None,
        parts: Sequence[str] = (),
        others: Others = NOTHING_ELSE,
    ) -> Look:
        """Before an attempt everything is ready. After one its photos say in which post they are, and photos
        that are in none prove that it is not out. Otherwise only the recent posts can be searched, where a
        post without text cannot be told from another's. What is refused to be shown proves nothing.
        """
        if attempted_at is None:
            return Look(Standing.READY)
        photos = await self._look_at_photos(account, parts)
        if photos.standing is Standing.PUBLISHED:
            return photos
        listed = await self._find(account, content, attempted_at, others)
        return (
            photos
            if photos.standing is Standing.READY and listed.standing is not Standing.PUBLISHED
            else listed
        )

    async def _look_at_photos(self, account: Account, parts: Sequence[str]) -> Look:
        """Whether a post has the photos; unknown where there are none, or one of them is not shown."""
        is_known = bool(parts)
        for photo_id in parts:
            try:
                story = await self._story_of(account, photo_id)
            except (ContentRefused, PrepareAgain):
                is_known = False
                continue
            except ReconnectNeeded as error:
                # An object that is not there is told in the same way as one that may not be seen.
                if error.code != ACCOUNT_NOT_VISIBLE.code:
                    raise
                is_known = False
                continue
            if story:
                return Look(Standing.PUBLISHED, story)
        return Look(Standing.READY if is_known else Standing.UNKNOWN)

    async def _story_of(self, account: Account, photo_id: str) -> str | None:
        """The post that a photo is in."""
        photo = await self._graph.get(account, photo_id, fields="id,page_story_id")
        story = photo.get("page_story_id")
        return story if isinstance(story, str) and story else None

    async def _find(self, account: Account, content: Content, attempted_at: datetime, others: Others) -> Look:
        """Search the recent posts. A list that is refused says nothing of the post."""
        try:
            answer = await self._graph.get(
                account,
                account.external_id,
                "published_posts",
                fields="id,message,created_time",
                limit=POSTS_LOOKED_AT,
            )
        except (ContentRefused, PrepareAgain):
            return Look(Standing.UNKNOWN)
        return look_in_list(
            answer,
            text_field="message",
            time_field="created_time",
            text=content.text,
            since=attempted_at - CLOCK_SKEW,
            others=others,
        )

    async def finish(
        self, account: Account, reference: str, content: Content, parts: Sequence[str] = ()
    ) -> str:
        """Publish the post, with its photos in their order."""
        if len(parts) != len(content.pictures):
            raise PARTS_MISSING.build(is_irreversible=False)
        form: dict[str, str] = {}
        if content.text:
            form["message"] = content.text
        for position, photo_id in enumerate(parts):
            form[f"attached_media[{position}]"] = orjson.dumps({"media_fbid": photo_id}).decode()
        try:
            return await self._graph.post_for_id(account, "feed", form, is_irreversible=True)
        except ReconnectNeeded as error:
            if not parts or error.code != ACCOUNT_NOT_VISIBLE.code:
                raise
            # A photo that is gone is told in the same way as a Page that may not be seen.
            await self.verify(account)
            raise PARTS_MISSING.build(is_irreversible=False, trace=error.trace) from error

    async def permalink(self, account: Account, external_id: str) -> str:
        """The public address of the post."""
        answer = await self._graph.get(account, external_id, fields="id,permalink_url")
        address = web_address(answer.get("permalink_url"))
        if address is None:
            raise UNAVAILABLE.build(is_irreversible=False)
        return address

    async def discard(self, account: Account, parts: Sequence[str]) -> None:
        """Delete photos that no post shows. Deleting one that is in a post would take it out of there."""
        for photo_id in parts:
            try:
                if await self._story_of(account, photo_id) is None:
                    await self._graph.delete(account, photo_id)
            except (ContentRefused, PrepareAgain):
                continue  # it is not there any more
            except ReconnectNeeded as error:
                # An object that is not there is told in the same way as one that may not be seen.
                if error.code != ACCOUNT_NOT_VISIBLE.code:
                    raise

    async def comment(self, account: Account, external_id: str, text: str) -> str:
        """Write a comment under the post, as the Page."""
        return await self._graph.post_for_id(
            account, "comments", {"message": text}, is_irreversible=True, node=external_id
        )

    async def find_comment(self, account: Account, external_id: str, text: str) -> str | None:
        """Look for the comment among those of the Page itself."""
        answer = await self._graph.get(
            account, external_id, "comments", fields="id,message,from", limit=COMMENTS_LOOKED_AT
        )
        return own_comment(answer, text_field="message", account_id=account.external_id, text=text)
