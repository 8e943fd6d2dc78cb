"""A picture of another server, taken in over HTTPS by the one ingest."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.db import Database
from app.core.errors import AppError, RuleBroken, TooLarge, UnsupportedType
from app.imaging import Workshop
from app.models.images import Image
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.services import users
from app.services.images import Library
from tests import factories_pictures as pictures
from tests.internet import PUBLIC, Certificates, Internet, Server, redirect, response

MAX_BYTES = 2_000_000


@dataclass
class Door:
    """A library that can fetch, and the server that it fetches from."""

    library: Library
    business_id: int
    site: Server
    files: Path

    async def takes(self, path: str, **more: str) -> tuple[Image, bool]:
        return await self.library.import_url(
            f"https://pictures.example{path}", business_id=self.business_id, max_bytes=MAX_BYTES, **more
        )

    def objects(self) -> int:
        return sum(path.is_file() for path in self.files.rglob("*"))


@pytest.fixture
async def door(database: Database, workshop: Workshop, tmp_path: Path) -> AsyncIterator[Door]:
    signed_in = await users.register(
        database,
        email="ada@example.com",
        password="correct horse battery",
        name="Ada",
        business_name="Harbour Coffee",
        timezone=None,
    )
    business, _ = signed_in.account.businesses[0]
    certificates = Certificates(tmp_path)
    internet, site = Internet(certificates.believed()), Server()
    listener = await site.start(certificates.server("pictures.example"))
    internet.names["pictures.example"] = [[PUBLIC]]
    internet.routes[PUBLIC] = site.port
    library = Library(
        database,
        Stores(LocalStorage(tmp_path / "files")),
        workshop,
        work_dir=tmp_path / "work",
        network=internet,
    )
    yield Door(library, business.id, site, tmp_path / "files")
    listener.close()
    assert list((tmp_path / "work").glob("*")) == []


async def test_it_is_kept_as_an_upload_would_be(door: Door) -> None:
    content = pictures.jpeg_with_secrets(pictures.photo(900, 700, seed=91), 6)
    door.site.paths["/summer/my%20harbour.jpeg?size=large"] = response(
        content, "200 OK", 'Content-Disposition: attachment; filename="another.png"'
    )
    image, is_duplicate = await door.takes("/summer/my%20harbour.jpeg?size=large", alt_text="Boats")
    assert not is_duplicate
    assert (image.original_filename, image.alt_text) == ("my harbour.jpeg", "Boats")
    assert (image.mime_type, image.width, image.height) == ("image/jpeg", 700, 900)
    assert image.sha256 == hashlib.sha256(content).hexdigest()
    file = await door.library.find_file(image.id, "original")
    assert file is not None
    stored = b"".join([piece async for piece in (await door.library.open_file(file)).body])
    assert pictures.SECRET not in stored


async def test_the_same_bytes_from_elsewhere_are_the_same_image(door: Door) -> None:
    content = pictures.png(pictures.photo(500, 400, seed=92))
    door.site.paths |= {"/a.png": response(content), "/b": response(content), "/c": redirect("/a.png")}
    first, _ = await door.takes("/a.png")
    for path in ("/b", "/c"):
        again, is_duplicate = await door.takes(path)
        assert (again.id, is_duplicate) == (first.id, True)


@pytest.mark.parametrize(
    ("path", "name"), [("/", "untitled.jpg"), ("/boats/", "boats"), ("/%00%e2%80%aepgj.exe", "pgj.exe")]
)
async def test_the_name_is_the_last_part_of_the_address_cleaned(door: Door, path: str, name: str) -> None:
    door.site.paths[path] = response(pictures.jpeg(pictures.photo(400, 400, seed=93)))
    image, _ = await door.takes(path)
    assert image.original_filename == name


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"<html>no picture</html>", UnsupportedType, "unsupported_image_type"),
        (pictures.jpeg()[:4000], RuleBroken, "image_corrupt"),
        (pictures.jpeg(pictures.flat((9, 9, 9), 100, 100)), RuleBroken, "image_too_small"),
        (bytes(MAX_BYTES + 1), TooLarge, "file_too_large"),
    ],
    ids=["a page", "damaged", "too small", "too large"],
)
async def test_what_an_upload_would_not_be_is_refused_and_leaves_nothing(
    door: Door, content: bytes, kind: type[AppError], code: str
) -> None:
    door.site.paths["/a.jpg"] = response(content)
    with pytest.raises(kind) as refused:
        await door.takes("/a.jpg")
    assert refused.value.code == code
    assert door.objects() == 0
