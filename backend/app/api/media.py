"""The files behind `storage_url` and its like: signed, immutable, and only what we wrote."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.responses import Response

from app.api.deps import Product, ProductDep
from app.core import clock
from app.core.errors import NotFound
from app.models.images import StoredFile
from app.schemas.base import Id

router = APIRouter(tags=["media"])

_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Disposition": "inline",
}

_AT_ONCE = 256 * 1024  # bytes


@router.get("/media/{image_id}/preview.webp", response_class=Response, include_in_schema=False)
@router.head("/media/{image_id}/preview.webp", response_class=Response, include_in_schema=False)
async def get_preview(
    request: Request,
    product: ProductDep,
    image_id: Annotated[Id, Path()],
    e: Annotated[str, Query(max_length=20)] = "",
    s: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The preview of an image, made now if this is the first time. A store that gives files out itself is
    where the answer leads."""
    original = await product.library.find_file(image_id, "original")
    if original is None or not product.media_urls.is_valid_preview(key=original.key, expires=e, signature=s):
        raise _not_valid()
    made = await product.library.preview(image_id)
    direct = product.media_urls.direct_url(made.provider, made.key)
    if direct is None:
        return await _answer(request, product, made)
    # The store's URL is good for at least as long as this one, which is signed until the same midnight.
    seconds = max(0, int(e) - int(clock.now().timestamp()))
    headers = _HEADERS | {"Cache-Control": f"public, max-age={seconds}"}
    return RedirectResponse(direct, status_code=302, headers=headers)


@router.get("/media/{image_id}/{name}.{extension}", response_class=Response, include_in_schema=False)
@router.head("/media/{image_id}/{name}.{extension}", response_class=Response, include_in_schema=False)
async def get_file(
    request: Request,
    product: ProductDep,
    image_id: Annotated[Id, Path()],
    name: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$")],
    extension: Annotated[str, Path(pattern=r"^[a-z]{3,4}$")],
    e: Annotated[str, Query(max_length=20)] = "",
    s: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Anyone with a valid URL may see the file, until it ends."""
    found = await product.library.find_file(image_id, name)
    if found is None or not product.media_urls.is_valid(key=found.key, expires=e, signature=s):
        raise _not_valid()
    return await _answer(request, product, found)


async def _answer(request: Request, product: Product, file: StoredFile) -> Response:
    # A file never changes under its key, so whoever has it has the right one.
    tag = f'"{hashlib.sha256(file.key.encode()).hexdigest()[:32]}"'
    if tag in _known_tags(request):
        return Response(status_code=304, headers=_HEADERS | {"ETag": tag})
    stored = await product.library.open_file(file)
    headers = _HEADERS | {"ETag": tag, "Content-Length": str(stored.size)}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=file.mime_type)
    if stored.size <= _AT_ONCE:
        # A thumbnail is here already, and sending it whole takes a fraction of the work.
        content = b"".join([piece async for piece in stored.body])
        return Response(content, headers=headers, media_type=file.mime_type)
    return StreamingResponse(stored.body, headers=headers, media_type=file.mime_type)


def _not_valid() -> NotFound:
    return NotFound("link_not_valid", "This link has ended or was never one of ours.")


def _known_tags(request: Request) -> list[str]:
    """The versions that the client has. A proxy that compressed one may have called it weak."""
    return [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
