"""HEIC and AVIF: taken in as JPEG, upright, in their colours, with nothing private; or refused in order."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from app.imaging import Limits, PictureRefused, SourceType, Verified, verify
from tests import factories_heif as heif
from tests import factories_pictures as pictures
from tests.factories_heif import Codec
from tests.factories_pictures import SECRET
from tests.unit.test_imaging_verify import Tray, as_srgb, colour_at, pixels, vips_profile

LIMITS = Limits(extra_formats=("heic", "avif"))
CODECS: tuple[Codec, ...] = ("heic", "avif")
CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))


@pytest.fixture
def tray(tmp_path: Path) -> Tray:
    return Tray(tmp_path)


def take(tray: Tray, data: bytes) -> Verified:
    return tray.take(data, LIMITS)


def independent(data: bytes, codec: Codec) -> Image.Image:
    """The picture as another reader shows it: Pillow's own for AVIF, pillow-heif's for HEIC."""
    if codec == "avif":
        opened = Image.open(io.BytesIO(data), formats=["AVIF"])
        opened.load()
        return ImageOps.exif_transpose(opened)
    return pillow_heif.open_heif(io.BytesIO(data)).to_pillow()


@pytest.mark.parametrize("codec", CODECS)
def test_a_picture_is_kept_as_a_jpeg_of_its_size(tray: Tray, codec: Codec) -> None:
    original = pictures.photo(700, 500)
    verified = take(tray, heif.picture(original, codec))
    assert (verified.mime_type, verified.extension, verified.is_reencoded) == ("image/jpeg", "jpg", True)
    assert (verified.width, verified.height) == (700, 500) == tray.kept.size
    assert (tray.kept.format, tray.kept.mode) == ("JPEG", "RGB")
    assert (verified.animated, verified.has_alpha) == (False, False)
    assert verified.file_size == tray.clean.stat().st_size
    assert tray.small.size == (verified.thumb_width, verified.thumb_height) == (560, 400)
    assert np.abs(pixels(tray.kept).astype(int) - pixels(original)).mean() < 6
    # Quality 92 by the tables of the standard: the first step of brightness is 3.
    assert tray.kept.quantization[0][0] == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("codec", CODECS)
def test_nothing_private_is_left(tray: Tray, codec: Codec) -> None:
    data = heif.with_secrets(pictures.quarters(), codec)
    assert data.count(SECRET) > 5
    take(tray, data)
    for kept in (tray.clean.read_bytes(), tray.thumb.read_bytes()):
        assert SECRET not in kept and b"Exif" not in kept and b"http" not in kept
    assert not tray.kept.getexif()
    # EXIF says that it lies on its side, and only the file's own boxes count.
    assert tray.kept.size == (640, 480)


@pytest.mark.parametrize("mirror", [None, 0, 1])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("codec", CODECS)
def test_a_turned_or_mirrored_picture_is_as_others_show_it(
    tray: Tray, codec: Codec, turns: int, mirror: int | None
) -> None:
    steps = [heif.irot(turns)] if turns else []
    steps += [] if mirror is None else [heif.imir(mirror)]
    data = heif.picture(pictures.quarters(640, 480), codec, *steps)
    verified = take(tray, data)
    expected = independent(data, codec)
    assert (verified.width, verified.height) == expected.size == ((480, 640) if turns % 2 else (640, 480))
    for image in (tray.kept, tray.small):
        for place in CORNERS:
            assert pictures.is_close(colour_at(image, *place), colour_at(expected, *place), 12)


def test_turns_are_done_in_the_order_of_the_file(tray: Tray) -> None:
    for steps in ((heif.irot(1), heif.imir(1)), (heif.imir(1), heif.irot(1))):
        data = heif.picture(pictures.quarters(640, 480), "heic", *steps)
        take(tray, data)
        expected = independent(data, "heic")
        for place in CORNERS:
            assert pictures.is_close(colour_at(tray.kept, *place), colour_at(expected, *place), 12)


@pytest.mark.parametrize("codec", CODECS)
def test_of_a_trimmed_picture_the_part_that_shows_is_kept(tray: Tray, codec: Codec) -> None:
    # The lower right quarter, and a little of the others at its left and above.
    data = heif.picture(pictures.quarters(1000, 1000), codec, heif.clap(420, 420, (290, 1), (290, 1)))
    verified = take(tray, data)
    assert (verified.width, verified.height) == (420, 420)
    assert pictures.is_close(colour_at(tray.kept, 0.9, 0.9), pictures.BOTTOM_RIGHT, 12)
    assert pictures.is_close(colour_at(tray.kept, 0.0, 0.0), pictures.BOTTOM_RIGHT, 12)


@pytest.mark.parametrize("place", ["idat", "mdat"])
@pytest.mark.parametrize("size", [(1024, 768), (900, 700), (513, 600)])
@pytest.mark.parametrize("codec", CODECS)
def test_a_picture_of_tiles_is_whole(tray: Tray, codec: Codec, size: tuple[int, int], place: str) -> None:
    original = pictures.photo(*size)
    items = heif.grid(original, codec, 256, heif.irot(3), place=place)  # type: ignore[arg-type]
    data = heif.heif(items, brands=(b"mif1", codec.encode()))
    verified = take(tray, data)
    assert (verified.width, verified.height) == (size[1], size[0])
    expected = original.transpose(Image.Transpose.ROTATE_270)
    assert np.abs(pixels(tray.kept).astype(int) - pixels(expected)).mean() < 6


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_transparent_lies_on_white(tray: Tray, codec: Codec) -> None:
    picture = Image.new("RGBA", (600, 400), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 200, 400))
    picture.paste((0, 0, 200, 128), (400, 0, 600, 400))
    verified = take(tray, heif.with_alpha(picture, codec))
    assert not verified.has_alpha
    for image in (tray.kept, tray.small):
        assert min(colour_at(image, 0.1, 0.5)) > 250
        assert pictures.is_close(colour_at(image, 0.5, 0.5), (200, 30, 30), 6)
        assert pictures.is_close(colour_at(image, 0.9, 0.5), (127, 127, 227), 8)


@pytest.mark.parametrize(("codec", "depth"), [("heic", 10), ("avif", 10), ("avif", 12)])
def test_deep_colours_come_out_the_same(tray: Tray, codec: Codec, depth: int) -> None:
    take(tray, heif.picture(pictures.flat((200, 60, 40)), codec, depth=depth))
    assert pictures.is_close(colour_at(tray.kept, 0.5, 0.5), (200, 60, 40), 3)


@pytest.mark.parametrize("codec", CODECS)
def test_greys_are_grey(tray: Tray, codec: Codec) -> None:
    take(tray, heif.picture(pictures.photo(500, 400).convert("L"), codec, colours=False))
    red, green, blue = np.moveaxis(pixels(tray.kept.convert("RGB")).astype(int), -1, 0)
    assert np.abs(red - green).max() <= 2 and np.abs(red - blue).max() <= 2


COLOURS = [(200, 60, 40), (30, 180, 90), (120, 120, 120), (250, 250, 250)]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("codec", CODECS)
def test_a_colour_profile_is_kept_and_the_thumbnail_is_right_in_srgb(
    tray: Tray, codec: Codec, colour: tuple[int, int, int]
) -> None:
    profile = vips_profile("p3")
    take(tray, heif.picture(pictures.flat(colour), codec, heif.profile(profile)))
    assert tray.kept.info["icc_profile"] == profile
    assert pictures.is_close(colour_at(tray.kept, 0.5, 0.5), colour, 4)
    assert pictures.is_close(colour_at(tray.small, 0.5, 0.5), as_srgb(pictures.flat(colour), profile), 6)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("codec", CODECS)
def test_display_p3_by_numbers_gets_the_profile_that_says_so(
    tray: Tray, codec: Codec, colour: tuple[int, int, int]
) -> None:
    data = heif.picture(pictures.flat(colour), codec, heif.nclx(*heif.NCLX_P3), colours=False)
    take(tray, data)
    profile = tray.kept.info["icc_profile"]
    assert pictures.is_close(colour_at(tray.kept, 0.5, 0.5), colour, 4)
    expected = as_srgb(pictures.flat(colour), vips_profile("p3"))
    assert pictures.is_close(as_srgb(pictures.flat(colour), profile), expected, 2)
    assert pictures.is_close(colour_at(tray.small, 0.5, 0.5), expected, 6)


@pytest.mark.parametrize("numbers", [heif.NCLX_SRGB, (1, 1, 1), (2, 2, 6), (6, 6, 6)])
def test_srgb_by_numbers_needs_no_profile(tray: Tray, numbers: tuple[int, int, int]) -> None:
    take(tray, heif.picture(pictures.flat((120, 120, 120)), "heic", heif.nclx(*numbers), colours=False))
    assert "icc_profile" not in tray.kept.info
    assert pictures.is_close(colour_at(tray.kept, 0.5, 0.5), (120, 120, 120), 4)


def srgb_light(value: float) -> float:
    value /= 255
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


BT2020_OF_SRGB = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]  # ITU-R BT.2087
)


@pytest.mark.parametrize(
    "colour", [(200, 60, 40), (30, 180, 90), (60, 80, 200), (128, 128, 128), (255, 255, 255)]
)
@pytest.mark.parametrize("codec", CODECS)
def test_bt2020_becomes_srgb(tray: Tray, codec: Codec, colour: tuple[int, int, int]) -> None:
    light = BT2020_OF_SRGB @ [srgb_light(value) for value in colour]
    coded = [4.5 * part if part < 0.018 else 1.099 * part**0.45 - 0.099 for part in light]
    flat = pictures.flat(tuple(round(255 * part) for part in coded))
    take(tray, heif.picture(flat, codec, heif.nclx(9, 1, 6), colours=False))
    assert "icc_profile" not in tray.kept.info
    assert pictures.is_close(colour_at(tray.kept, 0.5, 0.5), colour, 8)


def pq(nits: float) -> int:
    power = (nits / 10_000) ** 0.1593017578125
    return round(255 * ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


@pytest.mark.parametrize("codec", CODECS)
def test_a_picture_for_bright_screens_has_its_middle_and_keeps_its_lights_apart(
    tray: Tray, codec: Codec
) -> None:
    shown = []
    for nits in (0, 20, 100, 203, 400, 1000):
        take(tray, heif.picture(pictures.flat((pq(nits),) * 3), codec, heif.nclx(9, 16, 6), colours=False))
        shown.append(colour_at(tray.kept, 0.5, 0.5)[0])
    assert shown[0] <= 2
    # A tenth and a half of the white of a page, in sRGB.
    assert abs(shown[1] - 89) <= 10 and abs(shown[2] - 183) <= 10
    assert 225 <= shown[3] <= 250
    assert shown == sorted(shown) and shown[3] < shown[5] <= 255


@pytest.mark.parametrize("codec", CODECS)
def test_of_many_pictures_the_primary_one_is_taken(tray: Tray, codec: Codec) -> None:
    burst = [heif.coded(pictures.flat((9, 9, 9)), codec) for _ in range(5)]
    burst[3] = heif.coded(pictures.quarters(640, 480), codec, heif.nclx(*heif.NCLX_SRGB))
    track = heif.box(b"moov", heif.box(b"trak", bytes(2000)))
    sequence = b"hevc" if codec == "heic" else b"avis"
    data = heif.heif(burst, primary=4, brands=(sequence, b"mif1", b"msf1", codec.encode()), after=track)
    verified = take(tray, data)
    assert (verified.width, verified.height, verified.animated) == (640, 480, False)
    assert pictures.is_close(colour_at(tray.kept, 0.1, 0.1), pictures.CORNERS["top-left"], 12)


def test_a_picture_made_by_a_model_says_so(tray: Tray) -> None:
    tray.take(heif.picture(pictures.photo(), "avif"), LIMITS, source_type=SourceType.GENERATED)
    assert tray.clean.read_bytes().count(b"digitalsourcetype/trainedAlgorithmicMedia") == 1


def test_the_files_of_encoders_are_taken_as_they_are(tray: Tray) -> None:
    """Written by pillow-heif and Pillow, boxes and all, with a phone's EXIF."""
    picture = pictures.quarters(640, 480)
    stream = io.BytesIO()
    pillow_heif.from_pillow(picture).save(stream, quality=90, exif=pictures.exif(1))
    for data in (stream.getvalue(), pictures.encoded(picture, "AVIF", exif=pictures.exif(1))):
        verified = take(tray, data)
        assert (verified.width, verified.height) == (640, 480)
        assert SECRET not in tray.clean.read_bytes()
        assert pictures.is_close(colour_at(tray.kept, 0.1, 0.1), pictures.CORNERS["top-left"], 12)


