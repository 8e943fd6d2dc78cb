"""HEIF: the boxes around the pictures of phones (HEIC) and of AVIF files.

Such a file holds items: pictures, the tiles that a picture is put together from, its transparency,
thumbnails, depth, gain maps, EXIF, whole bursts. The one that counts is the *primary* item. `walk` follows
it to what it needs and writes that into a new, minimal file, so a decoder meets no other item, no private
one, and no number that was not looked at here. Turning, mirroring and trimming are taken out and done by us.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from math import floor

from app.imaging import icc, origin
from app.imaging.containers import hevc
from app.imaging.errors import PictureRefused, corrupt, too_complex, unsupported_inside
from app.imaging.formats import ExtraFormat
from app.imaging.origin import SourceType


class Step(Enum):
    """What is done to the decoded picture, one after the other."""

    TURN_LEFT = "turn left"
    TURN_AROUND = "turn around"
    TURN_RIGHT = "turn right"
    SWAP_TOP_AND_BOTTOM = "swap top and bottom"
    SWAP_LEFT_AND_RIGHT = "swap left and right"


@dataclass(frozen=True, slots=True)
class Trim:
    """A part of the picture is kept, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Cicp:
    """How colours are coded, by the numbers of ITU-T H.273."""

    primaries: int
    transfer: int


@dataclass(frozen=True, slots=True)
class HeifAnatomy:
    """The primary picture. It is decoded as `coded_width` × `coded_height`, and upright after `steps`.

    `source_type` and `has_manifest` as of `Anatomy`."""

    format: ExtraFormat
    clean: bytes
    coded_width: int
    coded_height: int
    width: int
    height: int
    steps: tuple[Step | Trim, ...] = ()
    profile: icc.Profile | None = None
    cicp: Cicp | None = None
    source_type: SourceType | None = None
    has_manifest: bool = False


_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2", b"avif", b"avis")
)
_MAX_BRANDS = 32
_CODECS: dict[bytes, tuple[ExtraFormat, bytes]] = {b"hvc1": ("heic", b"hvcC"), b"av01": ("avif", b"av1C")}
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")
# What a decoder needs to know of an item; all else is kept from it.
_FOR_DECODERS = frozenset((b"ispe", b"hvcC", b"av1C", b"pixi", b"auxC"))
# Properties that change nothing which we keep.
_HARMLESS = frozenset(
    (b"pasp", b"a1lx", b"clli", b"mdcv", b"cclv", b"amve", b"rloc", b"udes", b"altt", b"colr")
)
_KNOWN_BOXES = frozenset((b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"idat", b"wide"))

# The `uuid` box that C2PA keeps its manifests in.
_MANIFEST = b"uuid" + bytes.fromhex("d8fec3d61b0e483c92975828877ec481")

_MAX_BOXES = 1_000
_MAX_ITEMS = 4_000
_MAX_TILES = 256
_MAX_EXTENTS = 8_000
_MAX_PROPERTIES = 32
"""So many properties may one item have, one named again among them."""
_MAX_PROPERTY_BYTES = 64 * 1024
"""No property is larger but a colour profile."""
_LARGEST_TILE_EXCESS = 4
"""All tiles together have at most so many times the pixels of their picture."""


def is_heif(data: bytes) -> bool:
    """Whether the file begins as a HEIF picture does, whatever codec is inside."""
    size = int.from_bytes(data[:4], "big")
    if data[4:8] != b"ftyp" or not 16 <= size <= len(data):
        return False
    end = min(size, 16 + 4 * _MAX_BRANDS)
    return any(data[at : at + 4] in _BRANDS for at in (8, *range(16, end - 3, 4)))


def walk(data: bytes) -> HeifAnatomy:
    """Checks the file's structure and takes the primary picture out of it.

    Raises `PictureRefused` when it is damaged, cut off, a bomb, or of a kind that no phone makes.
    """
    meta = _Meta(data)
    primary = meta.item(meta.primary_id)
    codec, coded = _coded_sides(meta, primary)
    alpha = meta.alpha_of(primary)
    if alpha is not None and _coded_sides(meta, alpha) != (codec, coded):
        alpha = None
    steps, sides = _steps(primary, coded)
    profile, cicp = _colour(meta, primary)
    format, _ = _CODECS[codec]
    return HeifAnatomy(
        format=format,
        clean=_written(meta, codec, primary, alpha),
        coded_width=coded[0],
        coded_height=coded[1],
        width=sides[0],
        height=sides[1],
        steps=steps,
        profile=profile,
        cicp=cicp,
        source_type=meta.source_type(),
        has_manifest=_MANIFEST in data,
    )


