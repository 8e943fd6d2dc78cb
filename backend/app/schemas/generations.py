"""AI generations on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import Body, Id, Moment, View
from app.schemas.images import ImageView

StyleName = Literal["professional", "creative", "minimalist", "vintage"]


class Generate(Body):
    """A picture to be made from words."""

    business_id: Id
    prompt: str = Field(min_length=1, max_length=32000)
    size: str = Field(default="1024x1024", pattern=r"^\d{2,5}x\d{2,5}$")
    quality: Literal["standard", "hd"] = "standard"
    style: StyleName | None = None
    provider: str | None = Field(default=None, max_length=30)
    model: str | None = Field(default=None, max_length=100)


class GenerationView(View):
    """A request to an AI provider and what became of it."""

    id: int
    business_id: int
    prompt: str
    provider: str
    model: str
    size: str
    quality: str
    style: str | None
    state: Literal["queued", "running", "succeeded", "refused", "failed", "cancelled", "unknown"]
    image_id: int | None
    error_code: str | None
    error_detail: str | None
    created_at: Moment
    finished_at: Moment | None


class Generated(View):
    """The picture and how it was made."""

    success: Literal[True] = True
    image: ImageView
    generation: GenerationView


class ModelView(View):
    """A model and what it can do."""

    id: str
    name: str
    sizes: list[str]
    qualities: list[str]
    max_prompt_length: int


class ProviderView(View):
    """A provider that is set up on this server."""

    name: str
    is_practice: bool
    models: list[ModelView]


class GenerationOptions(View):
    """What the form can offer; the first provider and its first model are the defaults."""

    providers: list[ProviderView]
    styles: list[StyleName]
