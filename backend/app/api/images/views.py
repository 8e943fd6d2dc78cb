"""Images as the wire shows them."""

from __future__ import annotations

from collections.abc import Sequence

from app.api.deps import Product
from app.models.images import Image
from app.schemas.images import ImageView, PostUseView
from app.services import images, posts


def image_view(product: Product, image: Image) -> ImageView:
    """An image as the wire shows it, with fresh URLs."""
    urls = product.media_urls
    return ImageView(
        **_columns(image),
        storage_url=urls.url(image_id=image.id, name="original", key=image.storage_key),
        thumbnail_url=urls.url(image_id=image.id, name="thumb", key=image.thumbnail_key),
        preview_url=urls.preview_url(image_id=image.id, key=image.storage_key),
        animated=image.is_animated,
        platform_readiness=images.readiness(image),
    )


def _columns(image: Image) -> dict[str, object]:
    made_here = {"storage_url", "thumbnail_url", "preview_url", "animated", "platform_readiness"}
    return {name: getattr(image, name) for name in ImageView.model_fields if name not in made_here}


def uses(stories: Sequence[posts.PostStory]) -> list[PostUseView]:
    return [
        PostUseView(
            id=story.post.id,
            content_text=story.post.content_text,
            state=story.state,
            scheduled_at=story.post.scheduled_at,
        )
        for story in stories
    ]
