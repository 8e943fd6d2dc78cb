"""The four file formats as bytes: is the file whole, how large is its picture, and what of it is kept.

No pixel is decoded here and nothing that a file claims is believed beyond its own bytes, so this runs before
any decoder sees the file. What a walk keeps is a whole, valid file with the same compressed pixels and
without everything that is private or unknown.
"""

from __future__ import annotations

from app.imaging.containers import gif, jpeg, png, webp
from app.imaging.containers.anatomy import Anatomy
from app.imaging.formats import Format

__all__ = ["Anatomy", "mark_ai_generated", "walk"]


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


def mark_ai_generated(format: Format, clean: bytes) -> bytes:
    """A clean file with IPTC's digital source type *trainedAlgorithmicMedia*. A GIF is left as it is."""
    match format:
        case Format.JPEG:
            return jpeg.mark_ai_generated(clean)
        case Format.PNG:
            return png.mark_ai_generated(clean)
        case Format.WEBP:
            return webp.mark_ai_generated(clean)
        case Format.GIF:
            return clean