@dataclass(frozen=True, slots=True)
class _Property:
    """`number` is its place in the file's list, which several items may name."""

    number: int
    kind: bytes
    body: bytes
    is_essential: bool


@dataclass(slots=True)
class _Item:
    id: int
    kind: bytes
    extents: list[tuple[bool, int, int]] = field(default_factory=list)  # in idat?, offset, length
    properties: list[_Property] = field(default_factory=list)
    references: dict[bytes, list[int]] = field(default_factory=dict)

    def property(self, kind: bytes) -> bytes | None:
        return next((each.body for each in self.properties if each.kind == kind), None)


class _Meta:
    """The items of a file, as its `meta` box lists them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._idat = b""
        self._items: dict[int, _Item] = {}
        self.primary_id = 0
        # Ranges may overlap, so a small file could ask for itself many times over.
        self._bytes_left = len(data)
        boxes = dict(_boxes(_top_level(data), 4))
        if b"pitm" not in boxes or b"iinf" not in boxes or b"iloc" not in boxes or b"iprp" not in boxes:
            raise corrupt("the file names no picture")
        self._idat = boxes.get(b"idat", b"")
        try:
            self._read_items(boxes[b"iinf"])
            self.primary_id = _number(boxes[b"pitm"], 4, 2 if boxes[b"pitm"][0] == 0 else 4)
            self._read_locations(boxes[b"iloc"])
            self._read_references(boxes.get(b"iref", bytes(4)))
            self._read_properties(boxes[b"iprp"])
        except (IndexError, struct.error):
            raise corrupt("a box that ends too early") from None

    def item(self, item_id: int) -> _Item:
        item = self._items.get(item_id)
        if item is None:
            raise corrupt("a picture that is named and not there")
        return item

    def content(self, item: _Item) -> bytes:
        """The item's bytes."""
        parts = []
        for is_inside, offset, length in item.extents:
            source = self._idat if is_inside else self._data
            if offset + length > len(source):
                raise corrupt("the file ends before the picture does")
            self._bytes_left -= length
            if self._bytes_left < 0:
                raise corrupt("pictures that lie over each other")
            parts.append(source[offset : offset + length])
        content = b"".join(parts)
        if not content:
            raise corrupt("a picture without content")
        return content

    def source_type(self) -> SourceType | None:
        """What the file's metadata says of its origin. Metadata that is broken says nothing."""
        for item in self._items.values():
            if item.kind == b"mime":
                with suppress(PictureRefused):
                    if found := origin.source_type_in(self.content(item)):
                        return found
        return None

    def alpha_of(self, picture: _Item) -> _Item | None:
        """The transparency of a picture, when it has one."""
        for item in self._items.values():
            kind = (item.property(b"auxC") or b"")[4:]
            if picture.id in item.references.get(b"auxl", ()) and kind.startswith(_ALPHA):
                return item
        return None

    def _read_items(self, body: bytes) -> None:
        wide = body[0] != 0
        count, start = _number(body, 4, 4 if wide else 2), 8 if wide else 6
        if count > _MAX_ITEMS:
            raise too_complex("too many parts", limit=_MAX_ITEMS)
        for kind, entry in _boxes(body, start, limit=_MAX_ITEMS):
            if kind == b"infe" and entry[0] in (2, 3):
                size = 2 if entry[0] == 2 else 4
                item_id = _number(entry, 4, size)
                self._items[item_id] = _Item(item_id, entry[6 + size : 10 + size])

    def _read_locations(self, body: bytes) -> None:
        version = body[0]
        if version > 2:
            raise corrupt("a list of places of an unknown kind")
        offset_size, length_size = body[4] >> 4, body[4] & 15
        base_size, index_size = body[5] >> 4, body[5] & 15 if version else 0
        if any(size not in (0, 4, 8) for size in (offset_size, length_size, base_size, index_size)):
            raise corrupt("a list of places of an unknown kind")
        id_size = 4 if version == 2 else 2
        count, position = _number(body, 6, id_size), 6 + id_size
        if count > _MAX_ITEMS:
            raise too_complex("too many parts", limit=_MAX_ITEMS)
        extents_left = _MAX_EXTENTS
        for _ in range(count):
            item = self._items.get(_number(body, position, id_size))
            position += id_size
            method = _number(body, position, 2) & 15 if version else 0
            position += 2 if version else 0
            data_reference = _number(body, position, 2)
            base = _number(body, position + 2, base_size)
            extents = _number(body, position + 2 + base_size, 2)
            position += 4 + base_size
            step = index_size + offset_size + length_size
            # They may take no room at all in the file, and then its length is no limit.
            extents_left -= extents
            if extents_left < 0:
                raise too_complex("too many parts", limit=_MAX_EXTENTS)
            if extents * step > len(body) - position:
                raise corrupt("a box that ends too early")
            for _ in range(extents):
                position += index_size
                offset = base + _number(body, position, offset_size)
                length = _number(body, position + offset_size, length_size)
                position += offset_size + length_size
                if item is not None and method in (0, 1) and data_reference == 0:
                    item.extents.append((method == 1, offset, length))

    def _read_references(self, body: bytes) -> None:
        size = 4 if body[0] else 2
        for kind, entry in _boxes(body, 4, limit=_MAX_ITEMS):
            item = self._items.get(_number(entry, 0, size))
            count = _number(entry, size, 2)
            if item is None or kind in item.references:
                continue
            if size + 2 + count * size > len(entry):
                raise corrupt("a box that ends too early")
            item.references[kind] = [_number(entry, size + 2 + size * index, size) for index in range(count)]

    def _read_properties(self, body: bytes) -> None:
        listed: list[tuple[bytes, bytes]] = []
        for kind, content in _boxes(body, 0):
            if kind == b"ipco":
                listed = list(_boxes(content, 0, limit=_MAX_ITEMS))
                if any(len(body) > _MAX_PROPERTY_BYTES for name, body in listed if name != b"colr"):
                    raise too_complex("a property too large", limit=_MAX_PROPERTY_BYTES)
            elif kind == b"ipma":
                self._read_associations(content, listed)

    def _read_associations(self, body: bytes, listed: list[tuple[bytes, bytes]]) -> None:
        id_size, is_wide = 4 if body[0] else 2, bool(body[3] & 1)
        count, position = _number(body, 4, 4), 8
        if count > _MAX_ITEMS:
            raise too_complex("too many parts", limit=_MAX_ITEMS)
        for _ in range(count):
            item = self._items.get(_number(body, position, id_size))
            position += id_size
            size = 2 if is_wide else 1
            entries = body[position]
            position += 1
            for _ in range(entries):
                value = _number(body, position, size)
                position += size
                flag = 0x8000 if is_wide else 0x80
                index = value & (flag - 1)
                if item is not None and index:
                    if len(item.properties) == _MAX_PROPERTIES:
                        raise too_complex("too many properties", limit=_MAX_PROPERTIES)
                    kind, content = listed[index - 1]
                    item.properties.append(_Property(index, kind, content, bool(value & flag)))


