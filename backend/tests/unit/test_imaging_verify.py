"""Taking pictures in: what is kept, what is gone, what is refused."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import piexif
import pytest
from PIL import Image, ImageCms

from app.imaging import Format, Limits, PictureRefused, SourceType, Verified, verify
from tests import factories_pictures as pictures
from tests.factories_pictures import SECRET


class Tray:
    """A folder with one picture to take in, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.source, self.clean, self.thumb = folder / "source", folder / "clean", folder / "thumb"

    def take(
        self, data: bytes, limits: Limits | None = None, *, source_type: SourceType | None = None
    ) -> Verified:
        self.source.write_bytes(data)
        return verify(self.source, self.clean, self.thumb, limits, source_type=source_type)

    def refused(self, data: bytes, limits: Limits | None = None) -> PictureRefused:
        with pytest.raises(PictureRefused) as caught:
            self.take(data, limits)
        return caught.value

    @property
    def kept(self) -> Image.Image:
        return Image.open(io.BytesIO(self.clean.read_bytes()))

    @property
    def small(self) -> Image.Image:
        return Image.open(io.BytesIO(self.thumb.read_bytes()))


@pytest.fixture
def tray(tmp_path: Path) -> Tray:
    return Tray(tmp_path)


def pixels(image: Image.Image) -> np.ndarray:
    image.load()
    return np.asarray(image)


