"""A server with a bucket: killed while it takes in what a browser sent there, moved into while people look,
and looked at by `aigrowth storage check`."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import factories_pictures as pictures
from tests.api.live import LONG_AGO, fetch, files_below, sqlite_execute
from tests.person import NO_TLS, Person
from tests.practice_server import poll
from tests.servers.nursery import run_forked
from tests.servers.product import Product, product_environment, start_product
from tests.servers.seaweedfs import SeaweedServer

pytestmark = pytest.mark.timeout(600)

SERVICE = Path(__file__).resolve().parents[2] / "app" / "services" / "direct_uploads.py"
POINTS = ("after_receive", "after_accept", "after_complete")


@dataclass
class House:
    """A product beside a bucket, started and ended by each test."""

    data_dir: Path
    bucket: str
    settings: dict[str, str]
    store: Any
    product: Product | None = None

    def start(self, **settings: str) -> Product:
        port = self.product.port if self.product else None
        self.product = start_product(self.data_dir, port=port, settings={**self.settings, **settings})
        return self.product

    def stop(self) -> None:
        if self.product:
            self.product.process.stop()

    def execute(self, statement: str) -> list[str]:
        return sqlite_execute(self.data_dir / "aigrowth.db")(statement)

    def objects(self, prefix: str = "") -> set[str]:
        """Keys in the bucket."""
        found = self.store.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", ())
        return {entry["Key"] for entry in found if not entry["Key"].startswith("check/")}

    def check(self, **settings: str) -> tuple[int, str, str]:
        """`aigrowth storage check`: exit code, what it said, what it complained of."""
        environment = product_environment(self.data_dir, {**self.settings, **settings})
        done = run_forked(["storage", "check"], env=environment, cwd=self.data_dir.parent)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def house(seaweedfs_server: SeaweedServer, tmp_path: Path) -> Iterator[House]:
    bucket, client = seaweedfs_server.create_bucket(), seaweedfs_server.client()
    settings = {
        "PRACTICE_MODE": "off",
        "STORAGE_PROVIDER": "s3",
        "AWS_S3_BUCKET": bucket,
        "AWS_S3_REGION": seaweedfs_server.region,
        "AWS_S3_ENDPOINT_URL": seaweedfs_server.endpoint,
        "AWS_ACCESS_KEY_ID": seaweedfs_server.access_key,
        "AWS_SECRET_ACCESS_KEY": seaweedfs_server.secret_key,
    }
    made = House(tmp_path / "data", bucket, settings, client)
    yield made
    made.stop()
    client.close()


# Sent by a browser


def sent(ada: Person) -> str:
    """A picture that lies in the bucket and was not taken in yet; the id of its upload."""
    content = pictures.jpeg(pictures.photo(seed=uuid.uuid4().int % 2**31))
    wish = {"filename": "Harbour.jpg", "size": len(content), "mime_type": "image/jpeg"}
    answer = ada.client.post("/images/uploads", json={"business_id": ada.business_id, **wish})
    assert answer.status_code == 201, answer.text
    place = answer.json()["upload"]
    files = {"file": ("Harbour.jpg", content, "image/jpeg")}
    stored = httpx.post(place["url"], data=place["fields"], files=files, trust_env=False)
    assert stored.status_code == 204, stored.text
    return str(place["id"])


def finishes(ada: Person, upload_id: str) -> httpx.Response:
    return ada.client.post(f"/images/uploads/{upload_id}/complete", json={})


def test_a_server_that_dies_while_it_takes_in_what_was_sent_makes_one_image_of_it(house: House) -> None:
    ada = Person.signs_up(house.start().url)
    for number, point in enumerate(POINTS):
        upload_id = sent(ada)
        house.stop()
        product = house.start(FAULT_POINT=f"direct_uploads.{point}")
        with contextlib.suppress(httpx.TransportError):
            answer = finishes(ada, upload_id)
            raise AssertionError(f"{point} was passed: {answer.status_code} {answer.text}")
        poll(
            lambda product=product: None if product.process.is_running() else True,  # type: ignore[misc]
            what=f"the end at {point}",
        )
        house.stop()
        house.start()
        answer = finishes(ada, upload_id)
        assert answer.status_code in (200, 201), answer.text
        assert finishes(ada, upload_id).json()["image"]["id"] == answer.json()["image"]["id"]
        assert fetch(answer.json()["image"]["storage_url"]).status_code == 200
        assert house.execute("SELECT count(*) FROM images") == [str(number + 1)]
    # The one that died between finishing and tidying up is all that is left, until the sweep.
    assert len(house.objects("incoming/")) == 1
    unfinished = sent(ada)
    young = sent(ada)
    kept = house.objects() - house.objects("incoming/")
    assert len(kept) == 2 * len(POINTS)

    house.stop()
    house.execute(f"UPDATE upload_tickets SET created_at = {LONG_AGO} WHERE id <> '{young}'")
    house.start()
    count = "SELECT count(*) FROM upload_tickets"
    poll(lambda: True if house.execute(count) == ["1"] else None, what="the end of the sweep")
    assert house.objects() - house.objects("incoming/") == kept
    assert len(house.objects("incoming/")) == 1
    assert finishes(ada, unfinished).status_code == 404
    assert finishes(ada, young).status_code == 201
    assert house.objects("incoming/") == set()
    ada.close()


def test_every_point_of_direct_uploads_is_tested() -> None:
    named = re.findall(r'fault\("direct_uploads\.([a-z_]+)"\)', SERVICE.read_text())
    assert sorted(named) == sorted(POINTS)


# Moved into while people look


def seen(url: str) -> bytes:
    """What a browser gets, wherever it is sent for it; nothing where it gets an error."""
    answer = httpx.get(url, follow_redirects=True, trust_env=False, verify=NO_TLS, timeout=60)
    return answer.content if answer.status_code == 200 else b""


def test_a_move_is_not_noticed_by_whoever_looks_at_pictures_and_uploads(house: House) -> None:
    ada = Person.signs_up(house.start(STORAGE_PROVIDER="local").url)
    before = [ada.keeps_picture() for _ in range(4)]
    kinds = ("storage_url", "thumbnail_url", "preview_url")
    open_page = {image[kind]: seen(image[kind]) for image in before for kind in kinds}
    by_id = {image["id"]: [open_page[image[kind]] for kind in kinds] for image in before}
    house.stop()
    product = house.start()

    is_over, rounds, troubles = threading.Event(), [0], list[str]()

    def look() -> None:
        """What a page shows that was opened before, and what one shows that is opened now."""
        while not is_over.is_set() or not rounds[0]:
            for url, content in open_page.items():
                if seen(url) != content:
                    troubles.append(f"{url} is another one")
            listed = ada.client.get("/images/list", params={"business_id": ada.business_id})
            for image in listed.json()["images"]:
                shown = [seen(image[kind]) for kind in kinds] if image["id"] in by_id else []
                if shown != by_id.get(image["id"], []):
                    troubles.append(f"image {image['id']} is another one")
            rounds[0] += 1

    looking = threading.Thread(target=look)
    looking.start()
    try:
        environment = product_environment(house.data_dir, house.settings)
        moved = run_forked(["storage", "move", "--to", "s3"], env=environment, cwd=house.data_dir.parent)
        late = ada.keeps_picture()
    finally:
        is_over.set()
        looking.join()
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert "Everything is there." in moved.stdout
    assert (troubles, rounds[0] > 0, product.process.is_running()) == ([], True, True)
    assert files_below(house.data_dir / "files") == frozenset()
    assert len(house.objects()) == 3 * len(before) + 2
    assert fetch(late["storage_url"]).status_code == 200
    assert set(house.execute("SELECT storage_provider FROM images")) == {"s3"}
    ada.close()


# Looked at from the command line


def lines_of(said: str) -> dict[str, str]:
    """The sign of every check, by its title."""
    found = re.findall(r"^(ok|warning|FAILED|skipped) +(\S.*)$", said, re.MULTILINE)
    return {title: sign for sign, title in found}


def document(said: str, title: str) -> Any:
    """The JSON below a title, ready to be pasted."""
    (text,) = re.findall(rf"^{re.escape(title)}[^\n]*:\n(.*?)(?:\n\n|\Z)", said, re.DOTALL | re.MULTILINE)
    return json.loads(text)


def test_the_check_says_what_works_what_does_not_and_what_to_paste(house: House) -> None:
    elsewhere = [{"AllowedOrigins": ["https://elsewhere.example"], "AllowedMethods": ["GET"]}]
    house.store.put_bucket_cors(Bucket=house.bucket, CORSConfiguration={"CORSRules": elsewhere})
    code, said, complained = house.check()
    assert (code, said.splitlines()[0], complained) == (0, "Storage: s3", "")
    assert [sign for sign in lines_of(said).values() if sign not in ("ok", "skipped")] == ["warning"]
    cors = next(title for title in titles(said) if "CORS" in title)
    policy = next(title for title in titles(said) if "olicy" in title)
    assert house.bucket in json.dumps(document(said, policy))
    rules = document(said, cors)
    house.store.put_bucket_cors(Bucket=house.bucket, CORSConfiguration={"CORSRules": rules})
    code, said, complained = house.check()
    assert (code, complained) == (0, ""), said
    assert set(lines_of(said).values()) <= {"ok", "skipped"}
    assert house.objects() == set()
    # It looked, and made nothing here.
    assert not house.data_dir.exists()


def titles(said: str) -> list[str]:
    """Of the documents at the end."""
    return re.findall(r"^\n(\S[^\n]*):$", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong"),
        ("AWS_ACCESS_KEY_ID", "wrong"),
        ("AWS_S3_ENDPOINT_URL", "http://127.0.0.1:9"),
    ],
)
def test_the_check_names_the_setting_to_change(house: House, setting: str, value: str) -> None:
    code, said, complained = house.check(**{setting: value})
    assert (code, complained) == (1, "")
    assert "FAILED" in lines_of(said).values()
    failed = said[said.index("FAILED") :]
    assert setting in failed and "Traceback" not in said
    assert house.settings["AWS_SECRET_ACCESS_KEY"] not in said


def test_the_check_of_a_folder_names_it(house: House) -> None:
    house.start(STORAGE_PROVIDER="local")
    code, said, complained = house.check(STORAGE_PROVIDER="local")
    assert (code, said.splitlines()[0], complained) == (0, "Storage: local", "")
    assert set(lines_of(said).values()) <= {"ok", "skipped", "warning"}
