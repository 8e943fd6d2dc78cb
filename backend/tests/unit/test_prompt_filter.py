"""Blocked words: found as whole words however they are written, and never inside of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import RuleBroken
from app.services.generations import PromptFilter

WORDS = ("ass", "cruel thing", "Straße", "naïve", "C++", "кот", " ", "ban", "क")


def blocked(text: str) -> str | None:
    """The word that is named, or None."""
    try:
        PromptFilter(WORDS).check(text)
    except RuleBroken as refusal:
        assert refusal.code == "prompt_blocked"
        assert refusal.facts["word"] in refusal.detail
        return str(refusal.facts["word"])
    return None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("an ass", "ass"),
        ("ASS!", "ass"),
        ("(ass)", "ass"),
        ("kick-ass", "ass"),
        # Letters that only look wide, and mathematical ones.
        ("an \uff41\uff53\uff53", "ass"),
        ("an \U0001d41a\U0001d42c\U0001d42c", "ass"),
        # With nothing visible in between.
        ("an a\u200bs\u00ads", "ass"),
        ("an a\ufe0fs\u034fs", "ass"),
        ("an a\U000e0100s\u3164s", "ass"),
        ("an a\x07s\x1bs", "ass"),
        ("a Cruel\n  THING", "cruel thing"),
        ("STRASSE", "Straße"),
        ("strasse", "Straße"),
        # A letter with its mark apart.
        ("nai\u0308ve", "naïve"),
        ("in c++ style", "C++"),
        ("КОТ", "кот"),
        # Joined to what is no word, with a mark set upon it, struck out, spelled.
        ("ass_2 and _ass_", "ass"),
        ("an ass_", "ass"),
        ("a ban\u0303", "ban"),
        ("a\u0336s\u0336s\u0336", "ass"),
        ("an a-s-s", "ass"),
        ("an A.S.S!", "ass"),
        ("an a\u0301_s_s", "ass"),
        ("a cruel-thing", "cruel thing"),
        ("a cruel_thing", "cruel thing"),
        # Letters of other alphabets that look like Latin ones: Cyrillic, Greek.
        ("an \u0430ss", "ass"),
        ("an as\u0455", "ass"),
        ("a b\u0391n", "ban"),
    ],
)
def test_a_blocked_word_is_named(text: str, word: str) -> None:
    assert blocked(text) == word


@pytest.mark.parametrize(
    "text",
    [
        "a classic glass of bass in Massachusetts",
        "assets, passage, as s",
        "ass1 and 7ass",
        "a cruel, thing",
        "crueler thing",
        "Straßenbahn",
        "naive",
        "c+ and c",
        "которые",
        "a banana in a turban",
        # Another letter, in any language that has it.
        "bañ",
        # A vowel of its alphabet is part of the word.
        "का",
        # Words of another alphabet, whatever they look like, and letters that stand for themselves.
        "\u0430\u0455\u0455",
        "a-s-s-e-t-s and b.a.n.k",
        "a s s",
        "a-s.s",
        "class-ass1",
        "cruel--thing",
        "c++x and xc++",
        "",
    ],
)
def test_a_word_that_merely_contains_one_is_no_false_alarm(text: str) -> None:
    assert blocked(text) is None


def test_of_two_that_begin_alike_the_whole_one_is_named() -> None:
    with pytest.raises(RuleBroken) as caught:
        PromptFilter(("cruel", "cruel thing")).check("a cruel thing")
    assert caught.value.facts["word"] == "cruel thing"


def test_twenty_thousand_words_are_looked_up_and_not_tried_one_by_one() -> None:
    """Each place of the text costs the same, however many words begin alike."""
    words = [f"the word {number}" for number in range(20_000)]
    filter = PromptFilter(words)
    filter.check("the word of the day " * 1600)
    with pytest.raises(RuleBroken) as caught:
        filter.check("the word of the day " * 1600 + "the word 19999")
    assert caught.value.facts["word"] == "the word 19999"


def test_without_words_nothing_is_blocked() -> None:
    PromptFilter().check("anything at all")
    PromptFilter(("", "  ")).check("anything at all")


def test_words_come_from_the_setting_and_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "words.txt"
    file.write_text("\ufeffone\n# a remark\ntwo words  # why\n\n", encoding="utf-8")
    monkeypatch.setenv("BLOCKED_PROMPT_WORDS", "three, four words")
    monkeypatch.setenv("BLOCKED_PROMPT_WORDS_FILE", str(file))
    words = Settings(_env_file=None).read_blocked_words()
    assert [word.strip() for word in words if word.strip()] == ["three", "four words", "one", "two words"]
    monkeypatch.setenv("BLOCKED_PROMPT_WORDS_FILE", str(tmp_path / "none"))
    with pytest.raises(ValueError, match="BLOCKED_PROMPT_WORDS_FILE"):
        Settings(_env_file=None).read_blocked_words()