# Refusals


def refused(tray: Tray, data: bytes, limits: Limits = LIMITS) -> PictureRefused:
    return tray.refused(data, limits)


@pytest.mark.parametrize("codec", CODECS)
def test_a_format_that_is_switched_off_is_refused_by_name(tray: Tray, codec: Codec) -> None:
    others = tuple(other for other in CODECS if other != codec)
    refusal = refused(tray, heif.picture(pictures.photo(), codec), Limits(extra_formats=others))
    assert refusal.code == "unsupported_image_type"
    assert codec.upper() in refusal.detail and "EXTRA_IMAGE_FORMATS" in refusal.detail


def test_without_its_decoder_heic_is_refused_with_the_way_to_get_one(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = heif.picture(pictures.flat((1, 2, 3), 401, 401), "heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    refusal = refused(tray, data)
    assert refusal.code == "unsupported_image_type"
    assert "pillow-heif" in refusal.detail and "README" in refusal.detail
    take(tray, heif.picture(pictures.photo(), "avif"))


def test_what_is_no_picture_hears_of_all_that_are_taken(tray: Tray) -> None:
    refusal = refused(tray, b"no picture")
    assert "JPEG, PNG, GIF, WebP, HEIC or AVIF" in refusal.detail
    assert {"image/jpeg", "image/heic", "image/avif"} < set(refusal.facts["accepted"])


@pytest.mark.parametrize("codec", CODECS)
def test_sides_outside_the_limits_are_refused_by_the_header(tray: Tray, codec: Codec) -> None:
    def lying(width: int, height: int) -> bytes:
        item = heif.coded(pictures.flat((9, 9, 9)), codec)
        item.properties[0] = heif.ispe(width, height)
        return heif.heif([item])

    small = refused(tray, lying(399, 800))
    assert (small.code, small.facts["limit"]) == ("image_too_small", 400)
    for sides in ((4097, 400), (30_000, 30_000), (2**32 - 1, 2**32 - 1)):
        large = refused(tray, lying(*sides))
        assert (large.code, large.facts["width"]) == ("image_dimensions_too_large", sides[0])
    hidden = heif.coded(pictures.flat((9, 9, 9)), codec, heif.clap(500, 500))
    hidden.properties[0] = heif.ispe(20_000, 20_000)
    assert refused(tray, heif.heif([hidden])).code == "image_too_complex"


@pytest.mark.parametrize("codec", CODECS)
def test_pixels_of_another_size_than_was_said_are_refused(tray: Tray, codec: Codec) -> None:
    for sides in ((640, 481), (480, 640), (2000, 2000), (400, 400)):
        item = heif.coded(pictures.photo(640, 480), codec)
        item.properties[0] = heif.ispe(*sides)
        assert refused(tray, heif.heif([item])).code == "image_corrupt", sides


def test_tiles_that_do_not_make_the_picture_are_refused(tray: Tray) -> None:
    def broken(change: Callable[[list[heif.Item]], object]) -> str:
        items = heif.grid(pictures.photo(900, 700), "heic", 256)
        change(items)
        return refused(tray, heif.heif(items)).code

    def resized(width: int, height: int) -> Callable[[list[heif.Item]], object]:
        def change(items: list[heif.Item]) -> None:
            items[0].content = struct.pack(">BBBBHH", 0, 0, 2, 3, width, height)
            items[0].properties[0] = heif.ispe(width, height)

        return change

    assert broken(resized(1300, 700)) == "image_corrupt"
    assert broken(resized(500, 700)) == "image_corrupt"
    assert broken(lambda items: items[0].references[b"dimg"].pop()) == "image_corrupt"
    assert broken(lambda items: items[0].references.clear()) == "image_corrupt"
    assert broken(lambda items: items[0].references.update({b"dimg": [99] * 12})) == "image_corrupt"
    assert broken(lambda items: items[0].references.update({b"dimg": [1] * 12})) == "unsupported_image_type"
    assert broken(lambda items: items[5].properties.__setitem__(0, heif.ispe(512, 256))) == "image_corrupt"
    assert broken(lambda items: setattr(items[0], "content", b"\0\0")) == "image_corrupt"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (b"iovl", "unsupported_image_type"),
        (b"jpeg", "unsupported_image_type"),
        (b"Exif", "unsupported_image_type"),
    ],
)
def test_a_primary_item_of_another_kind_is_refused(tray: Tray, kind: bytes, code: str) -> None:
    item = heif.coded(pictures.photo(), "heic")
    item.kind = kind
    refusal = refused(tray, heif.heif([item]))
    assert refusal.code == code and "JPEG" in refusal.detail


