"""The picture work without a product around it: `python alone.py vips|pillow SOURCE_FOLDER OUT_FOLDER`.

Says `ready`, waits for a line with a count, does that many pictures, and prints what it took as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from processes import peak_bytes

THUMB = (533, 400)


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


def main() -> None:
    work = {"vips": vips, "pillow": pillow}[sys.argv[1]]()
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
