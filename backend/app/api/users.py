"""Accounts: sign up, sign in, sign out, and who am I."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from app.api.businesses import business_view
from app.api.deps import (
    SESSION_COOKIE,
    PersonId,
    Product,
    ProductDep,
    ReadSession,
    UserId,
    WriteSession,
    api_router,
    session_token,
)
from app.api.rate_limits import limit_auth
from app.imaging import Limits
from app.schemas.users import (
    LimitsView,
    Login,
    Me,
    PasswordChange,
    PasswordChanged,
    PracticeView,
    Register,
    SignedIn,
    UserChange,
    UserView,
)
from app.services import users
from app.services.users import Account, SignIn

router = api_router("accounts")


@router.post("/auth/register", status_code=201, summary="Sign up", dependencies=[Depends(limit_auth)])
async def register(body: Register, product: ProductDep, response: Response) -> SignedIn:
    """Create a user and the business that they own, and sign in.

    Answers with a token for programs and sets the same one as a cookie for browsers. The business gets
    its practice channels where the server has them. 409 `email_taken` when the e-mail has an account.
    """
    signed_in = await users.register(
        product.database,
        email=body.email,
        password=body.password,
        name=body.name,
        business_name=body.business_name,
        timezone=body.timezone,
    )
    business, _ = signed_in.account.businesses[0]
    await product.channels.open_practice(business.id, business.name)
    return _welcome(signed_in, product, response)


@router.post("/auth/login", summary="Sign in", dependencies=[Depends(limit_auth)])
async def login(body: Login, product: ProductDep, response: Response) -> SignedIn:
    """Open a session of 30 days. 401 `invalid_credentials` does not say which of the two was wrong."""
    signed_in = await users.log_in(product.database, email=body.email, password=body.password)
    return _welcome(signed_in, product, response)


@router.post("/auth/logout", status_code=204, summary="Sign out")
async def logout(
    user_id: PersonId,
    token: Annotated[str | None, Depends(session_token)],
    session: WriteSession,
    product: ProductDep,
    response: Response,
) -> None:
    """Revoke the token that this request carries. Other sessions of the user stay."""
    await users.log_out(session, token=token or "")
    response.delete_cookie(
        SESSION_COOKIE, httponly=True, samesite="lax", secure=_is_secure(product), path="/"
    )


@router.get("/auth/me", summary="Who am I")
async def me(user_id: UserId, session: ReadSession, product: ProductDep) -> Me:
    """The user behind the token, their businesses (with a key, the one it is for), what is practice here, and
    this server's limits."""
    return _me(await users.look_up(session, user_id=user_id), product)


@router.patch("/users/me", summary="Change your name")
async def change_user(body: UserChange, user_id: PersonId, session: WriteSession) -> UserView:
    """You are called so in all of your businesses."""
    account = await users.rename(session, user_id=user_id, name=body.name)
    return UserView.model_validate(account.user)


@router.post("/users/me/password", summary="Change your password", dependencies=[Depends(limit_auth)])
async def change_password(
    body: PasswordChange,
    user_id: PersonId,
    token: Annotated[str | None, Depends(session_token)],
    product: ProductDep,
) -> PasswordChanged:
    """Ends your sessions in all other places; this one goes on, and so do your API keys. 422 `wrong_password`
    when `current_password` is not the one that you sign in with."""
    ended = await users.change_password(
        product.database,
        user_id=user_id,
        token=token or "",
        current_password=body.current_password,
        new_password=body.new_password,
    )
    return PasswordChanged(sessions_ended=ended)


def _welcome(signed_in: SignIn, product: Product, response: Response) -> SignedIn:
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=int(users.SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_secure(product),
        path="/",
    )
    who = _me(signed_in.account, product)
    return SignedIn(
        access_token=signed_in.token,
        user=who.user,
        businesses=who.businesses,
        practice=who.practice,
        limits=who.limits,
    )


def _me(account: Account, product: Product) -> Me:
    settings, sides = product.settings, Limits()
    return Me(
        user=UserView.model_validate(account.user),
        businesses=[business_view(business, role) for business, role in account.businesses],
        practice=PracticeView(
            meta=settings.is_meta_practice, images="practice" in settings.active_image_providers
        ),
        limits=LimitsView(
            max_upload_bytes=settings.max_upload_bytes,
            min_side=sides.min_side,
            max_side=sides.max_side,
            trash_days=settings.trash_days,
        ),
    )


def _is_secure(product: Product) -> bool:
    """Whether browsers reach this server by https only: then the cookie is sent only that way."""
    return product.settings.public_url.startswith("https://")
