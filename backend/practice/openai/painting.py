"""Painting a calm landscape from a prompt: sky, sun, mist and hills, with numpy alone.

The words of the prompt choose the palette and the scenery; the seed chooses the rest. Everything is
computed in horizontal bands, so that memory stays small for any size.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from practice.openai.palettes import Palette, palette_for

Floats = npt.NDArray[np.float32]

_BAND = 64


def paint(prompt: str, width: int, height: int, seed: int) -> npt.NDArray[np.uint8]:
    """An RGB picture shaped (height, width, 3). The same arguments give the same picture."""
    rng = np.random.default_rng(seed)
    palette = palette_for(prompt, rng)
    picture = np.empty((height, width, 3), np.uint8)
    scene = _Scene(palette, width, height, rng)
    for top in range(0, height, _BAND):
        picture[top : top + _BAND] = scene.band(top, min(top + _BAND, height))
    return picture


class _Scene:
    """What is to be seen, decided once; `band` draws any rows of it."""

    def __init__(self, palette: Palette, width: int, height: int, rng: np.random.Generator) -> None:
        self._width, self._height = width, height
        self._palette, self._rng = palette, rng
        unit = float(min(width, height))
        self._x = (np.arange(width, dtype=np.float32) + 0.5)[None, :]
        self._horizon = height * rng.uniform(0.48, 0.58)
        self._sun_x = width * rng.choice([rng.uniform(0.22, 0.40), rng.uniform(0.60, 0.78)])
        self._sun_y = height * rng.uniform(0.20, 0.36)
        self._sun_r = unit * rng.uniform(0.075, 0.13)
        self._unit = unit
        count = int(rng.integers(4, 7))
        self._ridges = [self._ridge(i, count) for i in range(count)]

    def _ridge(self, index: int, count: int) -> Floats:
        """The height of one range of hills at every column, in pixels from the top."""
        depth = index / max(count - 1, 1)
        x = self._x[0] / self._unit
        base = self._horizon + (self._height * 0.97 - self._horizon) * depth**1.15
        swell = self._unit * (0.050 + 0.055 * depth)
        line = np.full(x.shape, base, np.float32)
        for octave in range(6):
            frequency = (1.1 + 0.9 * self._rng.random()) * 1.95**octave
            phase = self._rng.uniform(0, 2 * np.pi)
            line -= np.float32(swell * 0.52**octave) * np.sin(x * frequency * 2.2 + phase)
        return line.astype(np.float32)

    def band(self, top: int, bottom: int) -> npt.NDArray[np.uint8]:
        """The rows from `top` to `bottom`, ready to be stored."""
        y = (np.arange(top, bottom, dtype=np.float32) + 0.5)[:, None]
        palette = self._palette
        sky = np.clip(y / self._horizon, 0, 1) ** 0.9
        canvas = palette.sky_top + (palette.sky_low - palette.sky_top) * sky[:, :, None]
        canvas = np.broadcast_to(canvas, (bottom - top, self._width, 3)).astype(np.float32)
        distance = np.hypot(self._x - self._sun_x, y - self._sun_y)
        glow = np.exp(-((distance / (self._sun_r * 3.2)) ** 2)) * np.float32(0.45)
        canvas += (palette.sun - canvas) * glow[:, :, None]
        disc = np.clip(self._sun_r - distance + 0.5, 0, 1)
        canvas += (palette.sun - canvas) * disc[:, :, None]
        for index, line in enumerate(self._ridges):
            depth = (index + 1) / len(self._ridges)
            colour = palette.hill_far + (palette.hill_near - palette.hill_far) * np.float32(depth)
            below = y - line[None, :]
            mist = np.exp(-np.maximum(below, 0) / (self._unit * 0.16)) * np.float32(0.10)
            cover = np.clip(below + 0.5, 0, 1)
            shade = colour + (palette.sky_low - colour) * (np.float32(1) * mist[:, :, None])
            canvas += (shade - canvas) * cover[:, :, None]
        grain = self._rng.normal(0, 1.1, (bottom - top, self._width, 1)).astype(np.float32)
        rows: npt.NDArray[np.uint8] = np.clip(canvas * 255 + grain + 0.5, 0, 255).astype(np.uint8)
        return rows
