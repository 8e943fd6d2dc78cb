"""Pictures from Stability AI's stable-image endpoints.

A call is a form, even without a file. A success may hold a picture that its safety rules have blurred: then
nothing was made and nothing billed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.providers.image_generation import words
from app.providers.image_generation.base import (
    NOBODY,
    AccountTrouble,
    GeneratedPicture,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    Model,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
    Watch,
)
from app.providers.image_generation.painter import Painter, seed_for
from app.providers.image_generation.prices import Usage
from app.providers.image_generation.wire import (
    MAX_ANSWER_BYTES,
    Reply,
    Wire,
    decoded,
    is_key,
    retry_after,
    whole,
)

MOST_REQUEST_BYTES = 10 * 1024 * 1024
_FORM_BYTES = 128 * 1024
_PENALTY = 60
"""Seconds that an account has to pause after too many calls."""
_LARGEST_SEED = 4_294_967_294
_STRENGTH = "0.7"
"""How far a picture may move away from its source, from 0 to 1."""

_BY_NAME: Mapping[str, tuple[type[GenerationError], str]] = {
    "content_moderation": (PromptRefused, words.REFUSED),
    "unauthorized": (AccountTrouble, words.BAD_KEY),
    "payment_required": (AccountTrouble, words.NO_MONEY),
    "rate_limit_exceeded": (ProviderPaces, words.PACES),
    # What fails there is not billed, and this says clearly that it failed.
    "internal_error": (ProviderDown, words.BUSY),
}
_BY_STATUS: Mapping[int, tuple[type[GenerationError], str]] = {
    401: (AccountTrouble, words.BAD_KEY),
    402: (AccountTrouble, words.NO_MONEY),
    403: (AccountTrouble, words.NOT_ALLOWED),
    404: (AccountTrouble, words.NO_MODEL),
    408: (GenerationUnknown, words.UNKNOWN),
    422: (PromptRefused, words.BAD_PROMPT),
    429: (ProviderPaces, words.PACES),
}


class StabilityProvider(Painter):
    """One account. A model's `dialect` is the last part of its address."""

    def __init__(
        self,
        name: str,
        base_url: str,
        api_key: str,
        models: tuple[Model, ...],
        *,
        timeout: timedelta = timedelta(seconds=300),
        connect_timeout: timedelta = timedelta(seconds=5),
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        super().__init__(name, models, at_once=100, is_moderated=True)
        self._is_key_usable = is_key(api_key)
        self._most_bytes = most_bytes
        headers = {
            "Authorization": f"Bearer {api_key if self._is_key_usable else 'unusable'}",
            "Accept": "application/json",
            "stability-client-id": "AIGrowth",
        }
        self._wire = Wire(base_url, headers=headers, timeout=timeout, connect_timeout=connect_timeout)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def generate(self, request: GenerationRequest, watch: Watch = NOBODY) -> GeneratedPicture:
        """Ask for one picture, once."""
        model = self.model_for(request)
        if not self._is_key_usable:
            raise AccountTrouble(words.BAD_KEY)
        seed = seed_for(request, _LARGEST_SEED)
        form = _form(request, model, seed)
        headers = {"stability-client-user-id": request.requester} if request.requester else None
        reply = await self.once(
            lambda: self._wire.ask(
                "POST",
                f"/v2beta/stable-image/generate/{model.dialect}",
                files=form,
                headers=headers,
                most_bytes=self._most_bytes,
            )
        )
        if reply.status != 200:
            raise self._refused(reply, request)
        said = reply.fields()
        if said.get("finish_reason") == "CONTENT_FILTERED":
            raise self.refusal(PromptRefused, words.HELD_BACK, status=200, code="CONTENT_FILTERED")
        content = await decoded(said.get("image"))
        if said.get("finish_reason") != "SUCCESS" or content is None:
            raise self.lost("answer_unreadable")
        return GeneratedPicture(
            content=content,
            model=model.id,
            seed=whole(said.get("seed")) or seed,
            cost=model.pricing.cost(model.asked(request.size), request.quality, Usage())
            if model.pricing
            else None,
        )

    def _refused(self, reply: Reply, request: GenerationRequest) -> GenerationError:
        name = reply.fields().get("name")
        if isinstance(name, str) and name in _BY_NAME:
            kind, detail = _BY_NAME[name]
        elif reply.status in _BY_STATUS:
            kind, detail = _BY_STATUS[reply.status]
        elif reply.status == 413:
            kind, detail = PromptRefused, words.BAD_SOURCE if request.sources else words.BAD_PROMPT
        elif 400 <= reply.status < 500:
            kind, detail = PromptRefused, words.BAD_OPTION
        elif 300 <= reply.status < 400:
            kind, detail = AccountTrouble, words.BAD_ADDRESS
        else:
            kind, detail = GenerationUnknown, words.UNKNOWN
        wait = retry_after(reply.headers)
        if kind is ProviderPaces:
            wait = max(wait or 0, _PENALTY)
        return self.refusal(kind, detail, status=reply.status, code=name, retry_after=wait)


def _form(request: GenerationRequest, model: Model, seed: int) -> dict[str, Any]:
    fields = {"prompt": request.prompt, "seed": str(seed)}
    fields |= {name: str(value) for name, value in model.sends.items()}
    if model.dialect == "sd3":
        fields |= {"model": model.id, "mode": "image-to-image" if request.sources else "text-to-image"}
    if not (model.dialect == "sd3" and request.sources):
        fields["aspect_ratio"] = model.asked(request.size)
    form: dict[str, Any] = {}
    if request.sources:
        source = request.sources[0]
        if len(source.content) + len(request.prompt.encode()) + _FORM_BYTES > MOST_REQUEST_BYTES:
            raise PromptRefused(words.BAD_SOURCE)
        fields["strength"] = _STRENGTH
        form["image"] = ("image", source.content, source.mime_type)
    # Without a file name a part is a plain field, and the whole still a form.
    return {name: (None, value) for name, value in fields.items()} | form
