"""Originals to keep: one under its own name, or many as a ZIP file."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from app.api.deps import PathId, ProductDep, QueryId, UserId, api_router
from app.core import clock
from app.core.errors import RuleBroken
from app.services import access, images

MOST_PACKED = 500

router = api_router("images")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
}


_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/images/download",
    response_class=Response,
    responses={200: {"content": {"application/zip": _FILE}, "description": "The ZIP file."}},
    summary="Many originals as a ZIP file",
)
async def download_images(
    product: ProductDep,
    user_id: UserId,
    business_id: QueryId,
    ids: Annotated[str, Query(pattern=r"^[0-9]{1,19}(,[0-9]{1,19})*$", max_length=10_000)],
) -> Response:
    """Up to 500 images by their ids, with commas between. The names are those that people see, with a number
    where two are the same. What could not be read is named in `missing.txt` inside."""
    image_ids = list(dict.fromkeys(int(number) for number in ids.split(",")))
    if len(image_ids) > MOST_PACKED:
        raise RuleBroken(
            "too_many_images",
            f"A ZIP file takes up to {MOST_PACKED} images, and these are {len(image_ids)}. "
            "Download them in parts.",
            limit=MOST_PACKED,
        )
    async with product.database.reading() as session:
        chosen = await images.images_to_pack(
            session,
            user_id=user_id,
            business_id=business_id,
            image_ids=[image_id for image_id in image_ids if image_id <= access.LARGEST_ID],
        )
    headers = _HEADERS | {"Content-Disposition": attachment(f"images-{clock.now():%Y-%m-%d}.zip")}
    return StreamingResponse(
        images.packed(product.library, chosen), headers=headers, media_type="application/zip"
    )


@router.get(
    "/images/{image_id}/download",
    response_class=Response,
    responses={200: {"content": {"image/*": _FILE}, "description": "The original."}},
    summary="The original under its own name",
)
async def download_image(product: ProductDep, user_id: UserId, image_id: PathId) -> Response:
    """As an attachment, with the ending of what it is."""
    async with product.database.reading() as session:
        image = await images.get_image(session, user_id=user_id, image_id=image_id)
    stored = await product.library.open_original(image)
    headers = _HEADERS | {
        "Content-Disposition": attachment(images.download_name(image)),
        "Content-Length": str(stored.size),
    }
    return StreamingResponse(stored.body, headers=headers, media_type=image.mime_type)


def attachment(name: str) -> str:
    """A Content-Disposition (RFC 6266): the name for old programs in ASCII, and for all others as it is."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    if plain == name:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
