"""Channels over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import Depends, Request
from starlette.responses import Response

from app.api.deps import (
    PathId,
    PersonId,
    Product,
    ProductDep,
    QueryId,
    ReadSession,
    UserId,
    WriteSession,
    api_router,
    limit_channel_checks,
)
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.core.errors import RuleBroken
from app.models.channels import Channel
from app.providers.publishing.base import Placement, PlatformRules
from app.schemas.base import Done, View
from app.schemas.channels import (
    ChannelConnect,
    ChannelList,
    ChannelView,
    LoginView,
    PlacementView,
    RatioView,
    RulesView,
)
from app.services import channels

router = api_router("channels")

_UNAVAILABLE = RulesView(
    min_images=0,
    max_images=0,
    max_characters=0,
    max_hashtags=None,
    max_mentions=None,
    max_alt_text=0,
    placements=[],
    first_comment=None,
)


_UNKNOWN_PROBLEM = "Meta no longer accepts this connection. Connect the channel again."


def rules_view(rules: PlatformRules) -> RulesView:
    """A platform's rules as a screen needs them."""
    facts = asdict(rules) | {"placements": [_placement_view(found) for found in rules.placements]}
    return RulesView.model_validate({name: facts[name] for name in RulesView.model_fields})


def _placement_view(placement: Placement) -> PlacementView:
    facts = asdict(placement) | {
        "takes_alt_text": placement.takes_alt_text,
        "takes_user_tags": placement.takes_user_tags,
    }
    for name in ("min_ratio", "max_ratio"):
        ratio = facts[name]
        facts[name] = ratio and RatioView(width=ratio[0], height=ratio[1])
    return PlacementView.model_validate({name: facts[name] for name in PlacementView.model_fields})


def channel_view(
    product: Product, channel: Channel, waiting: Sequence[Mapping[str, Any]] = ()
) -> ChannelView:
    """A channel as the wire shows it; never its token. `waiting`: what is still to go out on it."""
    problem = (channel.problem_code, channel.problem_detail) if channel.problem_code else None
    try:
        rules = rules_view(product.channels.rules(channel))
        status = channel.status
    except RuleBroken as error:
        # A practice channel on a server whose practice mode was switched off.
        rules, status, problem = _UNAVAILABLE, "reconnect_needed", (error.code, error.detail)
    if status == "reconnect_needed" and problem is None:
        problem = ("reconnect_needed", _UNKNOWN_PROBLEM)
    quota = {"used": channel.quota_used, "total": channel.quota_total}
    return ChannelView.model_validate(
        {
            "id": channel.id,
            "platform": channel.platform,
            "name": channel.name,
            "external_id": channel.external_id,
            "account_url": account_url(product, channel),
            "status": status,
            "is_practice": channel.is_practice,
            "login": channel.login,
            "token_expires_at": channel.token_expires_at,
            "data_access_expires_at": channel.data_access_expires_at,
            "checked_at": channel.checked_at,
            "missing_permissions": channel.missing_permissions,
            "problem": None if problem is None else {"code": problem[0], "detail": problem[1]},
            "tried_again_at": channel.check_at if status == "restricted" else None,
            "quota": None if None in quota.values() else quota,
            "waiting_posts": list(waiting),
            "rules": rules,
        }
    )


def account_url(product: Product, channel: Channel) -> str:
    """Where people look at the account and its posts."""
    return product.sites.account(
        channel.platform, channel.external_id, channel.name, is_practice=channel.is_practice
    )


@router.get("/channels", summary="The business's channels")
async def list_channels(
    product: ProductDep, session: ReadSession, user_id: UserId, business_id: QueryId
) -> ChannelList:
    """In the order in which they were connected, each with how it is and its platform's limits; and the
    logins by which more can be connected."""
    found = await channels.list_channels(session, user_id=user_id, business_id=business_id)
    waiting = await channels.list_waiting(session, found)
    return ChannelList(
        channels=[channel_view(product, channel, waiting.get(channel.id, [])) for channel in found],
        logins=[
            LoginView.model_validate({"login": login, "is_practice": is_practice})
            for login, is_practice in product.connecting.logins.items()
        ],
    )


@router.post(
    "/channels",
    response_model=ChannelView,
    status_code=201,
    openapi_extra=IDEMPOTENT,
    dependencies=[Depends(limit_channel_checks)],
    summary="Connect with a token",
)
async def connect_channel(
    request: Request, product: ProductDep, user_id: PersonId, body: ChannelConnect
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
async def disconnect_channel(session: WriteSession, user_id: PersonId, channel_id: PathId) -> Done:
    """Refused while posts are still to go out on it. What was published stays, and stays listed."""
    await channels.disconnect(session, user_id=user_id, channel_id=channel_id)
    return Done(message="Channel disconnected")


@router.post(
    "/channels/{channel_id}/check",
    dependencies=[Depends(limit_channel_checks)],
    summary="Look how a channel is",
)
async def check_channel(product: ProductDep, user_id: UserId, channel_id: PathId) -> ChannelView:
    """Asks the platform now whether the token counts and what it allows. It is done daily by itself."""
    async with product.database.reading() as session:
        await channels.require_channel(session, user_id=user_id, channel_id=channel_id)
    channel = await product.channel_health.check_health(channel_id)
    if channel is None:
        raise channels.no_such_channel()
    async with product.database.reading() as session:
        waiting = await channels.list_waiting(session, [channel])
    return channel_view(product, channel, waiting.get(channel.id, []))


@router.post(
    "/channels/{channel_id}/try",
    dependencies=[Depends(limit_channel_checks)],
    summary="Try a restricted channel, or one whose posts of the day are used up, ahead of time",
)
async def try_channel(product: ProductDep, user_id: UserId, channel_id: PathId) -> ChannelView:
    """Posts may go out on it again, and those that wait begin with the first. When the platform refuses it,
    the channel is as it was before."""
    channel = await product.settling.try_now(user_id=user_id, channel_id=channel_id)
    return channel_view(product, channel)
