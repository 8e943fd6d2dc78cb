"""Uploading in the page: refused before the journey, made to fit, sent by the hundred, resumed."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from app.api.deps import SESSION_COOKIE
from tests import factories_pictures as pictures
from tests.browser.conftest import OpenMember, OpenPage
from tests.browser.member import composer, drops, on_disk, opens_composer, painting, picks, tile
from tests.browser.screen import gallery, shot
from tests.person import Person
from tests.practice_server import poll
from tests.servers.product import Product, running_product
from tests.servers.seaweedfs import SeaweedServer


def opens_library(page: Page) -> Locator:
    """The Images page of an empty library; returns where the uploads are shown."""
    page.goto("/dashboard/images")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    return page.get_by_role("region", name="Uploads")


def row(tray: Locator, name: str) -> Locator:
    """One file in the list."""
    return tray.get_by_role("listitem").filter(has_text=name)


def kept(person: Person) -> list[dict[str, object]]:
    """The images of the business, newest first."""
    answer = person.client.get("/images/list", params={"business_id": person.business_id, "limit": 100})
    found: list[dict[str, object]] = answer.json()["images"]
    return found


def original(person: Person, image: dict[str, object]) -> Image.Image:
    """The stored file, opened by a program that is not ours."""
    return Image.open(io.BytesIO(person.client.get(str(image["storage_url"])).content))


def is_red(picture: Image.Image, x: float, y: float) -> bool:
    """Whether the pixel at these parts of the sides is the red square."""
    red, green, blue = picture.convert("RGB").getpixel((int(picture.width * x), int(picture.height * y)))  # type: ignore[misc]
    return bool(red > 150 and green < 90 and blue < 90)


def test_what_is_refused_in_the_page_is_refused_in_the_servers_words(
    new_member: OpenMember, tmp_path: Path
) -> None:
    page, person = (member := new_member()).page, member.person
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    files = {
        "notes.jpg": b"These are words, not a picture.\n" * 40,
        "stamp.png": pictures.png(pictures.flat((200, 90, 40), 100, 300)),
        "thumb.webp": pictures.webp(pictures.photo(390, 800)),
        "dot.gif": pictures.gif(pictures.flat((1, 2, 3), 20, 20)),
        "banner.jpg": pictures.jpeg(pictures.flat((40, 90, 200), 5000, 420), quality=20),
        "turned.jpg": pictures.jpeg(
            pictures.flat((40, 90, 200), 4200, 500), exif=pictures.exif(6), quality=20
        ),
        "enormous.bin": bytes(11_000_000),
    }
    tray = opens_library(page)
    # Which kinds it takes, the server has told by then.
    expect(page.get_by_text("HEIC or AVIF, up to 10 MiB")).to_be_visible()
    drops(page, *(on_disk(tmp_path, name, content) for name, content in files.items()))
    expect(tray.get_by_text("7 files not uploaded")).to_be_visible()
    assert not [address for address in asked if "/images/" in address]
    for name, content in files.items():
        said = person.uploads(content, filename=name).json()["detail"]
        expect(row(tray, name)).to_contain_text(said)
    gallery(page, "uploads-refused")


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_picture_with_too_many_pixels_is_resized_to_fit_and_stands_upright(
    new_member: OpenMember, tmp_path: Path, kind: str
) -> None:
    page, person = (member := new_member()).page, member.person
    # Lying on its side, as the camera was held: the wall is smooth, so that a PNG stays one.
    wall = pictures.flat((90, 120, 110), 5000, 5000 if kind == "jpeg" else 4000)
    wall.paste((220, 20, 20), (0, 0, 1000, 1000))
    options = {"quality": 90} if kind != "png" else {"compress_level": 1}
    name = f"wall.{kind}"
    tray = opens_library(page)
    drops(page, on_disk(tmp_path, name, getattr(pictures, kind)(wall, exif=pictures.exif(6), **options)))
    row(tray, name).get_by_role("button", name="Resize to fit and upload").click()
    expect(tile(page, name)).to_be_visible(timeout=60_000)
    (image,) = kept(person)
    sides = (4096, 4096) if kind == "jpeg" else (3277, 4096)
    assert (image["width"], image["height"]) == sides
    assert (image["original_filename"], image["mime_type"]) == (name, f"image/{kind}")
    # A quarter turn to the right: what was stored at the upper left stands at the upper right.
    stored = original(person, image)
    assert [is_red(stored, x, y) for x, y in ((0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95))] == [
        False,
        True,
        False,
        False,
    ]


def test_a_photograph_with_too_many_bytes_is_written_again(new_member: OpenMember, tmp_path: Path) -> None:
    page, person = (member := new_member()).page, member.person
    content = grainy(4000, 3000)
    assert len(content) > 14_000_000
    tray = opens_library(page)
    drops(page, on_disk(tmp_path, "harbour.jpg", content))
    expect(row(tray, "harbour.jpg")).to_contain_text("The file is larger than 10 MiB.")
    row(tray, "harbour.jpg").get_by_role("button", name="Resize to fit and upload").click()
    expect(tile(page, "harbour.jpg")).to_be_visible(timeout=60_000)
    (image,) = kept(person)
    assert int(str(image["file_size"])) <= 10 * 1024 * 1024
    # Upright, and with as many pixels as before when they fit into the bytes.
    assert (image["height"], image["width"]) == (4000, 3000)


@functools.cache
def grainy(width: int, height: int) -> bytes:
    """A photograph of a camera that was held upright, at a quality that nobody can see."""
    grain = np.random.default_rng(5).normal(0, 16, (height, width, 1))
    smooth = np.asarray(pictures.photo(width, height, seed=5), dtype=np.float32)
    picture = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))
    return pictures.jpeg(picture, quality=99, subsampling=0, exif=pictures.exif(6))


def test_what_cannot_be_resized_without_a_loss_says_why(new_member: OpenMember, tmp_path: Path) -> None:
    page = new_member().page
    big = [picture.resize((4200, 500)) for picture in pictures.frames(2)]
    moving = pictures.gif(big[0], save_all=True, append_images=big[1:])
    noise = np.random.default_rng(6).integers(0, 255, (2700, 2700, 4), dtype=np.uint8)
    glass = pictures.png(Image.fromarray(noise, "RGBA"), compress_level=1)
    tray = opens_library(page)
    drops(page, on_disk(tmp_path, "moving.gif", moving), on_disk(tmp_path, "glass.png", glass))
    expect(row(tray, "moving.gif")).to_contain_text("It moves, and resizing it here would keep only its")
    expect(row(tray, "moving.gif").get_by_role("button", name=re.compile("Resize"))).to_have_count(0)
    row(tray, "glass.png").get_by_role("button", name="Resize to fit and upload").click()
    expect(row(tray, "glass.png")).to_contain_text("because it is transparent.", timeout=90_000)
    expect(row(tray, "glass.png").get_by_role("button", name=re.compile("Resize"))).to_have_count(0)


def small(number: int) -> bytes:
    """One of many pictures that differ."""
    return pictures.jpeg(
        pictures.flat((number % 200 + 40, number // 8 + 40, 90 + number % 7 * 20)), quality=60
    )


@pytest.mark.timeout(600)
def test_two_hundred_files_go_three_at_a_time_and_each_one_that_is_refused_is_named(
    new_member: OpenMember, tmp_path: Path
) -> None:
    page, person = (member := new_member(trouble=True)).page, member.person
    there_already = small(1000)
    person.keeps_picture(there_already, filename="old.jpg")
    files = [on_disk(tmp_path, f"picture-{number:03}.jpg", small(number)) for number in range(196)]
    files.insert(20, on_disk(tmp_path, "again.jpg", there_already))
    files.insert(50, on_disk(tmp_path, "torn.jpg", painting("harbour")[:9000]))
    files.insert(90, on_disk(tmp_path, "stamp.jpg", pictures.jpeg(pictures.flat((9, 9, 9), 60, 60))))
    files.insert(130, on_disk(tmp_path, "also-again.jpg", there_already))
    seen: dict[str, int] = {}
    held: list[Route] = []

    def stumble(route: Route) -> None:
        """The first request of every seventh file is lost, that of every eleventh meets trouble."""
        key = route.request.headers["idempotency-key"]
        count = 0 if key in seen else len(seen) + 1
        seen.setdefault(key, count)
        if count == 0:
            route.continue_()
        elif count % 7 == 0:
            route.abort("connectionreset")
        elif count % 11 == 0:
            route.fulfill(status=503, json={"status": 503, "code": "busy", "detail": "Too much to do."})
        else:
            route.continue_()

    page.route("**/api/v1/images/upload", lambda route: held.append(route))
    page.goto("/dashboard/images")
    expect(tile(page, "old.jpg")).to_be_visible()
    tray = page.get_by_role("region", name="Uploads")
    drops(page, *files)
    expect(tray.get_by_text("Uploading 1 of 200")).to_be_visible()
    expect(tray.get_by_role("progressbar", name=re.compile("^Uploading"))).to_have_count(3)
    expect(tray.get_by_text("Waiting", exact=True)).to_have_count(197)
    assert len(held) == 3
    page.route("**/api/v1/images/upload", stumble)
    for route in held:
        route.continue_()
    expect(tray.get_by_text(re.compile(r"Uploading (?!1 )\d+ of 200"))).to_be_visible()
    gallery(page, "uploads-many")

    # They go on while somebody looks at something else. From now on without trouble: a page whose requests
    # are looked at keeps no picture.
    expect(tray.get_by_text(re.compile(r"Uploading ([3-9]\d|1\d\d) of 200"))).to_be_visible()
    assert len(seen) >= 22
    page.unroute_all(behavior="wait")
    page.get_by_role("link", name="Posts", exact=True).click()
    expect(page.get_by_role("heading", name="Posts", level=1)).to_be_visible()
    expect(tray.get_by_role("progressbar", name=re.compile("^All uploads"))).to_be_visible()
    gallery(page, "uploads-elsewhere")
    page.get_by_role("link", name=re.compile("^Images")).click()
    expect(tray.get_by_text("196 uploaded, 2 were there already, 2 not taken")).to_be_visible(timeout=180_000)
    expect(tray.get_by_role("listitem")).to_have_count(2)
    for name in ("torn.jpg", "stamp.jpg"):
        said = person.uploads((tmp_path / name).read_bytes(), filename=name).json()["detail"]
        expect(row(tray, name)).to_contain_text(said)
    gallery(page, "uploads-summary")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tray.get_by_role("button", name="Copy list").click()
    expect(tray.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert [line.split(":")[0] for line in copied.splitlines()] == ["torn.jpg", "stamp.jpg"]
    tray.get_by_role("button", name="Show all 200").click()
    expect(tray.get_by_role("listitem")).to_have_count(200)
    shot(page, "uploads-all-wide-light")
    totals = person.client.get("/images/totals", params={"business_id": person.business_id}).json()
    assert totals["images"] == 197


def test_what_was_on_its_way_when_the_connection_went_goes_on_when_it_is_back(
    new_member: OpenMember, tmp_path: Path
) -> None:
    page, person = (member := new_member(trouble=True)).page, member.person
    tray = opens_library(page)
    held: list[Route] = []
    page.route("**/api/v1/images/upload", lambda route: held.append(route))
    drops(page, *(on_disk(tmp_path, f"picture-{number}.jpg", small(number)) for number in range(8)))
    # The browser's events come in while something of it is looked at.
    poll(lambda: (tray.count() and len(held) == 3) or None, what="three uploads on their way")
    page.context.set_offline(True)
    for route in held:
        route.abort("internetdisconnected")
    page.unroute_all()
    expect(tray.get_by_text("Waiting for the connection").first).to_be_visible()
    expect(tray.get_by_role("button", name="Try now")).to_be_visible()
    gallery(page, "uploads-offline")
    page.context.set_offline(False)
    expect(tray.get_by_text("8 images uploaded")).to_be_visible()
    assert len(kept(person)) == 8


def test_a_server_that_has_had_too_many_is_given_its_time(new_member: OpenMember, tmp_path: Path) -> None:
    page, person = (member := new_member()).page, member.person
    tray = opens_library(page)
    refusals = 0

    def refuse_five(route: Route) -> None:
        nonlocal refusals
        refusals += 1
        if refusals > 5:
            route.continue_()
            return
        problem = {"status": 429, "code": "rate_limited", "detail": "Too many requests.", "retry_after": 1}
        route.fulfill(status=429, json=problem, headers={"Retry-After": "1"})

    page.route("**/api/v1/images/upload", refuse_five)
    drops(page, *(on_disk(tmp_path, f"picture-{number}.jpg", small(number)) for number in range(4)))
    expect(tray.get_by_text("The server is busy. We try again in a moment.").first).to_be_visible()
    expect(tray.get_by_text("4 images uploaded")).to_be_visible(timeout=30_000)
    assert len(kept(person)) == 4


def test_all_that_is_too_large_is_resized_at_once_with_the_keys_alone(
    new_member: OpenMember, tmp_path: Path
) -> None:
    page, person = (member := new_member()).page, member.person
    tray = opens_library(page)
    wide = [pictures.jpeg(pictures.flat((90, 90 + 30 * step, 160), 4400, 900)) for step in range(3)]
    drops(page, *(on_disk(tmp_path, f"wide-{step}.jpg", content) for step, content in enumerate(wide)))
    offer = tray.get_by_role("button", name="Resize all 3")
    expect(offer).to_be_visible()
    gallery(page, "uploads-too-large")
    offer.focus()
    page.keyboard.press("Enter")
    expect(tray.get_by_role("progressbar", name=re.compile("^Resizing")).first).to_be_visible()
    shot(page, "uploads-resizing-wide-light")
    expect(tray.get_by_text("3 images uploaded")).to_be_visible(timeout=60_000)
    assert {image["width"] for image in kept(person)} == {4096}


def test_a_picture_for_a_post_is_resized_where_the_post_is_written(
    new_member: OpenMember, tmp_path: Path
) -> None:
    page = new_member().page
    page.goto("/dashboard")
    modal = opens_composer(page)
    wide = on_disk(tmp_path, "wide.jpg", pictures.jpeg(pictures.flat((30, 120, 160), 4400, 3000)))
    picks(page, modal.get_by_role("button", name="Upload New"), wide)
    notice = modal.get_by_role("alert")
    expect(notice).to_contain_text("This picture is 4400 × 3000 pixels.")
    gallery(page, "composer-too-large")
    notice.get_by_role("button", name="Resize to fit and upload").click()
    images = composer(page).get_by_role("list", name="Images in this post")
    expect(images.get_by_role("button", name=re.compile("wide.jpg")).first).to_be_visible(timeout=60_000)


@pytest.fixture(scope="module")
def bucket(seaweedfs_server: SeaweedServer) -> Iterator[tuple[Product, str]]:
    """The product with a bucket that takes files from its page; and the bucket's name."""
    name, client = seaweedfs_server.create_bucket(), seaweedfs_server.client()
    settings = {
        "STORAGE_PROVIDER": "s3",
        "AWS_S3_BUCKET": name,
        "AWS_S3_REGION": seaweedfs_server.region,
        "AWS_S3_ENDPOINT_URL": seaweedfs_server.endpoint,
        "AWS_ACCESS_KEY_ID": seaweedfs_server.access_key,
        "AWS_SECRET_ACCESS_KEY": seaweedfs_server.secret_key,
    }
    with running_product(settings=settings) as product:
        rule = {
            "AllowedOrigins": [product.url],
            "AllowedMethods": ["GET", "PUT", "POST"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
        }
        client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})
        yield product, name
    client.close()


