"""Where pictures are painted: two at a time, in the format that is wanted."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from practice.openai.painting import paint
from practice.openai.png import encode_png

Pixels = npt.NDArray[np.uint8]

PICTURE_LIMIT = 32
FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


class TooBusy(Exception):
    """As many pictures as may be are being painted or waited for."""


class Studio:
    """Shared by all simulators: painting takes a core for a moment, so two at a time are enough."""

    def __init__(self, picture_limit: int = PICTURE_LIMIT) -> None:
        self._brushes = asyncio.Semaphore(2)
        self._picture_limit = picture_limit
        self._pictures = 0

    async def picture(
        self,
        prompt: str,
        width: int,
        height: int,
        seed: int,
        *,
        format: str = "png",
        sources: Sequence[bytes] = (),
        mask: bytes | None = None,
        is_quick: bool = False,
    ) -> bytes:
        """A painted picture; over the first of `sources`, where the mask lets it through. `is_quick` paints
        coarsely. Raises `TooBusy`, and `ValueError` for a source that is no picture."""
        if self._pictures >= self._picture_limit:
            raise TooBusy
        self._pictures += 1
        try:
            async with self._brushes:
                return await asyncio.to_thread(
                    _picture, prompt, width, height, seed, format, tuple(sources), mask, is_quick
                )
        finally:
            self._pictures -= 1


def _picture(
    prompt: str,
    width: int,
    height: int,
    seed: int,
    format: str,
    sources: tuple[bytes, ...],
    mask: bytes | None,
    is_quick: bool,
) -> bytes:
    if is_quick:
        coarse = paint(prompt, -(-width // 4), -(-height // 4), seed)
        pixels = coarse.repeat(4, axis=0).repeat(4, axis=1)[:height, :width]
    else:
        pixels = paint(prompt, width, height, seed)
    if sources:
        pixels = _over(pixels, sources[0], mask)
    return encode_png(pixels) if format == "png" else _encoded(pixels, format)


def _over(new: Pixels, source: bytes, mask: bytes | None) -> Pixels:
    """The source with the new picture where the mask is transparent; without a mask, half of each."""
    height, width, _ = new.shape
    old = _opened(source, "RGB", width, height)
    if mask is None:
        return ((old.astype(np.uint16) + new) // 2).astype(np.uint8)
    is_kept = _opened(mask, "RGBA", width, height)[:, :, 3:] > 127
    return np.where(is_kept, old, new)


def _opened(content: bytes, mode: str, width: int, height: int) -> Pixels:
    import pyvips

    try:
        image: Any = pyvips.Image.new_from_buffer(content, "")
        image = image.colourspace("srgb").resize(width / image.width, vscale=height / image.height)
        if mode == "RGBA" and not image.hasalpha():
            image = image.addalpha()
        elif mode == "RGB" and image.hasalpha():
            image = image.flatten()
        pixels: Pixels = np.ascontiguousarray(image.cast("uchar").numpy())
    except pyvips.Error as error:
        raise ValueError("not a picture") from error
    return pixels[:height, :width]


def size_of(content: bytes) -> tuple[str, int, int] | None:
    """Format, width and height of a picture; None where it is none."""
    import pyvips

    try:
        image: Any = pyvips.Image.new_from_buffer(content, "")
        loader = str(image.get("vips-loader"))
    except pyvips.Error:
        return None
    for name in ("png", "jpeg", "webp"):
        if loader.startswith(name):
            return name, int(image.width), int(image.height)
    return None


def _encoded(pixels: Pixels, format: str) -> bytes:
    import pyvips

    height, width, _ = pixels.shape
    image: Any = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels).data, width, height, 3, "uchar")
    written = io.BytesIO(image.write_to_buffer(f".{'jpg' if format == 'jpeg' else format}"))
    return written.getvalue()
