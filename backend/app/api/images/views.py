"""Images as the wire shows them."""

from __future__ import annotations

from collections.abc import Sequence

from app.api.deps import Product
from app.models.images import Image
from app.schemas.images import ImageView, PermalinkView, PostUseView, SimilarImageView
from app.services import images, posts


def image_view(product: Product, image: Image) -> ImageView:
    """An image as the wire shows it, with fresh URLs."""
    urls = product.media_urls
    return ImageView(
        **_columns(image),
        storage_url=urls.url(
            image_id=image.id, name="original", provider=image.storage_provider, key=image.storage_key
        ),
        thumbnail_url=urls.url(
            image_id=image.id, name="thumb", provider=image.storage_provider, key=image.thumbnail_key
        ),
        preview_url=urls.preview_url(image_id=image.id, key=image.storage_key),
        animated=image.is_animated,
        platform_readiness=images.readiness(image),
    )


def _columns(image: Image) -> dict[str, object]:
    made_here = {"storage_url", "thumbnail_url", "preview_url", "animated", "platform_readiness"}
    return {name: getattr(image, name) for name in ImageView.model_fields if name not in made_here}


def uses(stories: Sequence[posts.PostStory]) -> list[PostUseView]:
    """Posts as the image that they show tells of them."""
    return [
        PostUseView(
            id=story.post.id,
            content_text=story.post.content_text,
            state=story.state,
            scheduled_at=story.post.scheduled_at,
            permalinks=[
                PermalinkView(
                    channel_id=told.channel.id,
                    channel_name=told.channel.name,
                    platform=told.channel.platform,
                    permalink=told.publication.permalink,
                )
                for told in story.publications
                if told.publication.permalink
            ],
        )
        for story in stories
    ]


def similar_view(product: Product, image: Image) -> SimilarImageView:
    """An image as a hint beside another one."""
    url = product.media_urls.url(
        image_id=image.id, name="thumb", provider=image.storage_provider, key=image.thumbnail_key
    )
    return SimilarImageView(
        id=image.id,
        original_filename=image.original_filename,
        thumbnail_url=url,
        width=image.width,
        height=image.height,
    )