def colour_at(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place given from 0 to 1."""
    return image.convert("RGB").getpixel((int(x * (image.width - 1)), int(y * (image.height - 1))))  # type: ignore[return-value]


STILLS = {
    "jpeg": (pictures.jpeg, Format.JPEG),
    "png": (pictures.png, Format.PNG),
    "gif": (pictures.gif, Format.GIF),
    "webp": (pictures.webp, Format.WEBP),
}


@pytest.mark.parametrize("name", STILLS)
def test_a_plain_picture_is_kept_as_it_came(tray: Tray, name: str) -> None:
    make, format = STILLS[name]
    data = make(pictures.photo(640, 480))
    verified = tray.take(data)
    assert tray.clean.read_bytes() == data
    assert (verified.format, verified.width, verified.height) == (format, 640, 480)
    assert (verified.mime_type, verified.extension) == (format.mime_type, format.extension)
    assert (verified.file_size, verified.animated, verified.is_reencoded) == (len(data), False, False)
    assert tray.small.format == "WEBP"
    assert tray.small.size == (verified.thumb_width, verified.thumb_height) == (533, 400)
    assert len(verified.thumbhash) > 20


@pytest.mark.parametrize(
    ("sides", "thumb"),
    [
        ((400, 400), (400, 400)),
        ((4096, 4096), (400, 400)),
        ((800, 1000), (400, 500)),
        ((4096, 400), (800, 78)),
        ((401, 4096), (78, 800)),
    ],
)
def test_a_thumbnail_fills_a_square_tile_and_is_never_enlarged(
    tray: Tray, sides: tuple[int, int], thumb: tuple[int, int]
) -> None:
    tray.take(pictures.jpeg(pictures.flat((90, 120, 60), *sides)))
    assert tray.small.size == thumb


SECRETIVE: dict[str, Callable[[], bytes]] = {
    "jpeg": pictures.jpeg_with_secrets,
    "jpeg, progressive": functools.partial(pictures.jpeg_with_secrets, progressive=True),
    "png": pictures.png_with_secrets,
    "webp": pictures.webp_with_secrets,
    "gif": lambda: pictures.gif_with_secrets(pictures.gif()),
    "animated gif": lambda: pictures.gif_with_secrets(pictures.animated("GIF")),
}


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
@pytest.mark.parametrize("name", SECRETIVE)
def test_private_metadata_is_gone_and_the_pixels_are_untouched(tray: Tray, name: str) -> None:
    data = SECRETIVE[name]()
    assert SECRET in data
    verified = tray.take(data)
    assert not verified.is_reencoded
    for kept in (tray.clean.read_bytes(), tray.thumb.read_bytes()):
        assert SECRET not in kept
        assert b"Exif" not in kept and b"EXIF" not in kept and b"eXIf" not in kept
    assert not tray.kept.getexif()
    before, after = Image.open(io.BytesIO(data)), tray.kept
    assert np.array_equal(pixels(before.convert("RGBA")), pixels(after.convert("RGBA")))
    # A second look finds nothing more to take away.
    again = tray.clean.read_bytes()
    tray.take(again)
    assert tray.clean.read_bytes() == again


def test_a_jpeg_keeps_only_the_segments_that_make_the_picture(tray: Tray) -> None:
    tray.take(pictures.jpeg_with_secrets())
    clean = tray.clean.read_bytes()
    markers, position = [], 2
    while clean[position + 1] != 0xDA:
        markers.append(clean[position + 1])
        position += 2 + struct.unpack_from(">H", clean, position + 2)[0]
    assert set(markers) <= {0xE0, 0xDB, 0xC0, 0xC4}
    assert clean.endswith(b"\xff\xd9") and clean.count(b"\xff\xd9") == 1


def test_a_thumbnail_inside_jfif_is_gone(tray: Tray) -> None:
    plain = pictures.jpeg()
    hidden = pictures.jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\x08\x08" + SECRET.ljust(192, b"x"))
    tray.take(plain[:2] + hidden + plain[2 + 18 :])
    assert SECRET not in tray.clean.read_bytes()
    assert b"JFIF" in tray.clean.read_bytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("make", ["jpeg", "png", "webp"])
def test_a_turned_picture_is_upright_in_its_pixels(tray: Tray, make: str, orientation: int) -> None:
    stored = pictures.turned(pictures.quarters(640, 480), orientation)
    if make == "jpeg":
        data = pictures.jpeg_with_secrets(stored, orientation)
    elif make == "png":
        data = pictures.png(stored, exif=pictures.exif(orientation))
    else:
        data = pictures.webp_with_secrets(stored, orientation)
    verified = tray.take(data)
    assert (verified.width, verified.height) == (640, 480) == tray.kept.size
    assert verified.is_reencoded == (orientation != 1)
    assert not tray.kept.getexif()
    assert SECRET not in tray.clean.read_bytes() and SECRET not in tray.thumb.read_bytes()
    for image in (tray.kept, tray.small):
        assert image.width > image.height
        assert pictures.is_close(colour_at(image, 0.1, 0.1), pictures.CORNERS["top-left"], 12)
        assert pictures.is_close(colour_at(image, 0.9, 0.1), pictures.CORNERS["top-right"], 12)
        assert pictures.is_close(colour_at(image, 0.1, 0.9), pictures.CORNERS["bottom-left"], 12)
        assert pictures.is_close(colour_at(image, 0.9, 0.9), pictures.BOTTOM_RIGHT, 12)


def test_turning_a_jpeg_keeps_its_colour_profile_and_nearly_all_its_quality(tray: Tray) -> None:
    profile = vips_profile("p3")
    stored = pictures.photo(800, 600)
    tray.take(pictures.jpeg(stored, quality=92, exif=pictures.exif(6), icc_profile=profile))
    assert tray.kept.info["icc_profile"] == profile
    expected = stored.transpose(Image.Transpose.ROTATE_270)
    assert tray.kept.size == (600, 800)
    assert np.abs(pixels(tray.kept).astype(int) - pixels(expected)).mean() < 5


def test_turning_a_16_bit_png_keeps_16_bits(tray: Tray) -> None:
    tiff = piexif.dump({"0th": {piexif.ImageIFD.Orientation: 6}}).removeprefix(b"Exif\0\0")
    tray.take(pictures.png_with(pictures.png_16_bit((1000, 30000, 60000)), (b"eXIf", tiff)))
    header = dict(pictures.png_chunks(tray.clean.read_bytes()))[b"IHDR"]
    assert header[8] == 16


def vips_profile(name: str) -> bytes:
    import pyvips

    return bytes(pyvips.Image.profile_load(name))


def as_srgb(image: Image.Image, profile: bytes) -> tuple[int, ...]:
    """The colour of a flat picture in sRGB, by another colour engine's way than ours."""
    converted = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    return converted.getpixel((0, 0))  # type: ignore[return-value]


@pytest.mark.parametrize("colour", [(200, 60, 40), (30, 180, 90), (120, 120, 120), (250, 250, 250)])
@pytest.mark.parametrize("make", [pictures.jpeg, pictures.png, pictures.webp])
def test_a_wide_gamut_picture_keeps_its_profile_and_its_thumbnail_is_right_in_srgb(
    tray: Tray, make: object, colour: tuple[int, int, int]
) -> None:
    profile = vips_profile("p3")
    picture = pictures.flat(colour)
    verified = tray.take(make(picture, icc_profile=profile))  # type: ignore[operator]
    assert tray.kept.info["icc_profile"] == profile
    assert not verified.is_reencoded
    assert "icc_profile" not in tray.small.info
    assert pictures.is_close(colour_at(tray.small, 0.5, 0.5), as_srgb(picture, profile), 5)


@pytest.mark.parametrize("ink", [(0, 0, 0, 0), (255, 0, 0, 0), (0, 200, 200, 30), (0, 0, 0, 255)])
def test_a_cmyk_jpeg_with_a_profile_is_right_in_its_thumbnail(
    tray: Tray, ink: tuple[int, int, int, int]
) -> None:
    profile = vips_profile("cmyk")
    picture = pictures.flat(ink, mode="CMYK")
    data = pictures.jpeg(picture, icc_profile=profile, quality=98)
    tray.take(data)
    assert tray.kept.mode == "CMYK"
    assert tray.clean.read_bytes() == data
    assert tray.small.mode == "RGB"
    assert pictures.is_close(colour_at(tray.small, 0.5, 0.5), as_srgb(picture, profile), 8)


def test_a_cmyk_jpeg_without_a_profile_is_neither_inverted_nor_black(tray: Tray) -> None:
    tray.take(pictures.jpeg(pictures.flat((0, 0, 0, 0), mode="CMYK")))
    assert min(colour_at(tray.small, 0.5, 0.5)) > 245
    tray.take(pictures.jpeg(pictures.flat((255, 0, 0, 0), mode="CMYK")))
    red, green, blue = colour_at(tray.small, 0.5, 0.5)
    assert red < 60 < 120 < green < blue


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ((32896,), (128, 128, 128)),
        ((51400, 65535), (200, 200, 200)),
        ((65535, 25700, 5140), (255, 100, 20)),
        ((5140, 51400, 25700, 65535), (20, 200, 100)),
    ],
)
def test_a_16_bit_png_is_kept_and_its_thumbnail_has_its_colours(
    tray: Tray, channels: tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    data = pictures.png_16_bit(channels)
    verified = tray.take(data)
    assert tray.clean.read_bytes() == data
    assert verified.has_alpha == (len(channels) in (2, 4))
    assert pictures.is_close(colour_at(tray.small, 0.5, 0.5), expected, 4)


def test_a_16_bit_png_with_a_profile_has_a_right_thumbnail(tray: Tray) -> None:
    profile = vips_profile("p3")
    packed = (b"iCCP", b"a name\0\0" + zlib.compress(profile))
    for channels in ((51400, 15420, 10280), (51400, 15420, 10280, 65535)):
        verified = tray.take(pictures.png_with(pictures.png_16_bit(channels), packed))
        assert verified.has_alpha == (len(channels) == 4)
        expected = as_srgb(pictures.flat((200, 60, 40)), profile)
        assert pictures.is_close(colour_at(tray.small, 0.5, 0.5), expected, 5)


@pytest.mark.parametrize("mode", ["L", "P", "LA", "1"])
def test_grey_and_palette_pictures_have_right_thumbnails(tray: Tray, mode: str) -> None:
    picture = pictures.quarters(400, 400)
    picture = picture.quantize(16, dither=Image.Dither.NONE) if mode == "P" else picture.convert(mode)
    data = pictures.png(picture)
    tray.take(data)
    assert tray.clean.read_bytes() == data
    expected = picture.convert("RGBA").convert("RGB").getpixel((40, 40))
    assert pictures.is_close(colour_at(tray.small, 0.1, 0.1), expected, 10)  # type: ignore[arg-type]


def test_transparent_pixels_do_not_bleed_into_the_thumbnail(tray: Tray) -> None:
    picture = Image.new("RGBA", (1000, 1000), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 1000, 500))
    verified = tray.take(pictures.png(picture))
    assert verified.has_alpha and tray.small.mode == "RGBA"
    edge = pixels(tray.small)[199, 200]
    assert edge[2] > 200 and edge[0] < 40


