"""HEVC: whether the compressed pixels of an item can be a picture at all.

Its decoder paints over what it cannot read and says nothing, and the library around it has no switch that
makes it strict. So the wrapping is looked at here: units of a stated length that fill the item to its last
byte, each with a header that is allowed, none with a run of zeros that the coding rules out. That finds what
was cut off, overwritten with zeros or written over with something else that has no such units. What is left:
pixels that were replaced by others, or by noise, inside of a unit; those come out as what they decode to.
"""

from __future__ import annotations

import re

from app.imaging.errors import corrupt, too_complex

_MAX_UNITS = 1_000
_FIRST_NOT_PIXELS = 32
"""Types below this carry pixels, and those from it on describe them (ITU-T H.265, table 7-1)."""
_RULED_OUT = re.compile(rb"\x00\x00[\x00-\x02]|\x00\x00\x03[^\x00-\x03]", re.DOTALL)
"""What no unit holds: an encoder puts a 3 after two zeros that a smaller byte would follow (7.4.2)."""


def check(set_up: bytes, content: bytes) -> None:
    """Raises `PictureRefused` where `content` is no access unit of the decoder that `set_up` (hvcC) tells."""
    if len(set_up) < 23:
        raise corrupt("a picture without the set-up of its decoder")
    size = (set_up[21] & 3) + 1
    position = units = 0
    has_pixels = False
    while position < len(content):
        start = position + size
        end = start + int.from_bytes(content[position:start], "big")
        if end > len(content) or end < start + 3:
            raise corrupt("pixels that are cut off")
        units += 1
        if units > _MAX_UNITS:
            raise too_complex("too many parts", limit=_MAX_UNITS)
        kind = content[start] >> 1
        if kind >= 64 or not content[start + 1] & 7:
            raise corrupt("pixels that cannot be read")
        if kind < _FIRST_NOT_PIXELS:
            # The first piece of the picture says that it is the first, and no other does.
            if bool(content[start + 2] & 0x80) is has_pixels:
                raise corrupt("pixels that are cut off")
            has_pixels = True
        if _RULED_OUT.search(content, start, end):
            raise corrupt("pixels that cannot be read")
        position = end
    if not has_pixels:
        raise corrupt("a picture without pixels")
