"""HEIC and AVIF files, put together box by box: tiles, turns, colours, transparency, lies and bombs.

Encoders write the compressed pixels; the boxes around them are written here, so that a test can say anything.
"""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyvips
from PIL import Image

from tests.factories_pictures import SECRET, exif

Codec = Literal["heic", "avif"]
Property = tuple[bytes, bytes]

_KINDS: dict[Codec, tuple[bytes, bytes]] = {"heic": (b"hvc1", b"hvcC"), "avif": (b"av01", b"av1C")}
ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
NCLX_SRGB = (1, 13, 6)
NCLX_P3 = (12, 13, 6)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def full(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + body)


@dataclass
class Item:
    """One item of a file. `place` is where its bytes are: beside everything (mdat) or in the list (idat)."""

    kind: bytes
    content: bytes
    properties: list[Property] = field(default_factory=list)
    references: dict[bytes, list[int]] = field(default_factory=dict)
    place: Literal["mdat", "idat"] = "mdat"


def ispe(width: int, height: int) -> Property:
    return b"ispe", struct.pack(">III", 0, width, height)


def nclx(primaries: int, transfer: int, matrix: int, *, full_range: bool = True) -> Property:
    return b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, matrix, 0x80 if full_range else 0)


def profile(data: bytes) -> Property:
    return b"colr", b"prof" + data


def irot(quarter_turns_left: int) -> Property:
    return b"irot", bytes([quarter_turns_left])


def imir(axis: int) -> Property:
    return b"imir", bytes([axis])


def clap(
    width: int, height: int, right: tuple[int, int] = (0, 1), down: tuple[int, int] = (0, 1)
) -> Property:
    return b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, *right, *down)


def heif(
    items: Sequence[Item],
    *,
    primary: int = 1,
    brands: Sequence[bytes] = (b"heic", b"mif1"),
    after: bytes = b"",
) -> bytes:
    """A file of these items; they are numbered from 1."""
    known: list[Property] = []
    associations = b""
    for number, item in enumerate(items, 1):
        indexes = []
        for entry in item.properties:
            if entry not in known:
                known.append(entry)
            essential = 0x8000 if entry[0] in (b"hvcC", b"av1C", b"irot", b"imir", b"clap") else 0
            indexes.append(known.index(entry) + 1 | essential)
        associations += struct.pack(f">HB{len(indexes)}H", number, len(indexes), *indexes)
    references = b"".join(
        box(kind, struct.pack(f">HH{len(targets)}H", number, len(targets), *targets))
        for number, item in enumerate(items, 1)
        for kind, targets in item.references.items()
    )
    idat = b"".join(item.content for item in items if item.place == "idat")
    start = box(b"ftyp", brands[0] + bytes(4) + b"".join(brands))

    def meta(ahead: int) -> bytes:
        places, within = b"", 0
        for number, item in enumerate(items, 1):
            is_inside = item.place == "idat"
            offset = within if is_inside else ahead
            places += struct.pack(">HHHHII", number, int(is_inside), 0, 1, offset, len(item.content))
            within += len(item.content) if is_inside else 0
            ahead += 0 if is_inside else len(item.content)
        entries = b"".join(
            full(b"infe", struct.pack(">HH", number, 0) + item.kind + b"\0", version=2)
            for number, item in enumerate(items, 1)
        )
        return full(
            b"meta",
            full(b"hdlr", bytes(4) + b"pict" + bytes(13))
            + full(b"pitm", struct.pack(">H", primary))
            + full(b"iinf", struct.pack(">H", len(items)) + entries)
            + (full(b"iref", references) if references else b"")
            + box(
                b"iprp",
                box(b"ipco", b"".join(box(*entry) for entry in known))
                + full(b"ipma", struct.pack(">I", len(items)) + associations, flags=1),
            )
            + (box(b"idat", idat) if idat else b"")
            + full(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)) + places, version=1),
        )

    length = len(start) + len(meta(0)) + 8
    contents = b"".join(item.content for item in items if item.place == "mdat")
    return start + meta(length) + box(b"mdat", contents) + after


