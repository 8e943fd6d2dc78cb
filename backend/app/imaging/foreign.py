"""Pictures of formats that are not kept: opened, made upright and opaque, and ready to be saved as JPEG.

AVIF is opened by libvips, HEIC by pillow-heif where it is installed. What both get was written by
`containers.heif`: one picture, its tiles and its transparency, none of it larger than was announced.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pyvips

from app.imaging import icc
from app.imaging.containers.heif import Cicp, HeifAnatomy, Step, Trim
from app.imaging.decoder import VipsImage
from app.imaging.errors import corrupt, no_decoder
from app.imaging.icc import Profile

_TURNS = {
    Step.TURN_LEFT: "rot270",
    Step.TURN_AROUND: "rot180",
    Step.TURN_RIGHT: "rot90",
    Step.SWAP_TOP_AND_BOTTOM: "flipver",
    Step.SWAP_LEFT_AND_RIGHT: "fliphor",
}

_DISPLAY_P3, _BT2020 = 12, 9
_PQ, _HLG, _LINEAR = 16, 18, 8
# From the light of other primaries to that of sRGB's, both with a white of D65.
_TO_SRGB = {
    _DISPLAY_P3: [
        [1.22494, -0.22494, 0.0],
        [-0.04206, 1.04206, 0.0],
        [-0.01964, -0.07864, 1.09828],
    ],
    _BT2020: [
        [1.66049, -0.58764, -0.07285],
        [-0.12455, 1.13290, -0.00835],
        [-0.01815, -0.10058, 1.11873],
    ],
}
# How bright the white of a page is, for pictures that say how bright they are (ITU-R BT.2408).
_WHITE_NITS = 203.0
_PEAK_NITS = 1000.0
# Up to here light stays as it is; what is brighter is pressed into the rest.
_KNEE = 0.8


def open_upright(anatomy: HeifAnatomy) -> tuple[VipsImage, Profile | None]:
    """The picture in memory, 8 bits, without transparency (white lies below), and the profile of its colours.

    Without a profile it is sRGB. Raises `PictureRefused`.
    """
    image = _decoded(anatomy)
    if (image.width, image.height) != (anatomy.coded_width, anatomy.coded_height):
        raise corrupt("a picture of another size than it says")
    profile = anatomy.profile
    if profile is None and anatomy.cicp is not None:
        image, profile = _by_numbers(image, anatomy.cicp)
    if image.interpretation in ("rgb16", "grey16"):
        image = image.cast("uchar", shift=True).copy(interpretation="srgb" if image.bands > 2 else "b-w")
    if image.bands < 3:
        image = image.colourspace("srgb")
    image = image.flatten(background=[255, 255, 255]) if image.hasalpha() else image
    image = image.copy_memory()
    for step in anatomy.steps:
        if isinstance(step, Trim):
            image = image.crop(step.left, step.top, step.width, step.height)
        else:
            image = getattr(image, _TURNS[step])()
    return _with_profile(image, profile), profile


def _decoded(anatomy: HeifAnatomy) -> VipsImage:
    if anatomy.format == "avif":
        return pyvips.Image.heifload_buffer(anatomy.clean, fail_on="warning").copy_memory()
    try:
        import pillow_heif
    except ImportError:
        raise no_decoder("heic") from None
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
    opened = pillow_heif.open_heif(io.BytesIO(anatomy.clean), convert_hdr_to_8bit=False)
    mode, _, depth = opened.mode.partition(";")
    bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    kind, bytes_each = ("ushort", 2) if depth else ("uchar", 1)
    width, height = opened.size
    # Rows may be longer than the picture is wide.
    row = opened.stride // (bands * bytes_each)
    image = pyvips.Image.new_from_memory(opened.data, row, height, bands, kind).crop(0, 0, width, height)
    wide, grey = ("rgb16", "grey16") if depth else ("srgb", "b-w")
    return image.copy(interpretation=wide if bands > 2 else grey).copy_memory()


def _by_numbers(image: VipsImage, cicp: Cicp) -> tuple[VipsImage, Profile | None]:
    """The picture in colours that a profile can name, by what the file says of them instead of one."""
    is_hdr = cicp.transfer in (_PQ, _HLG, _LINEAR)
    if not is_hdr and cicp.primaries == _DISPLAY_P3:
        return image, icc.inspect(bytes(pyvips.Image.profile_load("p3")))
    if not is_hdr and cicp.primaries != _BT2020:
        # sRGB, BT.709, BT.601 and whatever is not named: near enough to each other to be shown as sRGB.
        return image, None
    return _to_srgb_by_light(image, cicp), None


def _to_srgb_by_light(image: VipsImage, cicp: Cicp) -> VipsImage:
    alpha = image.extract_band(image.bands - 1) if image.hasalpha() else None
    colour = (
        image.extract_band(0, n=3) if image.bands >= 3 else image.extract_band(0).bandjoin([image[0]] * 2)
    )
    levels = 65536 if colour.format == "ushort" else 256
    light = colour.maplut(_light_of(cicp.transfer, levels))
    if matrix := _TO_SRGB.get(cicp.primaries):
        light = light.recomb(pyvips.Image.new_from_array(matrix))
    if cicp.transfer in (_PQ, _HLG):
        light = _pressed(light)
    result = light.copy(interpretation="scrgb").colourspace("srgb")
    if alpha is not None:
        result = result.bandjoin(alpha.cast("uchar", shift=alpha.format == "ushort"))
    return result


def _light_of(transfer: int, levels: int) -> VipsImage:
    """A table from coded levels to light; 1 is the white of a page."""
    coded = pyvips.Image.identity(ushort=levels > 256, size=levels).cast("float") / (levels - 1)
    if transfer == _PQ:
        power = coded ** (1 / 78.84375)
        nits = (
            ((power - 0.8359375) > 0).ifthenelse(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
        ) ** (1 / 0.1593017578125)
        return nits * (10000.0 / _WHITE_NITS)
    if transfer == _HLG:
        low = coded * coded / 3.0
        high = (((coded - 0.55991073) / 0.17883277).exp() + 0.28466892) / 12.0
        scene = (coded <= 0.5).ifthenelse(low, high)
        # The display's own curve, by channel, for a peak of 1,000 nits.
        return (scene**1.2) * (_PEAK_NITS / _WHITE_NITS)
    if transfer == _LINEAR:
        return coded
    low, high = coded / 4.5, ((coded + 0.099) / 1.099) ** (1 / 0.45)
    return (coded < 0.081).ifthenelse(low, high)


def _pressed(light: VipsImage) -> VipsImage:
    """Light beyond the knee, softly pressed below 1."""
    room = 1.0 - _KNEE
    above = 1.0 - ((light - _KNEE) * (-1.0 / room)).exp() * room
    return (light > _KNEE).ifthenelse(above, light)


def _with_profile(image: VipsImage, profile: Profile | None) -> VipsImage:
    image = image.copy()
    for name in _fields(image):
        if (
            name == "icc-profile-data"
            or name.startswith(("exif", "xmp", "iptc", "heif"))
            or name == "orientation"
        ):
            image.remove(name)
    if profile is not None:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile.data)
    return image


def _fields(image: VipsImage) -> Sequence[str]:
    fields: Any = image.get_fields()
    return list(fields)
