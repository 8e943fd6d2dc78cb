"""What a walk through a picture file finds."""

from __future__ import annotations

from dataclasses import dataclass

from app.imaging.icc import Profile


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A whole file: its picture's claims and the bytes of it that are kept.

    Sides are in pixels as stored, before `orientation` (EXIF, 1 to 8) is applied. `frames` is 1 for a still
    picture. `is_subsampled` and `is_lossless` describe the compression, for a re-encode of the same kind.
    """

    width: int
    height: int
    clean: bytes
    frames: int = 1
    orientation: int = 1
    profile: Profile | None = None
    is_subsampled: bool = False
    is_lossless: bool = False

    @property
    def total_pixels(self) -> int:
        return self.width * self.height * self.frames