def _coded_sides(meta: _Meta, item: _Item) -> tuple[bytes, tuple[int, int]]:
    """The codec of a picture and its width and height before `_steps`."""
    sides = _ispe(item)
    for each in item.properties:
        kind = each.kind
        known = kind in _FOR_DECODERS or kind in _HARMLESS or kind in (b"irot", b"imir", b"clap")
        if each.is_essential and not known:
            raise unsupported_inside()
    if item.kind in _CODECS:
        if item.property(_CODECS[item.kind][1]) is None:
            raise corrupt("a picture without the set-up of its decoder")
        return item.kind, sides
    if item.kind != b"grid":
        raise unsupported_inside()
    tiles = [meta.item(tile) for tile in item.references.get(b"dimg", ())]
    rows, columns, width, height = _grid(meta.content(item))
    if not tiles or len(tiles) != rows * columns or len(tiles) > _MAX_TILES:
        raise corrupt("tiles that do not make the picture")
    codec, (tile_width, tile_height) = tiles[0].kind, _ispe(tiles[0])
    for tile in tiles:
        if tile.kind not in _CODECS:
            raise unsupported_inside()
        if tile.kind != codec or _coded_sides(meta, tile)[1] != (tile_width, tile_height):
            raise corrupt("tiles that do not make the picture")
    # The last row and column may reach beyond the picture, and only they.
    if not (columns - 1) * tile_width < width <= columns * tile_width:
        raise corrupt("tiles that do not make the picture")
    if not (rows - 1) * tile_height < height <= rows * tile_height:
        raise corrupt("tiles that do not make the picture")
    if len(tiles) * tile_width * tile_height > _LARGEST_TILE_EXCESS * width * height:
        raise too_complex("tiles much larger than their picture")
    if sides != (width, height):
        raise corrupt("a picture of another size than it says")
    return codec, (width, height)


