"""Moving pictures between stores: killed anywhere and begun again, and nothing is lost or unreachable."""

from __future__ import annotations

import asyncio
import hashlib
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core import clock
from app.core.config import Settings
from app.core.db import Database
from app.imaging import Workshop
from app.imaging.recipes import RECIPES
from app.models.images import Image, Rendition, StorageIntent
from app.providers.storage.base import ObjectMissing, Stores
from app.services import users
from app.services.images import Library, Received
from app.wiring import close_stores, make_stores
from tests import factories_pictures as pictures
from tests.practice_server import PracticeThread, practice_thread
from tests.servers.nursery import run_forked
from tests.servers.product import product_environment
from tests.servers.seaweedfs import SeaweedServer

POINTS = (
    "storage_move.after_intent",
    "storage_move.after_put",
    "storage_move.after_verify",
    "storage_move.after_switch",
    "storage_move.after_delete",
)


@dataclass
class House:
    """A library with some pictures, every store set up, and the command that moves them."""

    database: Database
    environment: Mapping[str, str]
    stores: Stores
    library: Library
    workshop: Workshop
    business_id: int

    async def accept(self, seed: int) -> Image:
        async with self.library.workspace() as workspace:
            content = pictures.jpeg(pictures.photo(420, 420, seed=seed))
            path = workspace / "received"
            path.write_bytes(content)
            received = Received(path, hashlib.sha256(content).hexdigest(), "harbour.jpg")
            image, _ = await self.library.accept(received, business_id=self.business_id, workspace=workspace)
        return image

    async def run(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """`aigrowth storage …`: its exit code and what it said."""
        environment = {**self.environment, **settings}
        cwd = Path(self.environment["DATA_DIR"])
        done = await asyncio.to_thread(run_forked, ["storage", *arguments], env=environment, cwd=cwd)
        return done.returncode, done.stdout + done.stderr

    async def places(self) -> dict[str, str]:
        """The store of every file that a row names, by key."""
        found: dict[str, str] = {}
        async with self.database.reading() as session:
            for image in await session.scalars(sa.select(Image)):
                found |= dict.fromkeys((image.storage_key, image.thumbnail_key), image.storage_provider)
            for made in await session.scalars(sa.select(Rendition)):
                found[made.storage_key] = made.storage_provider
        return found

    async def digests(self) -> dict[str, str]:
        """What every file that a row names has in it, read where the row says."""
        found = {}
        for key, provider in (await self.places()).items():
            stored = await self.stores[provider].open(key)
            content = b"".join([piece async for piece in stored.body])
            found[key] = hashlib.sha256(content).hexdigest()
        return found

    async def notes(self) -> list[StorageIntent]:
        async with self.database.reading() as session:
            return list(await session.scalars(sa.select(StorageIntent)))

    async def is_gone_from(self, provider: str) -> None:
        """Nothing that a row names as being elsewhere is left there."""
        for key, where in (await self.places()).items():
            if where != provider:
                with pytest.raises(ObjectMissing):
                    await self.stores[provider].open(key)

    async def time_passes(self, length: timedelta) -> None:
        async with self.database.writing() as session:
            for note in await session.scalars(sa.select(StorageIntent)):
                note.created_at -= length


@pytest.fixture
async def house(
    database_url: str, seaweedfs_server: SeaweedServer, workshop: Workshop, tmp_path: Path
) -> AsyncIterator[House]:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    own = {
        "DATABASE_URL": database_url,
        "STORAGE_PROVIDER": "local",
        "AWS_S3_BUCKET": seaweedfs_server.create_bucket(),
        "AWS_S3_REGION": seaweedfs_server.region,
        "AWS_S3_ENDPOINT_URL": seaweedfs_server.endpoint,
        "AWS_ACCESS_KEY_ID": seaweedfs_server.access_key,
        "AWS_SECRET_ACCESS_KEY": seaweedfs_server.secret_key,
    }
    async with moved_in(product_environment(data_dir, own), workshop) as opened:
        yield opened


class moved_in:
    """A house with three pictures and a rendition, for these settings."""

    def __init__(self, environment: Mapping[str, str], workshop: Workshop) -> None:
        self._environment = environment
        self._workshop = workshop

    async def __aenter__(self) -> House:
        values = {name.lower(): value for name, value in self._environment.items()}
        settings = Settings.model_validate(
            {name: values[name] for name in Settings.model_fields if name in values}
        )
        self._database = Database(settings.sqlalchemy_url)
        self._stores = make_stores(settings)
        library = Library(self._database, self._stores, self._workshop, work_dir=settings.data_dir / "work")
        signed_in = await users.register(
            self._database,
            email="ada@example.com",
            password="correct horse battery",
            name="Ada",
            business_name="Harbour Coffee",
            timezone=None,
        )
        business, _ = signed_in.account.businesses[0]
        house = House(self._database, self._environment, self._stores, library, self._workshop, business.id)
        images = [await house.accept(seed) for seed in range(700, 703)]
        await library.rendition(images[0], RECIPES["instagram-feed"])
        return house

    async def __aexit__(self, *_: object) -> None:
        await close_stores(self._stores)
        await self._database.close()


@pytest.mark.timeout(600)
async def test_a_move_that_is_killed_anywhere_is_finished_by_the_next(house: House) -> None:
    before = await house.digests()
    assert set((await house.places()).values()) == {"local"}
    for point in POINTS:
        code, said = await house.run("move", "--to", "s3", FAULT_POINT=point)
        assert code == -signal.SIGKILL, said
        # Nothing is unreachable, and nothing has changed.
        assert await house.digests() == before
    # What the dead runs left is not for a sweep to take from under the next run.
    await house.time_passes(timedelta(hours=2))
    await house.library.sweep()
    assert await house.digests() == before

    code, said = await house.run("move", "--to", "s3", STORAGE_PROVIDER="s3")
    assert code == 0, said
    assert "Everything is there." in said
    assert await house.digests() == before
    assert set((await house.places()).values()) == {"s3"}
    await house.time_passes(timedelta(hours=2))
    await house.library.sweep()
    assert await house.notes() == []
    await house.is_gone_from("local")
    files = [path for path in Path(house.environment["DATA_DIR"]).rglob("files/*/*") if path.is_file()]
    assert files == []


async def test_a_move_back_leaves_the_old_objects_until_their_urls_have_ended(house: House) -> None:
    before = await house.digests()
    assert (await house.run("move", "--to", "s3"))[0] == 0
    assert (await house.run("move", "--to", "local"))[0] == 0
    assert await house.digests() == before
    assert set((await house.places()).values()) == {"local"}
    # A page that was opened before shows the bucket's URLs for up to two days.
    for key in before:
        assert (await house.stores["s3"].open(key)).size
    notes = await house.notes()
    assert notes
    assert all(note.created_at >= clock.now() + timedelta(hours=23) for note in notes)
    await house.library.sweep()
    assert await house.notes() != []
    await house.time_passes(timedelta(hours=50))
    code, said = await house.run("tidy")
    assert (code, await house.notes()) == (0, []), said
    await house.is_gone_from("s3")
    assert await house.digests() == before


async def test_to_and_fro_within_a_day_uses_what_is_there(house: House) -> None:
    before = await house.digests()
    for target in ("s3", "local", "s3"):
        code, said = await house.run("move", "--to", target)
        assert code == 0, said
        assert await house.digests() == before
    await house.time_passes(timedelta(hours=50))
    assert (await house.run("tidy"))[0] == 0
    assert await house.digests() == before
    await house.is_gone_from("local")


async def test_what_is_kept_stays_in_both(house: House) -> None:
    before = await house.digests()
    code, said = await house.run("move", "--to", "s3", "--keep")
    assert code == 0, said
    assert await house.notes() == []
    for key in before:
        for provider in ("local", "s3"):
            assert (await house.stores[provider].open(key)).size


async def test_what_can_not_be_moved_stays_and_is_named(house: House) -> None:
    keys = list(await house.places())
    root = Path(house.environment["DATA_DIR"]) / "files"
    missing, damaged = [key for key in keys if "-thumb" not in key and "instagram" not in key][:2]
    (root / missing).unlink()
    content = (root / damaged).read_bytes()
    (root / damaged).unlink()
    (root / damaged).write_bytes(content[:-1])
    code, said = await house.run("move", "--to", "s3")
    assert code == 1
    assert f"Not moved: {missing}: There is no object in local under this key." in said
    assert f"Not moved: {damaged}: The object in local is not the file that the library knows." in said
    places = await house.places()
    assert (places[missing], places[damaged]) == ("local", "local")
    assert [note for note in await house.notes() if note.storage_provider == "s3"] == []
    (root / damaged).unlink()
    (root / damaged).write_bytes(content)
    code, said = await house.run("move", "--to", "s3")
    assert code == 1
    assert (await house.places())[damaged] == "s3"


async def test_a_store_that_is_not_set_up_or_does_not_work_is_named(house: House) -> None:
    code, said = await house.run("move", "--to", "cloudinary")
    assert code == 1
    assert "CLOUDINARY_CLOUD_NAME" in said
    code, said = await house.run("move", "--to", "s3", AWS_SECRET_ACCESS_KEY="wrong")
    assert code == 1
    assert "AWS_SECRET_ACCESS_KEY" in said
    assert set((await house.places()).values()) == {"local"}


async def test_readers_find_a_file_that_moves_while_they_look(house: House) -> None:
    before = await house.digests()
    async with house.database.reading() as session:
        image_ids = list(await session.scalars(sa.select(Image.id)))
    is_over = asyncio.Event()

    async def reads() -> int:
        count = 0
        while not is_over.is_set():
            for image_id in image_ids:
                file = await house.library.find_file(image_id, "original")
                assert file is not None
                stored = await house.library.open_file(file)
                content = b"".join([piece async for piece in stored.body])
                assert hashlib.sha256(content).hexdigest() == before[file.key]
                count += 1
                await asyncio.sleep(0.01)
        return count

    reader = asyncio.create_task(reads())
    for target in ("s3", "local"):
        assert (await house.run("move", "--to", target))[0] == 0
    is_over.set()
    assert await reader > 0


async def test_from_the_bucket_to_cloudinary_and_home_again(
    sqlite_url: str, seaweedfs_server: SeaweedServer, workshop: Workshop, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with practice_thread(tmp_path / "cloud") as cloud:
        own = {
            "DATABASE_URL": sqlite_url,
            "STORAGE_PROVIDER": "s3",
            "AWS_S3_BUCKET": seaweedfs_server.create_bucket(),
            "AWS_S3_ENDPOINT_URL": seaweedfs_server.endpoint,
            "AWS_ACCESS_KEY_ID": seaweedfs_server.access_key,
            "AWS_SECRET_ACCESS_KEY": seaweedfs_server.secret_key,
            **cloudinary_settings(cloud),
        }
        async with moved_in(product_environment(data_dir, own), workshop) as house:
            before = await house.digests()
            for target in ("cloudinary", "local"):
                code, said = await house.run("move", "--to", target)
                assert code == 0, said
                assert set((await house.places()).values()) == {target}
                assert await house.digests() == before


def cloudinary_settings(cloud: PracticeThread) -> dict[str, str]:
    return {
        "CLOUDINARY_CLOUD_NAME": cloud.cloud.cloud_name,
        "CLOUDINARY_API_KEY": cloud.cloud.api_key,
        "CLOUDINARY_API_SECRET": cloud.cloud.api_secret,
        "CLOUDINARY_API_BASE": cloud.cloudinary_url,
    }
