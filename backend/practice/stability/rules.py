"""What Stability AI's endpoints take, field by field."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from practice.desk import Refused
from practice.studio import size_of

ASPECT_RATIOS = ("21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21")
LARGEST_SEED = 4_294_967_294
PROMPT_LIMIT = 10_000

_STYLES = frozenset(
    (
        *("3d-model", "analog-film", "anime", "cinematic", "comic-book", "digital-art", "enhance"),
        *("fantasy-art", "isometric", "line-art", "low-poly", "modeling-compound", "neon-punk", "origami"),
        *("photographic", "pixel-art", "tile-texture"),
    )
)
_COMMON = frozenset({"prompt", "negative_prompt", "aspect_ratio", "seed", "style_preset", "output_format"})
_KNOWN: Mapping[str, frozenset[str]] = {
    "core": _COMMON,
    "ultra": _COMMON | {"image", "strength"},
    "sd3": _COMMON | {"image", "strength", "mode", "model", "cfg_scale"},
}
_CREDITS: Mapping[str, Decimal] = {
    "core": Decimal(3),
    "ultra": Decimal(8),
    "sd3.5-large": Decimal("6.5"),
    "sd3.5-large-turbo": Decimal(4),
    "sd3.5-medium": Decimal("3.5"),
    "sd3.5-flash": Decimal("2.5"),
}
_PIXELS = {"core": 1_500_000, "ultra": 1_048_576, "sd3": 1_048_576}


def error(status: int, name: str, *said: str) -> Refused:
    """Stability's error body."""
    return Refused(status, name, {"id": secrets.token_hex(16), "name": name, "errors": list(said)})


def bad(field: str, said: str) -> Refused:
    """A field that breaks a rule."""
    return error(400, "bad_request", f"{field}: {said}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that keeps every rule."""

    prompt: str
    model: str
    width: int
    height: int
    seed: int
    output_format: str
    source: bytes | None

    @property
    def credits(self) -> Decimal:
        """What it costs."""
        return _CREDITS[self.model]


def check(endpoint: str, fields: Mapping[str, str], image: bytes | None) -> Wanted:
    """Hold a form against the rules; raises `Refused`."""
    for name in fields:
        if name not in _KNOWN[endpoint]:
            raise bad(name, "is not a known field")
    prompt = fields.get("prompt", "")
    if not 1 <= len(prompt) <= PROMPT_LIMIT:
        raise bad("prompt", f"must have 1 to {PROMPT_LIMIT} characters")
    model = endpoint
    if endpoint == "sd3":
        model = fields.get("model", "sd3.5-large")
        if model not in _CREDITS or not model.startswith("sd3.5"):
            raise bad("model", "is not one of the models of this endpoint")
    negative = fields.get("negative_prompt", "")
    if len(negative) > PROMPT_LIMIT:
        raise bad("negative_prompt", f"must have at most {PROMPT_LIMIT} characters")
    if negative and model.endswith("-turbo"):
        raise bad("negative_prompt", "is not taken by this model")
    if fields.get("style_preset", "enhance") not in _STYLES:
        raise bad("style_preset", "is not one of the presets")
    formats = ("png", "jpeg") if endpoint == "sd3" else ("png", "jpeg", "webp")
    output_format = fields.get("output_format", "png")
    if output_format not in formats:
        raise bad("output_format", f"must be one of {', '.join(formats)}")
    if "cfg_scale" in fields and not 1 <= _number("cfg_scale", fields["cfg_scale"]) <= 10:
        raise error(422, "invalid_range", "cfg_scale: must be from 1 to 10")
    _check_image(endpoint, fields, image)
    given_seed = fields.get("seed", "0")
    if not re.fullmatch(r"\d{1,10}", given_seed):
        raise bad("seed", "must be a whole number")
    if int(given_seed) > LARGEST_SEED:
        raise error(422, "invalid_range", f"seed: must be from 0 to {LARGEST_SEED}")
    width, height = _size(endpoint, fields, image)
    return Wanted(
        prompt=prompt,
        model=model,
        width=width,
        height=height,
        seed=int(given_seed) or 1 + secrets.randbelow(LARGEST_SEED),
        output_format=output_format,
        source=image,
    )


def _check_image(endpoint: str, fields: Mapping[str, str], image: bytes | None) -> None:
    mode = fields.get("mode", "text-to-image")
    if mode not in ("text-to-image", "image-to-image"):
        raise bad("mode", "must be text-to-image or image-to-image")
    if endpoint == "core" and image is not None:
        raise bad("image", "is not taken by this endpoint")
    if (image is None) != ("strength" not in fields):
        raise bad("strength", "goes together with image")
    if endpoint == "sd3":
        if (mode == "image-to-image") != (image is not None):
            raise bad("image", "is needed for image-to-image, and for nothing else")
        if image is not None and "aspect_ratio" in fields:
            raise bad("aspect_ratio", "is for text-to-image only")
    if image is None:
        return
    if not 0 <= _number("strength", fields["strength"]) <= 1:
        raise error(422, "invalid_range", "strength: must be from 0 to 1")
    found = size_of(image)
    if found is None:
        raise bad("image", "must be a JPEG, PNG or WebP")
    if min(found[1:]) < 64:
        raise bad("image", "each side must have at least 64 pixels")


def _size(endpoint: str, fields: Mapping[str, str], image: bytes | None) -> tuple[int, int]:
    """There is no asking for pixels: the shape is given, and about so many of them are painted."""
    ratio = fields.get("aspect_ratio", "1:1")
    if ratio not in ASPECT_RATIOS:
        raise bad("aspect_ratio", f"must be one of {', '.join(ASPECT_RATIOS)}")
    across, down = (int(part) for part in ratio.split(":"))
    found = size_of(image) if image is not None and endpoint == "sd3" else None
    if found is not None:
        across, down = found[1:]
    width = math.sqrt(_PIXELS[endpoint] * across / down)
    return max(64, round(width / 16) * 16), max(64, round(width * down / across / 16) * 16)


def _number(name: str, given: str) -> float:
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", given):
        raise bad(name, "must be a number")
    return float(given)
