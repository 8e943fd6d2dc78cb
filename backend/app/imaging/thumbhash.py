"""ThumbHash: a picture as about 25 bytes that a page turns into a blurred placeholder."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Pixels = NDArray[np.float64]


def encode(pixels: NDArray[np.uint8], sides: tuple[int, int] | None = None) -> str:
    """The hash, base64, of `pixels` shaped (height, width, 3 or 4), sRGB, neither side above 100. `sides` are
    the width and height of a picture that was scaled to pixels of another shape: its waves are the same."""
    height, width, bands = pixels.shape
    colour = pixels[..., :3] / 255.0
    alpha: _Pixels = pixels[..., 3] / 255.0 if bands == 4 else np.ones((height, width))
    average = (colour * alpha[..., None]).sum((0, 1)) / max(float(alpha.sum()), 1e-9)
    r, g, b = np.moveaxis(colour * alpha[..., None] + average * (1 - alpha[..., None]), -1, 0)

    width, height = sides or (width, height)
    has_alpha, is_landscape = bool((alpha < 1).any()), width > height
    longest = (5 if has_alpha else 7) / max(width, height)
    nx, ny = max(1, _round(longest * width)), max(1, _round(longest * height))
    l_dc, l_scale, l_ac = _channel((r + g + b) / 3, max(3, nx), max(3, ny))
    p_dc, p_scale, p_ac = _channel((r + g) / 2 - b, 3, 3)
    q_dc, q_scale, q_ac = _channel(r - g, 3, 3)

    head = _round(63 * l_dc) | _round(31.5 + 31.5 * p_dc) << 6 | _round(31.5 + 31.5 * q_dc) << 12
    head |= _round(31 * l_scale) << 18 | has_alpha << 23
    tail = (ny if is_landscape else nx) | _round(63 * p_scale) << 3 | _round(63 * q_scale) << 9
    tail |= is_landscape << 15
    packed = head.to_bytes(3, "little") + tail.to_bytes(2, "little")
    waves = [*l_ac, *p_ac, *q_ac]
    if has_alpha:
        a_dc, a_scale, a_ac = _channel(alpha, 5, 5)
        packed += bytes([_round(15 * a_dc) | _round(15 * a_scale) << 4])
        waves += a_ac
    nibbles = [_round(15 * wave) for wave in waves] + [0] * (len(waves) % 2)
    packed += bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return base64.b64encode(packed).decode("ascii")


def _round(value: float) -> int:
    return int(value + 0.5)


def _channel(values: _Pixels, nx: int, ny: int) -> tuple[float, float, list[float]]:
    """The mean, the largest amplitude, and the amplitudes scaled to 0..1, of the low cosine waves."""

    def waves(length: int, count: int) -> Any:
        return np.cos(np.pi / length * np.outer(np.arange(count), np.arange(length) + 0.5))

    height, width = values.shape
    found = waves(height, ny) @ values @ waves(width, nx).T / values.size
    kept = [(cx, cy) for cy in range(ny) for cx in range(nx) if cx * ny < nx * (ny - cy)][1:]
    amplitudes = [float(found[cy, cx]) for cx, cy in kept]
    scale = max(map(abs, amplitudes), default=0.0)
    if scale > 1e-9:
        amplitudes = [0.5 + 0.5 / scale * amplitude for amplitude in amplitudes]
    return float(found[0, 0]), scale, amplitudes
