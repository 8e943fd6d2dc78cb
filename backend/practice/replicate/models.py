"""The models that the simulator of Replicate runs, and what each takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from practice.desk import Refused

RATIOS = ("1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21")
_SCHEDULERS = (
    "DDIM",
    "DPMSolverMultistep",
    "HeunDiscrete",
    "KarrasDPM",
    "K_EULER_ANCESTRAL",
    "K_EULER",
    "PNDM",
)


@dataclass(frozen=True, slots=True)
class ReplicateModel:
    """One model. `inputs` are rules by name: a tuple of words, a range of whole numbers, or a type."""

    name: str
    version: str
    is_official: bool
    inputs: Mapping[str, Any]
    is_list: bool
    price: Decimal | None = None
    second_price: Decimal = Decimal("0.000975")


MODELS: Mapping[str, ReplicateModel] = {
    model.name: model
    for model in (
        ReplicateModel(
            "black-forest-labs/flux-schnell",
            "c846a69991daf4c0e5d016514849d14ee5b2e6846ce6b9d6f21369e564cfe51e",
            is_official=True,
            inputs={
                "prompt": str,
                "aspect_ratio": RATIOS,
                "num_outputs": range(1, 5),
                "num_inference_steps": range(1, 5),
                "seed": range(2**31),
                "output_format": ("webp", "jpg", "png"),
                "output_quality": range(101),
                "disable_safety_checker": bool,
                "go_fast": bool,
                "megapixels": ("1", "0.25"),
            },
            is_list=True,
            price=Decimal("0.003"),
        ),
        ReplicateModel(
            "black-forest-labs/flux-1.1-pro",
            "80a09d66baa990429c2f5ae8a4306bf778a1b3775afd01cc2cc8bdbe9033769c",
            is_official=True,
            inputs={
                "prompt": str,
                "image_prompt": str,
                "aspect_ratio": (*RATIOS, "custom"),
                "width": range(256, 1441),
                "height": range(256, 1441),
                "safety_tolerance": range(1, 7),
                "seed": range(2**31),
                "prompt_upsampling": bool,
                "output_format": ("webp", "jpg", "png"),
                "output_quality": range(101),
            },
            is_list=False,
            price=Decimal("0.04"),
        ),
        ReplicateModel(
            "stability-ai/sdxl",
            "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc",
            is_official=False,
            inputs={
                "prompt": str,
                "negative_prompt": str,
                "width": range(64, 2049),
                "height": range(64, 2049),
                "num_outputs": range(1, 5),
                "scheduler": _SCHEDULERS,
                "num_inference_steps": range(1, 501),
                "guidance_scale": float,
                "prompt_strength": float,
                "seed": range(2**31),
                "refine": ("no_refiner", "expert_ensemble_refiner", "base_image_refiner"),
                "apply_watermark": bool,
                "disable_safety_checker": bool,
            },
            is_list=True,
        ),
    )
}


def problem(status: int, title: str, detail: str, **more: Any) -> Refused:
    """Replicate's error body."""
    body = {"title": title, "detail": detail, "status": status, **more}
    return Refused(status, title.lower().replace(" ", "_"), body)


def check_input(model: ReplicateModel, given: object) -> dict[str, Any]:
    """Hold the inputs against the model's rules; raises `Refused`."""
    if not isinstance(given, dict):
        raise _invalid("input", "Invalid type. Expected: object")
    if not isinstance(given.get("prompt"), str):
        raise _invalid("input.prompt", "prompt is required")
    for name, value in given.items():
        rule = model.inputs.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_right = (
            (isinstance(rule, tuple) and value in rule)
            or (isinstance(rule, range) and isinstance(value, int) and is_number and value in rule)
            or (rule is float and is_number)
            or (rule in (str, bool) and isinstance(value, rule))
        )
        if not is_right:
            raise _invalid(f"input.{name}", f"{name} is not a value that this model takes")
    return given


def size_for(given: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height of what is painted, by shape or by pixels."""
    ratio = re.fullmatch(r"(\d+):(\d+)", str(given.get("aspect_ratio", "")))
    if ratio is None:
        return int(given.get("width", 1024)), int(given.get("height", 1024))
    pixels = 262_144 if given.get("megapixels") == "0.25" else 1_048_576
    across, down = int(ratio[1]), int(ratio[2])
    width = (pixels * across / down) ** 0.5
    return round(width / 16) * 16, round(width * down / across / 16) * 16


def _invalid(field: str, said: str) -> Refused:
    fields = [{"type": "invalid", "field": field, "description": said}]
    return problem(422, "Input validation failed", f"- {field}: {said}\n", invalid_fields=fields)