def test_a_file_that_asks_for_itself_again_and_again_is_refused(tray: Tray) -> None:
    data = bytearray(heif.picture(pictures.photo(), "heic"))
    assert refused(tray, bytes(data).replace(b"pitm", b"xxxx")).code == "image_corrupt"
    items = heif.grid(pictures.flat((9, 9, 9), 512, 512), "heic", 256)
    whole = heif.heif(items)
    # All tiles say that they are the whole file.
    place = whole.index(b"iloc") + 12
    entry = struct.Struct(">HHHHII")
    lying = bytearray(whole)
    for number in range(1, len(items)):
        fields = entry.unpack_from(lying, place + entry.size * number)
        entry.pack_into(lying, place + entry.size * number, *fields[:4], 0, len(whole))
    assert refused(tray, bytes(lying)).code == "image_corrupt"


def test_more_properties_than_a_picture_needs_are_refused(tray: Tray) -> None:
    item = heif.coded(pictures.photo(), "heic")
    item.properties += [(b"pixi", bytes(7))] * (32 - len(item.properties))
    take(tray, heif.heif([item]))
    item.properties.append(item.properties[-1])
    refusal = refused(tray, heif.heif([item]))
    assert (refusal.code, refusal.facts["limit"]) == ("image_too_complex", 32)
    item.properties = [*item.properties[:3], (b"pixi", bytes(64 * 1024 + 1))]
    assert refused(tray, heif.heif([item])).code == "image_too_complex"


