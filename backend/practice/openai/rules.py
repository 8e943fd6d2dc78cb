"""What OpenAI's Images API takes, field by field, and what it reports of its work."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from practice.desk import Refused
from practice.studio import size_of

PRACTICE_MODEL = "practice-image-1"
PROMPT_LIMIT = 32_000

_FREE_SIZE_MODELS = re.compile(r"practice-image-1|gpt-image-2(\.[56]-(flare|sunburst))?(-\d{4}-\d\d-\d\d)?")
_FIXED_SIZE_MODELS = frozenset({"gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"})
_FIXED_SIZES = ("1024x1024", "1536x1024", "1024x1536")
_QUALITIES = ("low", "medium", "high", "auto")
_FINE_QUALITIES = ("xhigh", "max")
_EFFORT = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
_KNOWN = frozenset(
    {
        "prompt",
        "model",
        "n",
        "size",
        "quality",
        "background",
        "output_format",
        "output_compression",
        "moderation",
        "complexity",
        "stream",
        "partial_images",
        "safety_identifier",
        "user",
    }
)


_EDITS_KNOW = _KNOWN | {"image", "image[]", "images", "mask", "input_fidelity"}
_NUMBERS = ("n", "output_compression", "partial_images")
_SOURCE_LIMIT = 50 * 1024 * 1024
_MASK_LIMIT = 4 * 1024 * 1024
_SOURCE_TOKENS = 323
"""What a source picture counts for."""


def error(
    status: int, code: str, message: str, *, param: str | None = None, kind: str | None = None
) -> Refused:
    """OpenAI's error envelope."""
    inside = {"message": message, "type": kind or "invalid_request_error", "param": param, "code": code}
    return Refused(status, code, {"error": inside})


def _invalid(param: str, message: str) -> Refused:
    return error(400, "invalid_value", message, param=param)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that keeps every rule."""

    prompt: str
    model: str
    n: int
    width: int
    height: int
    quality: str
    is_streamed: bool
    partials: int
    sources: tuple[bytes, ...] = ()
    mask: bytes | None = None

    @property
    def size(self) -> str:
        """The size as the answer names it."""
        return f"{self.width}x{self.height}"


def check(sent: Mapping[str, Any], sources: tuple[bytes, ...] = (), mask: bytes | None = None) -> Wanted:
    """Hold a request against the rules; raises `Refused`. With `sources` it is an edit."""
    for name in sent:
        if name not in (_EDITS_KNOW if sources else _KNOWN):
            raise error(400, "unknown_parameter", f"Unknown parameter: '{name}'.", param=name)
    prompt = sent.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise error(
            400, "missing_required_parameter", "Missing required parameter: 'prompt'.", param="prompt"
        )
    if len(prompt) > PROMPT_LIMIT:
        raise error(
            400,
            "string_above_max_length",
            f"Invalid 'prompt': string too long. Expected a string with maximum length {PROMPT_LIMIT}.",
            param="prompt",
        )
    model = sent.get("model", PRACTICE_MODEL)
    is_free = isinstance(model, str) and _FREE_SIZE_MODELS.fullmatch(model) is not None
    if not isinstance(model, str) or not (is_free or model in _FIXED_SIZE_MODELS):
        raise error(
            404,
            "model_not_found",
            f"The model '{model}' does not exist or you do not have access to it.",
            param="model",
        )
    width, height = _size(sent.get("size", "auto"), is_free=is_free)
    qualities = (*_QUALITIES, *_FINE_QUALITIES) if "-2.5-" in model or "-2.6-" in model else _QUALITIES
    quality = _one_of(sent, "quality", qualities, "auto")
    if _one_of(sent, "output_format", ("png", "jpeg", "webp"), "png") != "png":
        raise _invalid("output_format", "Practice pictures are PNG only. Leave 'output_format' out.")
    if _one_of(sent, "background", ("transparent", "opaque", "auto"), "auto") == "transparent":
        raise _invalid("background", "Practice pictures are opaque. Use 'opaque' or 'auto'.")
    _one_of(sent, "moderation", ("auto", "low"), "auto")
    _one_of(sent, "complexity", ("low", "medium", "high"), "medium")
    _whole(sent, "output_compression", 0, 100, 100)
    is_streamed = sent.get("stream") or False
    if not isinstance(is_streamed, bool):
        raise error(400, "invalid_type", "Invalid type for 'stream': expected a boolean.", param="stream")
    partials = _whole(sent, "partial_images", 0, 3, 0)
    if partials and not is_streamed:
        raise _invalid("partial_images", "'partial_images' needs 'stream' to be true.")
    return Wanted(
        prompt=prompt,
        model=model,
        n=_whole(sent, "n", 1, 10, 1),
        width=width,
        height=height,
        quality="medium" if quality == "auto" else quality,
        is_streamed=is_streamed,
        partials=partials,
        sources=sources,
        mask=mask,
    )


def from_form(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form as JSON would have them."""
    sent: dict[str, Any] = dict(fields)
    for name in _NUMBERS:
        if re.fullmatch(r"-?\d{1,6}", fields.get(name, "")):
            sent[name] = int(fields[name])
    if fields.get("stream") in ("true", "false"):
        sent["stream"] = fields["stream"] == "true"
    return sent


