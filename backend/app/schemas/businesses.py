"""Businesses and members on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import Body, Moment, View

RoleName = Literal["owner", "admin", "editor", "viewer"]


class BusinessView(View):
    """A business and the asking user's role in it."""

    id: int
    name: str
    timezone: str
    role: RoleName


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
