"""libvips, kept on a short lead. Only this module imports it; it is imported where pictures are opened.

Five loaders are allowed and every other one is blocked. The fifth is for AVIF, and sees nothing but files
that `containers.heif` has written. Warnings of a decoder count as failures. Nothing is
cached, and one picture uses one thread: several pictures at once keep the cores busy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from app.imaging import perceptual, thumbhash
from app.imaging.containers import Anatomy
from app.imaging.errors import PictureRefused, corrupt, too_complex
from app.imaging.formats import Format
from app.imaging.icc import Profile

# libvips comes without types; its images are passed through here and looked at nowhere else.
VipsImage = Any

pyvips.cache_set_max(0)
pyvips.operation_block_set("VipsForeignLoad", True)
for _loader in ("Jpeg", "Png", "Nsgif", "Webp", "Heif"):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", False)

_LOAD = {
    Format.JPEG: pyvips.Image.jpegload_buffer,
    Format.PNG: pyvips.Image.pngload_buffer,
    Format.GIF: pyvips.Image.gifload_buffer,
    Format.WEBP: pyvips.Image.webpload_buffer,
}
FULL_QUALITY = 92


@contextmanager
def refusing() -> Iterator[None]:
    """Whatever a decoder raises becomes a refusal. Trouble with our own files (`OSError`) passes."""
    try:
        yield
    except (PictureRefused, OSError):
        raise
    except MemoryError:
        raise too_complex("not enough memory for it") from None
    except Exception:
        # The decoder's own words may quote the file, so they go no further.
        raise corrupt("the picture does not decode") from None


def prove_every_frame(data: bytes, format: Format) -> None:
    """Decodes every pixel of every frame of an animation and keeps none."""
    _LOAD[format](data, n=-1, access="sequential", fail_on="warning").avg()


def alpha_of_png(data: bytes) -> VipsImage | None:
    """How opaque each pixel is, in 8 bits and in memory, whatever way the file says it; None: it cannot."""
    image = pyvips.Image.pngload_buffer(data, access="sequential", fail_on="warning")
    if not image.hasalpha():
        return None
    alpha = image[image.bands - 1]
    if image.format == "ushort":
        alpha = alpha >> 8
    return alpha.cast("uchar").copy_memory()


def write_black(alpha: VipsImage, target: Path) -> None:
    """A black PNG that is as opaque as this, pixel by pixel."""
    black = alpha.new_from_image(0).cast("uchar")
    picture = black.bandjoin([black, black, alpha]).copy(interpretation="srgb")
    target.write_bytes(picture.pngsave_buffer(compression=4, keep="none"))


def scaled(data: bytes, format: Format, anatomy: Anatomy, width: int, height: int) -> VipsImage:
    """The first frame as `width` by `height` pixels in its own colours, computed as it is asked for, once and
    from top to bottom. A JPEG is decoded at a lower resolution where that is enough."""
    options: dict[str, Any] = {"access": "sequential", "fail_on": "warning"}
    if format is Format.JPEG:
        room = min(anatomy.width / width, anatomy.height / height)
        # A third more than is wanted leaves the last step to a good filter.
        options["shrink"] = next((shrink for shrink in (8, 4, 2) if room >= 1.33 * shrink), 1)
    return resized(_LOAD[format](data, **options), width, height)


def open_upright(data: bytes, format: Format, orientation: int) -> VipsImage:
    """The whole picture in memory, turned as its EXIF orientation asks."""
    # Turning reads the picture in another order than it is decoded, so it is decoded first.
    image = _LOAD[format](data, access="sequential", fail_on="warning").copy_memory()
    match orientation:
        case 2:
            image = image.fliphor()
        case 3:
            image = image.rot180()
        case 4:
            image = image.flipver()
        case 5:
            image = image.rot90().fliphor()
        case 6:
            image = image.rot90()
        case 7:
            image = image.rot270().fliphor()
        case 8:
            image = image.rot270()
    return image


def resized(image: VipsImage, width: int, height: int) -> VipsImage:
    """`image` as exactly `width` by `height` pixels."""
    if (image.width, image.height) == (width, height):
        return image
    depth, has_alpha = image.format, image.hasalpha()
    if has_alpha:
        # The colour of transparent pixels must not bleed into their neighbours.
        image = image.premultiply().cast(depth)
    image = image.resize(width / image.width, vscale=height / image.height)
    return image.unpremultiply().cast(depth) if has_alpha else image


def to_srgb(image: VipsImage, profile: Profile | None) -> VipsImage:
    """`image` in 8-bit sRGB, alpha kept. A profile that the colour engine cannot use is ignored."""
    transform = {"intent": "relative", "black_point_compensation": True, "depth": 8}
    if profile is not None and not profile.is_srgb:
        try:
            return image.icc_transform("srgb", embedded=True, **transform)
        except pyvips.Error:
            image = image.copy()
            image.remove("icc-profile-data")
    if image.interpretation == "cmyk":
        return image.icc_transform("srgb", input_profile="cmyk", **transform)
    return image.colourspace("srgb").cast("uchar")


def save_upright(image: VipsImage, format: Format, anatomy: Anatomy) -> bytes:
    """A fresh encoding in the same format: as good as the source, its profile kept, all else dropped."""
    if format is Format.JPEG:
        subsampling = "on" if anatomy.is_subsampled else "off"
        encoded = image.jpegsave_buffer(
            Q=FULL_QUALITY, subsample_mode=subsampling, optimize_coding=True, keep="icc"
        )
    elif format is Format.PNG:
        encoded = image.pngsave_buffer(compression=6, keep="icc")
    elif format is Format.WEBP:
        encoded = image.webpsave_buffer(Q=FULL_QUALITY, lossless=anatomy.is_lossless, effort=2, keep="icc")
    else:
        raise ValueError("a GIF has no orientation and no profile")
    return bytes(encoded)


def save_webp(image: VipsImage, quality: int, effort: int) -> bytes:
    return bytes(image.webpsave_buffer(Q=quality, effort=effort, keep="none"))


def save_jpeg(image: VipsImage, quality: int, *, keep: str = "none", optimized: bool = True) -> bytes:
    """Optimized, the same pixels take a fiftieth less room, and more than twice the time."""
    return bytes(image.jpegsave_buffer(Q=quality, optimize_coding=optimized, keep=keep))


def on_white(image: VipsImage) -> VipsImage:
    """`image` (8-bit sRGB) without transparency."""
    return image.flatten(background=[255, 255, 255]) if image.hasalpha() else image


def on_ground(image: VipsImage, colour: str, at: tuple[int, int], size: tuple[int, int]) -> VipsImage:
    """`image` (8-bit sRGB) without transparency, on a ground of this colour (`#rrggbb`) and size."""
    ground = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    if image.bands < 3:
        image = image.colourspace("srgb")
    if image.hasalpha():
        image = image.flatten(background=ground)
    return image.embed(*at, *size, extend="background", background=ground)


def fingerprints(image: VipsImage) -> tuple[str, str | None]:
    """The thumbhash, base64, of an 8-bit sRGB image, and its perceptual hash with white below what is
    transparent: None when it is flat."""
    pixels: NDArray[np.uint8] = resized(image, perceptual.SIDE, perceptual.SIDE).numpy()
    placeholder = thumbhash.encode(pixels, (image.width, image.height))
    if image.hasalpha():
        pixels = resized(on_white(image), perceptual.SIDE, perceptual.SIDE).numpy()
    return placeholder, perceptual.encode(pixels)


def cropped(image: VipsImage, left: int, top: int, width: int, height: int) -> VipsImage:
    """The rectangle of `image`."""
    if (image.width, image.height) == (width, height):
        return image
    return image.crop(left, top, width, height)


def without_profile(image: VipsImage) -> VipsImage:
    """`image` with no colour profile attached, for one that is sRGB now."""
    image = image.copy()
    if image.get_typeof("icc-profile-data"):
        image.remove("icc-profile-data")
    return image


def warm_up() -> None:
    """Runs each kind of work once, so that the first picture does not wait for libraries to load."""
    image = pyvips.Image.black(64, 64, bands=3).copy(interpretation="srgb")
    encoded = bytes(image.jpegsave_buffer())
    small = resized(_LOAD[Format.JPEG](encoded, access="sequential"), 32, 32).copy_memory()
    save_webp(small, 50, 0)
    fingerprints(small)
