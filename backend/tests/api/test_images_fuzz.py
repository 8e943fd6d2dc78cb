"""Hundreds of made and damaged files, sent to a real server: each gets an answer, and none leaves a trace.

Whatever is refused leaves no row, object, note or temporary file. No worker is lost, and the server lives on.
"""

from __future__ import annotations

import functools
import os
import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests import factories_heif as heif
from tests import factories_pictures as pictures
from tests.api.live import Live
from tests.person import NO_TLS, Person

pytestmark = pytest.mark.timeout(900)

ALLOWED = {201, 200, 413, 415, 422}
SEED = 20_260_131

SEEDS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: pictures.jpeg_with_secrets(pictures.photo(420, 410, 1)),
    "progressive jpeg": lambda: pictures.jpeg(pictures.photo(420, 410, 2), progressive=True),
    "turned jpeg": lambda: pictures.jpeg(pictures.photo(420, 410, 3), exif=pictures.exif(6)),
    "png": lambda: pictures.png_with_secrets(pictures.photo(420, 410, 4)),
    "palette png": lambda: pictures.png(pictures.photo(420, 410, 5).quantize(64)),
    "gif": lambda: pictures.gif_with_secrets(pictures.gif(pictures.photo(420, 410, 6))),
    "animated gif": lambda: pictures.animated("GIF", 3),
    "webp": lambda: pictures.webp_with_secrets(pictures.photo(420, 410, 7)),
    "lossless webp": lambda: pictures.webp(pictures.photo(420, 410, 8), lossless=True),
    "animated webp": lambda: pictures.animated("WEBP", 3),
    "heic": lambda: heif.with_secrets(pictures.photo(420, 410, 9), "heic", heif.irot(1)),
    "avif": lambda: heif.with_secrets(pictures.photo(420, 410, 10), "avif", heif.imir(1)),
    "heic tiles": lambda: heif.heif(heif.grid(pictures.photo(420, 410, 11), "heic", 256)),
    "transparent avif": lambda: heif.with_alpha(pictures.photo(420, 410, 12).convert("RGBA"), "avif"),
}


@functools.cache
def seed(name: str) -> bytes:
    return SEEDS[name]()


def cut(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    for share in (0.02, 0.2, 0.5, 0.8, 0.95, 0.999):
        yield f"{name} cut to {share:.1%}", data[: int(len(data) * share)]
    for missing in (1, 2, 9):
        yield f"{name} without its last {missing}", data[:-missing]


def flipped(data: bytes, name: str, dice: random.Random) -> Iterator[tuple[str, bytes]]:
    for where, bits in (("head", 1), ("head", 3), ("anywhere", 1), ("anywhere", 8), ("anywhere", 64)):
        changed = bytearray(data)
        for _ in range(bits):
            end = min(400, len(data)) if where == "head" else len(data)
            changed[dice.randrange(end)] ^= 1 << dice.randrange(8)
        yield f"{name} with {bits} bits flipped {where}", bytes(changed)


def spliced(data: bytes, name: str, dice: random.Random) -> Iterator[tuple[str, bytes]]:
    at, length = dice.randrange(len(data)), dice.randrange(1, 2000)
    yield f"{name} with a piece missing", data[:at] + data[at + length :]
    yield f"{name} with zeros inside", data[:at] + bytes(length) + data[at:]
    yield f"{name} with a piece twice", data[:at] + data[at : at + length] + data[at:]
    numbers = bytearray(data)
    at = dice.randrange(8, min(300, len(data) - 8))
    numbers[at : at + 4] = dice.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1"))
    yield f"{name} with another number at {at}", bytes(numbers)


def lying() -> Iterator[tuple[str, bytes]]:
    """Headers that say another size than the picture has."""
    jpeg = seed("progressive jpeg")
    at = jpeg.index(b"\xff\xc2") + 5
    png = list(pictures.png_chunks(pictures.png(pictures.photo(420, 410, 13))))
    for width, height in ((4096, 4096), (400, 4000), (65_500, 65_500), (0, 0), (1, 1), (421, 410)):
        yield (
            f"jpeg that says {width} × {height}",
            jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :],
        )
        header = struct.pack(">II", width, height) + png[0][1][8:]
        yield f"png that says {width} × {height}", pictures.png_of([(b"IHDR", header), *png[1:]])
        gif = seed("animated gif")
        yield f"gif that says {width} × {height}", gif[:6] + struct.pack("<HH", width, height) + gif[10:]
        codecs: tuple[heif.Codec, ...] = ("heic", "avif")
        for codec in codecs:
            item = heif.coded(pictures.photo(420, 410, 14), codec)
            item.properties[0] = heif.ispe(width, height)
            yield f"{codec} that says {width} × {height}", heif.heif([item])


