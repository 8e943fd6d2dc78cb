"""What every wire type has in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
"""RFC 3339 in UTC."""


class Body(BaseModel):
    """Something a client sends. Unknown fields are refused, so that a typing error is not silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class View(BaseModel):
    """Something the product answers, read from attributes."""

    model_config = ConfigDict(from_attributes=True)


class Done(View):
    """The thing was done."""

    success: Literal[True] = True
    message: str


class FieldProblem(View):
    """What is wrong with one field; `field` is its path with dots."""

    field: str
    code: str
    message: str


class Problem(View):
    """RFC 9457 problem details. `code` is stable; `detail` is a sentence for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] | None = None
    retry_after: int | None = None
    limit: int | None = None
    posts: list[dict[str, object]] | None = None
    request_id: str | None = None
