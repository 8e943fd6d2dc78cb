"""Posts and publications on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.schemas.base import Body, Id, Moment, View, WrittenMoment
from app.schemas.channels import PlacementName, PlatformName

PublicationStateName = Literal["scheduled", "publishing", "published", "failed", "unconfirmed", "cancelled"]
PostStateName = Literal["draft", "scheduled", "publishing", "published", "failed", "unconfirmed", "cancelled"]


def _without_at(given: object) -> object:
    """People write `@name`; platforms take `name`."""
    return given.strip().removeprefix("@") if isinstance(given, str) else given


Fraction = Annotated[
    float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(lambda value: round(value, 3))
]
"""A place along a side of a picture, kept to the thousandth."""
FramingName = Literal["crop", "fit"]


class Point(Body):
    """A place in a picture, 0..1 from top left."""

    x: Fraction
    y: Fraction


class UserTagInput(Body):
    """Somebody who is shown in the picture, by the name of their account."""

    username: Annotated[str, BeforeValidator(_without_at), Field(pattern=r"^[A-Za-z0-9._]{1,30}$")]
    x: Fraction
    y: Fraction


class PostImageInput(Body):
    """An image at its place in a post. Without `alt_text` the image's own is sent.

    Where a platform needs another shape, the image is cropped around `focus`, or fitted on `background`.
    """

    image_id: Id
    alt_text: str | None = Field(default=None, max_length=1000)
    framing: FramingName = "crop"
    focus: Point = Field(default=Point(x=0.5, y=0.5), description="The middle of what must stay.")
    background: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$"), AfterValidator(str.lower)] = "#ffffff"
    user_tags: list[UserTagInput] = Field(default_factory=list, max_length=50)


class PostTextInput(Body):
    """A text of its own for a channel; `content_text` is for all others."""

    channel_id: Id
    content_text: str = Field(max_length=70000)


def _each_channel_once(texts: list[PostTextInput]) -> list[PostTextInput]:
    if len({text.channel_id for text in texts}) < len(texts):
        raise PydanticCustomError("channel_repeated", "Give a channel one text")
    return texts


PostTexts = Annotated[list[PostTextInput], Field(max_length=50), AfterValidator(_each_channel_once)]
AI_LABEL = "Whether AI-made images are labelled as such; null: as the business does."
FIRST_COMMENT = "Written under the post once it is out, where the platform takes it."


class PostInput(Body):
    """A post for several channels."""

    business_id: Id
    content_text: str = Field(default="", max_length=70000)
    images: list[PostImageInput] = Field(default_factory=list, max_length=20)
    channel_ids: list[Id] = Field(default_factory=list, max_length=50)
    texts: PostTexts = Field(default_factory=list)
    ai_label: bool | None = Field(default=None, description=AI_LABEL)
    first_comment: str | None = Field(default=None, max_length=10000, description=FIRST_COMMENT)
    scheduled_at: WrittenMoment | None = None


class PostChange(Body):
    """What can be changed of a draft."""

    content_text: str | None = Field(default=None, max_length=70000)
    images: list[PostImageInput] | None = Field(default=None, max_length=20)
    channel_ids: list[Id] | None = Field(default=None, max_length=50)
    texts: PostTexts | None = None
    ai_label: bool | None = Field(default=None, description=AI_LABEL)
    first_comment: str | None = Field(default=None, max_length=10000, description=FIRST_COMMENT)


class PostSchedule(Body):
    """When a post is to go out."""

    scheduled_at: WrittenMoment


class PublishInput(Body):
    """One post to one platform, now or at `scheduled_at`."""

    business_id: Id
    content_text: str = Field(default="", max_length=70000)
    content_images: list[str] = Field(default_factory=list, max_length=20)
    image_ids: list[Id] = Field(default_factory=list, max_length=20)
    channel_id: Id | None = None
    ai_label: bool | None = Field(default=None, description=AI_LABEL)
    first_comment: str | None = Field(default=None, max_length=10000, description=FIRST_COMMENT)
    scheduled_at: WrittenMoment | None = None


class EventView(View):
    """A line of history."""

    at: Moment
    code: str
    message: str


class PublicationErrorView(View):
    """Why a publication did not go out, or what is unclear about it."""

    code: str
    detail: str


class StepView(View):
    """One step on the way out: `at` since when it stands so, `detail` in a few words where there is more."""

    name: Literal["rendition", "upload", "check", "publish", "link", "comment"]
    state: Literal["done", "running", "waiting", "failed"]
    at: Moment | None
    detail: str | None


class HoldView(View):
    """Why nothing is sent for now: on a channel, or on a whole platform (`channel_id` null). `until` is when
    it is tried again; what waits goes out by itself afterwards, in order."""

    id: int
    platform: PlatformName
    is_practice: bool
    channel_id: int | None
    code: str
    detail: str
    began_at: Moment
    until: Moment


class HoldList(View):
    """Every hold that keeps something of the business back."""

    incidents: list[HoldView]


class Settlement(Body):
    """What a person has seen on the platform of a publication whose outcome is unclear."""

    outcome: Literal["published", "not_published"]
    permalink: str | None = Field(default=None, max_length=500)


class PublicationView(View):
    """A post on one channel. `held_until`: nothing is sent before, for a reason that the history tells.
    `can_confirm`: a person may settle what became of it. `is_looked_up`: looks at the platform may still show
    it, so that it is out can be said, and not yet that it is not."""

    id: int
    channel_id: int
    platform: PlatformName
    channel_name: str
    is_practice: bool
    account_url: str = Field(description="Where the account can be looked at in a browser.")
    state: PublicationStateName
    permalink: str | None
    external_id: str | None
    error: PublicationErrorView | None
    published_at: Moment | None
    updated_at: Moment
    history: list[EventView] = Field(description="Oldest first; in a list of posts only the last ten lines.")
    history_total: int = Field(description="How many lines the history has.")
    steps: list[StepView]
    held_until: Moment | None
    can_confirm: bool
    is_looked_up: bool


class PointView(View):
    """A place in a picture, 0..1 from top left."""

    x: float
    y: float


class UserTagView(View):
    """Somebody who is shown in a picture."""

    username: str
    x: float
    y: float


class PostTextView(View):
    """A channel's own text."""

    channel_id: int
    content_text: str


