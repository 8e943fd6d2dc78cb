"""What routes ask for: the product, a unit of work, who is signed in, and how often they may call.

Routers are made by `api_router`, so that a stranger is refused before the body is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.responses import Response

from app.api.errors import PROBLEM_RESPONSES
from app.api.rate_limits import limits_of
from app.core.errors import Forbidden, Unauthenticated
from app.schemas.base import Id
from app.services import api_keys, users
from app.services.access import Session

if TYPE_CHECKING:
    from app.wiring import Product as Product
else:
    # A name for the type checker alone: importing the wiring here would bring in every provider.
    Product = Any

SESSION_COOKIE = "aigrowth_session"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def get_product(request: Request) -> Product:
    """The running product that this application serves."""
    product: Product = request.app.state.product
    return product


async def _asked_product(request: Request) -> Product:
    # FastAPI calls a plain function in a thread, and the way there costs more than most answers do.
    return get_product(request)


ProductDep = Annotated[Product, Depends(_asked_product)]


async def _read_session(product: ProductDep) -> AsyncIterator[Session]:
    async with product.database.reading() as session:
        yield session


async def _write_session(product: ProductDep) -> AsyncIterator[Session]:
    async with product.database.writing() as session:
        yield session


# Function scope: the unit of work ends before the answer leaves, so a failed commit is an error.
ReadSession = Annotated[Session, Depends(_read_session, scope="function")]
"""A consistent look at the database."""
WriteSession = Annotated[Session, Depends(_write_session, scope="function")]
"""One transaction around the route: committed when it returns, rolled back when it raises."""


def session_token(request: Request) -> str | None:
    """The token of the request: the Authorization header's, else the cookie's. None: signed out.

    A cookie travels by itself, so with an unsafe method it counts only when the request comes from
    our own page. Raises Forbidden (`origin_not_allowed`) otherwise, and Unauthenticated for an
    Authorization header of another kind.
    """
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("token_invalid", "Send the token as: Authorization: Bearer <token>.")
        return token.strip()
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        return None
    if request.method not in _SAFE_METHODS:
        _require_own_origin(request)
    return cookie


def _require_own_origin(request: Request) -> None:
    origin = request.headers.get("origin") or _origin(request.headers.get("referer", ""))
    own = {
        _origin(get_product(request).settings.public_url),
        _origin(f"{request.url.scheme}://{request.headers.get('host', '')}"),
    }
    if not origin or _origin(origin) not in own:
        raise Forbidden(
            "origin_not_allowed",
            "A session cookie is taken only from this server's own pages. Programs send "
            "Authorization: Bearer <token>.",
        )


def _origin(url: str) -> str:
    """`scheme://host[:port]` in lower case, default ports left out; empty where there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_default = port is None or port == {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if is_default else f"{parts.scheme}://{host}:{port}"


# For the API description only: `session_token` reads the header itself, and the cookie.
_described = HTTPBearer(
    auto_error=False, scheme_name="token", description="From register or login, or the secret of an API key."
)


async def require_user(request: Request, _: Annotated[object, Depends(_described)] = None) -> int:
    """The id of whoever is signed in, or whose key this is: then the request stays within the key's bounds.

    Raises Unauthenticated: `not_signed_in`, `token_expired`, `token_invalid`, `api_key_expired` or
    `api_key_invalid`.
    """
    known: int | None = getattr(request.state, "user_id", None)
    if known is None:
        known = request.state.user_id = await _identify(request)
    return known


async def _identify(request: Request) -> int:
    token = session_token(request)
    if token is None:
        raise Unauthenticated("not_signed_in", "Sign in first.")
    database = get_product(request).database
    # In a cookie it would travel by itself: keys are for programs.
    if api_keys.is_api_key(token) and "authorization" in request.headers:
        caller = await api_keys.identify(database, token)
        request.state.key_id = caller.key_id
        api_keys.ask_within(caller.bounds)
        return caller.user_id
    async with database.reading() as session:
        return await users.identify(session, token)


async def still_counts(request: Request) -> bool:
    """Whether the token or key of an earlier `require_user` counts as of now. For answers that take minutes:
    it may have been revoked or have ended meanwhile."""
    try:
        await _identify(request)
    except Unauthenticated:
        return False
    return True


UserId = Annotated[int, Depends(require_user)]
"""Who is signed in, or whose key this is."""


async def require_person(request: Request, user_id: UserId) -> int:
    """The id of whoever is signed in themselves. Raises Forbidden (`not_with_api_key`) for a key."""
    if _key_id(request) is not None:
        raise Forbidden(
            "not_with_api_key",
            "An API key cannot do this. Sign in, and do it with the session's token or in the settings.",
        )
    return user_id


PersonId = Annotated[int, Depends(require_person)]
"""Who is signed in. For what would make a stolen key worth more: accounts, members, keys, ways to Meta."""


def _key_id(request: Request) -> int | None:
    """The key that signed this request; None where a person did."""
    key_id: int | None = getattr(request.state, "key_id", None)
    return key_id


def _caller(request: Request, user_id: int) -> str:
    """Whose uses count together: a person's, and those of each key by itself, so that a program that asks
    often does not stop the one who made its key."""
    key_id = _key_id(request)
    return str(user_id) if key_id is None else f"key {key_id}"


async def limit_uploads(request: Request, user_id: UserId) -> None:
    """The upload limit of this user, or of this key."""
    await limits_of(request).uploads.hit(_caller(request, user_id))


async def limit_ai(request: Request, user_id: UserId) -> None:
    """The AI limit of this user, or of this key and of all the user's keys together."""
    limits = limits_of(request)
    await limits.ai.hit(_caller(request, user_id))
    if _key_id(request) is not None:
        await limits.ai_by_keys.hit(str(user_id))


async def limit_businesses(request: Request, user_id: UserId) -> None:
    """How many businesses this user may make."""
    await limits_of(request).businesses.hit(_caller(request, user_id))


async def limit_api_keys(request: Request, user_id: PersonId) -> None:
    """How many API keys this user may make."""
    await limits_of(request).api_keys.hit(str(user_id))


async def limit_storage_checks(request: Request, user_id: UserId) -> None:
    """How often this user, or this key, may have the storage checked."""
    await limits_of(request).storage_checks.hit(_caller(request, user_id))


async def limit_channel_checks(request: Request, user_id: UserId) -> None:
    """How often this user, or this key, may have a platform asked about a channel, or begin a login."""
    await limits_of(request).channel_checks.hit(_caller(request, user_id))


async def limit_post_checks(request: Request, user_id: UserId) -> None:
    """How often this user, or this key, may have a post checked, which makes its files."""
    await limits_of(request).post_checks.hit(_caller(request, user_id))


async def limit_publications(request: Request, user_id: UserId) -> None:
    """How often this user, or this key, may have publications looked up, settled or sent again."""
    await limits_of(request).publications.hit(_caller(request, user_id))


async def find_visitor(request: Request) -> tuple[int, str] | None:
    """Who is signed in, with the token of the session; None where nobody is. For addresses that a browser is
    sent to from elsewhere: their answer is a page, whoever comes."""
    try:
        token = session_token(request)
        return None if token is None else (await require_user(request), token)
    except (Unauthenticated, Forbidden):
        return None


Visitor = Annotated[tuple[int, str] | None, Depends(find_visitor)]
"""Who is signed in and by which token, if anybody is."""


PathId = Annotated[Id, Path()]
"""An id in the address."""
QueryId = Annotated[Id, Query()]
"""An id behind the question mark."""


class _GuardedRoute(APIRoute):
    """Asks who calls before anything of the body is read, wherever the route wants to know it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        if not _asks_who_calls(self.dependant):
            return answer

        async def guarded(request: Request) -> Response:
            await require_user(request)
            return await answer(request)

        return guarded


def _asks_who_calls(dependant: Dependant) -> bool:
    return dependant.call is require_user or any(_asks_who_calls(part) for part in dependant.dependencies)


def api_router(tag: str) -> APIRouter:
    """A router for one noun: strangers are refused before the body is read, errors are described."""
    return APIRouter(tags=[tag], route_class=_GuardedRoute, responses=PROBLEM_RESPONSES)
