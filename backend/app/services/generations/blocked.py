"""Words that no prompt may have: found as whole words, however their letters are written.

A text is read twice. Once as it is written, without case, kinds of letters and what nobody sees. And once as
it looks: without marks that are set apart from their letters, with letters of other alphabets among Latin
ones taken for those that they look like, and with letters that stand one by one between dashes or dots put
together.

A letter that is written with its mark as one, as in "año", stays itself, and so do words that are in another
alphabet throughout: nobody is stopped for a word that only looks like a blocked one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from app.core.errors import RuleBroken
from app.core.words import without_invisible

# Of each pair the first looks like the second: Cyrillic, Greek, and kinds of Latin letters.
# Cyrillic letters, then Greek ones and kinds of Latin ones, and what each looks like.
_LOOKALIKES = {
    ord(other): latin
    for others, latins in (
        (
            "\u0430\u0410\u0412\u0441\u0421\u0501\u0435\u0415\u04bb\u041d\u0456\u0406\u0458\u0408\u043a\u041a",
            "aABcCdeEhHiIjJkK",
        ),
        (
            "\u04cf\u041c\u043e\u041e\u0440\u0420\u051b\u0455\u0405\u0422\u0443\u0423\u051d\u0445\u0425",
            "lMoOpPqsSTyYwxX",
        ),
        (
            "\u03b1\u0391\u0392\u0395\u0397\u03b9\u0399\u03ba\u039a\u039c\u039d\u03bf\u039f\u03c1\u03a1\u03a4",
            "aABEHiIkKMNoOpPT",
        ),
        ("\u03c5\u03a5\u03bd\u03c7\u03a7\u0396\u0131\u0251\u0261", "uYvxXZiag"),
    )
    for other, latin in zip(others, latins, strict=True)
}
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
"""Marks that go with letters of any alphabet. Those of one alphabet are its vowels, and part of each word."""
_RUN = re.compile(r"[^\W_]+")
_LATIN = re.compile("[A-Za-z]")
_ONE_BY_ONE = re.compile(r"(?<![^\W_])[^\W_](?:([-._*+~/|\u00b7\u2022])[^\W_])(?:\1[^\W_])+(?![^\W_])")
_END = ""
"""The key of what ends here, which is no piece of any text."""

_Node = dict[str, "_Node | str"]


class PromptFilter:
    """Knows the blocked words. Several in a row may be blocked together; a dash between them is a blank.

    A word counts only where no letter, digit or mark touches it, so that one inside another is no match.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._root: _Node = {}
        for word in words:
            node = self._root
            for piece in _pieces(_folded(word)):
                following = node.setdefault(piece, {})
                assert isinstance(following, dict)
                node = following
            if node is not self._root:
                node[_END] = word.strip()

    def check(self, text: str) -> None:
        """Raises RuleBroken (`prompt_blocked`) naming the first blocked word in the text."""
        if not self._root:
            return
        as_it_looks = _as_it_looks(text)
        readings = (text,) if as_it_looks == text else (text, as_it_looks)
        for reading in readings:
            word = self._first(_pieces(_folded(reading)))
            if word is not None:
                raise RuleBroken(
                    "prompt_blocked",
                    f"The word “{word}” may not be used in prompts here. Say it differently and try again.",
                    word=word,
                )

    def _first(self, pieces: list[str]) -> str | None:
        """The first blocked word; of several that begin there the longest."""
        for start, piece in enumerate(pieces):
            # What begins or ends with a sign has to stand apart as well.
            if piece in self._root and not (start and _is_word(pieces[start - 1]) and not _is_word(piece)):
                found = self._longest(pieces, start)
                if found is not None:
                    return found
        return None

    def _longest(self, pieces: list[str], start: int) -> str | None:
        found: str | None = None
        nodes = [self._root]
        for place in range(start, len(pieces)):
            piece = pieces[place]
            keys = (piece, " ") if piece == "-" else (piece,)
            following = [node[key] for node in nodes for key in keys if key in node]
            nodes = [node for node in following if isinstance(node, dict)]
            if not nodes:
                break
            is_apart = _is_word(piece) or place + 1 == len(pieces) or not _is_word(pieces[place + 1])
            for node in nodes:
                end = node.get(_END)
                if isinstance(end, str) and is_apart:
                    found = end
        return found


def _folded(text: str) -> str:
    """The text without case, kinds of letters and spaces, and characters that nobody sees."""
    seen = without_invisible(text)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    # It joins words in the names of programs, and is a blank in what people write.
    return " ".join(without_invisible(folded).replace("_", " ").split())


def _as_it_looks(text: str) -> str:
    plain = _MARKS.sub("", without_invisible(text))
    latin = _RUN.sub(lambda run: _as_latin(run[0]), plain)
    return _ONE_BY_ONE.sub(lambda run: run[0].replace(run[1], ""), latin)


def _as_latin(run: str) -> str:
    return run.translate(_LOOKALIKES) if not run.isascii() and _LATIN.search(run) else run


def _pieces(folded: str) -> list[str]:
    """The words of a folded text, and each character between them."""
    pieces: list[str] = []
    is_open = False
    for char in folded:
        is_part = char.isalnum() or unicodedata.category(char)[0] == "M"
        if is_part and is_open:
            pieces[-1] += char
        else:
            pieces.append(char)
        is_open = is_part
    return pieces


def _is_word(piece: str) -> bool:
    return piece[0].isalnum() or unicodedata.category(piece[0])[0] == "M"