class PostImageSummary(View):
    """An image in a post, as a list shows it."""

    image_id: int
    alt_text: str
    thumbnail_url: str
    thumbhash: str
    width: int
    height: int
    original_filename: str
    is_ai_generated: bool
    framing: FramingName
    focus: PointView
    background: str


class PostImageView(PostImageSummary):
    """An image in a post."""

    user_tags: list[UserTagView]


class PostSummary(View):
    """A post in a list. The post itself tells the rest: the texts of single channels, who is marked, the
    first comment, and whole histories."""

    id: int
    business_id: int
    content_text: str
    images: Sequence[PostImageSummary]
    channel_ids: list[int]
    ai_label: bool | None
    state: PostStateName
    scheduled_at: Moment | None
    created_at: Moment
    updated_at: Moment
    publications: list[PublicationView]


class PostView(PostSummary):
    """A post. `state` sums up its publications; without any it is a draft."""

    images: Sequence[PostImageView]
    texts: list[PostTextView]
    first_comment: str | None


class PostAnswer(View):
    """A post after it was made, changed or sent."""

    success: Literal[True] = True
    post: PostView


class PostList(View):
    """Posts, newest first; those that are scheduled soonest first."""

    posts: list[PostSummary]
    next_cursor: str | None


class CheckProblem(View):
    """Something that stands in the way (`is_blocking`) or is worth knowing, with its cure."""

    code: str
    message: str
    fix: str
    is_blocking: bool
    image_id: int | None = None


class BoxView(View):
    """A part of a picture, 0..1 of its sides from top left."""

    x: float
    y: float
    width: float
    height: float


class RenditionView(View):
    """The very file that would be sent for the image at this position. Size in bytes, sides in pixels."""

    position: int
    image_id: int
    recipe: str
    url: str
    mime_type: str
    width: int
    height: int
    file_size: int
    sha256: str
    is_cropped: bool
    crop: BoxView | None = Field(description="What stays of the image; null: all of it.")
    is_fitted: bool = Field(description="The whole image lies on a background.")
    alt_text: str = Field(description="The alt text that goes out with it.")


class CheckText(View):
    """The text as the platform counts it."""

    characters: int
    hashtags: int
    mentions: int


class ChannelCheck(View):
    """What one channel would say of a post."""

    channel_id: int
    platform: PlatformName
    placement: PlacementName | None = Field(
        description="Where on the platform it appears; null when this server does not reach the channel."
    )
    ai_label: bool = Field(description="Whether the platform is told that AI made an image of it.")
    is_ready: bool
    problems: list[CheckProblem]
    renditions: list[RenditionView]
    text: CheckText


class PostCheck(View):
    """What every chosen channel would say of a post."""

    is_ready: bool
    channels: list[ChannelCheck]