def test_a_palette_picture_with_transparency_keeps_it(tray: Tray) -> None:
    picture = pictures.quarters(400, 400).quantize(8)
    data = pictures.png(picture, transparency=0)
    assert tray.take(data).has_alpha
    assert tray.clean.read_bytes() == data


@pytest.mark.parametrize(
    "profile",
    [b"not a profile at all" * 20, vips_profile("cmyk"), vips_profile("p3")[:-20]],
    ids=["junk", "for another kind of colour", "cut off"],
)
@pytest.mark.parametrize("make", [pictures.jpeg, pictures.png, pictures.webp])
def test_an_unusable_profile_is_dropped_and_the_picture_taken(
    tray: Tray, make: object, profile: bytes
) -> None:
    picture = pictures.flat((200, 60, 40))
    verified = tray.take(make(picture, icc_profile=profile))  # type: ignore[operator]
    assert "icc_profile" not in tray.kept.info
    assert not verified.is_reencoded
    assert pictures.is_close(colour_at(tray.small, 0.5, 0.5), (200, 60, 40), 5)


def test_a_profile_that_only_looks_sound_is_ignored_in_the_thumbnail(tray: Tray) -> None:
    good = bytearray(vips_profile("p3"))
    (count,) = struct.unpack_from(">I", good, 128)
    for index in range(count):
        name, offset, length = struct.unpack_from(">4sII", good, 132 + 12 * index)
        if name in (b"rTRC", b"rXYZ"):
            good[offset : offset + length] = b"\xff" * length
    tray.take(pictures.jpeg(pictures.flat((200, 60, 40)), icc_profile=bytes(good)))
    assert pictures.is_close(colour_at(tray.small, 0.5, 0.5), (200, 60, 40), 5)


