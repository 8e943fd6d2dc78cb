"""The picture work without a product around it: `python alone.py KIND SOURCE_FOLDER OUT_FOLDER`.

`vips` and `pillow` do what an upload needs. The `renditions-…` make the two sizes that are shown.

Says `ready`, waits for a line with a count, does that many pictures, and prints what it took as JSON.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from processes import peak_bytes

THUMB = (533, 400)
PREVIEW_SIZE = (1440, 1080)


def vips() -> Callable[[bytes, Path], None]:
    """Every pixel decoded with warnings as failures, and the same thumbnail as the product makes."""
    import pyvips

    pyvips.cache_set_max(0)

    def work(data: bytes, target: Path) -> None:
        thumb = pyvips.Image.thumbnail_buffer(
            data, THUMB[0], height=THUMB[1], size="down", option_string="fail_on=warning"
        )
        target.with_suffix(".webp").write_bytes(thumb.webpsave_buffer(Q=80, effort=0, keep="none"))

    return work


def pillow() -> Callable[[bytes, Path], None]:
    """The naive way: load, transpose, resize, save, write."""
    from PIL import Image, ImageOps

    def work(data: bytes, target: Path) -> None:
        target.with_suffix(".jpg").write_bytes(data)
        image = ImageOps.exif_transpose(Image.open(target.with_suffix(".jpg")))
        thumb = image.resize(THUMB, Image.Resampling.LANCZOS)
        thumb.save(target.with_suffix(".webp"), quality=80)

    return work


def renditions_ours() -> Callable[[bytes, Path], None]:
    """As the product makes them: the thumbnail when a picture is taken in, the preview when it is wanted."""
    from app.imaging import PREVIEW, render, verify

    def work(data: bytes, target: Path) -> None:
        source, clean = target.with_suffix(".source"), target.with_suffix(".clean")
        source.write_bytes(data)
        verify(source, clean, target.with_suffix(".400.webp"))
        render(clean, PREVIEW, target.with_suffix(".1440.webp"))

    return work


def renditions_pillow() -> Callable[[bytes, Path], None]:
    """As most would write it: load, transpose, resize twice with the good filter, save twice."""
    from PIL import Image, ImageOps

    def work(data: bytes, target: Path) -> None:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        for size, quality in ((PREVIEW_SIZE, 82), (THUMB, 80)):
            image.resize(size, Image.Resampling.LANCZOS).save(
                target.with_suffix(f".{size[0]}.webp"), quality=quality
            )

    return work


def renditions_draft() -> Callable[[bytes, Path], None]:
    """As somebody who knows Pillow would: decoded at half the size, and the small one from the large one."""
    from PIL import Image, ImageOps

    def work(data: bytes, target: Path) -> None:
        image = Image.open(io.BytesIO(data))
        image.draft("RGB", PREVIEW_SIZE)
        image = ImageOps.exif_transpose(image)
        large = image.resize(PREVIEW_SIZE, Image.Resampling.LANCZOS, reducing_gap=2.0)
        large.save(target.with_suffix(".1440.webp"), quality=82)
        large.resize(THUMB, Image.Resampling.LANCZOS).save(target.with_suffix(".400.webp"), quality=80)

    return work


KINDS = {
    "vips": vips,
    "pillow": pillow,
    "renditions-ours": renditions_ours,
    "renditions-pillow": renditions_pillow,
    "renditions-draft": renditions_draft,
}


def main() -> None:
    work = KINDS[sys.argv[1]]()
    sources = sorted(Path(sys.argv[2]).glob("*.jpg"))
    target = Path(sys.argv[3])
    work(sources[0].read_bytes(), target / "warm-up")
    print("ready", flush=True)
    count = int(sys.stdin.readline())
    before, seconds = time.process_time(), []
    for number in range(count):
        began = time.perf_counter()
        work(sources[number % len(sources)].read_bytes(), target / str(number))
        seconds.append(time.perf_counter() - began)
    took = {"cpu": time.process_time() - before, "seconds": seconds, "peak": peak_bytes(os.getpid())}
    print(json.dumps(took))


if __name__ == "__main__":
    main()
