"""Why a picture is not taken in."""

from __future__ import annotations

from typing import Any, Literal, get_args

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


def unsupported() -> PictureRefused:
    """The bytes begin like none of the accepted formats."""
    return PictureRefused(
        "unsupported_image_type",
        "This file is not a picture that we can take. Use a JPEG, PNG, GIF or WebP picture.",
        {"accepted": ["image/jpeg", "image/png", "image/gif", "image/webp"]},
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