@functools.lru_cache(maxsize=64)
def _encoded(
    pixels: bytes, size: tuple[int, int], mode: str, codec: Codec, depth: int
) -> tuple[bytes, bytes]:
    """The set-up of the decoder and the compressed pixels, as an encoder wrote them."""
    if codec == "heic":
        import pillow_heif

        kind = f"{mode};16" if depth > 8 else mode
        if depth > 8:
            wide = np.frombuffer(pixels, np.uint8).astype(np.uint16) * 257
            pixels = wide.tobytes()
        stream = io.BytesIO()
        picture = pillow_heif.from_bytes(kind, size, pixels)
        picture.save(
            stream,
            quality=95,
            chroma=444,
            matrix_coefficients=6,
            save_nclx_profile=True,
            # A tenth of the work for a slightly larger file.
            enc_params={"preset": "ultrafast"},
        )
        data = stream.getvalue()
    else:
        bands = len(mode)
        image = pyvips.Image.new_from_memory(pixels, *size, bands, "uchar").copy(
            interpretation="srgb" if bands > 2 else "b-w"
        )
        if depth > 8:
            image = (image.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
        data = bytes(
            image.heifsave_buffer(
                compression="av1", Q=90, effort=0, subsample_mode="off", bitdepth=depth, keep="none"
            )
        )
    set_up = data.index(_KINDS[codec][1])
    length = int.from_bytes(data[set_up - 4 : set_up], "big")
    mdat = data.index(b"mdat")
    size_of_mdat = int.from_bytes(data[mdat - 4 : mdat], "big")
    return data[set_up + 4 : set_up - 4 + length], data[mdat + 4 : mdat - 4 + size_of_mdat]


def coded(image: Image.Image, codec: Codec, *properties: Property, depth: int = 8) -> Item:
    """A picture as one item. `properties` come after its size and set-up.

    HEVC has even sides of 64 or more: a smaller picture is one that is trimmed, as every encoder does it.
    """
    trimmed = list(properties)
    width, height = image.size
    if codec == "heic" and (width % 2 or height % 2 or min(width, height) < 64):
        padded = (max(64, width + width % 2), max(64, height + height % 2))
        right, down = width - padded[0], height - padded[1]
        trimmed.insert(0, clap(width, height, (right, 2), (down, 2)))
        larger = Image.new(image.mode, padded)
        larger.paste(image)
        image = larger
    set_up, content = _encoded(image.tobytes(), image.size, image.mode, codec, depth)
    kind, set_up_kind = _KINDS[codec]
    return Item(kind, content, [ispe(*image.size), (set_up_kind, set_up), *trimmed])


def picture(
    image: Image.Image, codec: Codec, *properties: Property, depth: int = 8, colours: bool = True
) -> bytes:
    """A file of one picture."""
    given = properties if not colours else (nclx(*NCLX_SRGB), *properties)
    return heif([coded(image, codec, *given, depth=depth)], brands=_brands(codec))


def grid(
    image: Image.Image,
    codec: Codec,
    tile: int,
    *properties: Property,
    place: Literal["mdat", "idat"] = "idat",
) -> list[Item]:
    """A picture of square tiles, as phones write them. The last ones may reach beyond its edges."""
    columns, rows = -(-image.width // tile), -(-image.height // tile)
    items = [
        Item(
            b"grid",
            struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *image.size),
            [ispe(*image.size), nclx(*NCLX_SRGB), *properties],
            {b"dimg": list(range(2, 2 + rows * columns))},
            place,
        )
    ]
    for row in range(rows):
        for column in range(columns):
            part = image.crop((column * tile, row * tile, (column + 1) * tile, (row + 1) * tile))
            items.append(coded(part, codec, nclx(*NCLX_SRGB)))
    return items


def with_alpha(image: Image.Image, codec: Codec) -> bytes:
    """`image` (RGBA) with its transparency as an item of its own."""
    alpha = coded(image.getchannel("A"), codec, (b"auxC", bytes(4) + ALPHA))
    alpha.references[b"auxl"] = [1]
    return heif([coded(image.convert("RGB"), codec, nclx(*NCLX_SRGB)), alpha], brands=_brands(codec))


def with_secrets(image: Image.Image, codec: Codec, *properties: Property) -> bytes:
    """As a phone writes it: EXIF, XMP, a thumbnail, a gain map, a second picture, all with secrets."""
    small = image.resize((160, 120))
    thumbnail = coded(small, codec)
    thumbnail.references[b"thmb"] = [1]
    exif_item = Item(b"Exif", bytes(4) + exif(6), references={b"cdsc": [1]})
    xmp = Item(b"mime", b"<x>" + SECRET + b"</x>", references={b"cdsc": [1]})
    gain_map = bytes(4) + b"urn:com:apple:photo:2020:aux:hdrgainmap\0" + SECRET
    gain = coded(small.convert("L"), codec, (b"auxC", gain_map))
    gain.references[b"auxl"] = [1]
    items = [
        coded(image, codec, nclx(*NCLX_SRGB), *properties),
        exif_item,
        thumbnail,
        xmp,
        gain,
        coded(small, codec),
    ]
    hidden = box(b"free", SECRET) + box(b"uuid", bytes(16) + SECRET)
    return heif(items, brands=_brands(codec), after=hidden) + SECRET


def _brands(codec: Codec) -> Sequence[bytes]:
    return (b"heic", b"mif1", b"heic") if codec == "heic" else (b"avif", b"mif1", b"miaf")
