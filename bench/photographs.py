"""Photographs to measure with: 12 megapixels, 3 to 4 MB, and EXIF with a place, as a phone writes them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import piexif
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 4000, 3000
COUNT = 4
_MOST_BYTES = 3_900_000

_Layer = NDArray[np.float32]


def photographs(folder: Path) -> list[Path]:
    """The photographs, made once and kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"photograph-{number}.jpg" for number in range(COUNT)]
    for number, path in enumerate(paths):
        if not path.exists():
            path.write_bytes(_photograph(number))
    return paths


def _photograph(seed: int) -> bytes:
    random = np.random.default_rng(seed)

    def clouds(cells: int) -> _Layer:
        """Soft random shapes, about `cells` of them across."""
        grid = random.normal(0, 1, (max(2, cells * 3 // 4), cells)).astype(np.float32)
        image = Image.fromarray(grid).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        return np.asarray(image, dtype=np.float32)

    # Brightness has detail of every size, each finer one weaker, and lies calm in places as a sky does.
    busy = np.clip(clouds(5) * 0.6 + 0.6, 0.05, 1.2)
    brightness = 40 * clouds(4) + 26 * clouds(14)
    for cells, strength in ((45, 18), (140, 16), (420, 15), (1200, 15), (2400, 14)):
        brightness += busy * strength * clouds(cells)
    # The grain of a sensor.
    brightness += random.normal(0, 3, (HEIGHT, WIDTH)).astype(np.float32)
    # Colour changes slowly.
    warm, green = 14 * clouds(6) + 7 * clouds(60), 9 * clouds(5) + 5 * clouds(70)
    picture = np.stack([brightness + warm, brightness + green, brightness - warm], -1)
    image = Image.fromarray(np.clip(picture + 118, 0, 255).astype(np.uint8))
    exif = piexif.dump(
        {
            "0th": {piexif.ImageIFD.Orientation: 1, piexif.ImageIFD.Model: b"Bench"},
            "GPS": {
                piexif.GPSIFD.GPSLatitudeRef: b"N",
                piexif.GPSIFD.GPSLatitude: ((47, 1), (22, 1), (0, 1)),
            },
        }
    )
    for quality in range(94, 50, -2):
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality, exif=exif)
        if stream.tell() <= _MOST_BYTES:
            return stream.getvalue()
    raise ValueError("the photograph has too much detail for its size")
