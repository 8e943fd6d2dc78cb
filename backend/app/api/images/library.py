"""The library: listed, shown, changed, thrown away and brought back."""

from __future__ import annotations

import base64
import json
from typing import Annotated

import orjson
from fastapi import Query
from starlette.responses import Response

from app.api.deps import PathId, ProductDep, QueryId, ReadSession, UserId, WriteSession, api_router
from app.api.images.views import cost_view, image_fields, image_view, similar_view, uses
from app.core.errors import Malformed
from app.models.images import Filter, Sort
from app.schemas.base import Done
from app.schemas.images import (
    ImageChange,
    ImageDetail,
    ImageList,
    ImageView,
    LibraryTotals,
    TagCountView,
    TagList,
)
from app.services import images, posts, usage

router = api_router("images")


@router.get("/images/list", response_model=ImageList, summary="One page of the library")
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
) -> Response:
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
    answer = {
        "images": [image_fields(product, image) for image in found.images],
        "total": found.total,
        "total_capped": found.is_total_capped,
        "page": page,
        "pages": max(1, -(-found.total // limit)),
        "next_cursor": _write_cursor(sort, found.next_cursor) if found.next_cursor else None,
    }
    return Response(orjson.dumps(answer), media_type="application/json")


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
    """The number of images and their bytes, and how many each filter finds."""
    return LibraryTotals.model_validate(
        await images.library_totals(session, user_id=user_id, business_id=business_id)
    )


@router.get("/images/tags", summary="The tags of a business")
async def list_tags(
    session: ReadSession,
    user_id: UserId,
    business_id: QueryId,
    search: Annotated[str | None, Query(max_length=50)] = None,
) -> TagList:
    """The most used first, then by name; at most 200, of those that hold `search`. Tags that differ only in
    case are one."""
    found = await images.list_tags(session, user_id=user_id, business_id=business_id, search=search)
    return TagList(tags=[TagCountView.model_validate(count) for count in found])


@router.get("/images/{image_id}", summary="An image and where it is used")
async def get_image(
    product: ProductDep, session: ReadSession, user_id: UserId, image_id: PathId
) -> ImageDetail:
    """All that is known about an image."""
    image = await images.get_image(session, user_id=user_id, image_id=image_id)
    stories = await posts.tell(session, await images.posts_using(session, image.id))
    entry = await usage.cost_of_image(session, image.id)
    return ImageDetail(
        **image_view(product, image).model_dump(),
        cost=cost_view(entry) if entry else None,
        posts=uses(stories),
        similar=[similar_view(product, other) for other in await images.find_similar(session, image)],
    )


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
