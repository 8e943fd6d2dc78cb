"""A perceptual hash: 64 bits that stay nearly the same when a picture is saved, scaled or trimmed anew.

The picture's brightness at 32 × 32 is taken apart into cosine waves (a DCT). Each of the 64 longest waves
gives one bit: whether it is above the median of all. The bits stand in the order of their waves, longest
first, so that the first quarter of the hash, which look-ups go by, is the part that changes least.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 32
_BITS = 64
# Waves that are all weaker than this many levels of 255 are noise of the compression and no picture.
_FLAT_LEVELS = 1.0
_LUMA = np.array([0.299, 0.587, 0.114])


def encode(pixels: NDArray[np.uint8]) -> str | None:
    """The hash as 16 hex characters of `pixels`, sRGB, shaped (32, 32, 3). None for a flat picture.

    Pictures of one colour have nothing to tell them apart by, so they have no hash rather than all the same.
    """
    waves = _BASIS @ (pixels @ _LUMA) @ _BASIS.T
    strengths = waves[_ROWS, _COLUMNS]
    if np.abs(strengths).max() < _FLAT_LEVELS:
        return None
    bits = strengths > np.median(strengths)
    return np.packbits(bits).tobytes().hex()


def _basis() -> NDArray[np.float64]:
    """The cosine waves, scaled so that a wave's strength is its amplitude in levels."""
    order, place = np.arange(SIDE)[:, None], np.arange(SIDE)[None, :] + 0.5
    scaled: NDArray[np.float64] = np.cos(np.pi / SIDE * order * place) * np.where(order == 0, 1, 2) / SIDE
    return scaled


def _longest_waves() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the longest waves, the mean left out, those along both axes alike."""
    grid = [(row, column) for row in range(SIDE) for column in range(SIDE) if row or column]
    grid.sort(key=lambda wave: (wave[0] ** 2 + wave[1] ** 2, abs(wave[0] - wave[1]), wave))
    rows, columns = zip(*grid[:_BITS], strict=True)
    return np.array(rows), np.array(columns)


_BASIS = _basis()
_ROWS, _COLUMNS = _longest_waves()
