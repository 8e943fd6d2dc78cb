"""One call from text and pictures to a published post."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request
from starlette.responses import Response

from app.api.deps import ProductDep, UserId, api_router
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.api.posts import answer_afresh
from app.schemas.base import View
from app.schemas.posts import PostAnswer, PublishInput

router = api_router("publishing")

LONGEST_WAIT = timedelta(seconds=60)


async def _publish(
    request: Request, product: ProductDep, user_id: int, body: PublishInput, platform: str
) -> Response:
    async def publish(key: str | None) -> tuple[int, View]:
        post_id = await product.publishing.compose(
            user_id=user_id,
            business_id=body.business_id,
            platform=platform,
            content_text=body.content_text,
            image_ids=body.image_ids,
            image_urls=body.content_images,
            channel_id=body.channel_id,
            ai_label=body.ai_label,
            first_comment=body.first_comment,
            scheduled_at=body.scheduled_at,
            max_bytes=product.settings.max_upload_bytes,
            request_key=key,
        )
        if body.scheduled_at is None:
            await product.publishing.settled(post_id, timeout=LONGEST_WAIT)
        return 201, await answer_afresh(product, user_id, post_id)

    return await idempotently(
        request,
        product,
        user_id,
        f"{platform}:{await body_fingerprint(request)}",
        publish,
        admit=member_of(product, user_id, body.business_id),
    )


@router.post(
    "/publishing/instagram",
    response_model=PostAnswer,
    status_code=201,
    openapi_extra=IDEMPOTENT,
    summary="Publish to Instagram",
)
async def publish_to_instagram(
    request: Request, product: ProductDep, user_id: UserId, body: PublishInput
) -> Response:
    """Answers when the outcome is known, or after 60 s with the state so far: 201 means accepted, the
    publication's `state` tells the rest."""
    return await _publish(request, product, user_id, body, "instagram")


@router.post(
    "/publishing/facebook",
    response_model=PostAnswer,
    status_code=201,
    openapi_extra=IDEMPOTENT,
    summary="Publish to a Facebook Page",
)
async def publish_to_facebook(
    request: Request, product: ProductDep, user_id: UserId, body: PublishInput
) -> Response:
    """As for Instagram; a text without a picture is a post too."""
    return await _publish(request, product, user_id, body, "facebook")
