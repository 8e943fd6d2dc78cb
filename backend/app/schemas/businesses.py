"""Businesses and members on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import Amount, Body, Moment, Money, View

RoleName = Literal["owner", "admin", "editor", "viewer"]


class BusinessView(View):
    """A business and the asking user's role in it."""

    id: int
    name: str
    timezone: str
    role: RoleName
    monthly_ai_cap_usd: Money | None = Field(
        description="The most that AI images may be charged in a month; null: no limit."
    )
    ai_provider_fallback: bool = Field(
        description="Whether another AI provider may be asked when the one that was chosen is down."
    )
    label_ai_images: bool = Field(
        description="Whether AI-made images are labelled as such where a post does not decide."
    )


class BusinessList(View):
    """The user's businesses."""

    businesses: list[BusinessView]


class BusinessCreate(Body):
    """A new business; who makes it owns it."""

    name: str = Field(min_length=1, max_length=200)
    timezone: str | None = Field(default=None, max_length=64)


class BusinessChange(Body):
    """What can be changed of a business."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    timezone: str | None = Field(default=None, max_length=64)
    monthly_ai_cap_usd: Amount | None = Field(
        default=None, description="The most that AI images may be charged in a month. For owners."
    )
    ai_provider_fallback: bool | None = None
    label_ai_images: bool | None = None


class StyleView(View):
    """A style; its words are added to the prompt."""

    name: str
    label: str
    words: str
    is_built_in: bool
    is_changed: bool = Field(description="A built-in style in the business's own words.")


class StyleList(View):
    """The styles of a business, the built-in ones first."""

    styles: list[StyleView]


class StyleChange(Body):
    """A style of the business's own, or its own words for a built-in one."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")
    label: str = Field(min_length=1, max_length=50)
    words: str = Field(max_length=500)


class StylesChange(Body):
    """Everything that the business says itself."""

    styles: list[StyleChange] = Field(max_length=100)


class MemberView(View):
    """A member."""

    user_id: int
    email: str
    name: str
    role: RoleName
    created_at: Moment


class MemberList(View):
    """Everybody in a business."""

    members: list[MemberView]


class MemberAdd(Body):
    """Take in somebody who has an account."""

    email: str = Field(min_length=1, max_length=254, json_schema_extra={"format": "email"})
    role: RoleName


class MemberChange(Body):
    """A member's new role."""

    role: RoleName
