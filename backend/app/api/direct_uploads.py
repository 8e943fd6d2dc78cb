"""Uploads that go from the browser to the store itself, and what the page must know about uploads."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request
from starlette.responses import Response

from app.api.deps import ProductDep, QueryId, ReadSession, UserId, api_router, limit_uploads
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.api.images.views import image_view
from app.imaging import Limits
from app.models.businesses import Role
from app.schemas.base import Done, View
from app.schemas.direct_uploads import (
    UploadCompletion,
    UploadOptions,
    UploadPlace,
    UploadPromised,
    UploadWanted,
)
from app.schemas.images import ImageUploaded
from app.services import access

router = api_router("images")

UploadId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,43}$")]


@router.get("/images/upload-options", summary="What can be uploaded, and which way")
async def get_upload_options(
    product: ProductDep, session: ReadSession, user_id: UserId, business_id: QueryId
) -> UploadOptions:
    """The limits that the server will hold an upload against. Sides are those of the upright picture."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    limits = Limits()
    return UploadOptions(
        max_bytes=product.settings.max_upload_bytes,
        min_side=limits.min_side,
        max_side=limits.max_side,
        mime_types=list(product.direct_uploads.mime_types),
        direct=product.direct_uploads.method,
        storage_provider=product.settings.storage_provider,
    )


@router.post(
    "/images/uploads",
    response_model=UploadPromised,
    status_code=201,
    dependencies=[Depends(limit_uploads)],
    openapi_extra=IDEMPOTENT,
    summary="Get a place in the store for one file",
)
async def begin_upload(
    request: Request, product: ProductDep, user_id: UserId, body: UploadWanted
) -> Response:
    """For pages: the file goes to the store, not through this server; then finish with `…/complete`. 409
    `direct_upload_unavailable` where the store takes no files from browsers: upload it here instead."""

    async def promise(_: str | None) -> tuple[int, View]:
        ticket, leave = await product.direct_uploads.begin(
            user_id=user_id,
            business_id=body.business_id,
            filename=body.filename,
            size=body.size,
            mime_type=body.mime_type,
        )
        place = UploadPlace(
            id=ticket.id,
            method=leave.method,
            url=leave.url,
            fields=dict(leave.fields),
            headers=dict(leave.headers),
            expires_at=ticket.expires_at,
        )
        return 201, UploadPromised(upload=place)

    admit = member_of(product, user_id, body.business_id, Role.EDITOR)
    return await idempotently(
        request, product, user_id, await body_fingerprint(request), promise, admit=admit
    )


@router.post(
    "/images/uploads/{upload_id}/complete",
    response_model=ImageUploaded,
    status_code=201,
    dependencies=[Depends(limit_uploads)],
    openapi_extra=IDEMPOTENT,
    summary="Take in what was sent to the store",
    responses={200: {"model": ImageUploaded, "description": "The business has this picture already."}},
)
async def complete_upload(
    request: Request,
    product: ProductDep,
    user_id: UserId,
    upload_id: UploadId,
    body: UploadCompletion | None = None,
) -> Response:
    """By the same rules as an upload, and with the same answer. Asked again it gives the same image. 409
    `upload_incomplete` while nothing has arrived in the store."""
    alt_text = body.alt_text if body else ""

    async def take_in(_: str | None) -> tuple[int, View]:
        image, is_duplicate = await product.direct_uploads.complete(
            user_id=user_id, ticket_id=upload_id, alt_text=alt_text
        )
        view = ImageUploaded(image=image_view(product, image), duplicate=is_duplicate)
        return (200 if is_duplicate else 201), view

    async def admit() -> None:
        await product.direct_uploads.check_ticket(user_id=user_id, ticket_id=upload_id)

    return await idempotently(
        request, product, user_id, await body_fingerprint(request), take_in, admit=admit
    )


@router.delete("/images/uploads/{upload_id}", summary="Call an upload to the store off")
async def cancel_upload(product: ProductDep, user_id: UserId, upload_id: UploadId) -> Done:
    """What arrived is deleted; an image that was made of it stays. Calling off what has ended succeeds."""
    await product.direct_uploads.cancel(user_id=user_id, ticket_id=upload_id)
    return Done(message="Upload called off")
