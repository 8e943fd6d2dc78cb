"""`.env.example`, from which people copy their settings."""

from __future__ import annotations

from pathlib import Path

from app.core.config import Settings

EXAMPLE = Path(__file__).resolve().parents[3] / ".env.example"
# Not for people: the crash tests set it.
HIDDEN = {"FAULT_POINT"}


def test_the_example_names_every_setting_once_and_no_other() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert sorted(names) == sorted({name.upper() for name in Settings.model_fields} - HIDDEN)


def test_copying_the_example_changes_nothing() -> None:
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)
