"""The picture formats of the house, and how they are told apart."""

from __future__ import annotations

import importlib.util
from enum import Enum
from typing import Literal, get_args


class Format(Enum):
    """An accepted format. The value is its usual file extension."""

    JPEG = "jpg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"

    @property
    def mime_type(self) -> str:
        return _MIME_TYPES[self]

    @property
    def extension(self) -> str:
        """Without the dot."""
        return self.value

    @classmethod
    def from_mime_type(cls, mime_type: str) -> Format:
        """The format of a content type of ours. Raises `KeyError` for any other."""
        return _BY_MIME_TYPE[mime_type]


_MIME_TYPES = {
    Format.JPEG: "image/jpeg",
    Format.PNG: "image/png",
    Format.GIF: "image/gif",
    Format.WEBP: "image/webp",
}
_BY_MIME_TYPE = {mime_type: format for format, mime_type in _MIME_TYPES.items()}

# `sniff` needs no more than this.
HEAD_BYTES = 16


def sniff(head: bytes) -> Format | None:
    """The format that the first bytes announce, or None. Names and content types play no part."""
    if head.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format.PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Format.GIF
    # RIFF alone also begins WAV and AVI.
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Format.WEBP
    return None


ExtraFormat = Literal["heic", "avif"]
"""Formats that are taken in and kept as JPEG, where an operator wants them."""
EXTRA_FORMATS: tuple[ExtraFormat, ...] = get_args(ExtraFormat)
EXTRA_MIME_TYPES: dict[ExtraFormat, tuple[str, ...]] = {
    "heic": ("image/heic", "image/heif"),
    "avif": ("image/avif",),
}


def has_decoder(format: ExtraFormat) -> bool:
    """Whether pictures of this format can be opened here. Asking loads nothing."""
    return format != "heic" or importlib.util.find_spec("pillow_heif") is not None
