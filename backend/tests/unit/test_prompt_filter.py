"""Blocked words: found as whole words however they are written, and never inside of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import RuleBroken
from app.services.generations import PromptFilter

WORDS = ("ass", "cruel thing", "Straße", "naïve", "C++", "кот", " ", "ban")


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
    ],
)
def test_a_blocked_word_is_named(text: str, word: str) -> None:
    assert blocked(text) == word


@pytest.mark.parametrize(
    "text",
    [
        "a classic glass of bass in Massachusetts",
        "assets, passage, as s",
        "ass1 and ass_2 and 7ass",
        "a cruel, thing",
        "crueler thing",
        "Straßenbahn",
        "naive",
        "c+ and c",
        "которые",
        "a banana in a turban",
        # The mark makes another letter of the last one.
        "ban\u0303",
        "",
    ],
)
def test_a_word_that_merely_contains_one_is_no_false_alarm(text: str) -> None:
    assert blocked(text) is None


def test_of_two_that_begin_alike_the_whole_one_is_named() -> None:
    with pytest.raises(RuleBroken) as caught:
        PromptFilter(("cruel", "cruel thing")).check("a cruel thing")
    assert caught.value.facts["word"] == "cruel thing"


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