@pytest.fixture
def signs_in() -> Iterator[Callable[[Page, Product], Person]]:
    """Somebody new on this server, whose browser knows them."""
    people: list[Person] = []

    def sign_in(page: Page, product: Product) -> Person:
        person = Person.signs_up(product.url)
        people.append(person)
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": person.token, "url": product.url}])
        return person

    yield sign_in
    for person in people:
        person.close()


def test_files_go_straight_into_the_bucket_where_it_takes_them(
    bucket: tuple[Product, str],
    new_page: OpenPage,
    signs_in: Callable[[Page, Product], Person],
    tmp_path: Path,
) -> None:
    product, _ = bucket
    page = new_page()
    person = signs_in(page, product)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {urlsplit(request.url).path}"))
    page.goto(f"{product.url}/dashboard/images")
    expect(page.get_by_text("HEIC or AVIF, up to 10 MiB")).to_be_visible()
    with page.expect_response(re.compile("/complete$")):
        drops(page, *(on_disk(tmp_path, f"picture-{number}.jpg", small(number)) for number in range(5)))
    expect(page.get_by_text("5 images uploaded", exact=True)).to_be_visible()
    expect(tile(page, "picture-3.jpg")).to_be_visible()
    assert "POST /api/v1/images/upload" not in sent
    assert sum(entry.endswith("/complete") for entry in sent) == 5
    assert {image["storage_provider"] for image in kept(person)} == {"s3"}
    page.goto(f"{product.url}/dashboard/settings")
    expect(page.get_by_role("region", name="Storage")).to_contain_text("An S3 bucket")


