"""Channels on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from app.schemas.base import Body, Id, Moment, View

PlatformName = Literal["instagram", "facebook"]
LoginName = Literal["facebook", "instagram"]


PlacementName = Literal["feed", "carousel", "story", "reel_cover", "photo", "photos", "text"]


class RatioView(View):
    """Width to height, in whole numbers."""

    width: int
    height: int


class PlacementView(View):
    """What one place on the platform takes. Sides in pixels, sizes in bytes; null: no limit."""

    name: PlacementName
    is_offered: bool = Field(description="Whether posts can be published there from here.")
    min_images: int
    max_images: int
    formats: list[str] = Field(description="What the platform takes; what is sent is made to fit.")
    max_bytes: int | None
    min_ratio: RatioView | None
    max_ratio: RatioView | None
    min_width: int | None
    max_width: int | None
    is_one_shape: bool = Field(description="All images take the shape of the first one.")
    takes_text: bool
    takes_alt_text: bool
    max_alt_text: int | None
    takes_user_tags: bool
    max_user_tags: int | None
    takes_ai_label: bool


class CommentRulesView(View):
    """What the platform takes as a first comment. null: no limit."""

    max_characters: int
    max_hashtags: int | None


class RulesView(View):
    """The platform's limits. None: no limit."""

    min_images: int
    max_images: int
    max_characters: int
    max_hashtags: int | None
    max_mentions: int | None
    max_alt_text: int
    placements: list[PlacementView]
    first_comment: CommentRulesView | None = Field(description="null: there is none.")


class ChannelProblemView(View):
    """What stands in the way, or soon will, and what to do about it."""

    code: str
    detail: str


class QuotaView(View):
    """How many posts the platform takes from the account in 24 hours, and how many it has had."""

    used: int
    total: int


class WaitingPostView(View):
    """A post that is still to go out on a channel; its text is cut."""

    id: int
    content_text: str


class ChannelView(View):
    """A connected account, and how it is. `waiting_posts` only where it cannot be published to now."""

    id: int
    platform: PlatformName
    name: str
    external_id: str
    account_url: str = Field(description="Where the account can be looked at in a browser.")
    status: Literal["connected", "reconnect_needed", "restricted"]
    is_practice: bool
    login: LoginName
    token_expires_at: Moment | None
    data_access_expires_at: Moment | None
    checked_at: Moment | None
    missing_permissions: list[str]
    problem: ChannelProblemView | None
    tried_again_at: Moment | None = Field(
        description="Of a restricted account: from when on posts are tried on it again."
    )
    quota: QuotaView | None
    waiting_posts: list[WaitingPostView]
    rules: RulesView


class LoginView(View):
    """A login of Meta's that this server has."""

    login: LoginName
    is_practice: bool


class ChannelList(View):
    """The business's channels, and the logins by which more can be connected."""

    channels: list[ChannelView]
    logins: list[LoginView]


class ChannelConnect(Body):
    """Connect with a token."""

    business_id: Id
    platform: PlatformName
    external_id: str = Field(min_length=1, max_length=100, pattern=r"^[1-9][0-9]*$")
    access_token: SecretStr = Field(min_length=1, max_length=2000)
    name: str | None = Field(default=None, max_length=200)
    login: LoginName = "facebook"
