"""The settings of C2PA: texts or files, both or none, and a sentence where they do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.core.config import Settings
from app.wiring import make_seal
from tests.certificates import certificate


def given(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize("is_file", [False, True])
def test_certificate_and_key_are_texts_or_files(tmp_path: Path, is_file: bool) -> None:
    one = certificate("es384")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_text(one.chain)
    key.write_text(one.private_key)
    settings = given(
        c2pa_certificate=str(chain) if is_file else one.chain,
        c2pa_private_key=str(key) if is_file else one.private_key.replace("\n", "\\n"),
        c2pa_signing_alg="ES384",
    )
    seal = make_seal(settings)
    assert seal is not None and (seal.name, seal.algorithm, seal.timestamp_url) == (
        "Harbour Coffee",
        "es384",
        "",
    )
    assert one.private_key.splitlines()[1] not in repr(settings)


def test_without_a_certificate_nothing_is_sealed() -> None:
    assert make_seal(given()) is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"c2pa_certificate": "a.pem"}, "set both, or none"),
        ({"c2pa_private_key": "a.pem"}, "set both, or none"),
        ({"c2pa_timestamp_url": "time.example.com"}, "C2PA_TIMESTAMP_URL must be"),
        ({"c2pa_signing_alg": "rs256"}, "c2pa_signing_alg"),
    ],
)
def test_what_does_not_fit_is_said_at_once(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        given(**values)


def test_a_file_that_is_not_there_is_named_by_its_setting() -> None:
    one = certificate()
    for chain, key, setting in (
        ("nowhere.pem", one.private_key, "C2PA_CERTIFICATE"),
        (one.chain, "nowhere.pem", "C2PA_PRIVATE_KEY"),
    ):
        with pytest.raises(ValueError, match=f"{setting} names a file"):
            make_seal(given(c2pa_certificate=chain, c2pa_private_key=key))
