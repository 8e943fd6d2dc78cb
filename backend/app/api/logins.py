"""Meta's logins over HTTP: out, back, and the choice of accounts."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from app.api.channels import channel_view
from app.api.deps import (
    PathId,
    PersonId,
    ProductDep,
    QueryId,
    Visitor,
    api_router,
    limit_channel_checks,
    session_token,
)
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.schemas.base import Id, View
from app.schemas.channels import LoginName
from app.schemas.logins import AccountChoices, AccountsConnected, AttemptView, LoginBegun
from app.services.channels import in_words
from app.services.logins import Attempt, channel_of

router = api_router("channels")

_SETTINGS_PAGE = "/dashboard/settings"
Sent = Annotated[str, Query()]
_LONGEST_SENT = 4000


def _back_to_settings(**said: str | int) -> RedirectResponse:
    return RedirectResponse(f"{_SETTINGS_PAGE}?{urlencode(said)}#channels", status_code=303)


def _view(attempt: Attempt) -> AttemptView:
    problem = attempt.problem
    return AttemptView.model_validate(
        {
            "id": attempt.id,
            "business_id": attempt.business_id,
            "login": attempt.login,
            "is_practice": attempt.is_practice,
            "expires_at": attempt.expires_at,
            "problem": None if problem is None else {"code": problem[0], "detail": problem[1]},
            "missing_permissions": attempt.missing_permissions,
            "missing_in_words": in_words(attempt.missing_permissions)
            if attempt.missing_permissions
            else None,
            "person": attempt.person,
            "choices": attempt.choices,
        }
    )


@router.get(
    "/channels/meta/authorize",
    dependencies=[Depends(limit_channel_checks)],
    summary="Begin to connect through Meta's login",
)
async def begin_login(
    request: Request,
    product: ProductDep,
    user_id: PersonId,
    business_id: QueryId,
    login: LoginName = "facebook",
    again: bool = False,
    channel_id: Annotated[Id | None, Query()] = None,
) -> LoginBegun:
    """Gives the address of Meta's page, which a browser with the same session goes to within a quarter of an
    hour. `again` asks anew for permissions that were declined before. `channel_id` is the channel to be
    connected again: it comes back beside the attempt. For admins and owners."""
    address = await product.connecting.begin(
        user_id=user_id,
        # A session it is: somebody is signed in here.
        session_token=session_token(request) or "",
        business_id=business_id,
        kind=login,
        is_again=again,
        channel_id=channel_id,
    )
    return LoginBegun(authorize_url=address)


@router.get(
    "/channels/meta/callback",
    status_code=303,
    response_model=None,
    summary="Where Meta's login sends the browser back to",
)
async def end_login(
    product: ProductDep, visitor: Visitor, state: Sent = "", code: Sent = "", error: Sent = ""
) -> Response:
    """Always leads to the settings, which say what became of it. Enter this address in the app at Meta."""
    if visitor is None:
        return _back_to_settings(login_problem="not_signed_in")
    user_id, session = visitor
    if any(len(sent) > _LONGEST_SENT or "\x00" in sent for sent in (state, code, error)):
        return _back_to_settings(login_problem="state_invalid")
    attempt_id = await product.connecting.come_back(
        user_id=user_id, session_token=session, state=state, code=code, error=error
    )
    if attempt_id is None:
        return _back_to_settings(login_problem="state_invalid")
    channel_id = channel_of(state)
    meant_for = {} if channel_id is None else {"channel": channel_id}
    return _back_to_settings(login=attempt_id, **meant_for)


@router.get("/channels/meta/attempts/{attempt_id}", summary="What a login brought")
async def get_attempt(product: ProductDep, user_id: PersonId, attempt_id: PathId) -> AttemptView:
    """The accounts that can be connected, for a quarter of an hour; or what went wrong."""
    return _view(await product.connecting.attempt(user_id=user_id, attempt_id=attempt_id))


@router.post(
    "/channels/meta/attempts/{attempt_id}",
    response_model=AccountsConnected,
    status_code=201,
    openapi_extra=IDEMPOTENT,
    summary="Connect what a login brought",
)
async def choose_accounts(
    request: Request, product: ProductDep, user_id: PersonId, attempt_id: PathId, body: AccountChoices
) -> Response:
    """All of the accounts, or none where one is not possible. Those connected already are renewed."""
    attempt = await product.connecting.attempt(user_id=user_id, attempt_id=attempt_id)

    async def choose(_: str | None) -> tuple[int, View]:
        connected = await product.connecting.choose(
            user_id=user_id,
            attempt_id=attempt_id,
            accounts=[(account.platform, account.external_id) for account in body.accounts],
        )
        return 201, AccountsConnected(channels=[channel_view(product, channel) for channel in connected])

    admit = member_of(product, user_id, attempt.business_id)
    return await idempotently(request, product, user_id, await body_fingerprint(request), choose, admit=admit)
