"""Channels on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from app.schemas.base import Body, Id, View

PlatformName = Literal["instagram", "facebook"]


class RulesView(View):
    """The platform's limits. None: no limit."""

    min_images: int
    max_images: int
    max_characters: int
    max_hashtags: int | None
    max_mentions: int | None
    max_alt_text: int


class ChannelView(View):
    """A connected account."""

    id: int
    platform: PlatformName
    name: str
    external_id: str
    status: Literal["connected", "reconnect_needed", "restricted"]
    is_practice: bool
    rules: RulesView


class ChannelList(View):
    """The business's channels."""

    channels: list[ChannelView]


class ChannelConnect(Body):
    """Connect with a token."""

    business_id: Id
    platform: PlatformName
    external_id: str = Field(min_length=1, max_length=100, pattern=r"^[0-9A-Za-z_.-]+$")
    access_token: SecretStr = Field(min_length=1, max_length=2000)
    name: str | None = Field(default=None, max_length=200)
    login: Literal["facebook", "instagram"] = "facebook"
