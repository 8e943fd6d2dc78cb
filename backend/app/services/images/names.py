"""What images and their files are called."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from app.imaging.renditions import Recipe


def display_name(name: str | None, extension: str) -> str:
    """The sender's file name, fit to be shown: no control or direction characters, at most 255 long."""
    cleaned = "".join(
        char for char in unicodedata.normalize("NFC", name or "") if unicodedata.category(char)[0] != "C"
    ).strip()
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