def test_places_without_length_are_counted_too(tray: Tray) -> None:
    whole = heif.picture(pictures.photo(), "heic")
    start = whole.index(b"iloc") - 4
    length = int.from_bytes(whole[start : start + 4], "big")
    # Each says 65,535 times that it is nowhere and nothing, which takes no room in the file.
    places = struct.pack(">HHH", 1, 0, 65_535) * 100
    lying = heif.full(b"iloc", struct.pack(">BBH", 0, 0, 100) + places)
    meta = whole.index(b"meta") - 4
    changed = bytearray(whole[:start] + lying + whole[start + length :])
    size = int.from_bytes(whole[meta : meta + 4], "big") + len(lying) - length
    changed[meta : meta + 4] = size.to_bytes(4, "big")
    refusal = refused(tray, bytes(changed))
    assert (refusal.code, refusal.facts["limit"]) == ("image_too_complex", 8_000)


def _units(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
def test_pixels_overwritten_with_zeros_are_refused(tray: Tray, part: float) -> None:
    item = heif.coded(pictures.photo(), "heic")
    take(tray, heif.heif([item]))
    kept = int(len(item.content) * part)
    item.content = item.content[:kept] + bytes(len(item.content) - kept)
    assert refused(tray, heif.heif([item])).code == "image_corrupt"


def test_pixels_in_pieces_that_do_not_fit_are_refused(tray: Tray) -> None:
    item = heif.coded(pictures.photo(), "heic")
    whole = item.content
    first = whole[4 : 4 + int.from_bytes(whole[:4], "big")]
    for content in (
        whole + b"\1",  # more than the units
        whole + _units(first[:2]),  # a unit of a header alone
        _units(b"\x40\1\1"),  # nothing but a description
        _units(b"\xff" + first[1:]),  # a type that is none
        _units(first[:1] + b"\0" + first[2:]),  # a layer in time that is none
        whole[:4] + _units(*[b"\x40\1\1"] * 9),  # another length than there is
    ):
        item.content = content
        assert refused(tray, heif.heif([item])).code == "image_corrupt", content[:9]


WHOLE: dict[str, Callable[[], bytes]] = {
    "heic": lambda: heif.picture(pictures.photo(400, 400), "heic", heif.irot(1)),
    "avif": lambda: heif.picture(pictures.photo(400, 400), "avif", heif.irot(1)),
    "tiles": lambda: heif.heif(heif.grid(pictures.photo(500, 400), "heic", 256)),
    "transparent": lambda: heif.with_alpha(pictures.photo(400, 400).convert("RGBA"), "avif"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_picture_cut_off_anywhere_is_refused(tray: Tray, name: str) -> None:
    data = WHOLE[name]()
    take(tray, data)
    lengths = {*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 24, len(data)), *range(48)}
    for length in sorted(lengths):
        assert refused(tray, data[:length]).code in ("image_corrupt", "unsupported_image_type"), length


@pytest.mark.parametrize("codec", CODECS)
def test_pixels_that_end_early_are_refused(tray: Tray, codec: Codec) -> None:
    item = heif.coded(pictures.photo(400, 400), codec)
    whole = item.content
    for missing in (len(whole) // 2, len(whole) - 40):
        item.content = whole[: len(whole) - missing]
        assert refused(tray, heif.heif([item])).code == "image_corrupt", missing


def test_junk_behind_the_last_box_is_cut_away(tray: Tray) -> None:
    data = heif.picture(pictures.photo(), "avif")
    take(tray, data)
    clean = tray.clean.read_bytes()
    for junk in (b"\0" * 7, SECRET * 100, pictures.jpeg(comment=SECRET)):
        take(tray, data + junk)
        assert tray.clean.read_bytes() == clean


def test_four_formats_stay_the_default(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(heif.picture(pictures.photo(), "avif"))
    with pytest.raises(PictureRefused) as caught:
        verify(source, tmp_path / "clean", tmp_path / "thumb")
    assert caught.value.code == "unsupported_image_type"
