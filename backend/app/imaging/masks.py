"""Masks: which part of a picture shall be painted anew, as every provider reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MaskRead:
    """What there is in a mask. `has_alpha`: it can be transparent at all; `has_hole`: somewhere it is,
    entirely, and only then it was written down anew."""

    has_alpha: bool
    has_hole: bool


def read_mask(source: Path, target: Path) -> MaskRead:
    """Decode a PNG of any depth and kind, and keep what is transparent of it: `target` is black with 8 bits
    of transparency, whatever it was before. Raises `PictureRefused` for what does not decode."""
    from app.imaging import decoder

    data = source.read_bytes()
    with decoder.refusing():
        alpha = decoder.alpha_of_png(data)
        if alpha is None:
            return MaskRead(has_alpha=False, has_hole=False)
        has_hole = alpha.min() == 0
        if has_hole:
            decoder.write_black(alpha, target)
    return MaskRead(has_alpha=True, has_hole=has_hole)
