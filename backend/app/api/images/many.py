"""Many images at once: thrown away, brought back, tagged."""

from __future__ import annotations

from collections.abc import Sequence

from app.api.deps import ProductDep, UserId, WriteSession, api_router
from app.schemas.images import (
    BulkChoice,
    BulkDeleted,
    BulkRefusal,
    BulkRestored,
    BulkTagged,
    BulkTags,
    PostInTheWay,
)
from app.services import images

router = api_router("images")


@router.post("/images/bulk/delete", summary="Move many images to the trash")
async def delete_images(session: WriteSession, user_id: UserId, body: BulkChoice) -> BulkDeleted:
    """Each is judged on its own: what a post that is still to go out needs is refused, naming the posts, and
    the others go."""
    outcome = await images.trash_images(
        session, user_id=user_id, business_id=body.business_id, image_ids=body.image_ids
    )
    return BulkDeleted(deleted=outcome.done, refused=_refused(outcome.refused))


@router.post("/images/bulk/restore", summary="Bring many images back from the trash")
async def restore_images(session: WriteSession, user_id: UserId, body: BulkChoice) -> BulkRestored:
    """Images that are not in the trash stay as they are, and are named as restored."""
    outcome = await images.restore_images(
        session, user_id=user_id, business_id=body.business_id, image_ids=body.image_ids
    )
    return BulkRestored(restored=outcome.done, refused=_refused(outcome.refused))


@router.post("/images/bulk/tag", summary="Change the tags of many images")
async def tag_images(product: ProductDep, user_id: UserId, body: BulkTags) -> BulkTagged:
    """First `remove`, then `add`. An image keeps its other tags, and has at most 30."""
    outcome = await images.tag_images(
        product.database,
        user_id=user_id,
        business_id=body.business_id,
        image_ids=body.image_ids,
        add=body.add,
        remove=body.remove,
    )
    return BulkTagged(changed=outcome.done, refused=_refused(outcome.refused))


def _refused(refusals: Sequence[images.Refusal]) -> list[BulkRefusal]:
    return [
        BulkRefusal(
            image_id=refusal.image_id,
            code=refusal.code,
            detail=refusal.detail,
            posts=[PostInTheWay(id=post.id, content_text=post.content_text[:80]) for post in refusal.posts],
        )
        for refusal in refusals
    ]
