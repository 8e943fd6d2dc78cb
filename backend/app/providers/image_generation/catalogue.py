"""The catalogue of models: one file that comes with the product, and one of the operator's own over it.

What is wrong in a file is told with its line, so that it can be put right without reading this.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.providers.image_generation.models import Model, SizeRule
from app.providers.image_generation.prices import ImagePrice, Price, SecondPrice, TokenPrice

SHIPPED = Path(__file__).with_name("models.toml")
DIALECTS: Mapping[str, tuple[str, ...]] = {
    "openai": ("", "compatible"),
    "stability": ("core", "ultra", "sd3"),
    "replicate": ("official", "community"),
    "automatic1111": ("as loaded", "checkpoint"),
    "comfyui": ("",),
    "practice": ("",),
}
"""Every provider, and the ways in which its adapter can speak to it."""
MOST_BYTES = 1024 * 1024

_HEADER = re.compile(r"^\s*\[\s*(?P<provider>[\w-]+)\s*\.\s*(?P<id>\"[^\"]*\"|'[^']*'|[\w-]+)[^\]]*\]")
_WAYS_TO_PAY = (
    ("price", "price_table"),
    ("price_per_second",),
    ("token_rates", "token_counts", "token_efforts"),
)
_OWN = ("name", "like", "shutdown_on", "successor")
"""What `like` does not take over."""

_Size = Annotated[str, Field(pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$")]
_Quality = Annotated[str, Field(pattern=r"^(standard|hd)$")]
_Amount = Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]


class CatalogueBroken(ValueError):
    """A catalogue that can't be used: which file, which line, and what is wrong with it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _SizeRule(_Strict):
    step: int = Field(ge=1, le=1024)
    longest_ratio: int = Field(ge=1, le=100)
    longest_side: int = Field(ge=64, le=99_999)
    fewest_pixels: int = Field(ge=1)
    most_pixels: int = Field(ge=1)


class _Rates(_Strict):
    text_in: _Amount | None = None
    image_in: _Amount | None = None
    out: _Amount | None = None


class _Entry(_Strict):
    """One model as it is written in the file."""

    name: str = Field(min_length=1, max_length=100)
    prompt_length: int = Field(ge=1, le=1_000_000)
    sizes: tuple[_Size, ...] = Field(min_length=1)
    qualities: tuple[_Quality, ...] = Field(min_length=1)
    size_rule: _SizeRule | None = None
    asks: dict[str, str] = {}
    sends: dict[str, str | int | bool | Decimal] = {}
    dialect: str = ""
    streams: bool = False
    edits: bool = False
    masks: bool = False
    max_sources: int = Field(default=1, ge=1, le=16)
    seeds: bool = False
    shutdown_on: date | None = None
    successor: str | None = None
    price: _Amount | None = None
    price_table: dict[_Quality, dict[_Size, _Amount]] = {}
    price_per_second: _Amount | None = None
    token_rates: _Rates | None = None
    token_counts: dict[_Quality, dict[_Size, int]] = {}
    token_efforts: dict[_Quality, Annotated[int, Field(ge=1, le=1000)]] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        strange = [word for word in self.asks if word not in (*self.sizes, *self.qualities)]
        if strange:
            raise ValueError(f"asks: {strange[0]} is neither one of sizes nor of qualities")
        if sum(any(getattr(self, name) not in (None, {}) for name in way) for way in _WAYS_TO_PAY) > 1:
            raise ValueError("price: only one way to pay, by picture, by second or by token")
        if self.masks and not self.edits:
            raise ValueError("edits: a model that takes masks edits")
        return self

    def model(self, provider: str, model_id: str) -> Model:
        """The model that this describes."""
        return Model(
            id=model_id,
            name=self.name,
            sizes=self.sizes,
            qualities=self.qualities,
            max_prompt_length=self.prompt_length,
            provider=provider,
            streams=self.streams,
            edits=self.edits,
            masks=self.masks,
            max_sources=self.max_sources,
            seeds=self.seeds,
            size_rule=SizeRule(**self.size_rule.model_dump()) if self.size_rule else None,
            pricing=self._pricing(),
            shutdown_on=self.shutdown_on,
            successor=self.successor,
            dialect=self.dialect,
            asks=self.asks,
            sends={
                name: float(value) if isinstance(value, Decimal) else value
                for name, value in self.sends.items()
            },
        )

    def _pricing(self) -> Price | None:
        if self.price is not None or self.price_table:
            return ImagePrice(self.price, {**self.price_table})
        if self.price_per_second is not None:
            return SecondPrice(self.price_per_second)
        rates = self.token_rates
        if rates is None:
            return None
        return TokenPrice(
            rates.text_in, rates.image_in, rates.out, {**self.token_counts}, {**self.token_efforts}
        )


class Catalogue:
    """Every model that is known, by provider."""

    def __init__(self, models: Mapping[str, Mapping[str, Model]]) -> None:
        self._models = models

    def of(self, provider: str) -> tuple[Model, ...]:
        """The provider's models in the order of the file, ended ones among them."""
        return tuple(model for key, model in self._models.get(provider, {}).items() if "*" not in key)

    def find(self, provider: str, model_id: str) -> Model:
        """One model; an id that no file names is what the first pattern that fits says; else LookupError."""
        models = self._models.get(provider, {})
        if model_id in models and "*" not in model_id:
            return models[model_id]
        for pattern, model in models.items():
            if "*" in pattern and fnmatch.fnmatchcase(model_id, pattern):
                return replace(model, id=model_id, name=model_id)
        raise LookupError(model_id)

    def beginning_with(self, provider: str, model_id: str) -> tuple[Model, ...]:
        """The provider's models, this one first."""
        first = self.find(provider, model_id)
        return (first, *(model for model in self.of(provider) if model.id != model_id))


