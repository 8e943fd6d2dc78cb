"""Images as the wire shows them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from app.api.deps import Product
from app.models.images import Image
from app.schemas.base import rfc3339
from app.schemas.images import ImageCostView, ImageView, PermalinkView, PostUseView, SimilarImageView
from app.services import images, posts, usage
from app.services.usage import UsageEntry

_MADE_HERE = frozenset({"storage_url", "thumbnail_url", "preview_url", "animated", "platform_readiness"})
_MOMENTS = ("last_used_at", "created_at", "updated_at", "deleted_at")
_COLUMNS = tuple(name for name in ImageView.model_fields if name not in (*_MADE_HERE, *_MOMENTS))

_columns_of, _moments_of = attrgetter(*_COLUMNS), attrgetter(*_MOMENTS)


def image_view(product: Product, image: Image) -> ImageView:
    """An image as the wire shows it, with fresh URLs."""
    return ImageView.model_validate(image_fields(product, image))


def image_fields(product: Product, image: Image) -> dict[str, object]:
    """The fields of an `ImageView` as JSON has them: for lists, where checking each again takes longer than
    everything else."""
    urls = product.media_urls
    fields: dict[str, object] = dict(zip(_COLUMNS, _columns_of(image), strict=True))
    for name, moment in zip(_MOMENTS, _moments_of(image), strict=True):
        fields[name] = None if moment is None else rfc3339(moment)
    fields["storage_url"] = urls.url(
        image_id=image.id, name="original", provider=image.storage_provider, key=image.storage_key
    )
    fields["thumbnail_url"] = urls.url(
        image_id=image.id, name="thumb", provider=image.storage_provider, key=image.thumbnail_key
    )
    fields["preview_url"] = urls.preview_url(image_id=image.id, key=image.storage_key)
    fields["animated"] = image.is_animated
    fields["platform_readiness"] = images.readiness(image)
    return fields


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
                    is_practice=told.channel.is_practice,
                    permalink=told.publication.permalink,
                )
                for told in story.publications
                if told.publication.permalink
            ],
        )
        for story in stories
    ]


def cost_view(entry: UsageEntry) -> ImageCostView:
    """What it came to that AI made an image."""
    return ImageCostView(
        provider=entry.provider,
        is_practice=usage.is_practice(entry),
        is_free=entry.is_free,
        charged_usd=usage.charged(entry),
        provider_usd=entry.cost,
    )


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
