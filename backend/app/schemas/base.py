"""What every wire type has in common."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError


def rfc3339(moment: datetime) -> str:
    """A moment as the wire has it: in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""RFC 3339 in UTC."""


def _written_out(given: object) -> object:
    """Numbers, also those in quotes, would be taken as seconds since 1970, which nobody means here."""
    if not isinstance(given, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        raise PydanticCustomError("datetime_type", "Not a written moment")
    return given


def _within_reach(given: datetime) -> datetime:
    """At either end of the calendar no day can be added and no time zone be changed."""
    if not 1900 < given.year < 9000:
        raise PydanticCustomError("datetime_type", "No moment that anybody means")
    return given


WrittenMoment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_within_reach)]
"""A moment as RFC 3339 writes it, with its offset."""


def usd(amount: Decimal) -> str:
    """An amount as the wire has it: with cents, and further places only where they count."""
    whole, _, places = f"{amount:f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


Money = Annotated[
    Decimal,
    PlainSerializer(usd, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{2,6}$"}),
]
"""US dollars that are told: a decimal string."""


def _read_amount(value: object) -> Decimal:
    """A decimal string with at most six places, or a whole number."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise ValueError("Give an amount in USD as a decimal string, such as 25.00")
    return Decimal(text)


Amount = Annotated[
    Decimal,
    BeforeValidator(_read_amount),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,9}(\.\d{1,6})?$"}),
]
"""US dollars that a client names."""

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""An id that a client names: anything else does not fit into the database's column."""


class Body(BaseModel):
    """Something a client sends. Unknown fields are refused, so that a typing error is not silence.

    Text with a NUL character is refused everywhere: no database column and no platform takes one.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _within_reason(cls, given: object) -> object:
        if isinstance(given, dict) and len(given) > MOST_FIELDS:
            raise ValueError(f"An object has at most {MOST_FIELDS} fields here")
        if isinstance(given, dict):
            for name, value in given.items():
                if _has_nul(value):
                    raise ValueError(f"{name} holds a NUL character, which cannot be kept")
        return given


MOST_FIELDS = 50
MOST_LEVELS = 10


def _has_nul(value: object) -> bool:
    """Looks into lists, level by level; objects inside are bodies of their own."""
    level = [value]
    for _ in range(MOST_LEVELS):
        if any(isinstance(part, str) and "\x00" in part for part in level):
            return True
        level = [inner for part in level if isinstance(part, list) for inner in part]
        if not level:
            return False
    raise ValueError(f"Lists are at most {MOST_LEVELS} levels deep here")


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
