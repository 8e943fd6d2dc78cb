"""The origin of AI images, on a server with a certificate: from the prompt to what platforms fetch."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import c2pa
import httpx
import pytest

from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.live import Live, fetch, files_below, sqlite_execute
from tests.certificates import certificate
from tests.person import Person
from tests.servers.exiftool import read_metadata
from tests.servers.product import running_product

GENERATED, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The product with a certificate: one as a file, the key as a line of text."""
    folder = tmp_path_factory.mktemp("sealed")
    given = certificate()
    (folder / "chain.pem").write_text(given.chain)
    data_dir = folder / "data"
    settings = {
        "C2PA_CERTIFICATE": str(folder / "chain.pem"),
        "C2PA_PRIVATE_KEY": given.private_key.replace("\n", "\\n"),
    }
    with running_product(data_dir, settings=settings) as product:
        yield Live(product, sqlite_execute(data_dir / "aigrowth.db"), lambda: files_below(data_dir / "files"))


def makes(person: Person, **changes: Any) -> dict[str, Any]:
    """An image from words, or from another image."""
    answer = person.client.post(
        "/images/generate",
        json={"business_id": person.business_id, "prompt": "A quiet harbour", **changes},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    image: dict[str, Any] = answer.json()["image"]
    return image


def manifests(answer: httpx.Response) -> list[dict[str, Any]]:
    """The manifests of a file that was fetched, the newest first; it is as it was signed."""
    kind = answer.headers["content-type"]
    with c2pa.Reader(kind, io.BytesIO(answer.content), context=c2pa.Context()) as reader:
        store = json.loads(reader.json())
    failures = store["validation_results"]["activeManifest"]["failure"]
    assert {failure["code"] for failure in failures} <= {"signingCredential.untrusted"}
    newest = store["manifests"].pop(store["active_manifest"])
    return [newest, *store["manifests"].values()]


def actions(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    (assertion,) = [each for each in manifest["assertions"] if each["label"].startswith("c2pa.actions")]
    return [
        (each["action"], each.get("digitalSourceType", "").rpartition("/")[2])
        for each in assertion["data"]["actions"]
    ]


def xmp_of(folder: Path, *answers: httpx.Response) -> list[str]:
    files = [folder / str(number) for number in range(len(answers))]
    for file, answer in zip(files, answers, strict=True):
        file.write_bytes(answer.content)
    return [each["XMP-iptcExt:DigitalSourceType"].rpartition("/")[2] for each in read_metadata(*files)]


def test_what_is_made_from_words_says_so_wherever_it_goes(
    sealed: Live, signs_up: SignsUp, tmp_path: Path
) -> None:
    ada = signs_up(sealed)
    image = makes(ada)
    original, preview = fetch(image["storage_url"]), fetch(image["preview_url"])
    assert len(original.content) == image["file_size"]
    (made,) = manifests(original)
    assert actions(made) == [("c2pa.created", GENERATED)]
    assert (made["claim_generator_info"][0]["name"], made["signature_info"]["common_name"]) == (
        "AIGrowth",
        "Harbour Coffee",
    )
    shown, before = manifests(preview)
    assert before == made
    assert actions(shown)[0] == ("c2pa.opened", "") and actions(shown)[-1] == ("c2pa.transcoded", GENERATED)

    post_id = ada.writes("Boats", image_ids=[image["id"]])
    ada.sends(post_id)
    ada.waits_for(post_id, "published")
    (key,) = sealed.execute(
        f"SELECT storage_key FROM renditions WHERE recipe LIKE 'instagram%' AND image_id = {image['id']}"
    )
    sent = httpx.Response(
        200,
        headers={"content-type": "image/jpeg"},
        content=(sealed.product.data_dir / "files" / key).read_bytes(),
    )
    assert manifests(sent)[1] == made
    assert xmp_of(tmp_path, original, preview, sent) == [GENERATED] * 3


def test_what_is_edited_from_a_photograph_names_it_and_is_partly_that(
    sealed: Live, signs_up: SignsUp, tmp_path: Path
) -> None:
    ada = signs_up(sealed)
    photograph = ada.keeps_picture(pictures.jpeg_with_secrets())
    image = makes(ada, source_image_id=photograph["id"])
    assert (image["is_ai_generated"], image["edited_from_id"]) == (True, photograph["id"])
    original = fetch(image["storage_url"])
    (made,) = manifests(original)
    assert actions(made) == [("c2pa.opened", ""), ("c2pa.edited", COMPOSITE)]
    assert made["ingredients"][0]["relationship"] == "parentOf"
    assert pictures.SECRET not in original.content
    assert xmp_of(tmp_path, original, fetch(image["preview_url"])) == [COMPOSITE] * 2


def test_an_upload_that_says_so_is_an_ai_image_and_is_not_sealed(
    sealed: Live, signs_up: SignsUp, tmp_path: Path
) -> None:
    ada, bob = signs_up(sealed), signs_up(sealed)
    elsewhere = fetch(makes(ada)["storage_url"]).content
    image = bob.keeps_picture(elsewhere)
    assert (image["is_ai_generated"], image["ai_model"], image["ai_prompt"]) == (True, None, None)
    original = fetch(image["storage_url"])
    with pytest.raises(c2pa.C2paError):
        manifests(original)
    assert xmp_of(tmp_path, original, fetch(image["preview_url"])) == [GENERATED] * 2
    listed = bob.client.get("/images/list", params={"business_id": bob.business_id, "filter": "ai_generated"})
    assert [row["id"] for row in listed.json()["images"]] == [image["id"]]
    photograph = bob.keeps_picture(pictures.jpeg_with_secrets(pictures.photo(seed=91)))
    assert photograph["is_ai_generated"] is False