def test_a_profile_above_a_megabyte_is_replaced_by_srgb(tray: Tray) -> None:
    small = vips_profile("p3")
    large = bytearray(small + bytes(1_200_000))
    struct.pack_into(">I", large, 0, len(large))
    picture = pictures.flat((200, 60, 40))
    verified = tray.take(pictures.jpeg(picture, icc_profile=bytes(large)))
    assert verified.is_reencoded
    assert "icc_profile" not in tray.kept.info
    assert verified.file_size < 100_000
    for image in (tray.kept, tray.small):
        assert pictures.is_close(colour_at(image, 0.5, 0.5), as_srgb(picture, small), 5)


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_an_animation_stays_animated_and_its_thumbnail_shows_the_first_frame(tray: Tray, format: str) -> None:
    data = pictures.animated(format, count=5)
    verified = tray.take(data)
    assert verified.animated
    before, after = Image.open(io.BytesIO(data)), tray.kept
    assert after.n_frames == before.n_frames == 5  # type: ignore[attr-defined]
    assert after.info.get("loop") == before.info.get("loop") == 0
    for index in range(5):
        before.seek(index)
        after.seek(index)
        assert after.info.get("duration") == before.info.get("duration")
        assert np.array_equal(pixels(before.convert("RGBA")), pixels(after.convert("RGBA")))
    assert not getattr(tray.small, "is_animated", False)
    # The square stands at the left in the first frame.
    assert pictures.is_close(colour_at(tray.small, 0.05, 0.17), (255, 0, 0), 40)


def test_metadata_inside_an_animated_webp_is_gone(tray: Tray) -> None:
    plain = pictures.animated("WEBP")
    hidden = []
    for kind, body in pictures.riff_chunks(plain):
        if kind == b"ANMF":
            body += b"PRIV" + struct.pack("<I", len(SECRET)) + SECRET + b"\0" * (len(SECRET) & 1)
        elif kind == b"VP8X":
            body = bytes([body[0] | 0x0C]) + body[1:]
        hidden.append((kind, body))
    tray.take(pictures.riff([*hidden, (b"EXIF", SECRET), (b"XMP ", SECRET)]))
    assert SECRET not in tray.clean.read_bytes()
    assert tray.clean.read_bytes() == plain


