"""Channels over HTTP."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import Request
from starlette.responses import Response

from app.api.deps import (
    PathId,
    Product,
    ProductDep,
    QueryId,
    ReadSession,
    UserId,
    WriteSession,
    api_router,
)
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.core.errors import RuleBroken
from app.models.channels import Channel
from app.schemas.base import Done, View
from app.schemas.channels import ChannelConnect, ChannelList, ChannelView, RulesView
from app.services import channels

router = api_router("channels")

_UNAVAILABLE = RulesView(
    min_images=0, max_images=0, max_characters=0, max_hashtags=None, max_mentions=None, max_alt_text=0
)


def channel_view(product: Product, channel: Channel) -> ChannelView:
    """A channel as the wire shows it; never its token."""
    try:
        facts = asdict(product.channels.rules(channel))
        rules = RulesView(**{name: facts[name] for name in RulesView.model_fields})
        status = channel.status
    except RuleBroken:
        # A practice channel on a server whose practice mode was switched off.
        rules, status = _UNAVAILABLE, "reconnect_needed"
    return ChannelView.model_validate(
        {
            "id": channel.id,
            "platform": channel.platform,
            "name": channel.name,
            "external_id": channel.external_id,
            "status": status,
            "is_practice": channel.is_practice,
            "rules": rules,
        }
    )


@router.get("/channels", summary="The business's channels")
async def list_channels(
    product: ProductDep, session: ReadSession, user_id: UserId, business_id: QueryId
) -> ChannelList:
    """In the order in which they were connected, each with its platform's limits."""
    found = await channels.list_channels(session, user_id=user_id, business_id=business_id)
    return ChannelList(channels=[channel_view(product, channel) for channel in found])


@router.post(
    "/channels",
    response_model=ChannelView,
    status_code=201,
    openapi_extra=IDEMPOTENT,
    summary="Connect with a token",
)
async def connect_channel(
    request: Request, product: ProductDep, user_id: UserId, body: ChannelConnect
) -> Response:
    """The platform is asked before anything is kept. Connecting the same account again renews it."""

    async def connect(_: str | None) -> tuple[int, View]:
        channel = await product.channels.connect(
            user_id=user_id,
            business_id=body.business_id,
            platform=body.platform,
            external_id=body.external_id,
            access_token=body.access_token.get_secret_value(),
            name=body.name,
            login=body.login,
        )
        return 201, channel_view(product, channel)

    admit = member_of(product, user_id, body.business_id)
    return await idempotently(
        request, product, user_id, await body_fingerprint(request), connect, admit=admit
    )


@router.delete("/channels/{channel_id}", summary="Disconnect a channel")
async def disconnect_channel(session: WriteSession, user_id: UserId, channel_id: PathId) -> Done:
    """Refused while posts are still to go out on it. What was published stays, and stays listed."""
    await channels.disconnect(session, user_id=user_id, channel_id=channel_id)
    return Done(message="Channel disconnected")