def _grid(body: bytes) -> tuple[int, int, int, int]:
    """Rows, columns, width and height."""
    size = 4 if len(body) > 1 and body[1] & 1 else 2
    if len(body) < 4 + 2 * size:
        raise corrupt("a box that ends too early")
    return body[2] + 1, body[3] + 1, _number(body, 4, size), _number(body, 4 + size, size)


def _ispe(item: _Item) -> tuple[int, int]:
    body = item.property(b"ispe")
    if body is None or len(body) < 12:
        raise corrupt("a picture that does not say its size")
    width, height = struct.unpack_from(">II", body, 4)
    if not width or not height:
        raise corrupt("an empty picture")
    return width, height


def _steps(item: _Item, sides: tuple[int, int]) -> tuple[tuple[Step | Trim, ...], tuple[int, int]]:
    """What makes the picture upright, in the file's order, and its sides afterwards."""
    steps: list[Step | Trim] = []
    width, height = sides
    for each in item.properties:
        kind, body = each.kind, each.body
        if kind == b"irot" and body:
            # Quarter turns against the clock.
            turn = (None, Step.TURN_LEFT, Step.TURN_AROUND, Step.TURN_RIGHT)[body[0] & 3]
            if turn is not None:
                steps.append(turn)
            if turn in (Step.TURN_LEFT, Step.TURN_RIGHT):
                width, height = height, width
        elif kind == b"imir" and body:
            steps.append(Step.SWAP_LEFT_AND_RIGHT if body[0] & 1 else Step.SWAP_TOP_AND_BOTTOM)
        elif kind == b"clap":
            trim = _trim(body, width, height)
            steps.append(trim)
            width, height = trim.width, trim.height
        if len(steps) > 8:
            raise too_complex("turned too often")
    return tuple(steps), (width, height)


def _trim(body: bytes, width: int, height: int) -> Trim:
    """The clean aperture: its sides, and how far its middle is from the picture's, as fractions."""
    if len(body) < 32:
        raise corrupt("a box that ends too early")
    try:
        wide, high = (Fraction(*struct.unpack_from(">II", body, at)) for at in (0, 8))
        right, down = (Fraction(*struct.unpack_from(">iI", body, at)) for at in (16, 24))
    except ZeroDivisionError:
        raise corrupt("a part that does not lie on the picture") from None
    kept_width, kept_height = floor(wide), floor(high)
    left, top = (
        floor(Fraction(width - kept_width, 2) + right),
        floor(Fraction(height - kept_height, 2) + down),
    )
    is_inside = 0 <= left <= width - kept_width and 0 <= top <= height - kept_height
    if not is_inside or not kept_width or not kept_height:
        raise corrupt("a part that does not lie on the picture")
    return Trim(left, top, kept_width, kept_height)


def _colour(meta: _Meta, primary: _Item) -> tuple[icc.Profile | None, Cicp | None]:
    """The profile of the picture, or what it says about its colours instead."""
    tiles = primary.references.get(b"dimg", ())
    holders = [primary, *(meta.item(tile) for tile in tiles[:1])]
    bodies = [each.body for item in holders for each in item.properties if each.kind == b"colr"]
    profile = cicp = None
    for body in bodies:
        if profile is None and body[:4] in (b"prof", b"rICC"):
            profile = icc.inspect(body[4:])
            if profile is not None and profile.components != 3:
                profile = None
        elif cicp is None and body[:4] == b"nclx" and len(body) >= 10:
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            cicp = Cicp(primaries, transfer)
    return profile, cicp


# The new file


