"""What the doctor sees, says and puts right: on a library in which one thing after the other is broken."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core import clock
from app.core.db import Database
from app.imaging import PREVIEW, ExtraFormat, OwnSeal, Workshop
from app.models.images import Image, StorageIntent
from app.providers.publishing.login import FacebookLogin
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.providers.storage.s3 import S3Storage
from app.services import users
from app.services.catalogue import Ending
from app.services.doctor import Doctor, Finding, MetaSetup, Outside
from app.services.images import AiOrigin, Library, Received
from practice.login.people import APP_ID, app_secret
from tests import factories_pictures as pictures
from tests.certificates import certificate
from tests.practice_server import CONTROL_KEY, PracticeProcess
from tests.servers.process import free_ports
from tests.servers.seaweedfs import SeaweedServer


@dataclass
class Ward:
    """A library with two pictures, previews and all, and a doctor for it."""

    library: Library
    business_id: int
    folder: Path

    async def keeps(self, seed: int, origin: AiOrigin | None = None) -> Image:
        async with self.library.workspace() as workspace:
            path = workspace / "received"
            path.write_bytes(pictures.jpeg(pictures.photo(seed=seed)))
            received = Received(path, hashlib.sha256(path.read_bytes()).hexdigest(), f"{seed}.jpg")
            image, _ = await self.library.accept(
                received, business_id=self.business_id, workspace=workspace, origin=origin
            )
            await self.library.rendition(image, PREVIEW)
            return image

    async def report(
        self,
        *,
        fix: bool = False,
        outsides: tuple[Outside, ...] = (),
        extra_formats: tuple[ExtraFormat, ...] = ("heic", "avif"),
        endings: tuple[Ending, ...] = (),
        make_seal: Callable[[], OwnSeal | None] = lambda: None,
    ) -> dict[str, Finding]:
        doctor = Doctor(
            self.library,
            extra_formats=extra_formats,
            outsides=outsides,
            model_endings=endings,
            make_seal=make_seal,
            is_fixing=fix,
        )
        return {finding.what: finding async for finding in doctor.examine()}

    async def is_wrong(self, what: str, *words: str) -> Finding:
        """This alone is wrong, and each of the words is said of it."""
        report = await self.report()
        assert [name for name, finding in report.items() if not finding.is_ok] == [what]
        found = report[what]
        for word in words:
            assert word in f"{found.detail} {found.fix}"
        assert found.fix.endswith(".") or "aigrowth" in found.fix
        return found

    async def is_sealed_with(self, make_seal: Callable[[], OwnSeal | None], *words: str) -> None:
        """Each of the words is said of the certificate; without words it is well."""
        found = (await self.report(make_seal=make_seal))["origin of AI images"]
        assert found.is_ok is not bool(words), found
        for word in words:
            assert word in f"{found.detail} {found.fix}"

    async def is_well(self) -> None:
        report = await self.report()
        assert all(finding.is_ok for finding in report.values()), report

    def file(self, key: str) -> Path:
        return self.folder / "files" / key

    async def begins(self, keys: list[str], age: timedelta) -> None:
        async with self.library.database.writing() as session:
            session.add(StorageIntent(storage_provider="local", keys=keys, created_at=clock.now() - age))

    async def change(self, statement: str) -> None:
        async with self.library.database.writing() as session:
            await session.execute(sa.text(statement))


@pytest.fixture
async def ward(database: Database, workshop: Workshop, tmp_path: Path) -> AsyncIterator[Ward]:
    made = await open_ward(database, LocalStorage(tmp_path / "files"), workshop, tmp_path)
    yield made


async def open_ward(
    database: Database, storage: LocalStorage | S3Storage, workshop: Workshop, folder: Path
) -> Ward:
    signed_in = await users.register(
        database,
        email="ada@example.com",
        password="correct horse battery",
        name="Ada",
        business_name="Harbour Coffee",
        timezone=None,
    )
    business, _ = signed_in.account.businesses[0]
    ward = Ward(Library(database, Stores(storage), workshop, work_dir=folder / "work"), business.id, folder)
    await ward.keeps(1)
    await ward.keeps(2, AiOrigin("a harbour", "painter-1", None))
    return ward


async def test_where_everything_is_as_it_must_be_it_says_so(ward: Ward) -> None:
    await ward.is_well()
    report = await ward.report(fix=True)
    assert all(finding.is_ok and finding.detail.endswith(".") for finding in report.values())
    assert len(report) >= 9


async def test_a_row_without_its_object_is_named(ward: Ward) -> None:
    image = await ward.keeps(3)
    for key in (image.thumbnail_key, image.storage_key):
        path = ward.file(key)
        content = path.read_bytes()
        path.unlink()
        await ward.is_wrong("rows have their objects", f"image {image.id}", key, "backup")
        # Nothing that it can do would bring it back, so nothing is done.
        await ward.report(fix=True)
        await ward.is_wrong("rows have their objects")
        path.write_bytes(content)
    await ward.is_well()


async def test_a_preview_without_its_object_is_named(ward: Ward) -> None:
    image = await ward.keeps(4)
    rendition = await ward.library.rendition(image, PREVIEW)
    ward.file(rendition.storage_key).unlink()
    await ward.is_wrong("rows have their objects", f"image {image.id}", rendition.storage_key)


async def test_an_object_that_was_cut_short_is_named(ward: Ward) -> None:
    image = await ward.keeps(5)
    path = ward.file(image.storage_key)
    path.write_bytes(path.read_bytes()[:-1])
    report = await ward.report()
    assert not report["objects are whole"].is_ok
    assert f"image {image.id}" in report["objects are whole"].detail


async def test_an_object_that_nobody_knows_is_named_and_left_alone(ward: Ward) -> None:
    stranger = ward.file("1/stranger.jpg")
    stranger.write_bytes(b"a stranger")
    await ward.is_wrong("objects have their rows", "1/stranger.jpg", "left alone")
    await ward.report(fix=True)
    assert stranger.read_bytes() == b"a stranger"
    # One that is being made at this moment is no stranger.
    await ward.begins(["1/stranger.jpg"], timedelta(minutes=5))
    await ward.is_well()


async def test_what_was_never_finished_is_swept_when_it_is_asked_to(ward: Ward) -> None:
    left, young = ward.file("1/left.jpg"), ward.file("1/young.jpg")
    for path in (left, young):
        path.write_bytes(b"left over")
    await ward.begins(["1/left.jpg", "1/left-thumb.webp"], timedelta(hours=2))
    await ward.begins(["1/young.jpg"], timedelta(minutes=30))
    await ward.is_wrong("unfinished work", "aigrowth doctor --fix")
    assert left.exists()
    report = await ward.report(fix=True)
    assert "1 piece of work" in report["unfinished work"].detail
    assert not left.exists() and young.exists()
    await ward.is_well()


async def test_more_than_a_hundred_leftovers_are_swept_in_one_go(ward: Ward) -> None:
    for number in range(230):
        await ward.begins([f"1/{number}.jpg"], timedelta(hours=2))
    report = await ward.report(fix=True)
    assert "230" in report["unfinished work"].detail
    await ward.is_well()


async def test_wrong_counts_are_put_right_when_it_is_asked_to(ward: Ward) -> None:
    await ward.change("UPDATE library_counts SET images = images + 3 WHERE tag = ''")
    await ward.is_wrong("counts", "aigrowth doctor --fix")
    report = await ward.report(fix=True)
    assert report["counts"].is_ok and "put right" in report["counts"].detail
    await ward.is_well()


async def test_a_type_that_is_never_served_is_told(ward: Ward) -> None:
    image = await ward.keeps(6)
    await ward.change(f"UPDATE renditions SET mime_type = 'image/svg+xml' WHERE image_id = {image.id}")
    await ward.is_wrong("types of files", "1 file")


async def test_an_original_that_holds_more_than_its_picture_is_named(ward: Ward) -> None:
    image = await ward.keeps(7)
    path = ward.file(image.storage_key)
    private = pictures.jpeg_with_secrets(pictures.photo(seed=7))
    path.unlink()
    path.write_bytes(private)
    await ward.change(f"UPDATE images SET file_size = {len(private)} WHERE id = {image.id}")
    report = await ward.report(fix=True)
    assert not report["nothing private"].is_ok
    assert f"image {image.id}" in report["nothing private"].detail
    path.write_bytes(b"%PDF-1.7")
    assert not (await ward.report())["nothing private"].is_ok


async def test_a_store_that_does_not_work_is_told_with_what_to_do(ward: Ward) -> None:
    root = ward.folder / "files"
    root.rename(ward.folder / "elsewhere")
    root.write_text("a file where the folder was")
    report = await ward.report()
    assert not report["storage (local)"].is_ok and report["storage (local)"].fix
    assert "rows have their objects" not in report


async def test_a_database_without_tables_is_told(workshop: Workshop, tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    library = Library(
        database, Stores(LocalStorage(tmp_path / "files")), workshop, work_dir=tmp_path / "work"
    )
    report = await Ward(library, 1, tmp_path).report()
    await database.close()
    assert not report["database"].is_ok and "aigrowth migrate" in report["database"].fix


async def test_a_database_that_is_not_there_is_told(workshop: Workshop, tmp_path: Path) -> None:
    (port,) = free_ports()
    database = Database(f"postgresql+asyncpg://nobody@127.0.0.1:{port}/nothing")
    library = Library(
        database, Stores(LocalStorage(tmp_path / "files")), workshop, work_dir=tmp_path / "work"
    )
    report = await Ward(library, 1, tmp_path).report()
    await database.close()
    assert not report["database"].is_ok and "DATABASE_URL" in report["database"].fix


async def test_a_format_that_nothing_opens_is_told(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.doctor.settings.has_decoder", lambda name: name != "heic")
    await ward.is_wrong("picture formats", "heic", "EXTRA_IMAGE_FORMATS", "pillow-heif")
    report = await ward.report(extra_formats=())
    assert report["picture formats"].detail == "Taken in: JPEG, PNG, GIF, WebP."


@pytest.mark.parametrize(
    ("days_left", "within", "is_ok"), [(60, 90, True), (20, 30, True), (6, 7, False), (0, 0, False)]
)
async def test_a_model_that_ends_is_told_and_in_its_last_week_it_is_wrong(
    ward: Ward, days_left: int, within: int, is_ok: bool
) -> None:
    def ending(model: str, provider: str, *, is_default: bool) -> Ending:
        ends_on = date(2026, 12, 1)
        return Ending(provider, model, model.upper(), ends_on, days_left, within, "newer", is_default)

    report = await ward.report(
        endings=(
            ending("chosen", "openai", is_default=True),
            ending("other", "openai", is_default=False),
            ending("theirs", "stability", is_default=True),
        )
    )
    chosen, other, theirs = (report[f"model {name}"] for name in ("chosen", "other", "theirs"))
    assert chosen.is_ok is is_ok and theirs.is_ok is is_ok and other.is_ok
    assert "CHOSEN" in chosen.detail and "2026-12-01" in chosen.detail and "newer" in chosen.detail
    assert chosen.fix == "Set OPENAI_IMAGE_MODEL=newer."
    assert not other.fix


async def test_a_server_outside_that_does_not_answer_is_told(
    ward: Ward, seaweedfs_server: SeaweedServer
) -> None:
    (port,) = free_ports()
    there = Outside("Facebook", seaweedfs_server.endpoint, "META_GRAPH_URL")
    away = Outside("AI images", f"http://127.0.0.1:{port}/v1", "OPENAI_BASE_URL")
    report = await ward.report(outsides=(there, away))
    assert report["Facebook"].is_ok
    assert not report["AI images"].is_ok and "OPENAI_BASE_URL" in report["AI images"].fix


async def test_the_app_at_meta_is_tried_and_the_addresses_to_enter_there_are_told(
    practice_server: PracticeProcess,
) -> None:
    async def findings(public_url: str, secret: str | None, graph_url: str, **more: bool) -> list[Finding]:
        login = FacebookLogin(
            app_id=APP_ID,
            app_secret=secret or "",
            graph_url=graph_url,
            dialog_url=practice_server.url,
            version="v26.0",
        )
        setup = MetaSetup(
            try_keys=login.try_keys if secret else None,
            redirect_uri=f"{public_url}/api/v1/channels/meta/callback",
            callbacks_url=f"{public_url}/api/v1/meta",
            **{"has_instagram_keys": False, "has_verify_token": True, **more},
        )
        found = [finding async for finding in setup.look()]
        await login.close()
        return found

    outside, graph, secret = "https://posts.example", practice_server.graph_url, app_secret(CONTROL_KEY)
    app, way_back, own_calls = await findings(outside, secret, graph)
    assert app.is_ok and way_back.is_ok and own_calls.is_ok
    assert "exactly: https://posts.example/api/v1/channels/meta/callback" in way_back.detail
    assert "https://posts.example/api/v1/meta/webhooks" in own_calls.detail
    app, _, own_calls = await findings(outside, "another secret", graph, has_verify_token=False)
    assert not app.is_ok and "META_APP_SECRET" in app.fix and "another" not in f"{app}"
    assert own_calls.is_ok and "META_WEBHOOK_VERIFY_TOKEN is not set" in own_calls.detail
    app, *_ = await findings(outside, secret, f"http://127.0.0.1:{free_ports()[0]}")
    assert not app.is_ok and "cannot be reached" in app.detail
    for public_url, word in (
        ("http://localhost:8000", "on this machine only"),
        ("http://posts.example", "not encrypted"),
    ):
        way_back = (await findings(public_url, None, graph, has_instagram_keys=True))[0]
        assert not way_back.is_ok and word in way_back.detail and "PUBLIC_BASE_URL" in way_back.fix
    (none,) = await findings("http://localhost:8000", None, graph)
    assert none.is_ok and "META_APP_ID" in none.detail


async def test_a_bucket_is_looked_through_as_a_folder_is(
    sqlite_url: str, workshop: Workshop, seaweedfs_server: SeaweedServer, tmp_path: Path
) -> None:
    database, bucket = Database(sqlite_url), seaweedfs_server.create_bucket()
    storage = S3Storage(
        bucket=bucket,
        region=seaweedfs_server.region,
        access_key_id=seaweedfs_server.access_key,
        secret_access_key=seaweedfs_server.secret_key,
        endpoint_url=seaweedfs_server.endpoint,
    )
    ward = await open_ward(database, storage, workshop, tmp_path)
    await ward.is_well()
    image = await ward.keeps(8)
    await storage.delete(image.thumbnail_key)
    await ward.is_wrong("rows have their objects", image.thumbnail_key)
    await ward.change(f"DELETE FROM renditions WHERE image_id = {image.id}")
    report = await ward.report()
    assert "1 object" in report["objects have their rows"].detail
    await database.close()


@pytest.mark.parametrize(
    ("ends_in", "words"),
    [
        (timedelta(days=31), ()),
        (timedelta(days=29, hours=1), ("Harbour Coffee", "ends in 29 days", "C2PA_CERTIFICATE")),
        (-timedelta(days=1), ("Harbour Coffee", "ended on", "C2PA_CERTIFICATE")),
    ],
)
async def test_a_certificate_is_tried_and_its_end_is_told(
    ward: Ward, ends_in: timedelta, words: tuple[str, ...]
) -> None:
    given = certificate(ends_in=ends_in)
    await ward.is_sealed_with(given.seal, *words)
    ends_on = (clock.now() + ends_in).date().isoformat()
    assert ends_on in (await ward.report(make_seal=given.seal))["origin of AI images"].detail


async def test_a_certificate_that_is_of_no_use_is_told(ward: Ward) -> None:
    def unreadable() -> OwnSeal:
        raise ValueError("C2PA_CERTIFICATE names a file that can't be read.")

    await ward.is_sealed_with(unreadable, "C2PA_CERTIFICATE names a file")
    for_servers = certificate(is_for_manifests=False)
    await ward.is_sealed_with(for_servers.seal, "does not take the certificate of Harbour Coffee")
    assert "XMP" in (await ward.report())["origin of AI images"].detail
