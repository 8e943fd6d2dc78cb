"""Why a picture is not taken in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

from app.imaging.formats import EXTRA_MIME_TYPES, ExtraFormat, Format, has_decoder

RefusalCode = Literal[
    "unsupported_image_type",
    "image_corrupt",
    "image_too_small",
    "image_dimensions_too_large",
    "image_too_complex",
    "image_timeout",
]
REFUSAL_CODES: tuple[RefusalCode, ...] = get_args(RefusalCode)


class PictureRefused(Exception):
    """A picture that is not taken, and what its sender can do about it.

    `code` is stable. `detail` is a sentence for people. `facts` hold plain JSON values that help a program
    (`width`, `height`, `limit`, `reason`). It travels between processes unchanged.
    """

    def __init__(self, code: RefusalCode, detail: str, facts: dict[str, Any] | None = None) -> None:
        super().__init__(code, detail, facts)
        self.code: RefusalCode = code
        self.detail = detail
        self.facts: dict[str, Any] = dict(facts or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def unsupported(extra_formats: Sequence[ExtraFormat] = ()) -> PictureRefused:
    """The bytes begin like none of the accepted formats."""
    extras = [extra for extra in extra_formats if has_decoder(extra)]
    names = ["JPEG", "PNG", "GIF", "WebP", *(extra.upper() for extra in extras)]
    mime_types = [format.mime_type for format in Format]
    for extra in extras:
        mime_types += EXTRA_MIME_TYPES[extra]
    return PictureRefused(
        "unsupported_image_type",
        f"This file is not a picture that we can take. Use a {', '.join(names[:-1])} or {names[-1]} picture.",
        {"accepted": mime_types},
    )


def unsupported_inside() -> PictureRefused:
    """The file is a container that we open, and what it holds is none of the pictures that we know."""
    return PictureRefused(
        "unsupported_image_type",
        "This file holds a kind of picture that we cannot take. Save it as a JPEG or PNG and use that.",
    )


def not_taken_here(format: ExtraFormat) -> PictureRefused:
    """The operator has left the format out."""
    return PictureRefused(
        "unsupported_image_type",
        f"{format.upper()} pictures are switched off on this server. Save this one as a JPEG and use that, or"
        " have EXTRA_IMAGE_FORMATS changed.",
    )


def no_decoder(format: ExtraFormat) -> PictureRefused:
    """The format is wanted, and the part that opens it was not installed."""
    return PictureRefused(
        "unsupported_image_type",
        f"This server has no decoder for {format.upper()} pictures. Save this one as a JPEG and use that, or"
        " have pillow-heif installed: the README says how.",
    )


def corrupt(reason: str) -> PictureRefused:
    """The file breaks its own format. `reason` says where, in our words and never in the file's."""
    return PictureRefused(
        "image_corrupt",
        "This picture is damaged or incomplete. Save or export it again and use the new file.",
        {"reason": reason},
    )


def too_complex(reason: str, **facts: Any) -> PictureRefused:
    """The file is small and its picture is not: reading it would take more than we give one picture."""
    return PictureRefused(
        "image_too_complex",
        "This picture takes too much memory to open. Use one with fewer pixels, frames or layers of data.",
        {"reason": reason, **facts},
    )


def too_slow(seconds: float) -> PictureRefused:
    """Reading the picture took longer than one picture may take."""
    return PictureRefused(
        "image_timeout",
        "This picture takes too long to read. Save it as a plain JPEG or PNG and try again.",
        {"seconds": seconds},
    )
