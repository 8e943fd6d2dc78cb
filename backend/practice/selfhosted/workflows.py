"""What ComfyUI makes of a workflow in API format: which of its nodes are right, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from practice.desk import Refused

CHECKPOINTS = ("sd_xl_base_1.0.safetensors", "dreamshaper_8.safetensors")
_SAMPLERS = ("euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_sde", "ddim")
_SCHEDULERS = ("normal", "karras", "exponential", "simple", "ddim_uniform")


def _is_whole(low: int, high: int, step: int = 1) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and low <= value <= high and not value % step
    )


def _is_number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_among(*words: str) -> Callable[[Any], bool]:
    return lambda value: value in words


LINK = "link"
NODES: Mapping[str, Mapping[str, Any]] = {
    "CheckpointLoaderSimple": {"ckpt_name": _is_among(*CHECKPOINTS)},
    "EmptyLatentImage": {
        "width": _is_whole(16, 16384, 8),
        "height": _is_whole(16, 16384, 8),
        "batch_size": _is_whole(1, 4096),
    },
    "CLIPTextEncode": {"text": _is_text, "clip": LINK},
    "KSampler": {
        "seed": _is_whole(0, 2**64 - 1),
        "steps": _is_whole(1, 10000),
        "cfg": _is_number(0, 100),
        "sampler_name": _is_among(*_SAMPLERS),
        "scheduler": _is_among(*_SCHEDULERS),
        "denoise": _is_number(0, 1),
        "model": LINK,
        "positive": LINK,
        "negative": LINK,
        "latent_image": LINK,
    },
    "VAEDecode": {"samples": LINK, "vae": LINK},
    "SaveImage": {"filename_prefix": _is_text, "images": LINK},
    "PreviewImage": {"images": LINK},
}
_OUTPUTS = ("SaveImage", "PreviewImage")


@dataclass(frozen=True, slots=True)
class Painting:
    """What a workflow paints, and which nodes keep it: the id of the node, `output` or `temp`, the prefix."""

    prompt: str
    model: str
    width: int
    height: int
    seed: int
    outputs: tuple[tuple[str, str, str], ...]


def refused(kind: str, message: str, nodes: Mapping[str, Any] | None = None) -> Refused:
    """ComfyUI's error body."""
    error = {"type": kind, "message": message, "details": message, "extra_info": {}}
    return Refused(400, kind, {"error": error, "node_errors": dict(nodes or {})})


def read_workflow(workflow: object) -> Painting:
    """Hold a workflow against its nodes' rules; raises `Refused`."""
    if not isinstance(workflow, dict) or not workflow:
        raise refused("no_prompt", "No prompt provided")
    errors: dict[str, Any] = {}
    for key, node in workflow.items():
        kind = node.get("class_type") if isinstance(node, dict) else None
        if not isinstance(kind, str) or kind not in NODES:
            raise refused("invalid_prompt", f"Cannot execute because node {kind} does not exist.")
        if found := _node_errors(NODES[kind], node.get("inputs") or {}, workflow):
            errors[key] = {"errors": found, "dependent_outputs": [], "class_type": kind}
    outputs = tuple(
        (
            key,
            "output" if node["class_type"] == "SaveImage" else "temp",
            node["inputs"].get("filename_prefix", "p"),
        )
        for key, node in workflow.items()
        if node["class_type"] in _OUTPUTS and key not in errors
    )
    if errors:
        raise refused("prompt_outputs_failed_validation", "Prompt outputs failed validation", errors)
    if not outputs:
        raise refused("prompt_no_outputs", "Prompt has no outputs")
    sampler = next((node["inputs"] for node in workflow.values() if node["class_type"] == "KSampler"), None)
    if sampler is None:
        raise refused("prompt_no_outputs", "Practice paints workflows with a KSampler only")

    def follow(name: str) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = workflow[sampler[name][0]]["inputs"]
        return inputs

    return Painting(
        prompt=follow("positive").get("text", ""),
        model=follow("model").get("ckpt_name", ""),
        width=follow("latent_image").get("width", 512),
        height=follow("latent_image").get("height", 512),
        seed=sampler["seed"],
        outputs=outputs,
    )


def _node_errors(
    rules: Mapping[str, Any], inputs: Mapping[str, Any], workflow: Mapping[str, Any]
) -> list[dict[str, Any]]:
    found = []
    for name, rule in rules.items():
        value = inputs.get(name)
        kind = None
        if name not in inputs:
            kind = "required_input_missing"
        elif rule == LINK:
            is_link = isinstance(value, list) and len(value) == 2 and value[0] in workflow
            kind = None if is_link else "bad_linked_input"
        elif not rule(value):
            kind = "value_not_in_list" if isinstance(value, str) else "invalid_input_type"
        if kind is not None:
            found.append({"type": kind, "message": kind, "details": name, "extra_info": {"input_name": name}})
    return found
