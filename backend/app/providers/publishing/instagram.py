"""Instagram: a container is made from a picture's address, looked at until it is finished, and published.

Several pictures are a carousel: a container for each of them, and one that holds them all in their order.
Text and the AI label belong to the whole, alt text and marked accounts to each picture.

`media_publish` has no idempotency key. What became of it is read from the container, which says whether
it was published but not as what. The media is then found by its caption and its time, never by being the
newest one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson

from app.core import clock
from app.providers.publishing.base import (
    NOTHING_ELSE,
    Account,
    AccountFacts,
    Content,
    ContentRefused,
    Look,
    Others,
    OutcomeUnclear,
    Picture,
    PrepareAgain,
    PublishingError,
    Quota,
    ReconnectNeeded,
    Standing,
    TryLater,
)
from app.providers.publishing.errors import (
    ACCOUNT_NOT_VISIBLE,
    BY_SUBCODE,
    NOT_READY,
    PARTS_MISSING,
    UNAVAILABLE,
    UNCLEAR,
)
from app.providers.publishing.graph import GraphClient
from app.providers.publishing.matching import (
    COMMENTS_LOOKED_AT,
    POSTS_LOOKED_AT,
    look_in_list,
    own_comment,
    web_address,
)
from app.providers.publishing.rules import INSTAGRAM

CLOCK_SKEW = timedelta(seconds=60)
"""How far the platform's clock may be behind ours. Wide, because the container has already proved that the
post is out; only its id is looked for."""

LEAST_QUOTA = 50
"""Posts in 24 hours, where the platform names no number."""
_CLOCKS_DIFFER = timedelta(minutes=2)
"""It refuses to count from more than 24 hours ago, by its own clock."""
_SUBCODE = re.compile(r"\b2207\d{3}\b")
_STANDINGS = {
    "IN_PROGRESS": Standing.PENDING,
    "FINISHED": Standing.READY,
    "PUBLISHED": Standing.PUBLISHED,
    "EXPIRED": Standing.GONE,
    "ERROR": Standing.GONE,
}


class InstagramPublisher:
    """Publishes a picture, or a carousel of several, with a caption."""

    rules = INSTAGRAM

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def verify(self, account: Account) -> AccountFacts:
        """Ask who the token speaks for. An account without a user name is not an Instagram account."""
        try:
            answer = await self._graph.get(account, account.external_id, fields="id,username")
        except ContentRefused as error:
            raise ACCOUNT_NOT_VISIBLE.build(is_irreversible=False, trace=error.trace) from error
        username = answer.get("username")
        if not isinstance(username, str) or not username:
            raise ACCOUNT_NOT_VISIBLE.build(is_irreversible=False)
        return AccountFacts(external_id=account.external_id, name=username)

    async def quota(self, account: Account) -> Quota:
        """How much of the day's posts is used. Documents differ on how many there are: the answer counts."""
        since = clock.now() - timedelta(hours=24) + _CLOCKS_DIFFER
        answer = await self._graph.get(
            account,
            account.external_id,
            "content_publishing_limit",
            fields="quota_usage,config",
            since=str(int(since.timestamp())),
        )
        listed = answer.get("data")
        usage = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
        config = usage.get("config")
        total = config.get("quota_total") if isinstance(config, dict) else None
        used = usage.get("quota_usage")
        return Quota(
            used=used if isinstance(used, int) and used >= 0 else 0,
            total=total if isinstance(total, int) and total > 0 else LEAST_QUOTA,
        )

    async def prepare_part(self, account: Account, content: Content, position: int) -> str:
        """Make a container inside a carousel; the platform downloads the picture during the call."""
        form = _picture_form(content.pictures[position]) | {"is_carousel_item": "true"}
        return await self._graph.post_for_id(account, "media", form, is_irreversible=False)

    async def prepare(self, account: Account, content: Content, parts: Sequence[str] = ()) -> str:
        """Make the container: of the one picture, which is downloaded during the call, or of the parts."""
        count = len(content.pictures)
        if not count:
            raise ContentRefused("instagram_requires_image", "Instagram requires at least one image.")
        if count > self.rules.max_images:
            raise ContentRefused(
                "too_many_images", f"Instagram takes {self.rules.max_images} images in a post, not {count}."
            )
        if len(parts) != (count if count > 1 else 0):
            raise PARTS_MISSING.build(is_irreversible=False)
        if count == 1:
            form = _picture_form(content.pictures[0])
        else:
            form = {"media_type": "CAROUSEL", "children": ",".join(parts)}
        if content.text:
            form["caption"] = content.text
        if content.is_ai_generated:
            form["is_ai_generated"] = "true"
        return await self._graph.post_for_id(account, "media", form, is_irreversible=False)

    async def check(
        self,
        account: Account,
        reference: str,
        content: Content,
        attempted_at: datetime | None,
        parts: Sequence[str] = (),
        others: Others = NOTHING_ELSE,
    ) -> Look:
        """Look at the container; when it is published, also for the media.

        A container that the platform no longer shows is gone, unless it may have been published: then
        its absence proves nothing, and the recent media are searched. One that failed was never published.
        """
        try:
            standing, refusal = await self._container(account, reference)
        except (PrepareAgain, ContentRefused, ReconnectNeeded) as error:
            if isinstance(error, ReconnectNeeded) and error.code != ACCOUNT_NOT_VISIBLE.code:
                raise
            if attempted_at is None:
                return Look(Standing.GONE)
            return await self._find(account, content, attempted_at, others)
        if refusal is not None and attempted_at is None:
            raise refusal
        if standing is Standing.PUBLISHED and attempted_at is not None and content.text.strip():
            return Look(standing, (await self._find(account, content, attempted_at, others)).external_id)
        return Look(standing)

    async def finish(
        self, account: Account, reference: str, content: Content, parts: Sequence[str] = ()
    ) -> str:
        """Publish the container. A refusal because of the container's state is told only after a look at
        it: an earlier attempt that was thought lost may have published it."""
        try:
            return await self._graph.post_for_id(
                account, "media_publish", {"creation_id": reference}, is_irreversible=True
            )
        except (TryLater, PrepareAgain) as refusal:
            if isinstance(refusal, TryLater) and refusal.code != NOT_READY.code:
                raise
            raise await self._after_refusal(account, reference, refusal) from refusal

    async def permalink(self, account: Account, external_id: str) -> str:
        """The address of the media; it cannot be made from the id."""
        answer = await self._graph.get(account, external_id, fields="id,permalink")
        address = web_address(answer.get("permalink"))
        if address is None:
            raise UNAVAILABLE.build(is_irreversible=False)
        return address

    async def discard(self, account: Account, parts: Sequence[str]) -> None:
        """Containers cannot be removed; the platform forgets them after a day."""

    async def comment(self, account: Account, external_id: str, text: str) -> str:
        """Write a comment under the media."""
        return await self._graph.post_for_id(
            account, "comments", {"message": text}, is_irreversible=True, node=external_id
        )

    async def find_comment(self, account: Account, external_id: str, text: str) -> str | None:
        """Look for the comment among those of the account itself."""
        answer = await self._graph.get(
            account, external_id, "comments", fields="id,text,from", limit=COMMENTS_LOOKED_AT
        )
        return own_comment(answer, text_field="text", account_id=account.external_id, text=text)

    async def _container(self, account: Account, reference: str) -> tuple[Standing, PublishingError | None]:
        """Where the container stands; for a failed one also why, when the platform says it."""
        answer = await self._graph.get(account, reference, fields="status_code,status")
        code, text = answer.get("status_code"), answer.get("status")
        standing = _STANDINGS.get(code, Standing.UNKNOWN) if isinstance(code, str) else Standing.UNKNOWN
        if code == "ERROR" and isinstance(text, str) and (found := _SUBCODE.search(text)):
            verdict = BY_SUBCODE.get(int(found[0]))
            if verdict is not None:
                return standing, _of_failed_container(verdict.build(is_irreversible=False))
        return standing, None

    async def _after_refusal(
        self, account: Account, reference: str, refusal: PublishingError
    ) -> PublishingError:
        try:
            standing, why = await self._container(account, reference)
        except PublishingError:
            return refusal if isinstance(refusal, TryLater) else _unclear(refusal)
        if why is not None:
            return why
        if standing in (Standing.PENDING, Standing.READY):
            return TryLater(
                NOT_READY.code, NOT_READY.detail, retry_after=refusal.retry_after, trace=refusal.trace
            )
        if standing is Standing.GONE:
            gone = BY_SUBCODE[2207020].build(is_irreversible=False, trace=refusal.trace)
            return gone if isinstance(refusal, TryLater) else refusal
        return _unclear(refusal)

    async def _find(self, account: Account, content: Content, attempted_at: datetime, others: Others) -> Look:
        """Search the recent media. A list that is refused says nothing of the post."""
        try:
            answer = await self._graph.get(
                account,
                account.external_id,
                "media",
                fields="id,caption,permalink,timestamp",
                limit=POSTS_LOOKED_AT,
            )
        except (ContentRefused, PrepareAgain):
            return Look(Standing.UNKNOWN)
        return look_in_list(
            answer,
            text_field="caption",
            time_field="timestamp",
            text=content.text,
            since=attempted_at - CLOCK_SKEW,
            others=others,
        )


def _picture_form(picture: Picture) -> dict[str, str]:
    form = {"image_url": picture.url}
    if picture.alt_text:
        form["alt_text"] = picture.alt_text
    if picture.user_tags:
        tags = [{"username": tag.username, "x": tag.x, "y": tag.y} for tag in picture.user_tags]
        form["user_tags"] = orjson.dumps(tags).decode()
    return form


def _of_failed_container(error: PublishingError) -> PublishingError:
    """A failed container never recovers: where the error alone says to wait, the cure is a new one."""
    if isinstance(error, TryLater):
        return PrepareAgain(error.code, error.detail, retry_after=error.retry_after)
    return error


def _unclear(refusal: PublishingError) -> OutcomeUnclear:
    return OutcomeUnclear(UNCLEAR.code, UNCLEAR.detail, trace=refusal.trace)
