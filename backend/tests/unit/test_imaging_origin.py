"""What a picture says of where it comes from: written, kept, carried on, and read by somebody else."""

from __future__ import annotations

import functools
import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageSequence

from app.imaging import RECIPES, Limits, SourceType, Verified, is_clean, render, verify
from tests import factories_heif as heif
from tests import factories_pictures as pictures
from tests.factories_pictures import SECRET
from tests.servers.exiftool import read_metadata

GENERATED, COMPOSITE = SourceType.GENERATED, SourceType.COMPOSITE
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
URI = {
    GENERATED: f"{VOCABULARY}trainedAlgorithmicMedia",
    COMPOSITE: f"{VOCABULARY}compositeWithTrainedAlgorithmicMedia",
}
PHOTO = pictures.photo(400, 400)
PLAIN: dict[str, Callable[[], bytes]] = {
    "jpeg": functools.cache(lambda: pictures.jpeg(PHOTO)),
    "png": functools.cache(lambda: pictures.png(PHOTO)),
    "webp": functools.cache(lambda: pictures.webp(PHOTO)),
    "lossless webp": functools.cache(lambda: pictures.webp(PHOTO, lossless=True)),
    "animated webp": lambda: pictures.animated("WEBP"),
    "gif": functools.cache(lambda: pictures.gif(PHOTO)),
    "animated gif": lambda: pictures.animated("GIF"),
}


