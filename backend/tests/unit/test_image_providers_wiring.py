"""Which image providers the settings set up, with which models, and who looks at prompts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.core.config import Settings, describe_problems
from app.providers.image_generation.base import ModelState
from app.services import catalogue
from app.wiring import image_models, make_image_providers, make_moderator, outsides

TODAY = date(2026, 11, 25)
EVERYTHING: dict[str, Any] = {
    "openai_api_key": "sk-one",
    "stability_api_key": "sk-two",
    "replicate_api_token": "r8_three",
    "automatic1111_url": "http://127.0.0.1:7860/",
    "comfyui_url": "http://127.0.0.1:8188",
}


def settings(folder: Path, **given: Any) -> Settings:
    return Settings(_env_file=None, data_dir=folder, **given)


async def test_every_provider_that_has_a_key_or_an_address_is_set_up(tmp_path: Path) -> None:
    chosen = settings(tmp_path, **EVERYTHING)
    providers = make_image_providers(chosen)
    assert list(providers) == ["openai", "stability", "replicate", "automatic1111", "comfyui"]
    assert {name: (provider.at_once, provider.is_moderated) for name, provider in providers.items()} == {
        "openai": (200, True),
        "stability": (100, True),
        "replicate": (100, False),
        "automatic1111": (1, False),
        "comfyui": (1, False),
    }
    for name, provider in providers.items():
        assert provider.name == name and provider.models
        for secret in ("sk-one", "sk-two", "r8_three"):
            assert secret not in repr(provider)
        await provider.close()
    assert chosen.automatic1111_url == "http://127.0.0.1:7860"
    assert {outside.setting for outside in outsides(chosen)} == {
        "OPENAI_BASE_URL",
        "STABILITY_BASE_URL",
        "REPLICATE_BASE_URL",
        "AUTOMATIC1111_URL",
        "COMFYUI_URL",
    }


async def test_the_order_of_the_setting_is_the_order_of_preference(tmp_path: Path) -> None:
    chosen = settings(tmp_path, **EVERYTHING, image_providers="comfyui, stability")
    assert list(image_models(chosen)) == ["comfyui", "stability"]


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("stability", "STABILITY_API_KEY"),
        ("replicate", "REPLICATE_API_TOKEN"),
        ("automatic1111", "AUTOMATIC1111_URL"),
        ("comfyui", "COMFYUI_URL"),
    ],
)
def test_a_provider_that_is_named_and_not_set_up_is_told(tmp_path: Path, name: str, needed: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        settings(tmp_path, image_providers=name)
    assert f"IMAGE_PROVIDERS names {name}, so {needed} is needed." in describe_problems(wrong.value)


def test_without_any_there_is_practice(tmp_path: Path) -> None:
    models = image_models(settings(tmp_path))
    assert list(models) == ["practice"]
    (painter,) = models["practice"]
    assert painter.price("1024x1024", "hd") == 0


def test_the_chosen_model_of_openai_comes_first_and_ended_ones_are_not_offered(tmp_path: Path) -> None:
    models = image_models(settings(tmp_path, openai_api_key="k", openai_image_model="gpt-image-2"))["openai"]
    assert models[0].id == "gpt-image-2" and len(models) > 5
    offered = catalogue.offered(_Offer(models), TODAY)
    assert offered[0].id == "gpt-image-2"
    assert "dall-e-3" not in {model.id for model in offered}
    assert "gpt-image-1.5" in {model.id for model in offered}
    assert "gpt-image-1.5" not in {model.id for model in catalogue.offered(_Offer(models), date(2026, 12, 1))}


def test_a_chosen_model_that_ended_is_replaced_by_who_followed(tmp_path: Path) -> None:
    models = image_models(settings(tmp_path, openai_api_key="k", openai_image_model="dall-e-3"))["openai"]
    assert catalogue.chosen(_Offer(models), None, TODAY).id == "gpt-image-2.5-flare"
    (ended,) = (ending for ending in catalogue.warnings([_Offer(models)], TODAY) if ending.is_default)
    assert (ended.model, ended.within, ended.successor) == ("dall-e-3", 0, "gpt-image-2.5-flare")


def test_another_server_has_its_one_model_for_as_long_as_it_likes(tmp_path: Path) -> None:
    (model,) = image_models(
        settings(
            tmp_path,
            openai_api_key="k",
            openai_base_url="http://127.0.0.1:8080/v1/",
            openai_image_model="dall-e-3",
        )
    )["openai"]
    assert (model.id, model.dialect) == ("dall-e-3", "compatible")
    assert model.state_on(TODAY) is ModelState.CURRENT


@pytest.mark.parametrize(
    ("given", "is_there"),
    [
        ({}, False),
        ({"openai_api_key": "k"}, True),
        ({"openai_api_key": "k", "image_providers": "practice"}, True),
        ({"openai_api_key": "k", "openai_base_url": "http://127.0.0.1:8080/v1"}, True),
        (
            {
                "openai_api_key": "k",
                "openai_base_url": "http://127.0.0.1:8080/v1",
                "openai_image_model": "stablediffusion",
            },
            False,
        ),
    ],
)
async def test_prompts_are_looked_at_where_openai_has_a_key(
    tmp_path: Path, given: dict[str, Any], is_there: bool
) -> None:
    moderator = make_moderator(settings(tmp_path, **given))
    assert (moderator is not None) is is_there
    if moderator is not None:
        await moderator.close()


def test_a_checkpoint_of_ones_own_comes_first_at_comfyui(tmp_path: Path) -> None:
    given = {"comfyui_url": "http://127.0.0.1:8188", "comfyui_checkpoint": "mine.safetensors"}
    assert [model.id for model in image_models(settings(tmp_path, **given))["comfyui"]] == [
        "mine.safetensors"
    ]


def test_a_file_that_cannot_be_used_is_told_with_its_setting(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(ValueError, match="IMAGE_CATALOGUE"):
        image_models(settings(tmp_path, image_catalogue=missing))
    with pytest.raises(ValueError, match="COMFYUI_WORKFLOW"):
        image_models(settings(tmp_path, comfyui_url="http://127.0.0.1:8188", comfyui_workflow=missing))


class _Offer:
    """A provider as far as its models go."""

    def __init__(self, models: Any) -> None:
        self.models = models
        self.name = "openai"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not asked for")
