"""Uploads to the store itself, on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import Body, Id, Moment, View


class UploadOptions(View):
    """What can be uploaded. Sides in pixels; `direct` says how the store itself takes files from browsers,
    or null where it does not; `storage_provider` is where new images are kept."""

    max_bytes: int
    min_side: int
    max_side: int
    mime_types: list[str]
    direct: Literal["post", "put"] | None
    storage_provider: str


class UploadWanted(Body):
    """A file that a browser wants to send to the store. What it says is checked later, by the bytes."""

    business_id: Id
    filename: str = Field(max_length=255)
    size: int = Field(ge=1)
    mime_type: str = Field(max_length=50)


class UploadPlace(View):
    """Where and how to send the file, before `expires_at`: as a form with `fields` and then the file in the
    field named `file` (`post`), or bare with these `headers` (`put`)."""

    id: str
    method: Literal["post", "put"]
    url: str
    fields: dict[str, str]
    headers: dict[str, str]
    expires_at: Moment


class UploadPromised(View):
    """A place for one file."""

    success: Literal[True] = True
    upload: UploadPlace


class UploadCompletion(Body):
    """What belongs to the picture besides its bytes."""

    alt_text: str = Field(default="", max_length=1000)