def test_an_animated_png_becomes_its_still_picture(tray: Tray) -> None:
    first, *rest = pictures.frames(3)
    data = pictures.encoded(first, "PNG", save_all=True, append_images=rest, duration=80)
    assert b"acTL" in data
    verified = tray.take(data)
    assert not verified.animated
    assert b"acTL" not in tray.clean.read_bytes() and b"fdAT" not in tray.clean.read_bytes()
    assert np.array_equal(pixels(tray.kept.convert("RGB")), pixels(first))


# Refusals


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello, I am a text",
        b"\xff\xd8",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"<svg/>",
        b"%!PS-Adobe-3.0 EPSF-3.0",
    ],
)
def test_what_is_no_accepted_picture_is_refused(tray: Tray, data: bytes) -> None:
    refusal = tray.refused(data)
    assert refusal.code == "unsupported_image_type"
    assert "JPEG, PNG, GIF or WebP" in refusal.detail


@pytest.mark.parametrize("make", [pictures.jpeg, pictures.png, pictures.webp, pictures.gif])
def test_sides_outside_the_limits_are_refused(tray: Tray, make: object) -> None:
    small = tray.refused(make(pictures.flat((9, 9, 9), 100, 100)))  # type: ignore[operator]
    assert (small.code, small.facts["limit"]) == ("image_too_small", 400)
    narrow = tray.refused(make(pictures.flat((9, 9, 9), 399, 800)))  # type: ignore[operator]
    assert narrow.code == "image_too_small"
    large = tray.refused(make(pictures.flat((9, 9, 9), 5000, 5000)))  # type: ignore[operator]
    assert large.code == "image_dimensions_too_large"
    assert (large.facts["width"], large.facts["height"], large.facts["limit"]) == (5000, 5000, 4096)
    assert "4096" in large.detail


def test_other_limits_can_be_given(tray: Tray) -> None:
    assert tray.take(pictures.png(pictures.flat((9, 9, 9), 64, 64)), Limits(min_side=16)).width == 64
    assert tray.refused(pictures.png(), Limits(max_side=500)).code == "image_dimensions_too_large"


