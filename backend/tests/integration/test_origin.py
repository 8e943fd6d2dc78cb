"""The origin of AI pictures travels with them: through edits, renditions, stores, exports and back."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.db import Database
from app.imaging import RECIPES, SourceType, Workshop
from app.models.images import Image
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.services import exports, users
from app.services.doctor import Doctor
from app.services.images import AiOrigin, Library, Received, source_type_of
from tests import factories_pictures as pictures
from tests.servers.exiftool import read_metadata

GENERATED, COMPOSITE = SourceType.GENERATED, SourceType.COMPOSITE


@dataclass
class Studio:
    """A library with one business. Each picture has a seed of its own."""

    library: Library
    business_id: int
    folder: Path

    async def keeps(self, data: bytes, origin: AiOrigin | None = None, name: str = "a.png") -> Image:
        async with self.library.workspace() as workspace:
            path = workspace / "received"
            path.write_bytes(data)
            image, is_duplicate = await self.library.accept(
                Received(path, hashlib.sha256(data).hexdigest(), name),
                business_id=self.business_id,
                workspace=workspace,
                origin=origin,
            )
        assert not is_duplicate
        return image

    async def edits(self, edited: Image | None, seed: int) -> Image:
        """As a generation does it. None: the picture that was edited is gone meanwhile."""
        edited_from_id = edited.id if edited else None
        origin = AiOrigin("with boats", "painter-1", None, edited_from_id=edited_from_id, is_edit=True)
        return await self.keeps(pictures.png(pictures.photo(400, 400, seed)), origin)

    def file(self, key: str) -> Path:
        return self.folder / "files" / key

    async def says(self, *images: Image) -> list[str]:
        """What ExifTool reads in the original and in every rendition of each image, in one word for all."""
        files, counts = [], []
        for image in images:
            made = [await self.library.rendition(image, recipe) for recipe in RECIPES.values()]
            files += [self.file(image.storage_key), *(self.file(rendition.storage_key) for rendition in made)]
            counts.append(1 + len(made))
        told = iter(
            each["XMP-iptcExt:DigitalSourceType"].rpartition("/")[2] for each in read_metadata(*files)
        )
        return ["|".join(sorted({next(told) for _ in range(count)})) for count in counts]

    async def is_well(self) -> None:
        report = Doctor(self.library, extra_formats=(), outsides=()).examine()
        assert [finding async for finding in report if not finding.is_ok] == []


@pytest.fixture
async def studio(database: Database, workshop: Workshop, tmp_path: Path) -> AsyncIterator[Studio]:
    library = Library(
        database, Stores(LocalStorage(tmp_path / "files")), workshop, work_dir=tmp_path / "work"
    )
    signed_in = await users.register(
        database,
        email="ada@example.com",
        password="correct horse battery",
        name="Ada",
        business_name="Harbour Coffee",
        timezone=None,
    )
    business, _ = signed_in.account.businesses[0]
    yield Studio(library, business.id, tmp_path)


async def test_what_is_edited_from_a_photograph_is_partly_that_photograph(studio: Studio) -> None:
    photograph = await studio.keeps(pictures.png(pictures.photo(400, 400, 1)))
    painted = await studio.keeps(
        pictures.png(pictures.photo(400, 400, 2)), AiOrigin("boats", "painter-1", None)
    )
    assert (photograph.is_ai_generated, source_type_of(photograph)) == (False, None)
    expected = [
        (painted, GENERATED),
        (await studio.edits(photograph, 3), COMPOSITE),
        (await studio.edits(painted, 4), GENERATED),
        (await studio.edits(None, 5), COMPOSITE),
    ]
    expected.append((await studio.edits(expected[1][0], 6), COMPOSITE))
    for image, source_type in expected:
        assert (image.is_ai_generated, source_type_of(image)) == (True, source_type)
    said = await studio.says(*(image for image, _ in expected))
    assert said == [source_type.value for _, source_type in expected]
    # The photograph goes; what was made from it stays what it is.
    await studio.library.remove(photograph.id)
    async with studio.library.database.reading() as session:
        left = await session.get_one(Image, expected[1][0].id)
    assert (left.edited_from_id, source_type_of(left)) == (None, COMPOSITE)
    await studio.is_well()


async def test_an_upload_that_says_so_is_an_ai_picture_of_an_unknown_model(studio: Studio) -> None:
    painted = await studio.keeps(
        pictures.png(pictures.photo(400, 400, 7)), AiOrigin("boats", "painter-1", None)
    )
    elsewhere = studio.file(painted.storage_key).read_bytes()
    await studio.library.remove(painted.id)
    image = await studio.keeps(elsewhere, name="from elsewhere.png")
    assert (image.is_ai_generated, source_type_of(image)) == (True, GENERATED)
    assert (image.ai_model, image.ai_prompt, image.ai_style) == (None, None, None)
    # A server of an earlier version that still runs knows of no terms.
    async with studio.library.database.writing() as session:
        (await session.get_one(Image, image.id)).digital_source_type = None
    async with studio.library.database.reading() as session:
        image = await session.get_one(Image, image.id)
    assert source_type_of(image) is GENERATED
    assert await studio.says(image) == [GENERATED.value]
    await studio.is_well()


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
async def test_an_export_takes_the_origin_along_and_brings_it_back(studio: Studio, format: str) -> None:
    photograph = await studio.keeps(pictures.png(pictures.photo(400, 400, 8)))
    edit = AiOrigin("waves", "painter-1", "vintage", edited_from_id=photograph.id, is_edit=True)
    image = await studio.keeps(pictures.animated(format), edit, "waves")
    before = studio.file(image.storage_key).read_bytes()
    await exports.export_business(studio.library, studio.business_id, studio.folder / "out")
    await studio.library.remove(image.id)
    imported = await exports.import_business(studio.library, studio.business_id, studio.folder / "out")
    assert (imported.taken, imported.duplicates, imported.refused) == (1, 1, [])
    async with studio.library.database.reading() as session:
        back = await session.get_one(Image, image.id + 1)
    assert (source_type_of(back), back.ai_model, back.ai_prompt) == (COMPOSITE, "painter-1", "waves")
    assert back.is_animated and studio.file(back.storage_key).read_bytes() == before
    assert await studio.says(back) == [COMPOSITE.value]
    await studio.is_well()


async def test_the_doctor_misses_the_mark_where_it_is_not_as_it_must_be(studio: Studio) -> None:
    image = await studio.edits(None, 9)
    for wrong in (None, GENERATED):
        async with studio.library.database.writing() as session:
            row = await session.get_one(Image, image.id)
            row.digital_source_type, row.is_ai_generated = wrong and wrong.value, wrong is not None
        report = Doctor(studio.library, extra_formats=(), outsides=()).examine()
        (finding,) = [finding async for finding in report if not finding.is_ok]
        assert finding.what == "nothing private" and f"image {image.id}" in finding.detail