def bombs() -> Iterator[tuple[str, bytes]]:
    yield "gif of 301 frames", pictures.tiny_gif(400, 400, [(0, 0, 400, 400)] * 301)
    yield "gif of 18 huge frames", pictures.tiny_gif(4096, 4096, [(0, 0, 4096, 4096)] * 18)
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    rows = pictures.repack(bytes(90_001), 30)
    yield "png of 30,000 sides", pictures.png_of([(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")])
    text = b"a\0\0" + pictures.repack(bytes(1 << 20), 16)
    yield "png full of texts", pictures.png_with(pictures.png(), *[(b"zTXt", text)] * 200)
    yield "larger than may be", pictures.jpeg() + bytes(10 * 1024 * 1024)
    yield "box in box", b"".join(struct.pack(">I4s", 8 * (2000 - n), b"meta") for n in range(2000))


def polyglots() -> Iterator[tuple[str, bytes]]:
    html = b"<html><script>alert(1)</script></html>"
    for name in ("jpeg", "png", "gif", "webp", "heic", "avif"):
        data = seed(name)
        yield f"{name} with a page behind", data + html
        yield f"{name} with a zip behind", data + b"PK\x03\x04" + bytes(60)
        yield f"page with {name} behind", html + data
        yield f"{name} with another head", b"%PDF-1.7\n" + data
    starts = {
        "jpeg": b"\xff\xd8\xff",
        "png": b"\x89PNG\r\n\x1a\n",
        "gif": b"GIF89a",
        "riff": b"RIFF\xff\0\0\0WEBP",
    }
    starts |= {
        "heif": struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic",
        "avif": b"\0\0\0\x18ftypavif",
    }
    dice = random.Random(SEED)
    for name, start in starts.items():
        for length in (0, 4, 40, 400, 40_000):
            yield f"{name} and {length} of noise", start + dice.randbytes(length)
    yield "an svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    yield "a tiff", b"II*\0" + bytes(200)
    yield "eps", b"%!PS-Adobe-3.0 EPSF-3.0\n" + bytes(100)
    yield "nothing", b""


def every_file() -> list[tuple[str, bytes]]:
    dice = random.Random(SEED)
    files: list[tuple[str, bytes]] = []
    for name in SEEDS:
        files += cut(seed(name), name)
        files += flipped(seed(name), name, dice)
        files += spliced(seed(name), name, dice)
    files += lying()
    files += bombs()
    files += polyglots()
    return files


def workers(live: Live) -> set[int]:
    """The processes of the server that open pictures."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if parent == live.product.process.pid and b"workshop_child" in command:
                found.add(int(entry.name))
    return found


def test_every_file_gets_an_answer_and_none_that_is_refused_leaves_a_trace(
    embedded: Live, signs_up: Callable[..., Person]
) -> None:
    files = every_file()
    assert len(files) >= 300
    ada = signs_up(embedded)
    assert ada.uploads().status_code == 201
    before = embedded.belongings()

    def send(file: tuple[str, bytes]) -> tuple[str, httpx.Response]:
        name, content = file
        answer = httpx.post(
            f"{embedded.url}/api/v1/images/upload",
            headers={"Authorization": f"Bearer {ada.token}"},
            data={"business_id": str(ada.business_id)},
            files={"file": ("a.jpg", content)},
            trust_env=False,
            verify=NO_TLS,
            timeout=120,
        )
        return name, answer

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, files[:100]))
        # They come as they are needed, so they are counted while there is much to do.
        many = len(workers(embedded))
        answers += pool.map(send, files[100:])
    kept: list[dict[str, object]] = []
    for name, answer in answers:
        assert answer.status_code in ALLOWED, (name, answer.status_code, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", name
            problem = answer.json()
            assert problem["code"] and problem["detail"].endswith("."), name
        elif answer.status_code == 201:
            kept.append(answer.json()["image"])
    counted = Counter(answer.status_code for _, answer in answers)
    # Some are sound after all: a flipped bit of a colour, something behind the end. Most are not.
    assert 10 < counted[201] < len(files) / 2, counted
    assert counted[413] == 1 and counted[415] > 20 and counted[422] > 100, counted

    after = embedded.belongings()
    new = {str(image["storage_key"]) for image in kept}
    assert after.rows["images"] - before.rows["images"] == len(kept)
    assert after.rows["storage_intents"] == before.rows["storage_intents"]
    assert {key for key in after.objects - before.objects if "-thumb" not in key} == new
    assert len(after.objects) - len(before.objects) == 2 * len(kept)
    assert embedded.temporary_files() == []
    # Each that a file ended has a successor, and there are never more than cores.
    assert 1 <= many <= len(workers(embedded)) <= (os.cpu_count() or 1)
    embedded.is_well()
    for name in SEEDS:
        if "transparent" not in name:
            assert ada.uploads(seed(name)).status_code in (200, 201), name


@pytest.mark.parametrize("name", SEEDS)
def test_each_of_them_is_taken_as_long_as_it_is_whole(
    embedded: Live, signs_up: Callable[..., Person], name: str
) -> None:
    ada = signs_up(embedded)
    image = ada.keeps_picture(seed(name))
    assert image["mime_type"] in ("image/jpeg", "image/png", "image/gif", "image/webp")
