"""HEIC and AVIF over HTTP: kept as JPEG under the name that they came with."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests import factories_heif as heif
from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, fetch
from tests.factories_heif import Codec
from tests.person import Person
from tests.servers.product import running_product


@pytest.mark.parametrize(("codec", "name"), [("heic", "IMG_0042.HEIC"), ("avif", "harbour.avif")])
def test_it_is_kept_as_a_jpeg_with_its_name(live: Live, signs_up: SignsUp, codec: Codec, name: str) -> None:
    ada = signs_up(live)
    received = heif.with_secrets(pictures.quarters(900, 700), codec, heif.irot(3))
    image = ada.keeps_picture(received, filename=name)
    assert (image["original_filename"], image["mime_type"]) == (name, "image/jpeg")
    assert image["storage_key"].endswith(".jpg")
    assert (image["width"], image["height"]) == (700, 900)
    for kind in ("storage_url", "thumbnail_url", "preview_url"):
        content = fetch(image[kind]).content
        assert pictures.SECRET not in content
        with Image.open(io.BytesIO(content)) as opened:
            assert opened.height > opened.width
            found = opened.convert("RGB").getpixel((opened.width - 20, 20))
        # What was on the left is above now, turned to the right.
        assert pictures.is_close(found, pictures.CORNERS["top-left"], 16)  # type: ignore[arg-type]
    with Image.open(io.BytesIO(fetch(image["storage_url"]).content)) as original:
        assert original.format == "JPEG"
    again = ada.uploads(received, filename=name)
    assert (again.status_code, again.json()["duplicate"], again.json()["image"]["id"]) == (
        200,
        True,
        image["id"],
    )


def test_both_are_refused_by_name_where_they_are_switched_off(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", settings={"EXTRA_IMAGE_FORMATS": ""}) as product:
        ada = Person.signs_up(product.url)
        codecs: tuple[Codec, ...] = ("heic", "avif")
        for codec in codecs:
            answer = ada.uploads(heif.picture(pictures.photo(), codec), filename=f"a.{codec}")
            problem = assert_problem(answer, 415, "unsupported_image_type")
            assert codec.upper() in problem["detail"]
        problem = assert_problem(ada.uploads(b"no picture"), 415, "unsupported_image_type")
        assert "JPEG, PNG, GIF or WebP" in problem["detail"]
        ada.close()