class Tray:
    """A folder with one picture to take in, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source, self.clean, self.thumb = folder / "source", folder / "clean", folder / "thumb"

    def take(self, data: bytes, source_type: SourceType | None = None) -> Verified:
        self.source.write_bytes(data)
        limits = Limits(extra_formats=("heic", "avif"))
        return verify(self.source, self.clean, self.thumb, limits, source_type=source_type)

    def keeps(self, data: bytes) -> SourceType | None:
        """What the kept file says of its origin, and nothing private is left in it."""
        verified = self.take(data)
        kept = self.clean.read_bytes()
        assert SECRET not in kept
        assert is_clean(kept, verified.format, source_type=verified.source_type)
        assert (b"digitalsourcetype" in kept) is (verified.source_type is not None)
        return verified.source_type


@pytest.fixture
def tray(tmp_path: Path) -> Tray:
    return Tray(tmp_path)


# Written


def test_somebody_else_reads_it_in_every_format_and_every_rendition(tray: Tray) -> None:
    files, expected = [], []
    for source_type, uri in URI.items():
        for name, make in PLAIN.items():
            verified = tray.take(make(), source_type)
            original = tray.folder / f"{name} {source_type.value}.{verified.extension}"
            tray.clean.rename(original)
            written = [original]
            for recipe in RECIPES.values() if name in ("jpeg", "animated gif") else ():
                target = tray.folder / f"{name} {source_type.value} {recipe.name}.{recipe.extension}"
                render(original, recipe, target, source_type=source_type)
                written.append(target)
            files += written
            expected += [uri] * len(written)
    told = read_metadata(*files)
    assert [each["XMP-iptcExt:DigitalSourceType"] for each in told] == expected
    for each in told:
        assert not [name for name in each if "Warning" in name or "Error" in name], each
        groups = {name.partition(":")[0] for name in each} - {
            "SourceFile",
            "System",
            "File",
            "Composite",
            "ExifTool",
        }
        assert groups <= {"XMP-iptcExt", "XMP-x", "JFIF", "PNG", "PNG-pHYs", "GIF", "RIFF"}, each


@pytest.mark.parametrize("name", PLAIN)
def test_marking_changes_no_pixel_and_is_done_once(tray: Tray, name: str) -> None:
    data = PLAIN[name]()
    verified = tray.take(data, COMPOSITE)
    kept = tray.clean.read_bytes()
    assert verified.source_type is COMPOSITE and verified.file_size == len(kept) > len(data)
    assert not verified.is_reencoded
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(kept))
    for one, other in zip(ImageSequence.Iterator(before), ImageSequence.Iterator(after), strict=True):
        assert one.info.get("duration") == other.info.get("duration")
        assert np.array_equal(np.asarray(one.convert("RGBA")), np.asarray(other.convert("RGBA")))
    assert before.info.get("loop") == after.info.get("loop")
    # It is known again with nobody telling, and what is known better wins.
    assert tray.keeps(kept) is COMPOSITE
    assert tray.clean.read_bytes() == kept
    assert tray.take(kept, GENERATED).source_type is GENERATED
    assert tray.clean.read_bytes().count(b"digitalsourcetype") == 1


@pytest.mark.parametrize("name", ["gif", "animated gif"])
def test_a_marked_gif_is_whole_for_players_that_know_nothing_of_xmp(tray: Tray, name: str) -> None:
    """They take every extension for a chain of sub-blocks, and must come out at the end of the file."""
    tray.take(PLAIN[name](), GENERATED)
    kept = tray.clean.read_bytes()
    assert kept.startswith(b"GIF89a")
    position = kept.index(b"XMP DataXMP") + len("XMP DataXMP")
    while size := kept[position]:
        position += 1 + size
    assert kept[position + 1 :] == b"\x3b"
    frames = 4 if name == "animated gif" else 1
    image = pyvips.Image.gifload_buffer(kept, n=-1, fail_on="warning")
    assert image.height == frames * Image.open(io.BytesIO(kept)).height


@pytest.mark.parametrize("name", PLAIN)
def test_a_kept_file_must_say_what_is_known_of_it(tray: Tray, name: str) -> None:
    format = tray.take(PLAIN[name](), GENERATED).format
    marked = tray.clean.read_bytes()
    assert is_clean(marked, format, source_type=GENERATED)
    assert not is_clean(marked, format, source_type=COMPOSITE)
    assert not is_clean(marked, format, source_type=None)
    tray.take(PLAIN[name]())
    assert not is_clean(tray.clean.read_bytes(), format, source_type=GENERATED)


# Said by a picture that is uploaded


def packet(inside: str, attributes: str = "") -> bytes:
    return (
        "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        f"<rdf:Description rdf:about='' xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'{attributes}>"
        f"<dc:creator>{SECRET.decode()}</dc:creator>{inside}"
        "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    ).encode()


def element(uri: str) -> bytes:
    return packet(f"<Iptc4xmpExt:DigitalSourceType>\n  {uri}\n</Iptc4xmpExt:DigitalSourceType>")


_SECRETIVE_JPEG = functools.cache(lambda: pictures.jpeg_with_secrets(PHOTO))
_SECRETIVE_PNG = functools.cache(lambda: pictures.png_with_secrets(PHOTO))


def in_jpeg(xmp: bytes, header: bytes = b"http://ns.adobe.com/xap/1.0/\0") -> bytes:
    plain = _SECRETIVE_JPEG()
    return plain[:2] + pictures.jpeg_segment(0xE1, header + xmp) + plain[2:]


def in_png(xmp: bytes, *, is_packed: bool = False) -> bytes:
    text = (
        b"XML:com.adobe.xmp\0"
        + bytes([is_packed, 0])
        + b"en\0\0"
        + (zlib.compress(xmp) if is_packed else xmp)
    )
    return pictures.png_with(_SECRETIVE_PNG(), (b"iTXt", text))


def in_webp(xmp: bytes) -> bytes:
    chunks = list(pictures.riff_chunks(pictures.webp_with_secrets()))
    chunks = [(kind, xmp if kind == b"XMP " else body) for kind, body in chunks]
    assert any(kind == b"XMP " for kind, _ in chunks)
    return pictures.riff(chunks)


def in_gif(xmp: bytes) -> bytes:
    trailer = bytes([1, *range(255, -1, -1), 0])
    plain = pictures.animated("GIF")
    # In front of the pictures, where some programs put it.
    at = plain.index(b"\x21\xff\x0bNETSCAPE2.0")
    return plain[:at] + b"\x21\xff\x0bXMP DataXMP" + xmp + trailer + plain[at:]


def in_heif(xmp: bytes) -> bytes:
    items = [
        heif.coded(pictures.photo(), "avif", heif.nclx(*heif.NCLX_SRGB)),
        heif.Item(b"mime", xmp, references={b"cdsc": [1]}),
    ]
    return heif.heif(items, brands=(b"avif", b"mif1"))


PLACES: dict[str, Callable[[bytes], bytes]] = {
    "jpeg": in_jpeg,
    "long jpeg": functools.partial(
        in_jpeg, header=b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + bytes(8)
    ),
    "png": in_png,
    "packed png": functools.partial(in_png, is_packed=True),
    "webp": in_webp,
    "animated gif": in_gif,
    "avif": in_heif,
}


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("source_type", SourceType)
def test_a_picture_that_says_that_a_model_made_it_is_kept_as_such(
    tray: Tray, place: str, source_type: SourceType
) -> None:
    assert tray.keeps(PLACES[place](element(URI[source_type]))) is source_type


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize(
    "shape",
    [
        (" Iptc4xmpExt:DigitalSourceType={quoted}", ""),
        ("", "<Iptc4xmpExt:DigitalSourceType rdf:resource={quoted}/>"),
        ("", "<other:DigitalSourceType xml:lang='x' rdf:resource = {quoted} />"),
    ],
)
def test_it_may_be_said_in_every_way_that_xmp_has(tray: Tray, quote: str, shape: tuple[str, str]) -> None:
    quoted = f"{quote}{URI[COMPOSITE]}{quote}"
    attribute, inside = (part.format(quoted=quoted) for part in shape)
    assert tray.keeps(in_jpeg(packet(inside, attribute))) is COMPOSITE
    # Some write the newer, encrypted address.
    secure = quoted.replace("http:", "https:")
    attribute, inside = (part.format(quoted=secure) for part in shape)
    assert tray.keeps(in_png(packet(inside, attribute))) is COMPOSITE


@pytest.mark.parametrize(
    "xmp",
    [
        b"",
        element(f"{VOCABULARY}digitalCapture"),
        element(f"{VOCABULARY}trainedAlgorithmicMediaX"),
        element("trainedAlgorithmicMedia"),
        packet(f"<dc:description>Unlike {URI[GENERATED]} this was photographed</dc:description>"),
        element(f"{VOCABULARY}digitalCapture") + b" " * 200 + URI[GENERATED].encode(),
        b"<!DOCTYPE x [<!ENTITY a '" + URI[GENERATED].encode() + b"'>]>" + element("&a;"),
        b"\xff\xfe" + element(f"{VOCABULARY}digitalCapture") + bytes(range(256)),
    ],
)
@pytest.mark.parametrize("place", ["jpeg", "packed png"])
def test_whatever_else_is_said_is_not_that(tray: Tray, place: str, xmp: bytes) -> None:
    assert tray.keeps(PLACES[place](xmp)) is None


def test_metadata_that_unpacks_without_end_is_searched_to_a_limit(tray: Tray) -> None:
    said, endless = element(URI[GENERATED]), b" " * 16 * 1024 * 1024
    assert tray.keeps(in_png(said + endless, is_packed=True)) is GENERATED
    assert tray.keeps(in_png(endless + said, is_packed=True)) is None
    # The standard knows one of them in a file, so only the first is unpacked.
    second = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + said)
    unsaid = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + element(f"{VOCABULARY}digitalCapture"))
    assert tray.keeps(pictures.png_with(pictures.png(), second)) is GENERATED
    assert tray.keeps(pictures.png_with(pictures.png_with(pictures.png(), second), unsaid)) is None
    broken = b"XML:com.adobe.xmp\0\1\0\0\0not packed at all"
    assert tray.keeps(pictures.png_with(pictures.png(), (b"iTXt", broken))) is None


def test_what_a_file_says_is_carried_into_a_fresh_encoding(tray: Tray) -> None:
    """Turned by its EXIF, so that nothing of the received file is copied."""
    plain = pictures.jpeg(pictures.photo(), exif=pictures.exif(6))
    data = (
        plain[:2]
        + pictures.jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + element(URI[GENERATED]))
        + plain[2:]
    )
    assert tray.keeps(data) is GENERATED
    with Image.open(tray.clean) as image:
        assert image.size == (480, 640)
