"""What a walk through a picture file finds."""

from __future__ import annotations

from dataclasses import dataclass

from app.imaging.icc import Profile
from app.imaging.origin import SourceType


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A whole file: its picture's claims and the bytes of it that are kept.

    Sides are in pixels as stored, before `orientation` (EXIF, 1 to 8) is applied. `frames` is 1 for a still
    picture. `is_subsampled` and `is_lossless` describe the compression, for a re-encode of the same kind.
    `source_type` is what the file's XMP says; `has_manifest` when C2PA may have more to say. Neither is kept.
    """

    width: int
    height: int
    clean: bytes
    frames: int = 1
    orientation: int = 1
    profile: Profile | None = None
    is_subsampled: bool = False
    is_lossless: bool = False
    source_type: SourceType | None = None
    has_manifest: bool = False

    @property
    def total_pixels(self) -> int:
        return self.width * self.height * self.frames
