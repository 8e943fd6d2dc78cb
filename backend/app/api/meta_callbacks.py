"""What Meta calls by itself: webhooks, and people who remove the app or want to be forgotten.

Nobody signs in here. What counts is a signature made with the app's secret.
"""

from __future__ import annotations

import hmac
from html import escape
from typing import Annotated

from fastapi import Depends, Form, Query, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from app.api.deps import ProductDep, api_router
from app.api.rate_limits import limit_meta
from app.core.errors import Forbidden, NotFound
from app.schemas.base import Done
from app.schemas.logins import DeletionAccepted

router = api_router("meta")

SignedRequest = Annotated[str, Form(min_length=3, max_length=10_000)]


@router.get(
    "/meta/webhooks",
    dependencies=[Depends(limit_meta)],
    response_model=None,
    summary="Meta's question whether webhooks may come here",
)
async def verify_webhooks(
    product: ProductDep,
    mode: Annotated[str, Query(alias="hub.mode", max_length=100)] = "",
    token: Annotated[str, Query(alias="hub.verify_token", max_length=1000)] = "",
    challenge: Annotated[
        str, Query(alias="hub.challenge", max_length=1000, pattern=r"^[A-Za-z0-9_-]*$")
    ] = "",
) -> Response:
    """Answered with the challenge where the token is the one of `META_WEBHOOK_VERIFY_TOKEN`."""
    expected = product.settings.meta_webhook_verify_token.get_secret_value()
    if not expected:
        raise NotFound("not_found", "There is nothing at this address.")
    if mode != "subscribe" or not hmac.compare_digest(token.encode(), expected.encode()):
        raise Forbidden("verify_token_invalid", "This is not the token of META_WEBHOOK_VERIFY_TOKEN.")
    return PlainTextResponse(challenge)


@router.post("/meta/webhooks", dependencies=[Depends(limit_meta)], summary="An event at Meta")
async def take_webhook(product: ProductDep, request: Request) -> Done:
    """The channels that an event names are looked at soon; the event is not kept, repeated or not."""
    signature = request.headers.get("x-hub-signature-256", "")
    await product.callbacks.take_event(await request.body(), signature)
    return Done(message="Taken")


@router.post(
    "/meta/deauthorize", dependencies=[Depends(limit_meta)], summary="Somebody has removed the app at Meta"
)
async def deauthorize(product: ProductDep, signed_request: SignedRequest) -> Done:
    """Their tokens are thrown away, and the channels that stand on them say so."""
    await product.callbacks.deauthorize(signed_request)
    return Done(message="Removed")


@router.post(
    "/meta/data-deletion",
    dependencies=[Depends(limit_meta)],
    summary="Somebody at Meta wants to be forgotten",
)
async def delete_data(product: ProductDep, signed_request: SignedRequest) -> DeletionAccepted:
    """Done at once. The address in the answer says so to whoever asks."""
    code = await product.callbacks.delete_data(signed_request)
    return DeletionAccepted(
        url=f"{product.settings.public_url}/api/v1/meta/data-deletion/{code}", confirmation_code=code
    )


@router.get(
    "/meta/data-deletion/{code}",
    dependencies=[Depends(limit_meta)],
    response_model=None,
    summary="What became of a wish to be forgotten",
)
async def show_deletion(product: ProductDep, code: str) -> Response:
    """A page for people."""
    found = await product.callbacks.deletion(code)
    when = escape(f"{found.done_at:%Y-%m-%d %H:%M} UTC")
    removed = (
        "What this server kept of your login at Meta, its tokens included, was deleted"
        if found.logins_removed
        else "This server kept nothing of your login at Meta when you asked"
    )
    return HTMLResponse(
        '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f"<title>Data deletion</title><h1>Data deletion</h1><p>{removed}, on {when}.</p></html>"
    )
