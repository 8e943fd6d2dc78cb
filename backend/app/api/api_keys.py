"""Keys for programs: made, listed, revoked. Each of these takes a person, and no key."""

from __future__ import annotations

from fastapi import Depends, Request, Response

from app.api.deps import (
    PathId,
    PersonId,
    ProductDep,
    QueryId,
    ReadSession,
    WriteSession,
    api_router,
    limit_api_keys,
)
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.schemas.api_keys import ApiKeyList, ApiKeyMade, ApiKeyMake, ApiKeyView
from app.schemas.base import Done
from app.services import api_keys
from app.services.api_keys import ApiKey
from app.services.businesses import Role, User

router = api_router("api keys")

_SHOWN_ONCE = "Keep the secret now: it is not shown again."
_SHOWN_BEFORE = (
    "The secret was in the first answer to this request and is not kept here. If you do not have it, revoke "
    "this key and make another one with a new Idempotency-Key."
)


@router.get("/api-keys", summary="API keys of a business")
async def list_api_keys(user_id: PersonId, session: ReadSession, business_id: QueryId) -> ApiKeyList:
    """Newest first: all of them for admins and owners, their own for everybody else."""
    found = await api_keys.list_keys(session, business_id=business_id, user_id=user_id)
    return ApiKeyList(api_keys=[_view(key, maker) for key, maker in found])


@router.post(
    "/api-keys",
    status_code=201,
    dependencies=[Depends(limit_api_keys)],
    summary="Make an API key",
    response_model=ApiKeyMade,
    openapi_extra=IDEMPOTENT,
)
async def make_api_key(
    request: Request, product: ProductDep, user_id: PersonId, body: ApiKeyMake
) -> Response:
    """It speaks for you in this business, and may what you may, up to its role. The secret is in this answer
    and in no other one: with the same `Idempotency-Key` again, `secret` is null."""

    async def make(_key: str | None) -> tuple[int, ApiKeyMade]:
        async with product.database.writing() as session:
            made = await api_keys.make(
                session,
                business_id=body.business_id,
                user_id=user_id,
                name=body.name,
                role=Role(body.role),
                expires_at=body.expires_at,
            )
        return 201, ApiKeyMade(api_key=_view(made.key, made.maker), secret=made.secret, message=_SHOWN_ONCE)

    def without_secret(made: ApiKeyMade) -> ApiKeyMade:
        return made.model_copy(update={"secret": None, "message": _SHOWN_BEFORE})

    return await idempotently(
        request,
        product,
        user_id,
        await body_fingerprint(request),
        make,
        admit=member_of(product, user_id, body.business_id),
        as_kept=without_secret,
    )


@router.delete("/api-keys/{key_id}", summary="Revoke an API key")
async def revoke_api_key(user_id: PersonId, session: WriteSession, key_id: PathId) -> Done:
    """It counts no more from the next request on. Your own; admins and owners revoke anybody's."""
    await api_keys.revoke(session, key_id=key_id, user_id=user_id)
    return Done(message="API key revoked")


def _view(key: ApiKey, maker: User) -> ApiKeyView:
    return ApiKeyView(
        id=key.id,
        business_id=key.business_id,
        name=key.name,
        role=Role(key.role).value,
        hint=key.hint,
        made_by=maker.name,
        made_by_id=maker.id,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )
