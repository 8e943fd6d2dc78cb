"""What images and their files are called."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from app.core.words import clean
from app.imaging.formats import Format
from app.imaging.framing import Plan, plan
from app.imaging.recipes import Recipe
from app.models.images import Image

# What no file system takes, and what would name a place outside of a folder.
_NOT_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_MOST_BYTES = 200
"""Of a file's name before its ending, in UTF-8: file systems take 255, and a number may have to follow."""
_ENDINGS = {
    ".jpg": Format.JPEG,
    ".jpeg": Format.JPEG,
    ".png": Format.PNG,
    ".gif": Format.GIF,
    ".webp": Format.WEBP,
    ".heic": None,
    ".heif": None,
    ".avif": None,
}
"""Endings of picture files; those with None are never what is stored."""


def display_name(name: str | None, extension: str) -> str:
    """The sender's file name, fit to be shown: no control or direction characters, at most 255 long."""
    cleaned = clean(name or "")
    if not cleaned:
        return f"untitled.{extension}"
    if len(cleaned) > 255:
        suffix = PurePosixPath(cleaned).suffix[:10]
        cleaned = cleaned[: 255 - len(suffix)] + suffix
    return cleaned


def slug(name: str) -> str:
    """A short piece of `[a-z0-9-]` that reminds of the name; `image` where nothing is left of it."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    ascii_stem = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_stem).strip("-")[:50].strip("-") or "image"


def rendition_name(recipe: Recipe) -> str:
    """What a rendition is called in the database and in URLs; a new version of a recipe is a new name."""
    return recipe.name if recipe.version == 1 else f"{recipe.name}-{recipe.version}"


def framed_name(recipe: Recipe, image: Image, made: Plan) -> str:
    """What a rendition of this image is called that is made by this plan: the recipe alone where the plan is
    what the recipe makes of it anyway, so that the same file is never made twice."""
    name = rendition_name(recipe)
    return name if made == plan(image.width, image.height, recipe) else f"{name}-{made.mark}"


def download_name(image: Image) -> str:
    """The name that people see, fit for a file on any computer, with the ending of what is inside."""
    name = _NOT_IN_FILE_NAMES.sub("_", image.original_filename).strip(" .") or "image"
    path, stored = PurePosixPath(name), Format.from_mime_type(image.mime_type)
    ending = path.suffix.lower()
    ending = path.suffix if _ENDINGS.get(ending) is stored else f".{stored.extension}"
    stem = path.stem if path.suffix.lower() in _ENDINGS else name
    short = stem.encode()[:_MOST_BYTES].decode(errors="ignore").rstrip(" .")
    return f"{short}{ending}"
