"""The one thing we want from EXIF: which way up the picture is."""

from __future__ import annotations

import struct

_ORIENTATION_TAG = 0x0112
_SHORT = 3


def orientation(tiff: bytes) -> int:
    """The EXIF orientation, 1 to 8. Absent or broken EXIF counts as upright (1)."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(tiff[:4]))
    if order is None:
        return 1
    try:
        (first_directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, first_directory)
        for index in range(entries):
            tag, kind, count, value = struct.unpack_from(
                f"{order}HHIH", tiff, first_directory + 2 + 12 * index
            )
            if tag == _ORIENTATION_TAG:
                return value if kind == _SHORT and count == 1 and 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