def test_a_bucket_that_refuses_is_left_alone_and_nobody_notices(
    bucket: tuple[Product, str],
    new_page: OpenPage,
    signs_in: Callable[[Page, Product], Person],
    seaweedfs_server: SeaweedServer,
    tmp_path: Path,
) -> None:
    product, name = bucket
    page = new_page(trouble=True)
    person = signs_in(page, product)
    tries = 0

    def refuse(route: Route) -> None:
        nonlocal tries
        tries += route.request.method == "POST"
        route.abort("failed")

    page.route(f"{seaweedfs_server.endpoint}/{name}**", lambda route: refuse(route))
    page.goto(f"{product.url}/dashboard/images")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    expect(page.get_by_text("HEIC or AVIF, up to 10 MiB")).to_be_visible()
    with page.expect_response(re.compile("/images/uploads$")):
        drops(page, *(on_disk(tmp_path, f"picture-{number}.jpg", small(number)) for number in range(9)))
    expect(page.get_by_text("9 images uploaded", exact=True)).to_be_visible(timeout=40_000)
    # Three were on their way when the second one failed; nothing was sent there afterwards.
    assert 2 <= tries <= 4
    assert len(kept(person)) == 9


def test_a_photo_that_the_browser_cannot_show_has_a_calm_place_until_it_is_taken(
    new_member: OpenMember, tmp_path: Path
) -> None:
    page, person = (member := new_member()).page, member.person
    tray = opens_library(page)
    held: list[Route] = []
    page.route("**/api/v1/images/upload", lambda route: held.append(route))
    stream = io.BytesIO()
    pillow_heif.from_pillow(pictures.photo(900, 700, seed=8)).save(stream, quality=80)
    photo = on_disk(tmp_path, "IMG_0042.HEIC", stream.getvalue())
    with page.expect_file_chooser() as opened:
        page.get_by_role("button", name="Upload", exact=True).click()
    assert ".heic" in str(opened.value.element.get_attribute("accept"))
    opened.value.set_files(photo)
    expect(tray.get_by_role("progressbar", name="Uploading IMG_0042.HEIC")).to_be_visible()
    shot(page, "uploads-heic-wide-light")
    held.pop().continue_()
    expect(tile(page, "IMG_0042.HEIC")).to_be_visible()
    (image,) = kept(person)
    assert image["mime_type"] == "image/jpeg"
