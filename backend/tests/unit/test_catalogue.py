"""The catalogue file: what it says of each model, a newer one over it, and the line of a mistake."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from app.providers.image_generation.base import ModelState
from app.providers.image_generation.catalogue import DIALECTS, CatalogueBroken, read_catalogue
from app.providers.image_generation.prices import Usage

SHIPPED = read_catalogue()
USUAL = ("1024x1024", "1024x1792", "1792x1024")


def own(folder: Path, text: str) -> Path:
    path = folder / "models.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("provider", DIALECTS)
def test_every_provider_has_models_and_the_first_one_paints_the_usual_sizes(provider: str) -> None:
    models = SHIPPED.of(provider)
    assert models[0].sizes == USUAL
    assert models[0].state_on(date(2026, 11, 25)) is ModelState.CURRENT
    assert all(model.provider == provider and model.name and model.max_prompt_length for model in models)
    assert all("*" not in model.id for model in models)


ENDS = {
    "gpt-image-1.5": date(2026, 12, 1),
    "gpt-image-1-mini": date(2026, 12, 1),
    "chatgpt-image-latest": date(2026, 12, 1),
    "gpt-image-1": date(2026, 10, 23),
    "dall-e-2": date(2026, 5, 12),
    "dall-e-3": date(2026, 5, 12),
}


def test_models_that_end_say_when_and_who_follows() -> None:
    ending = {model.id: model.shutdown_on for model in SHIPPED.of("openai") if model.shutdown_on}
    assert ending == ENDS
    assert {SHIPPED.find("openai", name).successor for name in ENDS} == {"gpt-image-2.5-flare"}


@pytest.mark.parametrize(
    ("provider", "model", "size", "quality", "price"),
    [
        ("openai", "gpt-image-2.5-flare", "1024x1024", "standard", "0.0132"),
        ("openai", "gpt-image-2.5-flare", "1024x1024", "hd", "0.0527"),
        ("openai", "gpt-image-2", "1024x1024", "standard", "0.0527"),
        ("openai", "gpt-image-2", "1024x1024", "hd", "0.2108"),
        ("openai", "gpt-image-1.5", "1024x1792", "hd", "0.1997"),
        ("openai", "gpt-image-1-mini", "1024x1024", "hd", None),
        ("openai", "gpt-image-2.6-sunburst", "1024x1024", "hd", None),
        ("openai", "dall-e-3", "1024x1792", "hd", "0.12"),
        ("openai", "a model of somebody's own", "1024x1024", "standard", None),
        ("stability", "core", "1024x1792", "standard", "0.03"),
        ("stability", "ultra", "1024x1792", "standard", "0.08"),
        ("stability", "sd3.5-large", "1024x1024", "standard", "0.065"),
        ("stability", "sd3.5-large-turbo", "1024x1024", "standard", "0.04"),
        ("stability", "sd3.5-medium", "1024x1024", "standard", "0.035"),
        ("replicate", "black-forest-labs/flux-schnell", "1024x1024", "standard", None),
        ("automatic1111", "as loaded", "1024x1024", "hd", "0"),
        ("comfyui", "another.safetensors", "1024x1024", "hd", "0"),
        ("practice", "practice-image-1", "1024x1024", "hd", "0"),
    ],
)
def test_the_price_before_the_click(
    provider: str, model: str, size: str, quality: str, price: str | None
) -> None:
    told = SHIPPED.find(provider, model).price(size, quality)
    assert told == (None if price is None else Decimal(price))


def test_a_name_that_no_file_knows_is_taken_by_what_it_resembles() -> None:
    assert SHIPPED.find("openai", "gpt-image-9").asked("hd") == "high"
    other = SHIPPED.find("openai", "stablediffusion")
    assert (other.id, other.name, other.dialect) == ("stablediffusion", "stablediffusion", "compatible")
    with pytest.raises(LookupError):
        SHIPPED.find("stability", "sd9")
    with pytest.raises(LookupError):
        SHIPPED.find("practice", "*")


def test_the_chosen_model_is_the_first_one() -> None:
    models = SHIPPED.beginning_with("openai", "gpt-image-2")
    assert models[0].id == "gpt-image-2"
    assert sorted(model.id for model in models) == sorted(model.id for model in SHIPPED.of("openai"))


def test_a_file_of_ones_own_adds_and_changes_field_by_field(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        """
        [openai."gpt-image-3"]
        name = "GPT Image 3"
        like = "gpt-image-2.5-flare"
        token_rates = { text_in = 6, image_in = 9, out = 60.00 }

        [openai."gpt-image-2"]
        shutdown_on = 2027-03-01
        successor = "gpt-image-3"

        [replicate."black-forest-labs/flux-schnell"]
        price = 0.003

        [replicate."me/mine"]
        name = "Mine"
        like = "stability-ai/sdxl"
        price_per_second = 0.000975
        """,
    )
    read = read_catalogue(path)
    newest = read.find("openai", "gpt-image-3")
    assert newest.price("1024x1024", "standard") == Decimal("0.0264") and newest.edits
    older = read.find("openai", "gpt-image-2")
    assert (older.name, older.shutdown_on, older.successor) == (
        "GPT Image 2",
        date(2027, 3, 1),
        "gpt-image-3",
    )
    assert older.price("1024x1024", "hd") == Decimal("0.2108")
    assert read.find("replicate", "black-forest-labs/flux-schnell").price("1024x1024", "") == Decimal("0.003")
    mine = read.find("replicate", "me/mine")
    assert mine.price("1024x1024", "hd") is None and mine.dialect == "community"
    assert mine.pricing and mine.pricing.cost("", "", Usage(seconds=Decimal(10))) == Decimal("0.009750")
    assert read.find("stability", "core") == SHIPPED.find("stability", "core")


def test_another_way_to_pay_replaces_the_one_before(tmp_path: Path) -> None:
    read = read_catalogue(own(tmp_path, '[openai."gpt-image-2"]\nprice = 0.10'))
    assert read.find("openai", "gpt-image-2").price("1024x1024", "hd") == Decimal("0.10")
    assert read.find("openai", "gpt-image-2-2026-04-21").price("1024x1024", "hd") == Decimal("0.10")


GOOD = '# mine\n[openai."new"]\nname = "New"\nlike = "gpt-image-2"\n'
MISTAKES = {
    "not TOML": ("[openai\nx", 1, "not a catalogue of models"),
    "twice the same": (GOOD + '[openai."new"]\n', 5, "not a catalogue of models"),
    "an unknown provider": ("\n[opanai.x]\nname = 'X'", 2, "there is no provider opanai"),
    "no model": ("openai = 3", 1, "above the fields of a model"),
    "a model that is none": ("[openai]\nx = 3", 1, "above the fields of a model"),
    "a field that nobody knows": (GOOD + "prise = 3", 5, "prise"),
    "a wrong type": (GOOD + 'streams = "perhaps"', 5, "streams"),
    "a wrong size": (GOOD + 'sizes = ["big"]', 5, "sizes"),
    "a wrong quality": (GOOD + 'qualities = ["best"]', 5, "qualities"),
    "a negative price": (GOOD + "price = -1", 5, "price"),
    "a price that is no number": (GOOD + "price = nan", 5, "price"),
    "two prices": (GOOD + "price = 1\nprice_per_second = 1", 5, "only one way to pay"),
    "a wrong date": (GOOD + 'shutdown_on = "soon"', 5, "shutdown_on"),
    "a successor that is not there": (GOOD + 'successor = "nobody"', 5, "no other model nobody"),
    "its own successor": (GOOD + 'successor = "new"', 5, "no other model new"),
    "like nobody": ('[openai."new"]\nname = "New"\nlike = "nobody"', 3, "no model nobody"),
    "like each other": ('[openai.a]\nlike = "b"\n[openai.b]\nlike = "a"', 4, "no model a"),
    "nothing but a name": ('[openai."new"]\nname = "New"', 1, "prompt_length"),
    "a word for nothing": (GOOD + 'asks = { ultra = "x" }', 5, "ultra is neither"),
    "a way that nobody speaks": (GOOD + 'dialect = "klingon"', 5, "openai has none, compatible"),
    "masks without edits": (GOOD + "edits = false", 5, "takes masks edits"),
}


@pytest.mark.parametrize(("text", "line", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = own(tmp_path, text)
    with pytest.raises(CatalogueBroken) as broken:
        read_catalogue(path)
    assert str(path) in str(broken.value) and said in str(broken.value)
    assert f"line {line}" in str(broken.value)


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(CatalogueBroken, match="IMAGE_CATALOGUE"):
            read_catalogue(path)
    path = tmp_path / "latin.toml"
    path.write_bytes("# caf\xe9".encode("latin-1"))
    with pytest.raises(CatalogueBroken, match="UTF-8"):
        read_catalogue(path)
    path.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(CatalogueBroken, match="too large"):
        read_catalogue(path)