def _written(meta: _Meta, codec: bytes, primary: _Item, alpha: _Item | None) -> bytes:
    """A file of the picture, its tiles and its transparency, and nothing else."""
    kept: list[_Item] = []
    references: list[tuple[bytes, int, list[int]]] = []

    def keep(item: _Item) -> int:
        kept.append(item)
        number = len(kept)
        if item.kind == b"grid":
            tiles = [keep(meta.item(tile)) for tile in item.references[b"dimg"]]
            references.append((b"dimg", number, tiles))
        return number

    first = keep(primary)
    if alpha is not None:
        references.append((b"auxl", keep(alpha), [first]))

    contents = [_checked(item, meta.content(item)) for item in kept]
    known: list[bytes] = []
    places: dict[int, int] = {}
    associations = []
    for number, item in enumerate(kept, 1):
        indexes = []
        for each in item.properties:
            kind = each.kind
            is_wanted = kind in _FOR_DECODERS or (kind == b"colr" and each.body[:4] == b"nclx")
            if not is_wanted:
                continue
            if each.number not in places:
                known.append(_box(kind, each.body))
                places[each.number] = len(known)
            # A decoder must not go without its set-up.
            indexes.append(places[each.number] | (0x8000 if kind in (b"hvcC", b"av1C") else 0))
        associations.append(struct.pack(f">HB{len(indexes)}H", number, len(indexes), *indexes))

    brand = b"avif" if codec == b"av01" else b"heic"
    start = _box(b"ftyp", brand + bytes(4) + b"mif1" + brand + b"miaf")
    entries = [
        _box(b"infe", struct.pack(">IHH", 0x02000000, number, 0) + item.kind + b"\0")
        for number, item in enumerate(kept, 1)
    ]
    boxes = [
        _box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        _box(b"pitm", struct.pack(">IH", 0, first)),
        _box(b"iinf", struct.pack(">IH", 0, len(kept)) + b"".join(entries)),
    ]
    if references:
        boxes.append(
            _box(
                b"iref",
                bytes(4)
                + b"".join(
                    _box(kind, struct.pack(f">HH{len(targets)}H", source, len(targets), *targets))
                    for kind, source, targets in references
                ),
            )
        )
    boxes.append(
        _box(
            b"iprp",
            _box(b"ipco", b"".join(known))
            + _box(b"ipma", struct.pack(">II", 1, len(kept)) + b"".join(associations)),
        )
    )
    # The places are known once the length of everything before them is.
    ahead = len(start) + 12 + sum(map(len, boxes)) + 16 + 14 * len(kept) + 8
    locations = []
    for number, content in enumerate(contents, 1):
        locations.append(struct.pack(">HHHII", number, 0, 1, ahead, len(content)))
        ahead += len(content)
    boxes.append(_box(b"iloc", struct.pack(">IBBH", 0, 0x44, 0, len(kept)) + b"".join(locations)))
    return b"".join([start, _box(b"meta", bytes(4) + b"".join(boxes)), _box(b"mdat", b"".join(contents))])


def _checked(item: _Item, content: bytes) -> bytes:
    if item.kind == b"hvc1":
        hevc.check(item.property(b"hvcC") or b"", content)
    return content


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


# Reading boxes


def _top_level(data: bytes) -> bytes:
    """The body of the `meta` box. Every box of the file must be whole; what is no box ends the file."""
    meta = None
    position = 0
    for _ in range(_MAX_BOXES):
        if position + 8 > len(data):
            break
        kind, start, end = _header(data, position, len(data))
        if kind not in _KNOWN_BOXES and end > len(data):
            break
        if end > len(data):
            raise corrupt("the file ends before the picture does")
        if kind == b"meta" and meta is None:
            meta = data[start:end]
        position = end
    if meta is None or len(meta) < 4:
        raise corrupt("the file holds no picture")
    return meta


def _boxes(body: bytes, position: int, limit: int = _MAX_BOXES) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(limit):
        if position >= len(body):
            return
        if position + 8 > len(body):
            raise corrupt("a box that ends too early")
        kind, start, end = _header(body, position, len(body))
        if end > len(body):
            raise corrupt("a box longer than its file")
        yield kind, body[start:end]
        position = end
    if position < len(body):
        raise too_complex("too many parts", limit=limit)


def _header(data: bytes, position: int, end: int) -> tuple[bytes, int, int]:
    """A box's kind, where its body begins and where it ends."""
    size, kind = struct.unpack_from(">I4s", data, position)
    start = position + 8
    if size == 1:
        if start + 8 > end:
            raise corrupt("a box that ends too early")
        size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
    elif size == 0:
        size = end - position
    if position + size < start:
        raise corrupt("a box smaller than its header")
    return kind, start, position + size


def _number(data: bytes, position: int, size: int) -> int:
    if position + size > len(data):
        raise corrupt("a box that ends too early")
    return int.from_bytes(data[position : position + size], "big")
