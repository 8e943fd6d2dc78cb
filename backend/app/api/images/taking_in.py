"""Pictures that come in."""

from __future__ import annotations

from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from app.api.deps import ProductDep, UserId, api_router, limit_uploads
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.api.images.views import image_view
from app.api.uploads import ReceivedForm, field_problem, receive_form
from app.core.errors import Malformed
from app.models.businesses import Role
from app.schemas.base import Id, View
from app.schemas.images import ImageImport, ImageUploaded
from app.services import access
from app.services.images import Received, image_at

router = api_router("images")

_UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["business_id", "file"],
                    "properties": {
                        "business_id": {"type": "integer"},
                        "alt_text": {"type": "string", "maxLength": 1000},
                        "file": {"type": "string", "format": "binary"},
                    },
                }
            }
        },
    }
}


@router.post(
    "/images/upload",
    response_model=ImageUploaded,
    status_code=201,
    dependencies=[Depends(limit_uploads)],
    openapi_extra=_UPLOAD_BODY | IDEMPOTENT,
    summary="Take a picture into the library",
    responses={200: {"model": ImageUploaded, "description": "The business has this picture already."}},
)
async def upload_image(request: Request, product: ProductDep, user_id: UserId) -> Response:
    """JPEG, PNG, GIF or WebP by its bytes, up to 10 MiB, 400 × 400 to 4096 × 4096 pixels. The answer
    comes when the picture is verified, stored and has its thumbnail."""
    async with product.library.workspace() as workspace:
        path = workspace / "received"
        form = await receive_form(request, path, max_bytes=product.settings.max_upload_bytes)
        business_id, alt_text = _read_fields(form)
        async with product.database.reading() as session:
            await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)

        async def take_in(_: str | None) -> tuple[int, View]:
            image, is_duplicate = await product.library.accept(
                Received(path, form.sha256, form.filename or ""),
                business_id=business_id,
                workspace=workspace,
                alt_text=alt_text,
            )
            view = ImageUploaded(image=image_view(product, image), duplicate=is_duplicate)
            return (200 if is_duplicate else 201), view

        fingerprint = f"{business_id}:{form.sha256}:{alt_text}"
        admit = member_of(product, user_id, business_id)
        return await idempotently(request, product, user_id, fingerprint, take_in, admit=admit)


@router.post(
    "/images/import",
    response_model=ImageUploaded,
    status_code=201,
    dependencies=[Depends(limit_uploads)],
    openapi_extra=IDEMPOTENT,
    summary="Take a picture in from a URL",
    responses={200: {"model": ImageUploaded, "description": "The business has this picture already."}},
)
async def import_image(request: Request, product: ProductDep, user_id: UserId, body: ImageImport) -> Response:
    """By the same rules as an upload. Only https:// addresses of public servers, at most three redirects,
    20 seconds for all of it; a URL of this library's own gives the image that is there."""
    async with product.database.reading() as session:
        await access.require_role(
            session, business_id=body.business_id, user_id=user_id, at_least=Role.EDITOR
        )

    async def take_in(_: str | None) -> tuple[int, View]:
        image, is_duplicate = await image_at(
            product.library,
            product.media_urls,
            body.url,
            business_id=body.business_id,
            max_bytes=product.settings.max_upload_bytes,
            alt_text=body.alt_text,
        )
        view = ImageUploaded(image=image_view(product, image), duplicate=is_duplicate)
        return (200 if is_duplicate else 201), view

    admit = member_of(product, user_id, body.business_id)
    return await idempotently(
        request, product, user_id, await body_fingerprint(request), take_in, admit=admit
    )


_ID = TypeAdapter(Id)


def _read_fields(form: ReceivedForm) -> tuple[int, str]:
    if not form.has_file:
        raise field_problem("file", "missing", "Send the picture in the form field named file.")
    try:
        given = form.fields.get("business_id", "")
        # Python reads more as a number than digits: signs, spaces, underscores, the digits of any script.
        business_id = _ID.validate_python(given if given.isascii() and given.isdigit() else None)
    except ValidationError as error:
        raise field_problem("business_id", "missing", "Say which business the picture is for.") from error
    alt_text = form.fields.get("alt_text", "").strip()
    if len(alt_text) > 1000:
        raise field_problem("alt_text", "too_long", "Alt text has at most 1,000 characters.")
    if "\x00" in alt_text:
        raise Malformed("malformed_request", "The alt text holds a NUL character.")
    return business_id, alt_text
