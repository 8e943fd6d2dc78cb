"""C2PA manifests: what the one in a file says of its origin, and writing one of our own.

Only this module imports c2pa, and it is imported where pictures are opened. What a manifest refers to outside
of its file is not fetched.
"""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import c2pa

from app.imaging.formats import Format
from app.imaging.origin import SourceType
from app.imaging.seals import Seal

_SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
    # The preview of an edited picture would be a copy of it.
    "builder": {"thumbnail": {"enabled": False}},
}
# Who signed, and when, says nothing of whether the file is as it was signed: certificates end.
_NOT_OF_THE_FILE = ("signingCredential.", "claimSignature.outsideValidity", "timeStamp.", "cawg.")
_PRIVATE = ("exif", "iptc", "xmp", "metadata", "location", "gps", "identity", "creativework")
_MOST_ANCESTORS = 100
_DOT = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


class NotSealed(Exception):
    """The manifest could not be signed or written."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a manifest says. `is_intact` when the file is as it was signed, whoever did; `has_private` when it
    may tell of people, places or devices."""

    source_type: SourceType | None
    is_intact: bool
    has_private: bool


def read(data: bytes, mime_type: str) -> Told | None:
    """What the file's manifest says; None when it has none that can be read."""
    try:
        with c2pa.Reader(mime_type, io.BytesIO(data), context=_context()) as reader:
            store = json.loads(reader.json())
    except (c2pa.C2paError, ValueError, RecursionError):
        return None
    manifests = _of_kind(store.get("manifests"), dict)
    return Told(
        source_type=_source_type(manifests, store.get("active_manifest"), set()),
        is_intact=not any(_damages(_of_kind(store.get("validation_results"), dict))),
        has_private=any(_private(manifests)),
    )


def write(
    data: bytes,
    format: Format,
    source_type: SourceType,
    seal: Seal,
    *,
    steps: Sequence[str] = (),
    parent: tuple[bytes, Format] | None = None,
) -> bytes:
    """The file with a manifest: created, or made from `parent` in these steps. Raises `NotSealed`."""
    if parent is None:
        actions: list[dict[str, Any]] = [{"action": "c2pa.created", "digitalSourceType": source_type.uri}]
    else:
        opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
        changed = [{"action": step, "digitalSourceType": source_type.uri} for step in steps]
        actions = [opened, *changed]
    claim = {
        "claim_generator_info": [{"name": "AIGrowth"}],
        "format": format.mime_type,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }
    try:
        return _signed(data, format, claim, seal, seal.timestamp_url, parent)
    except c2pa.C2paError as error:
        if not seal.timestamp_url:
            raise NotSealed from error
    try:
        # The clock of somebody else was out of reach: the manifest counts for as long as the certificate.
        return _signed(data, format, claim, seal, "", parent)
    except c2pa.C2paError as error:
        raise NotSealed from error


def can_sign(seal: Seal) -> bool:
    """Whether C2PA takes this certificate, tried on the smallest picture there is. Nobody is asked for the
    time."""
    try:
        write(_DOT, Format.GIF, SourceType.GENERATED, replace(seal, timestamp_url=""))
    except NotSealed:
        return False
    return True


def _signed(
    data: bytes,
    format: Format,
    claim: Mapping[str, Any],
    seal: Seal,
    timestamp_url: str,
    parent: tuple[bytes, Format] | None,
) -> bytes:
    algorithm = c2pa.C2paSigningAlg[seal.algorithm.upper()]
    with (
        c2pa.Signer.from_callback(seal.sign, algorithm, seal.certificate, timestamp_url or None) as signer,
        c2pa.Builder(dict(claim), _context()) as builder,
    ):
        if parent is not None:
            source, source_format = parent
            told = {"relationship": "parentOf", "label": "parent"}
            builder.add_ingredient(told, source_format.mime_type, io.BytesIO(source))
        sealed = io.BytesIO()
        builder.sign(signer, format.mime_type, io.BytesIO(data), sealed)
        return sealed.getvalue()


@functools.cache
def _context() -> Any:
    return c2pa.Context(settings=c2pa.Settings.from_dict(_SETTINGS))


def _source_type(manifests: Mapping[str, Any], label: Any, seen: set[str]) -> SourceType | None:
    """What a manifest's actions name, or those of the picture that it was made from."""
    if not isinstance(label, str) or label in seen or len(seen) >= _MOST_ANCESTORS:
        return None
    seen.add(label)
    manifest = _of_kind(manifests.get(label), dict)
    named = set(_named(manifest))
    for source_type in (SourceType.COMPOSITE, SourceType.GENERATED):
        if source_type in named:
            return source_type
    found: SourceType | None = None
    for ingredient in _of_kind(manifest.get("ingredients"), list):
        ingredient = _of_kind(ingredient, dict)
        relationship = ingredient.get("relationship")
        # What was only asked about (`inputTo`) is no part of the picture.
        if relationship not in ("parentOf", "componentOf"):
            continue
        told = _source_type(manifests, ingredient.get("active_manifest"), seen)
        if told is not None:
            found = told if relationship == "parentOf" and found is None else SourceType.COMPOSITE
    return found


def _named(manifest: Mapping[str, Any]) -> Iterator[SourceType]:
    for assertion in _of_kind(manifest.get("assertions"), list):
        assertion = _of_kind(assertion, dict)
        if not str(assertion.get("label")).startswith("c2pa.actions"):
            continue
        for action in _of_kind(_of_kind(assertion.get("data"), dict).get("actions"), list):
            uri = _of_kind(action, dict).get("digitalSourceType")
            source_type = SourceType.from_uri(uri) if isinstance(uri, str) else None
            if source_type is not None:
                yield source_type


def _damages(results: Mapping[str, Any]) -> Iterator[str]:
    """The codes of what is wrong with the file itself."""
    active = _of_kind(results.get("activeManifest"), dict)
    if not active:
        yield "nothing was looked at"
    for failure in _of_kind(active.get("failure"), list):
        code = str(_of_kind(failure, dict).get("code"))
        if not code.startswith(_NOT_OF_THE_FILE):
            yield code


def _private(manifests: Mapping[str, Any]) -> Iterator[str]:
    for manifest in manifests.values():
        for assertion in _of_kind(_of_kind(manifest, dict).get("assertions"), list):
            label = str(_of_kind(assertion, dict).get("label")).lower()
            if any(word in label for word in _PRIVATE):
                yield label


def _of_kind(value: Any, kind: type) -> Any:
    """The value, or an empty one where somebody wrote another kind."""
    return value if isinstance(value, kind) else kind()
