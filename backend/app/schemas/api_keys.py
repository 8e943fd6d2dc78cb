"""Keys for programs on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import Body, Id, Moment, View, WrittenMoment
from app.schemas.businesses import RoleName


class ApiKeyMake(Body):
    """A new key for one business."""

    business_id: Id
    name: str = Field(min_length=1, max_length=100, description="What it is for.")
    role: RoleName = Field(
        default="editor", description="The most that it may: your own role in the business, or a lower one."
    )
    expires_at: WrittenMoment | None = Field(default=None, description="Null: it counts until it is revoked.")


class ApiKeyView(View):
    """A key as it is listed: without its secret, which nobody can read any more."""

    id: int
    business_id: int
    name: str
    role: RoleName = Field(
        description="The most that it may. Where its maker may less by now, so may the key."
    )
    hint: str = Field(description="What its secret begins with.")
    made_by: str
    made_by_id: int
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None = Field(description="To the minute; null: never.")


class ApiKeyMade(View):
    """A new key with its secret."""

    success: Literal[True] = True
    api_key: ApiKeyView
    secret: str | None = Field(
        description="For `Authorization: Bearer`. It is told once; null: an earlier answer told it."
    )
    message: str


class ApiKeyList(View):
    """Keys, newest first."""

    api_keys: list[ApiKeyView]