def read_catalogue(own: Path | None = None) -> Catalogue:
    """The models of the product's file, and over them those of `own`. Raises `CatalogueBroken`."""
    shipped = _File(SHIPPED)
    files = [shipped] if own is None else [_File(own), shipped]
    merged: dict[str, dict[str, dict[str, Any]]] = {provider: {} for provider in DIALECTS}
    for file in reversed(files):
        for provider, models in file.tables.items():
            for model_id, fields in models.items():
                known = merged[provider].get(model_id, {})
                merged[provider][model_id] = _over(known, fields)
    return Catalogue({provider: _models(provider, entries, files[0]) for provider, entries in merged.items()})


def _models(provider: str, entries: Mapping[str, Mapping[str, Any]], file: _File) -> dict[str, Model]:
    models = {}
    for model_id in entries:
        fields = _filled(provider, model_id, entries, file, ())
        try:
            models[model_id] = _Entry.model_validate(fields).model(provider, model_id)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = [str(part) for part in first["loc"]]
            said = first["msg"].removeprefix("Value error, ")
            field = place[0] if place else said.partition(":")[0]
            what = f"{'.'.join(place)}: {said}" if place else said
            raise file.broken(provider, model_id, field, what) from error
    for model_id, model in models.items():
        if model.dialect not in DIALECTS[provider]:
            what = f"dialect: {provider} has {', '.join(name or 'none' for name in DIALECTS[provider])}"
            raise file.broken(provider, model_id, "dialect", what)
        if model.successor is not None and (
            model.successor not in models or "*" in model.successor or model.successor == model_id
        ):
            what = f"successor: {provider} has no other model {model.successor}"
            raise file.broken(provider, model_id, "successor", what)
    return models


def _filled(
    provider: str,
    model_id: str,
    entries: Mapping[str, Mapping[str, Any]],
    file: _File,
    before: tuple[str, ...],
) -> dict[str, Any]:
    """The fields of a model, with those of the one that it is like."""
    fields = dict(entries[model_id])
    pattern = fields.pop("like", None)
    if pattern is None:
        return fields
    if pattern not in entries or pattern == model_id or pattern in before:
        what = f"like: {provider} has no model {pattern} that this could be like"
        raise file.broken(provider, model_id, "like", what)
    inherited = _filled(provider, str(pattern), entries, file, (*before, model_id))
    return _over({name: value for name, value in inherited.items() if name not in _OWN}, fields)


def _over(known: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a model, and over it what somebody else says."""
    spoken = [way for way in _WAYS_TO_PAY if any(name in fields for name in way)]
    # Another way to pay replaces the one before: two together would mean nothing.
    dropped = [name for way in _WAYS_TO_PAY if spoken and way not in spoken for name in way]
    return {name: value for name, value in known.items() if name not in dropped} | dict(fields)


class _File:
    """One file, taken apart once, and the lines of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if path.stat().st_size > MOST_BYTES:
                raise CatalogueBroken(f"{path} is too large for a catalogue of models.")
            self._text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise CatalogueBroken(f"IMAGE_CATALOGUE names {path}, which can't be read: {reason}.") from error
        try:
            tables = tomllib.loads(self._text, parse_float=Decimal)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise CatalogueBroken(f"{path} is not a catalogue of models: {error}.") from error
        self.tables: dict[str, dict[str, dict[str, Any]]] = {}
        for provider, models in tables.items():
            if provider not in DIALECTS:
                what = f"there is no provider {provider}; it is one of {', '.join(DIALECTS)}"
                raise self.broken(provider, None, "", what)
            if not isinstance(models, dict) or not all(isinstance(model, dict) for model in models.values()):
                raise self.broken(
                    provider, None, "", f'write [{provider}."MODEL"] above the fields of a model'
                )
            self.tables[provider] = models

    def broken(self, provider: str, model_id: str | None, field: str, what: str) -> CatalogueBroken:
        """The error to raise for a field of a model, with its line."""
        line = self._line(provider, model_id, field)
        name = f"[{provider}.{model_id!r}] " if model_id else ""
        return CatalogueBroken(f"{self.path}, line {line}: {name.replace(chr(39), chr(34))}{what}.")

    def _line(self, provider: str, model_id: str | None, field: str) -> int:
        """Where the field stands; without it, where the model or the provider begins."""
        found, is_inside = 1, False
        for number, text in enumerate(self._text.splitlines(), start=1):
            header = _HEADER.match(text)
            if model_id is None:
                if re.match(rf"\s*\[?\s*{re.escape(provider)}\b", text):
                    return number
            elif header:
                is_inside = (header["provider"], header["id"].strip("\"'")) == (provider, model_id)
                found = number if is_inside else found
            elif is_inside and field and re.match(rf"\s*\"?{re.escape(field)}\b", text):
                return number
        return found
