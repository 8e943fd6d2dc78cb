"""What a wish must be before anything is reserved or asked of a provider."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.errors import RuleBroken, UpstreamUnavailable
from app.core.words import is_seen
from app.imaging import sniff
from app.providers.image_generation.base import ImageProvider, Model

NAME_LENGTH = 60
"""Characters of a prompt that a generated picture bears as its name, at most."""


def chosen_provider(providers: Mapping[str, ImageProvider], name: str | None) -> ImageProvider:
    """The provider of this name, by default the first. Raises `RuleBroken` (`unknown_provider`), and
    `UpstreamUnavailable` where none is set up."""
    if not providers:
        raise UpstreamUnavailable(
            "no_image_provider",
            "No AI image provider is set up on this server. Set OPENAI_API_KEY to use OpenAI.",
        )
    provider = providers.get(name or next(iter(providers)))
    if provider is None:
        raise RuleBroken("unknown_provider", "This AI provider is not set up on this server.")
    return provider


def check_wish(model: Model, *, prompt: str, size: str, quality: str, is_edit: bool, has_mask: bool) -> None:
    """What the model can do decides. Raises `RuleBroken`."""
    if not is_seen(prompt):
        raise RuleBroken("prompt_empty", "Describe the picture you want.")
    check_length(model, prompt, None)
    if not model.paints(size):
        raise RuleBroken("size_not_offered", f"{model.name} paints {', '.join(model.sizes)}.")
    if quality not in model.qualities:
        raise RuleBroken("quality_not_offered", f"{model.name} offers {', '.join(model.qualities)}.")
    if is_edit and not model.edits:
        raise RuleBroken("edits_not_offered", f"{model.name} does not change pictures. Choose another model.")
    if has_mask and not is_edit:
        raise RuleBroken("mask_without_source", "A mask needs a source_image_id: the image to be changed.")
    if has_mask and not model.masks:
        raise RuleBroken("mask_not_offered", f"{model.name} changes whole pictures only. Leave the mask out.")


def check_length(model: Model, prompt: str, style: str | None) -> None:
    """A provider refuses a prompt that is too long, or cuts it; what a style adds counts as well. Raises
    `RuleBroken` (`prompt_too_long`)."""
    if len(prompt) > model.max_prompt_length:
        has = f"this has {len(prompt):,}{' with the words of its style' if style else ''}"
        raise RuleBroken(
            "prompt_too_long",
            f"{model.name} takes {model.max_prompt_length:,} characters, and {has}. "
            f"Shorten it by {len(prompt) - model.max_prompt_length:,}.",
            limit=model.max_prompt_length,
        )


def picture_name(prompt: str, head: bytes) -> str:
    """What a generated picture is called: the first whole words of its prompt, and its format by the first
    bytes."""
    words = " ".join(prompt.split())
    if len(words) > NAME_LENGTH:
        # The character after the cut tells whether the last word is whole. One endless word is cut.
        words = words[: NAME_LENGTH + 1].rsplit(" ", 1)[0][:NAME_LENGTH]
    words = words.rstrip(" ,.;:-")
    found = sniff(head)
    return f"{words}.{found.extension}" if found else words
