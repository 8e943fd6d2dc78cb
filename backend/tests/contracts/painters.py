"""Every image provider as the contract suite sees it: how it is built, what it can, how its server fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.providers.image_generation.automatic1111 import Automatic1111Provider
from app.providers.image_generation.base import GenerationRequest, ImageProvider, Model, Watch
from app.providers.image_generation.catalogue import read_catalogue
from app.providers.image_generation.comfyui import ComfyUIProvider, read_workflow
from app.providers.image_generation.openai import OpenAIImageProvider
from app.providers.image_generation.replicate import ReplicateProvider
from app.providers.image_generation.stability import StabilityProvider
from tests.practice_server import Addresses

PROMPT = "A planted prompt: a quiet harbour at dawn"
LOOK = timedelta(milliseconds=20)
# Prices at Replicate are the operator's to know.
PRICED = Path(__file__).with_name("priced_models.toml")
CATALOGUE = read_catalogue(PRICED)

Make = Callable[..., ImageProvider]


@dataclass(frozen=True)
class Subject:
    """One provider with one model. `build` takes where the server is, its key, and what a test changes;
    `edge` is the call that is paid for, and `edit_edge` that of an edit.

    `sizes` are asked for where only one matters, the first of them the smallest that the server paints.
    `lost` is what becomes of a call whose answer never came: `unknown`, or `found` where it can be asked for.
    """

    name: str
    model: Model
    build: Callable[..., ImageProvider]
    address: Callable[[Addresses], str]
    edge: str
    bill: str
    size: str
    errors: Mapping[str, Mapping[str, Any]]
    edit_edge: str = ""
    wait: int | None = None
    is_exact: bool = True
    lost: str = "unknown"
    can: frozenset[str] = field(default_factory=frozenset)
    key: str | None = "key"

    def __str__(self) -> str:
        return self.name

    def make(self, practice: Addresses, **changes: Any) -> ImageProvider:
        """The provider at the practice server."""
        return self.at(self.address(practice), practice.openai_key, **changes)

    def at(self, address: str, key: str, **changes: Any) -> ImageProvider:
        """The provider at any server."""
        return self.build(address, key, (self.model,), **changes)

    def wish(self, prompt: str = PROMPT, **changes: Any) -> GenerationRequest:
        """A request that it can fill."""
        asked: dict[str, Any] = {"model": self.model.id, "size": self.size, "quality": "standard"}
        return GenerationRequest(prompt=prompt, **(asked | changes))


class Notes(Watch):
    """Keeps what a generation told on its way."""

    def __init__(self) -> None:
        self.handles: list[str] = []
        self.previews: list[bytes] = []
        self.is_accepted = asyncio.Event()

    async def accepted(self, handle: str) -> None:
        self.handles.append(handle)
        self.is_accepted.set()

    async def partial(self, content: bytes) -> None:
        self.previews.append(content)


def _openai(address: str, key: str, models: tuple[Model, ...], **changes: Any) -> ImageProvider:
    return OpenAIImageProvider("openai", address, key, models, **changes)


def _stability(address: str, key: str, models: tuple[Model, ...], **changes: Any) -> ImageProvider:
    return StabilityProvider("stability", address, key, models, **changes)


def _replicate(address: str, key: str, models: tuple[Model, ...], **changes: Any) -> ImageProvider:
    usual: dict[str, Any] = {"wait": timedelta(seconds=1), "look_every": LOOK, "has_own_files": True}
    changes = usual | changes
    return ReplicateProvider("replicate", address, key, models, **changes)


def _automatic1111(address: str, key: str, models: tuple[Model, ...], **changes: Any) -> ImageProvider:
    return Automatic1111Provider("automatic1111", address, models, **changes)


def _comfyui(address: str, key: str, models: tuple[Model, ...], **changes: Any) -> ImageProvider:
    changes = {"look_every": LOOK} | changes
    return ComfyUIProvider("comfyui", address, models, read_workflow(None), **changes)


def _openai_error(kind: str, code: str) -> dict[str, Any]:
    return {"error": {"message": f"Refused: {PROMPT}", "type": kind, "param": None, "code": code}}


def _stability_error(name: str) -> dict[str, Any]:
    return {"id": "0" * 32, "name": name, "errors": [f"Refused: {PROMPT}"]}


_OPENAI: dict[str, Any] = {
    "build": _openai,
    "address": lambda practice: practice.openai_url,
    "edge": "images.generations",
    "edit_edge": "images.edits",
    "bill": "openai",
    "size": "1024x640",
    "errors": {
        "paces": {
            "status": 429,
            "headers": {"retry-after": "12"},
            "body": _openai_error("requests", "rate_limit_exceeded"),
        },
        "money": {
            "status": 429,
            "body": _openai_error("insufficient_quota", "project_spend_limit_exceeded"),
        },
    },
    "wait": 12,
    "can": frozenset(
        {"refuses", "holds back", "previews", "edits", "masks", "asks for money", "names people"}
    ),
}
_STABILITY: dict[str, Any] = {
    "build": _stability,
    "address": lambda practice: practice.stability_url,
    "bill": "stability",
    "size": "1024x1024",
    "errors": {
        "paces": {"status": 429, "body": _stability_error("rate_limit_exceeded")},
        "money": {"status": 402, "body": _stability_error("payment_required")},
    },
    "wait": 60,
    "is_exact": False,
}
_REPLICATE: dict[str, Any] = {
    "build": _replicate,
    "address": lambda practice: practice.replicate_url,
    "edge": "replicate.create",
    "bill": "replicate",
    "errors": {
        "paces": {
            "status": 429,
            "body": {"detail": "Request was throttled. Your rate limit resets in ~30s."},
        },
        "money": {"status": 402, "body": {"title": "Insufficient credit", "detail": PROMPT, "status": 402}},
    },
    "wait": 30,
    "can": frozenset({"refuses", "resumes", "seeds", "asks for money", "cancels"}),
}
_SELF_HOSTED: dict[str, Any] = {
    "size": "512x512",
    "errors": {"paces": {"status": 429, "headers": {"retry-after": "7"}, "body": {"detail": PROMPT}}},
    "wait": 7,
}

SUBJECTS = (
    Subject("openai", CATALOGUE.find("openai", "gpt-image-2.5-flare"), **_OPENAI),
    Subject("practice", CATALOGUE.find("practice", "practice-image-1"), **_OPENAI),
    Subject(
        "stability-core",
        CATALOGUE.find("stability", "core"),
        edge="stability.core",
        can=frozenset({"refuses", "holds back", "seeds", "asks for money", "names people"}),
        **_STABILITY,
    ),
    Subject(
        "stability-ultra",
        CATALOGUE.find("stability", "ultra"),
        edge="stability.ultra",
        edit_edge="stability.ultra",
        can=frozenset({"refuses", "holds back", "seeds", "edits", "asks for money", "names people"}),
        **_STABILITY,
    ),
    Subject(
        "stability-sd3.5",
        CATALOGUE.find("stability", "sd3.5-medium"),
        edge="stability.sd3",
        edit_edge="stability.sd3",
        can=frozenset({"refuses", "holds back", "seeds", "edits", "asks for money", "names people"}),
        **_STABILITY,
    ),
    Subject(
        "replicate-flux-schnell",
        CATALOGUE.find("replicate", "black-forest-labs/flux-schnell"),
        size="1024x1024",
        is_exact=False,
        **_REPLICATE,
    ),
    Subject(
        "replicate-flux-pro",
        CATALOGUE.find("replicate", "black-forest-labs/flux-1.1-pro"),
        size="1024x1024",
        is_exact=False,
        **_REPLICATE,
    ),
    Subject(
        "replicate-sdxl", CATALOGUE.find("replicate", "stability-ai/sdxl"), size="1024x1024", **_REPLICATE
    ),
    Subject(
        "automatic1111",
        CATALOGUE.find("automatic1111", "as loaded"),
        build=_automatic1111,
        address=lambda practice: practice.automatic1111_url,
        edge="automatic1111.txt2img",
        edit_edge="automatic1111.img2img",
        bill="automatic1111",
        can=frozenset({"seeds", "edits", "masks", "cancels"}),
        **_SELF_HOSTED,
    ),
    Subject(
        "comfyui",
        CATALOGUE.find("comfyui", "sd_xl_base_1.0.safetensors"),
        build=_comfyui,
        address=lambda practice: practice.comfyui_url,
        edge="comfyui.prompt",
        bill="comfyui",
        lost="found",
        can=frozenset({"resumes", "seeds", "cancels"}),
        key=None,
        **_SELF_HOSTED,
    ),
)


def those_that(*abilities: str) -> list[Subject]:
    """The subjects that can do all of this."""
    return [subject for subject in SUBJECTS if subject.can.issuperset(abilities)]


def those_that_do_not(ability: str) -> list[Subject]:
    """The subjects that can't."""
    return [subject for subject in SUBJECTS if ability not in subject.can]


def fault_of(subject: Subject, name: str) -> dict[str, Any]:
    """One of the ways in which its server says no."""
    return json.loads(json.dumps(subject.errors[name]))
