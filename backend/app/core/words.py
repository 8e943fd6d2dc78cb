"""Words as a search sees them, the same on every database.

Databases fold letters each in their own way, and some not at all outside of ASCII. So what is searched is
folded here, before it is stored, and so is what somebody looks for.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable

LONGEST_GRAM = 3
# Letters by their category, and yet nothing is seen of them.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Marks that change nothing that can be seen: joiners and the choice of a variant.
_JOINERS = frozenset(
    ["\u034f", "\u17b4", "\u17b5", *map(chr, range(0x180B, 0x1810)), *map(chr, range(0xFE00, 0xFE10))]
) | frozenset(map(chr, range(0xE0100, 0xE01F0)))


def clean(text: str) -> str:
    """The text fit for a line: no control, direction or invisible characters, no blanks around it."""
    return "".join(
        char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char)[0] != "C"
    ).strip()


def clean_tag(text: str) -> str:
    """A tag as it is kept; empty where nothing of it would be seen."""
    cleaned = clean(text)
    return cleaned if is_seen(cleaned) else ""


def is_seen(text: str) -> bool:
    """Whether anything of the text can be seen."""
    return any(unicodedata.category(char)[0] in "LNPS" and char not in _BLANKS for char in text)


def without_invisible(text: str) -> str:
    """The text without what nobody sees: control, direction and joining characters, blank letters."""
    return "".join(char for char in text if not _is_invisible(char))


def without_controls(text: str) -> str:
    """The text without control characters; line ends and tabs stay."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) != "Cc")


def _is_invisible(char: str) -> bool:
    if char.isspace():
        return False
    return char in _BLANKS or char in _JOINERS or unicodedata.category(char)[0] == "C"


def fold(text: str) -> str:
    """The text without what a search does not care about: case, ways to write a letter, kinds of space."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def fold_all(texts: Iterable[str | None]) -> str:
    """Several texts folded into one, a line each: what is looked for never reaches from one into the next."""
    return "\n".join(folded for text in texts if text and (folded := fold(text)))


def grams(owner_id: int, folded: str) -> list[int]:
    """Every run of one, two or three characters in a folded text, as 32-bit numbers, each once.

    What holds some words holds all of their grams, so an index of them finds it. The numbers of two owners
    differ: nobody's search walks through what is somebody else's. Different grams may, rarely, have the same
    number: what was found by them has to be looked at.
    """
    start = _start(owner_id)
    found: set[bytes] = set()
    for line in folded.split("\n"):
        for size in range(1, LONGEST_GRAM + 1):
            found.update(line[at : at + size].encode() for at in range(len(line) - size + 1))
    return sorted({_number(gram, start) for gram in found})


def needed_grams(owner_id: int, folded: str, at_most: int = 12) -> list[int]:
    """Grams that every text with these words has: of the longest kind, and not more than `at_most`."""
    size = min(LONGEST_GRAM, len(folded))
    runs = list(dict.fromkeys(folded[at : at + size] for at in range(len(folded) - size + 1)))
    step = -(-len(runs) // at_most)
    start = _start(owner_id)
    return sorted({_number(run.encode(), start) for run in runs[::step]})


def _start(owner_id: int) -> int:
    return zlib.crc32(f"{owner_id}:".encode())


def _number(gram: bytes, start: int) -> int:
    """A signed number, as a database column takes it."""
    return ((zlib.crc32(gram, start) + 2**31) & 0xFFFFFFFF) - 2**31
