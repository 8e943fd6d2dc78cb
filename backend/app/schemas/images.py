"""Images on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.schemas.base import Body, Id, Moment, View

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]


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


class PostUseView(View):
    """A post that uses an image."""

    id: int
    content_text: str
    state: str
    scheduled_at: Moment | None


class ImageDetail(ImageView):
    """An image and where it is used, newest post first."""

    posts: list[PostUseView]


class ImageChange(Body):
    """What can be changed of an image. `filename` is the name people see."""

    filename: str | None = Field(default=None, min_length=1, max_length=255)
    alt_text: str | None = Field(default=None, max_length=1000)
    tags: list[Tag] | None = Field(default=None, max_length=30)


class LibraryTotals(View):
    """How much a business keeps."""

    images: int
    bytes: int