def check_sources(sources: tuple[bytes, ...], mask: bytes | None) -> None:
    """Hold the pictures of an edit against the rules; raises `Refused`."""
    if not 1 <= len(sources) <= 16:
        raise error(400, "missing_required_parameter", "Give 1 to 16 pictures as 'image[]'.", param="image")
    found = [size_of(source) for source in sources]
    if not all(found):
        raise error(400, "invalid_image_file", "The image data is not a PNG, JPEG or WebP.", param="image")
    if any(len(source) >= _SOURCE_LIMIT for source in sources):
        raise error(400, "image_file_too_large", "Each image must be smaller than 50 MB.", param="image")
    if mask is None:
        return
    if len(mask) >= _MASK_LIMIT:
        raise error(400, "image_file_too_large", "The mask must be smaller than 4 MB.", param="mask")
    of_mask, of_first = size_of(mask), found[0]
    if of_mask is None or of_mask[0] != "png":
        raise error(400, "invalid_image_file", "The mask must be a PNG.", param="mask")
    if of_first is None or of_mask[1:] != of_first[1:]:
        message = "The mask must have the size of the first image."
        raise error(400, "invalid_image_file", message, param="mask")


def _one_of(sent: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = sent.get(name)
    if value is None:
        return default
    if value not in allowed:
        listed = ", ".join(f"'{word}'" for word in allowed)
        raise _invalid(name, f"Invalid value: '{value}'. Supported values are: {listed}.")
    return str(value)


def _whole(sent: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    value = sent.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise error(400, "invalid_type", f"Invalid type for '{name}': expected an integer.", param=name)
    if not low <= value <= high:
        raise _invalid(name, f"Invalid '{name}': expected a value from {low} to {high}.")
    return value


def _size(value: Any, *, is_free: bool) -> tuple[int, int]:
    if value in (None, "auto"):
        return 1024, 1024
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value) if isinstance(value, str) else None
    if found is None:
        raise _invalid("size", f"Invalid value: '{value}'. Use WIDTHxHEIGHT or 'auto'.")
    if not is_free:
        if value not in _FIXED_SIZES:
            raise _invalid("size", f"Invalid value: '{value}'. Use one of {', '.join(_FIXED_SIZES)}.")
        return int(found[1]), int(found[2])
    width, height = int(found[1]), int(found[2])
    if width % 16 or height % 16 or not width or not height:
        raise _invalid("size", f"Invalid size '{value}': width and height must be divisible by 16.")
    if max(width, height) > 3 * min(width, height):
        raise _invalid("size", f"Invalid size '{value}': the ratio must be between 1:3 and 3:1.")
    if max(width, height) > 3840 or not 655_360 <= width * height <= 8_294_400:
        raise _invalid("size", f"Invalid size '{value}': it must have 655,360 to 8,294,400 pixels.")
    return width, height


def tokens_of(wanted: Wanted) -> dict[str, Any]:
    """The usage that a real provider would report for this request."""
    effort = _EFFORT[wanted.quality]
    long, short = max(wanted.width, wanted.height), min(wanted.width, wanted.height)
    grid = round(effort * short / long)
    each = math.ceil(effort * grid * (2_000_000 + wanted.width * wanted.height) / 4_000_000)
    output = each * wanted.n + 100 * wanted.partials
    text = max(1, math.ceil(len(wanted.prompt) / 4))
    image = _SOURCE_TOKENS * (len(wanted.sources) + (wanted.mask is not None))
    return {
        "input_tokens": text + image,
        "output_tokens": output,
        "total_tokens": text + image + output,
        "input_tokens_details": {"text_tokens": text, "image_tokens": image},
        "output_tokens_details": {"image_tokens": output, "text_tokens": 0},
    }


def billed(wanted: Wanted) -> Decimal:
    """What this account is billed, in USD: the practice painter is free, the others have OpenAI's rates."""
    if wanted.model == PRACTICE_MODEL:
        return Decimal(0)
    usage = tokens_of(wanted)
    output = {"gpt-image-1.5": 32, "gpt-image-1-mini": 8}.get(wanted.model, 30)
    details = usage["input_tokens_details"]
    total = details["text_tokens"] * 5 + details["image_tokens"] * 8 + usage["output_tokens"] * output
    return (Decimal(total) / 1_000_000).quantize(Decimal("0.000001"))
