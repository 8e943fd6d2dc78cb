"""Making a picture from words.

A provider's failure is named by what to do next:

    GenerationError
    ├── PromptRefused       tell the user why; costs nothing; never retried
    ├── ProviderPaces       wait `retry_after` seconds, then try again
    ├── AccountTrouble      the key or the money at the provider: tell the owner; never retried
    ├── ProviderDown        it did not take the work: may be tried again
    └── GenerationUnknown   it may have made (and billed) the picture: never repeated by itself
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class GenerationError(Exception):
    """A generation that gave no picture. `detail` is a sentence for people, without prompt or key."""

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class PromptRefused(GenerationError):
    """The provider will not paint this."""


class ProviderPaces(GenerationError):
    """Too many requests at the provider."""


class AccountTrouble(GenerationError):
    """The key is wrong, or the provider's account has no money left."""


class ProviderDown(GenerationError):
    """The provider did not take the work."""


class GenerationUnknown(GenerationError):
    """The answer was lost on its way."""


@dataclass(frozen=True, slots=True)
class Model:
    """What one model can do: the form, the check and the adapter read it."""

    id: str
    name: str
    sizes: tuple[str, ...]
    qualities: tuple[str, ...]
    max_prompt_length: int


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One wish. `prompt` is what the provider sees, style included; `size` is `WIDTHxHEIGHT` in pixels."""

    prompt: str
    model: str
    size: str
    quality: str


@dataclass(frozen=True, slots=True)
class GeneratedPicture:
    """The bytes as the provider sent them, and which model it says made them."""

    content: bytes = field(repr=False)
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None


class ImageProvider(Protocol):
    """A source of pictures. Raises only `GenerationError` and its children. Never retries by itself."""

    name: str
    models: tuple[Model, ...]

    async def generate(self, request: GenerationRequest) -> GeneratedPicture:
        """Paint one picture; can take minutes."""

    async def close(self) -> None:
        """Let go of connections."""
