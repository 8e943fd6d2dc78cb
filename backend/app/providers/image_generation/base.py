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
from decimal import Decimal
from typing import Protocol

from app.providers.image_generation.models import Model, ModelState, SizeRule, in_force

__all__ = [
    "NOBODY",
    "AccountTrouble",
    "GeneratedPicture",
    "GenerationError",
    "GenerationRequest",
    "GenerationUnknown",
    "ImageProvider",
    "Model",
    "ModelState",
    "Moderator",
    "PromptRefused",
    "ProviderDown",
    "ProviderPaces",
    "SizeRule",
    "SourcePicture",
    "Watch",
    "in_force",
]


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
class SourcePicture:
    """A picture that is to be changed, as the library keeps it."""

    content: bytes = field(repr=False)
    mime_type: str


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One wish. `prompt` is what the provider sees, style included; `size` is `WIDTHxHEIGHT` in pixels.

    With `sources` it is an edit of these pictures; `mask` is a PNG of the first one's size whose transparent
    part is painted anew. `partials` is how many previews are wanted on the way, where the model streams.
    `requester` stands for the person, unreadable and always the same, for the provider's abuse rules.
    """

    prompt: str
    model: str
    size: str
    quality: str
    sources: tuple[SourcePicture, ...] = ()
    mask: bytes | None = field(default=None, repr=False)
    seed: int | None = None
    partials: int = 0
    requester: str | None = None


@dataclass(frozen=True, slots=True)
class GeneratedPicture:
    """The bytes as the provider sent them, and which model it says made them.

    `cost` is what the provider bills, in USD, from what it reported; None where that can't be known.
    """

    content: bytes = field(repr=False)
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    seed: int | None = None
    cost: Decimal | None = None


class Watch:
    """Whoever wants to know how a generation goes. This one does not."""

    async def accepted(self, handle: str) -> None:
        """The provider took the work and calls it this; `ImageProvider.resume` takes it up by that."""

    async def partial(self, content: bytes) -> None:
        """A preview of what is being painted, in whichever format it came."""


NOBODY = Watch()


class ImageProvider(Protocol):
    """A source of pictures. Raises only `GenerationError` and its children. Never asks twice by itself.

    A call that is cancelled tells the provider to stop, where that is possible, and lets go.
    `at_once` is how many calls the server behind it takes at a time. `is_moderated` says whether it looks
    at prompts itself.
    """

    name: str
    models: tuple[Model, ...]
    at_once: int
    is_moderated: bool

    async def generate(self, request: GenerationRequest, watch: Watch = NOBODY) -> GeneratedPicture:
        """Paint one picture; can take minutes."""

    async def resume(
        self, request: GenerationRequest, handle: str, watch: Watch = NOBODY
    ) -> GeneratedPicture:
        """Go on with work that the provider took before this process was started.

        Raises `GenerationUnknown` where the provider keeps no such work.
        """

    async def close(self) -> None:
        """Let go of connections."""


class Moderator(Protocol):
    """Somebody who looks at prompts before a provider that does not do it itself."""

    async def refusal(self, prompt: str) -> str | None:
        """Why this prompt is refused, as a sentence for people; None where it may pass.

        Raises `GenerationError` when it could not be asked.
        """
