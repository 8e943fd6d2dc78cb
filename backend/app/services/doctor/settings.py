"""What the settings set up: formats, the certificate, servers outside and models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.core import clock, fetch
from app.core.rate_limits import Counters
from app.imaging import ExtraFormat, OwnSeal, has_decoder
from app.services.catalogue import WARN_DAYS, Ending
from app.services.doctor.findings import Finding

_WARNED_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Outside:
    """A server that the product talks to, and the setting that names it."""

    title: str
    url: str
    setting: str


def look_at_decoders(extra_formats: Sequence[ExtraFormat]) -> Finding:
    """Whether every kind of picture that is taken in can be opened."""
    missing = [name for name in extra_formats if not has_decoder(name)]
    if missing:
        return Finding(
            "picture formats",
            False,
            f"EXTRA_IMAGE_FORMATS names {', '.join(missing)}, which nothing here can open.",
            "Install pillow-heif (make setup-run), or set EXTRA_IMAGE_FORMATS without it.",
        )
    taken = ", ".join(["JPEG, PNG, GIF, WebP", *(name.upper() for name in extra_formats)])
    return Finding("picture formats", True, f"Taken in: {taken}.")


def look_at_seal(make_seal: Callable[[], OwnSeal | None]) -> Finding:
    """Whether manifests can be signed, and for how long."""
    what, fix = (
        "origin of AI images",
        "Set C2PA_CERTIFICATE and C2PA_PRIVATE_KEY to new ones, or to nothing.",
    )
    try:
        seal = make_seal()
    except ValueError as error:
        return Finding(what, False, str(error), fix)
    if seal is None:
        return Finding(what, True, "Files say it in XMP. No certificate is set, so there are no manifests.")
    now = clock.now()
    ends = f"{seal.ends_at:%Y-%m-%d}"
    if now > seal.ends_at:
        return Finding(
            what, False, f"The certificate of {seal.name} ended on {ends}: nothing is signed.", fix
        )
    if now < seal.starts_at:
        detail = f"The certificate of {seal.name} does not count before {seal.starts_at:%Y-%m-%d}."
        return Finding(what, False, detail, fix)
    from app.imaging import manifests

    if not manifests.can_sign(seal):
        detail = f"C2PA does not take the certificate of {seal.name}: other uses, or a broken chain."
        return Finding(what, False, detail, fix)
    if seal.ends_at - now < _WARNED_BEFORE:
        days = (seal.ends_at - now).days
        return Finding(what, False, f"The certificate of {seal.name} ends in {days} days, on {ends}.", fix)
    return Finding(what, True, f"Manifests are signed as {seal.name}; the certificate ends on {ends}.")


async def look_at_servers(outsides: Sequence[Outside]) -> AsyncIterator[Finding]:
    """Whether each of them answers."""
    for outside in outsides:
        if await fetch.answers(outside.url):
            yield Finding(outside.title, True, "It answers.")
        else:
            yield Finding(
                outside.title,
                False,
                "It does not answer from this machine.",
                f"Check {outside.setting}, and that this machine may reach it.",
            )


async def look_at_counters(counters: Counters) -> Finding:
    """Whether the Redis that counts for all processes answers."""
    if await counters.answers():
        return Finding("Redis", True, "It answers: limits count for all processes together.")
    return Finding(
        "Redis",
        False,
        "It does not answer, so each process counts by itself.",
        "Check REDIS_URL, and that this machine may reach it.",
    )


def about_ending(ending: Ending) -> Finding:
    """Wrong in the last week of the model that is painted with where nothing else is asked for."""
    fix = ""
    if ending.is_default and ending.provider == "openai":
        fix = f"Set OPENAI_IMAGE_MODEL={ending.successor or 'another model'}."
    is_ok = not ending.is_default or ending.within > WARN_DAYS[-1]
    return Finding(f"model {ending.model}", is_ok, ending.detail, fix)
