"""The library over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from app.api.deps import (
    PathId,
    Product,
    ProductDep,
    QueryId,
    ReadSession,
    UserId,
    WriteSession,
    api_router,
    limit_uploads,
)
from app.api.idempotency import IDEMPOTENT, idempotently
from app.api.uploads import ReceivedForm, field_problem, receive_form
from app.core.errors import Malformed
from app.models.businesses import Role
from app.models.images import Filter, Image, Sort
from app.schemas.base import Done, Id, View
from app.schemas.images import (
    ImageChange,
    ImageDetail,
    ImageList,
    ImageUploaded,
    ImageView,
    LibraryTotals,
    PostUseView,
)
from app.services import access, images, posts
from app.services.images import Received

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


def image_view(product: Product, image: Image) -> ImageView:
    """An image as the wire shows it, with fresh URLs."""
    urls = product.media_urls
    return ImageView(
        **_columns(image),
        storage_url=urls.url(image_id=image.id, name="original", key=image.storage_key),
        thumbnail_url=urls.url(image_id=image.id, name="thumb", key=image.thumbnail_key),
        animated=image.is_animated,
        platform_readiness=images.readiness(image),
    )


def _columns(image: Image) -> dict[str, object]:
    made_here = {"storage_url", "thumbnail_url", "animated", "platform_readiness"}
    return {name: getattr(image, name) for name in ImageView.model_fields if name not in made_here}


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
        return await idempotently(request, product, user_id, fingerprint, take_in)


def _read_fields(form: ReceivedForm) -> tuple[int, str]:
    if not form.has_file:
        raise field_problem("file", "missing", "Send the picture in the form field named file.")
    try:
        given = form.fields.get("business_id", "")
        # Python reads more as a number than digits: signs, spaces, underscores, the digits of any script.
        business_id = TypeAdapter(Id).validate_python(given if given.isascii() and given.isdigit() else None)
    except ValidationError as error:
        raise field_problem("business_id", "missing", "Say which business the picture is for.") from error
    alt_text = form.fields.get("alt_text", "").strip()
    if len(alt_text) > 1000:
        raise field_problem("alt_text", "too_long", "Alt text has at most 1,000 characters.")
    if "\x00" in alt_text:
        raise Malformed("malformed_request", "The alt text holds a NUL character.")
    return business_id, alt_text


@router.get("/images/list", summary="One page of the library")
async def list_images(
    product: ProductDep,
    session: ReadSession,
    user_id: UserId,
    business_id: QueryId,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    sort: Sort = "created_at_desc",
    only: Annotated[Filter | None, Query(alias="filter")] = None,
    tag: Annotated[str | None, Query(max_length=50)] = None,
    search: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> ImageList:
    """By page number, or by `cursor` from the page before, which stays fast at any depth."""
    found = await images.list_images(
        session,
        user_id=user_id,
        business_id=business_id,
        sort=sort,
        only=only,
        tag=tag,
        search=search,
        page=page,
        limit=limit,
        after=_read_cursor(cursor, sort) if cursor else None,
    )
    return ImageList(
        images=[image_view(product, image) for image in found.images],
        total=found.total,
        total_capped=found.is_total_capped,
        page=page,
        pages=max(1, -(-found.total // limit)),
        next_cursor=_write_cursor(sort, found.next_cursor) if found.next_cursor else None,
    )


def _write_cursor(sort: Sort, position: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *position]).encode()).decode()


def _read_cursor(cursor: str, sort: Sort) -> tuple[str, int]:
    try:
        kind, value, image_id = json.loads(base64.urlsafe_b64decode(cursor))
        if kind != sort or not isinstance(value, str):
            raise ValueError("a cursor of another list")
        return images.checked_cursor(sort, value, int(image_id))
    except (ValueError, TypeError, OverflowError) as error:
        raise Malformed(
            "invalid_cursor", "This cursor is not from this list. Begin again without one."
        ) from error


@router.get("/images/totals", summary="How much a business keeps")
async def get_totals(session: ReadSession, user_id: UserId, business_id: QueryId) -> LibraryTotals:
    """The number of images and their bytes, the trash left out."""
    count, size = await images.library_totals(session, user_id=user_id, business_id=business_id)
    return LibraryTotals(images=count, bytes=size)


@router.get("/images/{image_id}", summary="An image and where it is used")
async def get_image(
    product: ProductDep, session: ReadSession, user_id: UserId, image_id: PathId
) -> ImageDetail:
    """All that is known about an image."""
    image = await images.get_image(session, user_id=user_id, image_id=image_id)
    stories = await posts.tell(session, await images.posts_using(session, image.id))
    return ImageDetail(
        **image_view(product, image).model_dump(),
        posts=_uses(stories),
    )


def _uses(stories: Sequence[posts.PostStory]) -> list[PostUseView]:
    return [
        PostUseView(
            id=story.post.id,
            content_text=story.post.content_text,
            state=story.state,
            scheduled_at=story.post.scheduled_at,
        )
        for story in stories
    ]


@router.patch("/images/{image_id}", summary="Change name, alt text or tags")
async def change_image(
    product: ProductDep, session: WriteSession, user_id: UserId, image_id: PathId, change: ImageChange
) -> ImageView:
    """Only what is sent is changed."""
    image = await images.change_image(
        session,
        user_id=user_id,
        image_id=image_id,
        filename=change.filename,
        alt_text=change.alt_text,
        tags=change.tags,
    )
    return image_view(product, image)


@router.delete("/images/{image_id}", summary="Move to the trash, or remove for good")
async def delete_image(
    product: ProductDep, user_id: UserId, image_id: PathId, permanent: bool = False
) -> Done:
    """Refused while a post that is still to go out needs the image. With `permanent=true` the image is
    removed for good, and its bytes with it; refused while any post shows it."""
    if permanent:
        async with product.database.reading() as session:
            await images.check_removable(session, user_id=user_id, image_id=image_id)
        await product.library.remove(image_id)
        return Done(message="Image deleted for good")
    async with product.database.writing() as session:
        await images.trash_image(session, user_id=user_id, image_id=image_id)
    return Done(message="Image deleted successfully")


@router.post("/images/{image_id}/restore", summary="Bring back from the trash")
async def restore_image(
    product: ProductDep, session: WriteSession, user_id: UserId, image_id: PathId
) -> ImageView:
    """An image that is not in the trash stays as it is."""
    image = await images.restore_image(session, user_id=user_id, image_id=image_id)
    return image_view(product, image)
