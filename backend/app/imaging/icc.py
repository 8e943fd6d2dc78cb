"""Reading a colour profile far enough to trust it, and to know whether it is plain sRGB."""

from __future__ import annotations

import struct
from dataclasses import dataclass

# Kept in the stored file up to this size. Beyond it, the picture is converted to sRGB instead.
MAX_KEPT_BYTES = 1024 * 1024
# No profile is read beyond this size: larger ones are dropped unread.
MAX_READ_BYTES = 4 * 1024 * 1024

_COMPONENTS = {b"RGB ": 3, b"GRAY": 1, b"CMYK": 4}
_CLASSES = (b"mntr", b"scnr", b"prtr", b"spac")
_MAX_TAGS = 100

# The sRGB primaries adapted to the D50 of the profile connection space, and the curve's value at one half.
_SRGB_PRIMARIES = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7141),
}
_SRGB_CURVE = {0.1: 0.01002, 0.5: 0.21404, 0.8: 0.60383}


@dataclass(frozen=True, slots=True)
class Profile:
    """A plausible profile. `data` is cut to the length that the profile itself declares."""

    data: bytes
    components: int
    is_srgb: bool


def inspect(data: bytes) -> Profile | None:
    """The profile, or None when it is broken, not for pictures, or too large to look at."""
    if not 132 <= len(data) <= MAX_READ_BYTES or data[36:40] != b"acsp":
        return None
    (size,) = struct.unpack_from(">I", data)
    components = _COMPONENTS.get(data[16:20])
    if not 132 <= size <= len(data) or components is None or data[12:16] not in _CLASSES:
        return None
    (count,) = struct.unpack_from(">I", data, 128)
    if not 1 <= count <= _MAX_TAGS or 132 + 12 * count > size:
        return None
    tags: dict[bytes, bytes] = {}
    for index in range(count):
        name, offset, length = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if offset < 132 or offset + length > size:
            return None
        tags[name] = data[offset : offset + length]
    return Profile(data[:size], components, components == 3 and _is_srgb(tags))


def _is_srgb(tags: dict[bytes, bytes]) -> bool:
    # A table for perceptual rendering overrules the matrix.
    if b"A2B0" in tags:
        return False
    for name, expected in _SRGB_PRIMARIES.items():
        tag = tags.get(name, b"")
        if len(tag) < 20 or tag[:4] != b"XYZ ":
            return False
        found = (value / 65536 for value in struct.unpack_from(">3i", tag, 8))
        if any(abs(a - b) > 0.003 for a, b in zip(found, expected, strict=True)):
            return False
    return all(_is_srgb_curve(tags.get(name, b"")) for name in (b"rTRC", b"gTRC", b"bTRC"))


def _is_srgb_curve(tag: bytes) -> bool:
    try:
        return all(abs(_curve_at(tag, x) - y) < 0.004 for x, y in _SRGB_CURVE.items())
    except (struct.error, ValueError, OverflowError, ZeroDivisionError):
        return False


def _curve_at(tag: bytes, x: float) -> float:
    """The value of a tone curve at `x`. Kinds that sRGB profiles do not use raise `ValueError`."""
    kind = tag[:4]
    if kind == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count < 2:
            raise ValueError("a pure gamma is not the sRGB curve")
        position = x * (count - 1)
        low = min(int(position), count - 2)
        a, b = struct.unpack_from(">2H", tag, 12 + 2 * low)
        return float(a + (b - a) * (position - low)) / 65535
    if kind == b"para" and struct.unpack_from(">H", tag, 8)[0] == 3:
        g, a, b, c, d = (value / 65536 for value in struct.unpack_from(">5i", tag, 12))
        return float((a * x + b) ** g if x >= d else c * x)
    raise ValueError("not a curve that we know")