WHOLE = {
    "jpeg": lambda: pictures.jpeg(pictures.photo(400, 400)),
    "progressive jpeg": lambda: pictures.jpeg(pictures.photo(400, 400), progressive=True),
    "jpeg with exif": lambda: pictures.jpeg(pictures.photo(400, 400), exif=pictures.exif(6)),
    "png": lambda: pictures.png(pictures.photo(400, 400)),
    "gif": lambda: pictures.gif(pictures.photo(400, 400)),
    "animated gif": lambda: pictures.animated("GIF"),
    "webp": lambda: pictures.webp(pictures.photo(400, 400)),
    "lossless webp": lambda: pictures.webp(pictures.photo(400, 400), lossless=True),
    "animated webp": lambda: pictures.animated("WEBP"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_picture_cut_off_anywhere_is_refused(tray: Tray, name: str) -> None:
    data = WHOLE[name]()
    tray.take(data)
    lengths = {*range(0, len(data), max(1, len(data) // 80)), *range(len(data) - 24, len(data)), *range(32)}
    for length in sorted(lengths):
        refusal = tray.refused(data[:length])
        assert refusal.code in ("image_corrupt", "unsupported_image_type"), length


def test_pixels_that_end_early_are_refused_although_the_end_marker_is_there(tray: Tray) -> None:
    whole = pictures.jpeg()
    for missing in (60, 5_000, 50_000):
        assert tray.refused(whole[:-missing] + b"\xff\xd9").code == "image_corrupt"

    header, *_ = chunks = list(pictures.png_chunks(pictures.png()))
    packed = b"".join(body for kind, body in chunks if kind == b"IDAT")
    for missing in (2, 5_000, 50_000):
        cut = pictures.png_of([header, (b"IDAT", packed[:-missing]), (b"IEND", b"")])
        assert tray.refused(cut).code == "image_corrupt"

    kind, body = next(pictures.riff_chunks(pictures.webp()))
    for missing in (40, 5_000):
        assert tray.refused(pictures.riff([(kind, body[:-missing])])).code == "image_corrupt"


def test_a_later_frame_that_does_not_decode_is_refused(tray: Tray) -> None:
    chunks = list(pictures.riff_chunks(pictures.animated("WEBP")))
    last = max(index for index, (kind, _) in enumerate(chunks) if kind == b"ANMF")
    kind, body = chunks[last]
    chunks[last] = (kind, body[:60] + b"\x00\xff" * ((len(body) - 60) // 2))
    assert tray.refused(pictures.riff(chunks)).code == "image_corrupt"


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (lambda data: data.replace(b"IDAT", b"IDAX", 1), "an unknown critical chunk"),
        (lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:], "a wrong checksum"),
        (lambda data: pictures.png_of(list(pictures.png_chunks(data))[1:]), "no header"),
        (
            lambda data: pictures.png_of([next(pictures.png_chunks(data)), (b"IEND", b"")]),
            "no pixels",
        ),
    ],
)
def test_a_png_that_breaks_its_structure_is_refused(tray: Tray, damage: object, name: str) -> None:
    assert tray.refused(damage(pictures.png())).code == "image_corrupt", name  # type: ignore[operator]


# Bombs


def test_a_tiny_file_that_claims_a_huge_picture_is_refused_by_its_header(tray: Tray) -> None:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixel_rows = pictures.repack(bytes(90_001), 30)
    bomb = pictures.png_of([(b"IHDR", header), (b"IDAT", pixel_rows), (b"IEND", b"")])
    assert tray.refused(bomb).code == "image_dimensions_too_large"


def test_a_jpeg_that_claims_more_pixels_than_it_has_is_refused(tray: Tray) -> None:
    data = pictures.jpeg()
    at = data.index(b"\xff\xc0") + 5
    lying = data[:at] + struct.pack(">HH", 4096, 4096) + data[at + 4 :]
    assert tray.refused(lying).code == "image_corrupt"


def test_a_gif_with_a_frame_beyond_its_canvas_is_refused(tray: Tray) -> None:
    for lie in ((0, 0, 60_000, 60_000), (10, 0, 400, 400), (0, 0, 0, 400)):
        assert tray.refused(pictures.tiny_gif(400, 400, [(0, 0, 400, 400), lie])).code == "image_corrupt"


def test_a_webp_with_a_frame_beyond_its_canvas_is_refused(tray: Tray) -> None:
    chunks = [
        (kind, b"\xff\xff\0" + body[3:] if kind == b"ANMF" else body)
        for kind, body in pictures.riff_chunks(pictures.animated("WEBP"))
    ]
    assert tray.refused(pictures.riff(chunks)).code == "image_corrupt"


def test_too_many_frames_are_refused(tray: Tray) -> None:
    frame = (0, 0, 400, 400)
    refusal = tray.refused(pictures.tiny_gif(400, 400, [frame] * 301))
    assert (refusal.code, refusal.facts["frames"]) == ("image_too_complex", 301)


def test_too_many_pixels_in_all_frames_together_are_refused(tray: Tray) -> None:
    frame = (0, 0, 4096, 4096)
    assert tray.refused(pictures.tiny_gif(4096, 4096, [frame] * 18)).code == "image_too_complex"


def test_a_jpeg_with_hundreds_of_scans_is_refused(tray: Tray) -> None:
    data = pictures.jpeg(progressive=True)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xc4", first)
    scan = data[first:second]
    assert tray.refused(data[:first] + scan * 200 + data[second:]).code == "image_too_complex"


def test_a_png_with_tens_of_thousands_of_chunks_is_refused(tray: Tray) -> None:
    bomb = pictures.png_with(pictures.png(), *[(b"tEXt", b"a\0b")] * 25_000)
    assert tray.refused(bomb).code == "image_too_complex"


def test_compressed_metadata_is_never_unpacked(tray: Tray) -> None:
    text = b"a\0\0" + pictures.repack(bytes(1 << 20), 16)
    profile = b"a\0\0" + pictures.repack(bytes(1 << 20), 256)
    plain = pictures.png()
    tray.take(pictures.png_with(plain, *[(b"zTXt", text)] * 200, (b"iCCP", profile)))
    assert tray.clean.read_bytes() == plain


def test_trouble_with_the_paths_is_not_blamed_on_the_picture(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(pictures.jpeg())
    with pytest.raises(FileNotFoundError):
        verify(source, tmp_path / "nowhere" / "clean", tmp_path / "thumb")
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "absent", tmp_path / "clean", tmp_path / "thumb")
