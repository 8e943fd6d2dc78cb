"""Images on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from app.core.words import clean_tag
from app.schemas.base import Body, Id, Moment, Money, View

Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    BeforeValidator(lambda given: clean_tag(given) if isinstance(given, str) else given),
]
"""At least one character that is seen, and none that is not."""


class ReadinessView(View):
    """What a platform would make of an image. `note` is a sentence; `width` × `height` is what is sent."""

    platform: Literal["instagram", "facebook"]
    is_ready: bool
    is_cropped: bool
    width: int
    height: int
    note: str


class ImageView(View):
    """A picture in the library. Sizes in bytes and pixels. `preview_url` is a WebP of at most 1440 pixels on
    its longer side, made when it is first fetched; of a moving picture it shows the first frame."""

    id: int
    business_id: int
    filename: str
    original_filename: str
    file_size: int
    mime_type: str
    width: int
    height: int
    storage_provider: str
    storage_url: str
    storage_key: str
    is_ai_generated: bool
    ai_prompt: str | None
    ai_model: str | None
    ai_style: str | None
    edited_from_id: int | None
    usage_count: int
    last_used_at: Moment | None
    created_at: Moment
    updated_at: Moment
    deleted_at: Moment | None
    alt_text: str
    tags: list[str]
    thumbnail_url: str
    preview_url: str
    thumbhash: str
    sha256: str
    animated: bool
    platform_readiness: list[ReadinessView]


class ImageUploaded(View):
    """The image that was kept, or the one that was there already (`duplicate`)."""

    success: Literal[True] = True
    image: ImageView
    duplicate: bool = False


class ImageImport(Body):
    """A picture that is somewhere else on the network: an https:// address of a public server, or a URL of
    this library's own."""

    business_id: Id
    url: str = Field(min_length=1, max_length=4096)
    alt_text: str = Field(default="", max_length=1000)


class ImageList(View):
    """One page of the library. A search counts up to 1,000; with `total_capped` there are more."""

    images: list[ImageView]
    total: int
    total_capped: bool = False
    page: int
    pages: int
    next_cursor: str | None


class PermalinkView(View):
    """Where a post can be seen on a platform."""

    channel_id: int
    channel_name: str
    platform: Literal["instagram", "facebook"]
    is_practice: bool
    permalink: str


class PostUseView(View):
    """A post that uses an image, and where it is out."""

    id: int
    content_text: str
    state: str
    scheduled_at: Moment | None
    permalinks: list[PermalinkView]


class SimilarImageView(View):
    """An image that looks like another one."""

    id: int
    original_filename: str
    thumbnail_url: str
    width: int
    height: int


class ImageCostView(View):
    """What it came to that AI made an image. What the business is charged and what the provider bills are two
    figures."""

    provider: str
    is_practice: bool = Field(description="Practice money: nobody bills it.")
    is_free: bool = Field(description="One of the month's free images.")
    charged_usd: Money | None = Field(description="Null: not settled.")
    provider_usd: Money | None = Field(description="What the provider bills; null: unknown.")


class ImageDetail(ImageView):
    """An image, where it is used (newest post first), and at most six that look like it, the most alike
    first."""

    cost: ImageCostView | None = Field(description="Null: it was not made with AI here.")
    posts: list[PostUseView]
    similar: list[SimilarImageView]


class ImageChange(Body):
    """What can be changed of an image. `filename` is the name people see."""

    filename: str | None = Field(default=None, min_length=1, max_length=255)
    alt_text: str | None = Field(default=None, max_length=1000)
    tags: list[Tag] | None = Field(default=None, max_length=30)


class LibraryTotals(View):
    """How much a business keeps. All but `trashed` leave the trash out; `unused` are in no published post."""

    images: int
    bytes: int
    uploaded: int
    ai_generated: int
    edited: int
    unused: int
    trashed: int


class TagCountView(View):
    """A tag as one of its images writes it, and how many images carry it."""

    tag: str
    count: int


class TagList(View):
    """The tags of a business, the most used first, then by name."""

    tags: list[TagCountView]


class BulkChoice(Body):
    """Images of one business."""

    business_id: Id
    image_ids: list[Id] = Field(min_length=1, max_length=500)


class BulkTags(BulkChoice):
    """Tags to add to images and to take away from them, whatever their case."""

    add: list[Tag] = Field(default=[], max_length=30)
    remove: list[Tag] = Field(default=[], max_length=30)


class PostInTheWay(View):
    """A post that needs an image, and the beginning of its text."""

    id: int
    content_text: str


class BulkRefusal(View):
    """An image that was left as it is, and why. `detail` is a sentence for people."""

    image_id: int
    code: str
    detail: str
    posts: list[PostInTheWay]


class BulkDeleted(View):
    """What went to the trash, and what did not."""

    success: Literal[True] = True
    deleted: list[int]
    refused: list[BulkRefusal]


class BulkRestored(View):
    """What is out of the trash, and what could not be."""

    success: Literal[True] = True
    restored: list[int]
    refused: list[BulkRefusal]


class BulkTagged(View):
    """Whose tags are other ones now, and who was refused. Images that had the tags already are in neither."""

    success: Literal[True] = True
    changed: list[int]
    refused: list[BulkRefusal]
