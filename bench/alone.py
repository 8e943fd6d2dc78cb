"""The picture work without a product around it: `python alone.py KIND SOURCE_FOLDER OUT_FOLDER`.

`vips` and `pillow` do what an upload needs. The `renditions-…` make the two sizes that are shown, the
`files-…` three files of one picture; the `feed-…` the file that Instagram gets, whole, cropped around a point
to 4:5, or fitted on a ground of 1:1.

Says `ready`, waits for a line with a count, does that many pictures, and prints what it took as JSON.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
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


def together_ours() -> Callable[[bytes, Path], None]:
    """Both sizes from one decode, as the product makes several files of a picture."""
    from app.imaging import PREVIEW, render_all
    from app.imaging.recipes import Recipe
    from app.imaging.renditions import Wanted

    thumbnail = Recipe("thumbnail", 1, "image/webp", *THUMB, max_bytes=4_000_000, best_quality=80)

    def work(data: bytes, target: Path) -> None:
        source = target.with_suffix(".source")
        source.write_bytes(data)
        render_all(
            source,
            [
                Wanted(PREVIEW, target.with_suffix(".1440.webp")),
                Wanted(thumbnail, target.with_suffix(".400.webp")),
            ],
        )

    return work


def files_ours() -> Callable[[bytes, Path], None]:
    """What a post to two platforms needs of a picture, and its preview."""
    from app.imaging import FACEBOOK, INSTAGRAM_FEED, PREVIEW, render_all
    from app.imaging.renditions import Wanted

    def work(data: bytes, target: Path) -> None:
        source = target.with_suffix(".source")
        source.write_bytes(data)
        recipes = (INSTAGRAM_FEED, FACEBOOK, PREVIEW)
        render_all(source, [Wanted(recipe, target.with_suffix(f".{recipe.name}")) for recipe in recipes])

    return work


def files_pillow() -> Callable[[bytes, Path], None]:
    """The same three files, each by itself from the loaded picture."""
    from PIL import Image, ImageOps

    def work(data: bytes, target: Path) -> None:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        for name, kind, quality in (
            ("instagram.jpg", "JPEG", 92),
            ("facebook.jpg", "JPEG", 92),
            ("preview.webp", "WEBP", 82),
        ):
            small = image.resize(PREVIEW_SIZE, Image.Resampling.LANCZOS)
            small.save(target.with_suffix(f".{name}"), kind, quality=quality)

    return work


def files_draft() -> Callable[[bytes, Path], None]:
    """The same by somebody who knows Pillow: decoded at half the size, resized once."""
    from PIL import Image, ImageOps

    def work(data: bytes, target: Path) -> None:
        image = Image.open(io.BytesIO(data))
        image.draft("RGB", PREVIEW_SIZE)
        image = ImageOps.exif_transpose(image)
        small = image.resize(PREVIEW_SIZE, Image.Resampling.LANCZOS, reducing_gap=2.0)
        small.save(target.with_suffix(".instagram.jpg"), quality=92)
        small.save(target.with_suffix(".facebook.jpg"), quality=92)
        small.save(target.with_suffix(".preview.webp"), quality=82)

    return work


FOCUS = (0.3, 0.6)
GROUND = "#f2efe9"
SHAPES = {"whole": None, "crop": (4, 5), "fit": (1, 1)}


def feed_ours(way: str) -> Callable[[bytes, Path], None]:
    """As the product makes it from a picture that it has taken in."""
    from app.imaging import INSTAGRAM_FEED, Framing, render

    framing = Framing("fit" if way == "fit" else "crop", FOCUS, GROUND)

    def work(data: bytes, target: Path) -> None:
        source = target.with_suffix(".source")
        source.write_bytes(data)
        render(source, INSTAGRAM_FEED, target.with_suffix(".jpg"), framing=framing, shape=SHAPES[way])

    return work


def feed_pillow(way: str, *, has_draft: bool = False) -> Callable[[bytes, Path], None]:
    """The same file by Pillow: decoded, turned, converted to sRGB, cropped or fitted, resized, and encoded at
    the best quality that fits. With `has_draft`, a JPEG is decoded at a lower resolution where that is
    enough."""
    from PIL import Image, ImageCms, ImageOps

    srgb = ImageCms.createProfile("sRGB")
    shape = SHAPES[way]

    def work(data: bytes, target: Path) -> None:
        image = Image.open(io.BytesIO(data))
        profile = image.info.get("icc_profile")
        if has_draft:
            # What is cut away needs pixels, too, or what stays would have to be enlarged.
            part = image.height * shape[0] / shape[1] / image.width if shape and way == "crop" else 1
            wanted = round(1440 / part)
            image.draft("RGB", (wanted, round(wanted * image.height / image.width)))
        image = ImageOps.exif_transpose(image)
        if profile:
            known = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, known, srgb, outputMode="RGB")
        if shape and way == "crop":
            width = round(image.height * shape[0] / shape[1])
            left = min(max(round(image.width * FOCUS[0] - width / 2), 0), image.width - width)
            image = image.crop((left, 0, left + width, image.height))
        scale = 1440 / image.width
        image = image.resize((1440, round(image.height * scale)), Image.Resampling.LANCZOS)
        if shape and way == "fit":
            ground = Image.new("RGB", (1440, 1440), GROUND)
            ground.paste(image, (0, (1440 - image.height) // 2))
            image = ground
        for quality in range(92, 49, -6):
            stream = io.BytesIO()
            image.save(stream, "JPEG", quality=quality, optimize=True)
            if stream.tell() <= 8_000_000:
                break
        target.with_suffix(".jpg").write_bytes(stream.getvalue())

    return work


def _feed_kinds() -> dict[str, Callable[[], Callable[[bytes, Path], None]]]:
    kinds: dict[str, Callable[[], Callable[[bytes, Path], None]]] = {}
    for way in SHAPES:
        kinds[f"feed-{way}-ours"] = partial(feed_ours, way)
        kinds[f"feed-{way}-pillow"] = partial(feed_pillow, way)
        kinds[f"feed-{way}-draft"] = partial(feed_pillow, way, has_draft=True)
    return kinds


KINDS = {
    **_feed_kinds(),
    "vips": vips,
    "pillow": pillow,
    "renditions-ours": renditions_ours,
    "renditions-pillow": renditions_pillow,
    "renditions-draft": renditions_draft,
    "renditions-together": together_ours,
    "files-ours": files_ours,
    "files-pillow": files_pillow,
    "files-draft": files_draft,
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
