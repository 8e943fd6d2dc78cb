"""Pictures written out and taken back: nothing is lost on the way, and no crafted file gets through."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import clock
from app.core.db import Database
from app.imaging import Limits, Workshop
from app.models.images import Image
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.services import exports, users
from app.services.exports import Imported, NotAnExport
from app.services.images import AiOrigin, Library, Received, packed
from tests import factories_heif as heif
from tests import factories_pictures as pictures
from tests.integration.office import Office

LONG_AGO = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@dataclass
class Shop:
    """Two businesses on one database, with one store."""

    library: Library
    first: int
    second: int
    folder: Path

    async def keeps(self, content: bytes, name: str, **more: Any) -> Image:
        async with self.library.workspace() as workspace:
            path = workspace / "received"
            path.write_bytes(content)
            received = Received(path, hashlib.sha256(content).hexdigest(), name)
            image, _ = await self.library.accept(
                received, business_id=self.first, workspace=workspace, **more
            )
            return image

    async def images(self, business_id: int) -> list[Image]:
        async with self.library.database.reading() as session:
            query = sa.select(Image).where(Image.business_id == business_id).order_by(Image.id)
            return list(await session.scalars(query))

    async def stored(self, image: Image) -> bytes:
        return b"".join([piece async for piece in (await self.library.open_original(image)).body])

    async def takes_back(self, source: Path, business_id: int | None = None) -> Imported:
        return await exports.import_business(self.library, business_id or self.second, source)


@pytest.fixture
async def shop(database: Database, workshop: Workshop, tmp_path: Path) -> AsyncIterator[Shop]:
    ids = []
    for name in ("ada", "eve"):
        signed_in = await users.register(
            database,
            email=f"{name}@example.com",
            password="correct horse battery",
            name=name,
            business_name="Harbour Coffee",
            timezone=None,
        )
        ids.append(signed_in.account.businesses[0][0].id)
    library = Library(
        database,
        Stores(LocalStorage(tmp_path / "files")),
        workshop,
        work_dir=tmp_path / "work",
        limits=Limits(extra_formats=("heic", "avif")),
    )
    yield Shop(library, ids[0], ids[1], tmp_path)
    assert list((tmp_path / "work").glob("*")) == []


PICTURES: dict[str, Callable[[], bytes]] = {
    "harbour.jpg": lambda: pictures.jpeg_with_secrets(pictures.photo(700, 500, 41), 6),
    "plan.png": lambda: pictures.png_with_secrets(pictures.photo(500, 400, 42)),
    "waves.gif": lambda: pictures.animated("GIF"),
    "Boats (2) – Sønderho.webp": lambda: pictures.webp(pictures.photo(600, 400, 43), lossless=True),
    "IMG_0042.HEIC": lambda: heif.with_secrets(pictures.quarters(), "heic"),
}
SAME = (
    "original_filename",
    "alt_text",
    "tags",
    "is_ai_generated",
    "digital_source_type",
    "ai_prompt",
    "ai_model",
    "ai_style",
    "created_at",
    "sha256",
    "mime_type",
    "width",
    "height",
    "file_size",
    "is_animated",
)


@pytest.mark.parametrize("name", ["folder", "export.zip"])
async def test_what_is_written_out_comes_back_the_same(shop: Shop, name: str) -> None:
    for number, (filename, make) in enumerate(PICTURES.items()):
        await shop.keeps(
            make(),
            filename,
            alt_text=f"Number {number}",
            tags=["Boats", "Ærø"][: number % 3],
            created_at=LONG_AGO + timedelta(days=number),
        )
    origin = AiOrigin("a harbour at dawn\nwith boats", "painter-1", "vintage")
    await shop.keeps(pictures.png(pictures.photo(seed=44)), "a harbour.png", origin=origin)
    target = shop.folder / name
    exported = await exports.export_business(shop.library, shop.first, target)
    assert (exported.pictures, exported.missing) == (6, [])

    imported = await shop.takes_back(target)
    assert (imported.taken, imported.duplicates, imported.refused) == (6, 0, [])
    before, after = await shop.images(shop.first), await shop.images(shop.second)
    by_name = {image.original_filename: image for image in after}
    assert len(by_name) == 6
    for image in before:
        twin = by_name[image.original_filename]
        for field in SAME:
            assert getattr(twin, field) == getattr(image, field), (image.original_filename, field)
        assert await shop.stored(twin) == await shop.stored(image)

    # Once more, into both businesses: everything is there already.
    for business_id in (shop.first, shop.second):
        again = await shop.takes_back(target, business_id)
        assert (again.taken, again.duplicates, again.refused) == (0, 6, [])
    # And the phone's own file is known again, too.
    path = shop.folder / "phone"
    path.mkdir()
    (path / "IMG_0042.HEIC").write_bytes(PICTURES["IMG_0042.HEIC"]())
    assert (await shop.takes_back(path)).duplicates == 1


async def test_the_description_tells_all_that_is_known(shop: Shop) -> None:
    origin = AiOrigin("a harbour", "painter-1", None)
    image = await shop.keeps(
        pictures.jpeg(pictures.photo(seed=45)), "Harbour.JPG", alt_text="Boats", tags=["sea"], origin=origin
    )
    target = shop.folder / "out"
    await exports.export_business(shop.library, shop.first, target)
    (picture,), (beside,) = target.glob("*.jpg"), target.glob("*.json")
    assert picture.stem == beside.stem == f"{image.id}-harbour"
    told = json.loads(beside.read_text())
    assert told == {
        "name": "Harbour.JPG",
        "alt_text": "Boats",
        "tags": ["sea"],
        "is_ai_generated": True,
        "digital_source_type": "trainedAlgorithmicMedia",
        "prompt": "a harbour",
        "model": "painter-1",
        "style": None,
        "created_at": image.created_at.isoformat().replace("+00:00", "Z"),
        "mime_type": "image/jpeg",
        "width": 640,
        "height": 480,
        "bytes": picture.stat().st_size,
        "sha256": hashlib.sha256(picture.read_bytes()).hexdigest(),
        "received_sha256": image.sha256,
        "posts": [],
    }


async def test_posts_are_told_with_their_links(office: Office, tmp_path: Path) -> None:
    image = await office.image()
    async with office.database.writing() as session:
        (await session.get_one(Image, image.id)).sha256 = "ab" * 32
    post_id = await office.sends("Boats are in", to=[office.instagram], images=[image])
    story = await office.settles(post_id, "published")
    while not (await office.publication(post_id)).publication.permalink:
        await office.turn_in_time()
    await exports.export_business(office.library, office.business_id, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".json"))
        (post,) = json.loads(archive.read(name))["posts"]
    assert (post["id"], post["content_text"], post["state"]) == (post_id, "Boats are in", "published")
    (link,) = post["links"]
    assert (link["platform"], link["channel"]) == ("instagram", story.channel.name)
    assert link["permalink"] == (await office.publication(post_id)).publication.permalink


async def test_the_trash_and_other_businesses_stay_at_home(shop: Shop) -> None:
    kept = await shop.keeps(pictures.jpeg(pictures.photo(seed=46)), "kept.jpg")
    trashed = await shop.keeps(pictures.jpeg(pictures.photo(seed=47)), "trashed.jpg")
    async with shop.library.database.writing() as session:
        found = await session.get(Image, trashed.id)
        assert found is not None
        found.deleted_at = clock.now()
    exported = await exports.export_business(shop.library, shop.first, shop.folder / "out")
    assert exported.pictures == 1
    assert [path.name for path in (shop.folder / "out").glob("*.jpg")] == [f"{kept.id}-kept.jpg"]
    assert (await exports.export_business(shop.library, shop.second, shop.folder / "empty")).pictures == 0


@pytest.mark.parametrize("name", ["out", "out.zip"])
async def test_a_picture_without_its_file_is_named_and_the_others_are_written(shop: Shop, name: str) -> None:
    for seed in (48, 49):
        await shop.keeps(pictures.jpeg(pictures.photo(seed=seed)), f"{seed}.jpg")
    first, _ = await shop.images(shop.first)
    (shop.folder / "files" / first.storage_key).unlink()
    exported = await exports.export_business(shop.library, shop.first, shop.folder / name)
    assert exported.pictures == 1
    assert exported.missing == [f"48.jpg (image {first.id})"]
    assert (await shop.takes_back(shop.folder / name)).taken == 1


async def test_nothing_that_is_there_is_written_over(shop: Shop) -> None:
    await shop.keeps(pictures.jpeg(), "a.jpg")
    folder, archive = shop.folder / "full", shop.folder / "there.zip"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    archive.write_bytes(b"mine")
    for target in (folder, archive):
        with pytest.raises(NotAnExport):
            await exports.export_business(shop.library, shop.first, target)
    assert archive.read_bytes() == b"mine" and [path.name for path in folder.iterdir()] == ["mine.txt"]


# Files that others made


def described(content: bytes, **change: Any) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return json.dumps(
        {
            "name": "harbour.jpg",
            "created_at": "2024-05-06T07:08:09Z",
            "sha256": digest,
            "received_sha256": digest,
            **change,
        }
    )


def zipped(path: Path, entries: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


async def test_a_folder_of_plain_pictures_is_taken_in(shop: Shop) -> None:
    folder = shop.folder / "mine"
    (folder / "summer").mkdir(parents=True)
    (folder / "summer" / "a.png").write_bytes(pictures.png(pictures.photo(seed=50)))
    (folder / "b.jpg").write_bytes(pictures.jpeg(pictures.photo(seed=51)))
    (folder / "copy of b.jpg").write_bytes(pictures.jpeg(pictures.photo(seed=51)))
    (folder / "broken.jpg").write_bytes(pictures.jpeg()[:2000])
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".DS_Store").write_bytes(b"x")
    imported = await shop.takes_back(folder)
    assert (imported.taken, imported.duplicates) == (2, 1)
    assert [name for name, _ in imported.refused] == ["broken.jpg", "notes.txt"]
    assert all(reason.endswith(".") for _, reason in imported.refused)
    assert {image.original_filename for image in await shop.images(shop.second)} == {"a.png", "b.jpg"}


async def test_tags_are_kept_without_what_is_not_seen_and_each_once(shop: Shop) -> None:
    content = pictures.jpeg(pictures.photo(400, 400, seed=71))
    tags = ["\u202eBoats\u2066", "boats", "sea\u200bside\x00"]
    entries: dict[str, bytes | str] = {"a.jpg": content, "a.json": described(content, tags=tags)}
    imported = await shop.takes_back(zipped(shop.folder / "tags.zip", entries))
    assert imported.refused == []
    (image,) = await shop.images(shop.second)
    assert image.tags == ["Boats", "seaside"]


async def test_what_comes_back_from_the_trash_is_told_apart(shop: Shop) -> None:
    content = pictures.jpeg(pictures.photo(400, 400, seed=72))
    image = await shop.keeps(content, "a.jpg")
    path = zipped(shop.folder / "again.zip", {"a.jpg": content})
    assert await shop.takes_back(path, shop.first) == Imported(duplicates=1)
    async with shop.library.database.writing() as session:
        await session.execute(sa.update(Image).where(Image.id == image.id).values(deleted_at=clock.now()))
    assert await shop.takes_back(path, shop.first) == Imported(brought_back=1)
    assert await shop.takes_back(path, shop.first) == Imported(duplicates=1)


async def test_something_unexpected_in_one_file_does_not_end_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = shop.library.accept

    async def stumbles(received: Received, **more: Any) -> Any:
        if received.filename == "a.jpg":
            raise OverflowError("date value out of range")
        return await accept(received, **more)

    monkeypatch.setattr(shop.library, "accept", stumbles)
    entries: dict[str, bytes | str] = {
        f"{name}.jpg": pictures.jpeg(pictures.photo(400, 400, seed=80 + number))
        for number, name in enumerate("ab")
    }
    imported = await shop.takes_back(zipped(shop.folder / "odd.zip", entries))
    assert (imported.taken, [name for name, _ in imported.refused]) == (1, ["a.jpg"])


@pytest.mark.parametrize("year", [1, 1979, 2108, 9998])
async def test_a_moment_that_no_zip_file_can_tell_is_the_nearest(shop: Shop, year: int) -> None:
    moment = datetime(year, 5, 6, tzinfo=UTC)
    content = pictures.jpeg(pictures.photo(400, 400, seed=73))
    image = await shop.keeps(content, "a.jpg", created_at=moment, tags=["a"])
    target = shop.folder / "old.zip"
    exported = await exports.export_business(shop.library, shop.first, target)
    assert (exported.pictures, exported.missing) == (1, [])
    sent = io.BytesIO(b"".join([piece async for piece in packed(shop.library, [image])]))
    for archive in (target, sent):
        with zipfile.ZipFile(archive) as opened:
            assert {entry.date_time[0] for entry in opened.infolist()} == {1980 if year < 1980 else 2107}


async def test_a_name_in_a_zip_leads_nowhere(shop: Shop) -> None:
    content = pictures.jpeg(pictures.photo(seed=52))
    names = ["../../outside.jpg", "/etc/outside.jpg", "C:\\outside.jpg", "a/../../outside.jpg"]
    entries = {
        name: pictures.jpeg(pictures.photo(400, 400, seed=60 + number)) for number, name in enumerate(names)
    }
    before = {path for path in shop.folder.parent.rglob("outside*")}
    imported = await shop.takes_back(zipped(shop.folder / "slip.zip", {**entries, "b.jpg": content}))
    assert (imported.taken, imported.refused) == (5, [])
    assert {path for path in shop.folder.parent.rglob("outside*")} == before
    assert not Path("/etc/outside.jpg").exists()
    for image in await shop.images(shop.second):
        assert "/" not in image.original_filename and image.storage_key.startswith(f"{shop.second}/")


async def test_links_in_a_folder_are_not_followed(shop: Shop) -> None:
    folder, secret = shop.folder / "links", shop.folder / "secret.jpg"
    folder.mkdir()
    secret.write_bytes(pictures.jpeg(pictures.photo(seed=53)))
    (folder / "a.jpg").symlink_to(secret)
    (folder / "b").symlink_to(shop.folder)
    os.mkfifo(folder / "endless.jpg")
    assert await shop.takes_back(folder) == Imported()


async def test_a_bomb_is_left_at_the_limit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LARGEST_PICTURE", 3_000_000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("bomb.jpg", "w") as file:
            for _ in range(300):
                file.write(bytes(1_000_000))
        archive.writestr("talk.json", "x" * 5_000_000)
        archive.writestr("talk.jpg", pictures.jpeg(pictures.photo(seed=54)))
        archive.writestr("good.jpg", pictures.jpeg(pictures.photo(seed=55)))
    path = shop.folder / "bomb.zip"
    path.write_bytes(bomb.getvalue())
    assert path.stat().st_size < 1_000_000
    imported = await shop.takes_back(path)
    assert imported.taken == 1
    assert [name for name, _ in imported.refused] == ["bomb.jpg", "talk.jpg"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": 7},
        {"name": "a\x00b"},
        {"alt_text": "x" * 1001},
        {"tags": ["x" * 51]},
        {"tags": ["a"] * 31},
        {"tags": ["\x1f"]},
        {"tags": ["\u200b\u3164"]},
        {"prompt": "x" * 32_001},
        {"created_at": "0001-01-01T00:00:00+14:00"},
        {"created_at": "1979-12-31T23:59:59Z"},
        {"created_at": "2980-01-01T00:00:00Z"},
        {"created_at": "yesterday"},
        {"created_at": "2024-05-06T07:08:09"},
        {"sha256": "../../x"},
        {"received_sha256": "A" * 64},
        {"model": "x" * 101},
        {"posts": "none"},
    ],
)
async def test_a_description_that_is_not_right_is_named_with_what_is_wrong(
    shop: Shop, change: dict[str, Any]
) -> None:
    content = pictures.jpeg(pictures.photo(400, 400, seed=56))
    entries: dict[str, bytes | str] = {"a.jpg": content, "a.json": described(content, **change)}
    imported = await shop.takes_back(zipped(shop.folder / "odd.zip", entries))
    ((name, reason),) = imported.refused
    assert name == "a.jpg" and next(iter(change)) in reason
    assert await shop.images(shop.second) == []


async def test_a_description_that_is_no_description_at_all(shop: Shop) -> None:
    content = pictures.jpeg(pictures.photo(400, 400, seed=57))
    for number, text in enumerate(("", "[", "[]", "null", "\ud83d", "{" * 50_000)):
        entries: dict[str, bytes | str] = {"a.jpg": content, "a.json": text.encode("utf-8", "replace")}
        imported = await shop.takes_back(zipped(shop.folder / f"{number}.zip", entries))
        assert [name for name, _ in imported.refused] == ["a.jpg"], text


async def test_a_moment_that_is_still_to_come_becomes_now(shop: Shop) -> None:
    content = pictures.jpeg(pictures.photo(400, 400, seed=58))
    entries: dict[str, bytes | str] = {
        "a.jpg": content,
        "a.json": described(content, created_at=(clock.now() + timedelta(hours=20)).isoformat()),
    }
    await shop.takes_back(zipped(shop.folder / "later.zip", entries))
    (image,) = await shop.images(shop.second)
    assert image.created_at <= clock.now()


async def test_a_picture_that_was_changed_by_hand_is_another_one(shop: Shop) -> None:
    old, new = (pictures.jpeg(pictures.photo(400, 400, seed=seed)) for seed in (59, 60))
    entries: dict[str, bytes | str] = {"a.jpg": new, "a.json": described(old, alt_text="Boats")}
    await shop.takes_back(zipped(shop.folder / "changed.zip", entries))
    (image,) = await shop.images(shop.second)
    assert image.sha256 == hashlib.sha256(new).hexdigest()
    assert image.alt_text == "Boats"


async def test_what_is_neither_folder_nor_zip_is_said_to_be_none(shop: Shop) -> None:
    junk = shop.folder / "junk.zip"
    for content in (
        b"",
        b"PK\x03\x04",
        b"not a zip",
        zipped(shop.folder / "z.zip", {"a": b"b"}).read_bytes()[:-9],
    ):
        junk.write_bytes(content)
        with pytest.raises(NotAnExport):
            await shop.takes_back(junk)
    with pytest.raises(NotAnExport):
        await shop.takes_back(shop.folder / "nothing there")


async def test_damaged_and_locked_entries_are_named_and_the_rest_is_taken(shop: Shop) -> None:
    path = zipped(
        shop.folder / "damaged.zip",
        {"a.jpg": pictures.jpeg(pictures.photo(seed=61)), "b.jpg": pictures.jpeg(pictures.photo(seed=62))},
        zipfile.ZIP_STORED,
    )
    data = bytearray(path.read_bytes())
    data[5000] ^= 0xFF
    # The flag that says: encrypted, in both places where an entry stands.
    local, central = data.rindex(b"PK\x03\x04"), data.rindex(b"PK\x01\x02")
    data[local + 6] |= 1
    data[central + 8] |= 1
    path.write_bytes(bytes(data))
    imported = await shop.takes_back(path)
    assert [name for name, _ in imported.refused] == ["a.jpg", "b.jpg"]
    assert imported.taken == 0
