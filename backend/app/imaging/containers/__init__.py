"""The four file formats as bytes: is the file whole, how large is its picture, and what of it is kept.

No pixel is decoded here and nothing that a file claims is believed beyond its own bytes, so this runs before
any decoder sees the file. What a walk keeps is a whole, valid file with the same compressed pixels and
without everything that is private or unknown.
"""

from __future__ import annotations

from app.imaging.containers import gif, jpeg, png, webp
from app.imaging.containers.anatomy import Anatomy
from app.imaging.formats import Format
from app.imaging.origin import SourceType

__all__ = ["Anatomy", "mark", "walk", "without_manifest"]


def walk(format: Format, data: bytes) -> Anatomy:
    """Checks the file's structure. Raises `PictureRefused` when it is damaged, cut off, or a bomb."""
    match format:
        case Format.JPEG:
            return jpeg.walk(data)
        case Format.PNG:
            return png.walk(data)
        case Format.GIF:
            return gif.walk(data)
        case Format.WEBP:
            return webp.walk(data)


def mark(format: Format, clean: bytes, source_type: SourceType) -> bytes:
    """A clean file with IPTC's digital source type in XMP."""
    match format:
        case Format.JPEG:
            return jpeg.mark(clean, source_type)
        case Format.PNG:
            return png.mark(clean, source_type)
        case Format.GIF:
            return gif.mark(clean, source_type)
        case Format.WEBP:
            return webp.mark(clean, source_type)


def without_manifest(format: Format, data: bytes) -> bytes:
    """A file that `walk` has found whole, less its C2PA manifest."""
    match format:
        case Format.JPEG:
            return jpeg.without_manifest(data)
        case Format.PNG:
            return png.without_manifest(data)
        case Format.GIF:
            return gif.without_manifest(data)
        case Format.WEBP:
            return webp.without_manifest(data)
