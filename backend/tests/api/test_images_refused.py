"""Bad input to the library: each refusal has its code and a sentence, and nothing stays behind."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import struct
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import factories_pictures as pictures
from tests.api.conftest import Regular, SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import LONG_AGO, Live, Trap, raw_form, upload_form
from tests.person import Person

MIB = 1024 * 1024
FILE = 'form-data; name="file"; filename="a.jpg"'


def png_of_gigabytes(width: int, height: int) -> bytes:
    """Four megabytes whose pixel data unpack to four gigabytes of zeros, made without unpacking them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    count = 4096
    checksum = (count * MIB % 65521) << 16 | 1
    data = b"\x78\x9c" + block * count + packer.flush() + struct.pack(">I", checksum)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return pictures.png_of([(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")])


def no_picture() -> bytes:
    return b"This is a letter, and no picture at all.\n" * 50


def truncated() -> bytes:
    whole = pictures.jpeg()
    return whole[: len(whole) // 2]


def with_broken_pixels() -> bytes:
    whole = bytearray(pictures.png())
    whole[len(whole) // 2] ^= 0xFF
    return bytes(whole)


BAD_FILES: dict[str, tuple[Any, int, str, str]] = {
    "a text": (no_picture, 415, "unsupported_image_type", "JPEG, PNG, GIF, WebP, HEIC or AVIF"),
    "nothing": (bytes, 415, "unsupported_image_type", "JPEG, PNG, GIF, WebP, HEIC or AVIF"),
    "a page with script": (
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        415,
        "unsupported_image_type",
        "",
    ),
    "a TIFF": (lambda: pictures.encoded(pictures.photo(), "TIFF"), 415, "unsupported_image_type", ""),
    "a BMP": (lambda: pictures.encoded(pictures.photo(), "BMP"), 415, "unsupported_image_type", ""),
    "a truncated JPEG": (truncated, 422, "image_corrupt", "Save or export it again"),
    "a damaged PNG": (with_broken_pixels, 422, "image_corrupt", ""),
    "a JPEG that only begins": (lambda: b"\xff\xd8\xff\xe0", 422, "image_corrupt", ""),
    "100 × 100": (lambda: pictures.jpeg(pictures.photo(100, 100)), 422, "image_too_small", "at least 400"),
    "399 × 800": (lambda: pictures.png(pictures.photo(399, 800)), 422, "image_too_small", "at least 400"),
    "5000 × 5000": (
        lambda: pictures.jpeg(pictures.flat((9, 9, 9), 5000, 5000)),
        422,
        "image_dimensions_too_large",
        "at most 4096",
    ),
    "4097 × 400": (
        lambda: pictures.jpeg(pictures.flat((9, 9, 9), 4097, 400)),
        422,
        "image_dimensions_too_large",
        "at most 4096",
    ),
    "gigabytes of pixels": (
        lambda: png_of_gigabytes(32768, 32768),
        422,
        "image_dimensions_too_large",
        "at most 4096",
    ),
    "frames without end": (
        lambda: pictures.tiny_gif(400, 400, [(0, 0, 400, 400)] * 301),
        422,
        "image_too_complex",
        "",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_is_no_acceptable_picture_is_refused_with_what_to_do(
    live: Live, regular: Regular, case: str
) -> None:
    make, status, code, advice = BAD_FILES[case]
    ada = regular(live)
    content = make()
    with live.nothing_is_left_behind():
        assert advice in assert_problem(ada.uploads(content, filename="picture.jpg"), status, code)["detail"]


def test_more_pixel_data_than_the_header_says_cannot_fill_the_memory(
    embedded: Live, regular: Regular
) -> None:
    ada = regular(embedded)
    with embedded.nothing_is_left_behind():
        answer = ada.uploads(png_of_gigabytes(2000, 2000))
        if answer.status_code == 201:
            # The rows that the header promises are there; the rest was never unpacked.
            image_id = answer.json()["image"]["id"]
            for address in (f"/images/{image_id}", f"/images/{image_id}?permanent=true"):
                assert ada.client.delete(address).status_code == 200
        else:
            assert_problem(answer, 422, "image_corrupt")


# --- too large


@pytest.fixture(scope="module")
def twenty_megabytes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.jpg"
    path.write_bytes(pictures.jpeg() + bytes(20_000_000))
    return path


def assert_too_large(answer: httpx.Response) -> None:
    body = assert_problem(answer, 413, "file_too_large")
    assert body["limit"] == 10 * MIB
    assert body["detail"] == "The file is larger than 10 MiB. Make it smaller and send it again."


def test_whoever_sends_twenty_megabytes_hears_that_it_is_too_much(
    live: Live, signs_up: SignsUp, twenty_megabytes: Path
) -> None:
    ada = signs_up(live)
    content = twenty_megabytes.read_bytes()
    body, headers = upload_form(ada.business_id, content, FILE)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 64 * 1024):
            yield body[start : start + 64 * 1024]

    with live.nothing_is_left_behind():
        assert_too_large(ada.uploads(content))
        assert_too_large(ada.client.post("/images/upload", content=pieces(), headers=headers))
        # The connection was closed and is made again without a word.
        assert ada.client.get("/auth/me").status_code == 200


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_program_that_sends_everything_before_it_listens_hears_it_too(
    embedded: Live, regular: Regular, twenty_megabytes: Path, is_declared: bool
) -> None:
    ada = regular(embedded)
    body, headers = upload_form(ada.business_id, twenty_megabytes.read_bytes(), FILE)
    headers["Authorization"] = f"Bearer {ada.token}"
    with embedded.nothing_is_left_behind():
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", embedded.product.port, timeout=60)
            pieces = iter([body[:MIB], body[MIB:]])
            connection.request(
                "POST",
                "/api/v1/images/upload",
                body if is_declared else pieces,
                headers,
                encode_chunked=not is_declared,
            )
            answer = connection.getresponse()
            assert answer.status == 413
            assert b'"file_too_large"' in answer.read()
            assert answer.getheader("connection") == "close"
            connection.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("options", [(), ("-H", "Expect:"), ("-H", "Transfer-Encoding: chunked")])
def test_curl_shows_the_refusal_of_twenty_megabytes(
    embedded: Live, regular: Regular, twenty_megabytes: Path, options: tuple[str, ...]
) -> None:
    ada = regular(embedded)
    command = ["curl", "-q", "-s", "-S", "--noproxy", "*", *options]
    command += ["-H", f"Authorization: Bearer {ada.token}", "-F", f"business_id={ada.business_id}"]
    command += ["-F", f"file=@{twenty_megabytes}", f"{embedded.url}/api/v1/images/upload"]
    with embedded.nothing_is_left_behind():
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert '"code": "file_too_large"' in done.stdout


@pytest.mark.parametrize("length", ["Content-Length: 1000000000000", "Transfer-Encoding: chunked"])
def test_whoever_goes_on_sending_for_ever_is_cut_off(embedded: Live, regular: Regular, length: str) -> None:
    head = (
        "POST /api/v1/images/upload HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {regular(embedded).token}\r\n"
        f"Content-Type: multipart/form-data; boundary=frontier\r\n{length}\r\n\r\n"
    )
    begin = f"--frontier\r\nContent-Disposition: {FILE}\r\n\r\n".encode()
    is_chunked = "chunked" in length

    def piece(content: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(content), content) if is_chunked else content

    sent = 0
    with (
        embedded.nothing_is_left_behind(),
        socket.create_connection(("127.0.0.1", embedded.product.port), timeout=60) as connection,
    ):
        connection.sendall(head.encode() + piece(begin))
        with contextlib.suppress(ConnectionError):
            while sent < 300 * MIB:
                connection.sendall(piece(bytes(MIB)))
                sent += MIB
    assert sent < 300 * MIB


# --- the form


def form_cases(business_id: int) -> dict[str, tuple[bytes, dict[str, str], int, str]]:
    """Forms that are none, or not the ones that are wanted."""
    picture = pictures.jpeg()
    business = ('form-data; name="business_id"', str(business_id).encode())
    good, headers = raw_form(business, (FILE, picture))
    boundary = headers["Content-Type"]

    def form(*parts: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
        return raw_form(*parts)

    return {
        "no body": (b"", headers, 400, "malformed_request"),
        "no form": (b"hello", headers, 400, "malformed_request"),
        "JSON": (b'{"business_id": 1}', {"Content-Type": "application/json"}, 400, "malformed_request"),
        "no type": (good, {}, 400, "malformed_request"),
        "a form of the other kind": (
            b"business_id=1&file=x",
            {"Content-Type": "application/x-www-form-urlencoded"},
            400,
            "malformed_request",
        ),
        "no boundary": (good, {"Content-Type": "multipart/form-data"}, 400, "malformed_request"),
        "an empty boundary": (
            good,
            {"Content-Type": 'multipart/form-data; boundary=""'},
            400,
            "malformed_request",
        ),
        "another boundary": (good, {"Content-Type": f"{boundary}x"}, 400, "malformed_request"),
        "an endless boundary": (good, {"Content-Type": f"{boundary}{'x' * 300}"}, 400, "malformed_request"),
        "cut off in the file": (good[: len(good) // 2], headers, 400, "malformed_request"),
        "cut off in the end": (good[:-4], headers, 400, "malformed_request"),
        "cut off in a header": (good[:50], headers, 400, "malformed_request"),
        "a header that is none": (
            good.replace(b"Content-Disposition:", b"Content Disposition"),
            headers,
            400,
            "malformed_request",
        ),
        "endless headers": (
            *form((f'form-data; name="business_id"; x="{"x" * 20_000}"', b"1"), (FILE, picture)),
            400,
            "malformed_request",
        ),
        "endless fields": (
            *form(*[('form-data; name="x"', b"1")] * 30, business, (FILE, picture)),
            400,
            "malformed_request",
        ),
        "an endless field": (
            *form(business, ('form-data; name="alt_text"', b"x" * 20_000)),
            400,
            "malformed_request",
        ),
        "a field that is no text": (
            *form(business, ('form-data; name="alt_text"', b"\xff\xfe"), (FILE, picture)),
            400,
            "malformed_request",
        ),
        "NUL in the alt text": (
            *form(business, ('form-data; name="alt_text"', b"a\0b"), (FILE, picture)),
            400,
            "malformed_request",
        ),
        "two files": (*form(business, (FILE, picture), (FILE, picture)), 400, "malformed_request"),
        "a file in another field": (
            *form(business, ('form-data; name="picture"; filename="a.jpg"', picture)),
            400,
            "malformed_request",
        ),
        "no file": (*form(business), 422, "invalid_fields"),
        "a text in place of the file": (
            *form(business, ('form-data; name="file"', b"a.jpg")),
            422,
            "invalid_fields",
        ),
        "no business": (*form((FILE, picture)), 422, "invalid_fields"),
        "no fields": (b"--frontier--\r\n", headers, 422, "invalid_fields"),
        "a business that is no number": (
            *form(('form-data; name="business_id"', b"mine"), (FILE, picture)),
            422,
            "invalid_fields",
        ),
        "a business below all numbers": (
            *form(('form-data; name="business_id"', b"-1"), (FILE, picture)),
            422,
            "invalid_fields",
        ),
        "a business beyond all numbers": (
            *form(('form-data; name="business_id"', b"9" * 30), (FILE, picture)),
            422,
            "invalid_fields",
        ),
        "a long alt text": (
            *form(business, ('form-data; name="alt_text"', b"x" * 1001), (FILE, picture)),
            422,
            "invalid_fields",
        ),
        "an unknown business": (
            *form(('form-data; name="business_id"', b"987654321"), (FILE, picture)),
            404,
            "business_not_found",
        ),
    }


@pytest.mark.parametrize("case", form_cases(1))
def test_a_form_that_is_not_right_is_refused(embedded: Live, regular: Regular, case: str) -> None:
    ada = regular(embedded)
    body, headers, status, code = form_cases(ada.business_id)[case]
    with embedded.nothing_is_left_behind():
        problem = assert_problem(
            ada.client.post("/images/upload", content=body, headers=headers), status, code
        )
    if code == "invalid_fields":
        (field,) = problem["errors"]
        assert field["field"] in ("file", "business_id", "alt_text")
        assert field["message"].endswith(".")


# --- who


def test_without_a_valid_token_nothing_is_taken(live: Live, signs_up: SignsUp) -> None:
    ada, expired, revoked = signs_up(live), signs_up(live), signs_up(live)
    live.execute(f"UPDATE access_tokens SET expires_at = {LONG_AGO} WHERE user_id = {expired.user_id}")
    assert revoked.client.post("/auth/logout").status_code == 204
    stranger = signs_up(live)
    del stranger.client.headers["Authorization"]
    with live.nothing_is_left_behind():
        for person, code in (
            (expired, "token_expired"),
            (revoked, "token_invalid"),
            (stranger, "not_signed_in"),
        ):
            person.business_id = ada.business_id
            answer = person.uploads()
            assert_problem(answer, 401, code)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert_problem(
                person.client.get("/images/list", params={"business_id": ada.business_id}), 401, code
            )
        stranger.client.headers["Authorization"] = "Bearer nonsense"
        assert_problem(stranger.uploads(), 401, "token_invalid")


def test_an_unknown_business_and_somebody_elses_get_the_same_answer(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)

    def answers(business_id: int) -> list[tuple[int, dict[str, Any]]]:
        eve.business_id = business_id
        query = {"business_id": business_id}
        wish = {"business_id": business_id, "prompt": "x", "size": "1024x1024", "quality": "standard"}
        given = [
            eve.uploads(),
            eve.client.get("/images/list", params=query),
            eve.client.get("/images/totals", params=query),
            eve.client.post("/images/generate", json=wish),
            eve.client.get("/generations/options", params=query),
        ]
        for answer in given:
            assert_problem(answer, 404, "business_not_found")
        return [(answer.status_code, without_request_id(answer)) for answer in given]

    with live.nothing_is_left_behind():
        assert answers(ada.business_id) == answers(987654321)


def without_request_id(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    del body["request_id"]
    return body


def test_somebody_elses_image_is_not_found_like_one_that_never_was(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    image = ada.keeps_picture()
    hers = {"business_id": eve.business_id, "channel_ids": [eve.channel()["id"]]}

    def answers(image_id: int) -> list[tuple[int, dict[str, Any]]]:
        address = f"/images/{image_id}"
        given = [
            eve.client.get(address),
            eve.client.patch(address, json={"alt_text": "mine"}),
            eve.client.delete(address),
            eve.client.delete(address, params={"permanent": True}),
            eve.client.post(f"{address}/restore"),
            eve.client.post("/posts", json={**hers, "images": [{"image_id": image_id}]}),
            eve.client.post("/posts/check", json={**hers, "images": [{"image_id": image_id}]}),
            eve.client.post(
                "/publishing/instagram", json={"business_id": eve.business_id, "image_ids": [image_id]}
            ),
        ]
        for answer in given:
            assert_problem(answer, 404, "image_not_found")
        return [(answer.status_code, without_request_id(answer)) for answer in given]

    with live.nothing_is_left_behind():
        assert answers(image["id"]) == answers(987654321)
    assert ada.client.get(f"/images/{image['id']}").json()["alt_text"] == ""


@pytest.mark.parametrize("image_id", ["abc", "0", "-1", "1.5", str(2**63), "9" * 40, "%00", "1%2F2"])
def test_an_address_without_an_id_in_it_is_refused(embedded: Live, regular: Regular, image_id: str) -> None:
    ada = regular(embedded)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
        answer = ada.client.request(method, f"/images/{image_id}{path}", json={"alt_text": "x"})
        assert answer.status_code in (400, 404, 405), answer.text
        assert answer.json()["code"] in (
            "malformed_request",
            "not_found",
            "image_not_found",
            "method_not_allowed",
        )


@pytest.mark.parametrize("image_id", [0, -1, 2**63, 10**30])
def test_an_impossible_image_id_in_a_body_is_refused(live: Live, regular: Regular, image_id: int) -> None:
    ada = regular(live)
    hers = {"business_id": ada.business_id, "channel_ids": [ada.channel()["id"]]}
    with live.nothing_is_left_behind():
        for path, body in (
            ("/posts", {**hers, "images": [{"image_id": image_id}]}),
            ("/posts/check", {**hers, "images": [{"image_id": image_id}]}),
            ("/publishing/instagram", {"business_id": ada.business_id, "image_ids": [image_id]}),
        ):
            answer = ada.client.post(path, json=body)
            assert answer.status_code in (404, 422), answer.text
            assert answer.json()["code"] in ("image_not_found", "invalid_fields")


# --- pictures that are somewhere else


INNER_ADDRESSES = [
    "https://localhost/a.jpg",
    "https://LOCALHOST./a.jpg",
    "https://127.0.0.1/a.jpg",
    "https://127.0.0.1./a.jpg",
    "https://127.1/a.jpg",
    "https://2130706433/a.jpg",
    "https://0x7f000001/a.jpg",
    "https://0x7f.0.0.1/a.jpg",
    "https://0177.0.0.1/a.jpg",
    "https://017700000001/a.jpg",
    "https://\uff11\uff12\uff17.0.0.1/a.jpg",
    "https://\u2460\u2461\u2466.0.0.1/a.jpg",
    "https://127\u3002\u0030\u3002\u0030\u3002\u0031/a.jpg",
    "https://%31%32%37.0.0.1/a.jpg",
    "https://0.0.0.0/a.jpg",
    "https://0/a.jpg",
    "https://[::1]/a.jpg",
    "https://[::]/a.jpg",
    "https://[0:0:0:0:0:0:0:1]/a.jpg",
    "https://[::ffff:127.0.0.1]/a.jpg",
    "https://[::ffff:7f00:1]/a.jpg",
    "https://[::127.0.0.1]/a.jpg",
    "https://[64:ff9b::7f00:1]/a.jpg",
    "https://[2002:7f00:1::]/a.jpg",
    "https://[fe80::1%25eth0]/a.jpg",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://10.0.0.1/a.jpg",
    "https://172.16.0.1/a.jpg",
    "https://192.168.1.1/a.jpg",
    "https://100.64.0.1/a.jpg",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/latest/meta-data/",
    "https://0xa9fea9fe/latest/meta-data/",
    "https://[::ffff:169.254.169.254]/latest/meta-data/",
    "https://168.63.129.16/machine",
    "https://192.0.0.192/opc/v2/instance/",
    "https://100.100.100.200/latest/meta-data/",
    "https://224.0.0.1/a.jpg",
    "https://255.255.255.255/a.jpg",
    "https://example.com@127.0.0.1/a.jpg",
    "https://127.0.0.1\\@example.com/a.jpg",
    "https://user:password@127.0.0.1/a.jpg",
    "https:\\\\127.0.0.1\\a.jpg",
    "https:127.0.0.1/a.jpg",
    "//127.0.0.1/a.jpg",
    "http://127.0.0.1/a.jpg",
    "ftp://127.0.0.1/a.jpg",
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/_x",
    "data:image/png;base64,iVBORw0KGgo=",
    "javascript:alert(1)",
    "https://",
    "https:///a.jpg",
    "https://[/a.jpg",
    "https://127.0.0.1:99999/a.jpg",
    "https://exa mple.com/a.jpg",
    "https://127.0.0.1\r\nHost: example.com/a.jpg",
    "https://" + "a" * 5000,
    "a picture",
    "",
    " ",
]


@pytest.mark.parametrize("platform", ["instagram", "facebook"])
def test_a_picture_at_an_inner_address_is_refused_in_every_notation(
    embedded: Live, regular: Regular, platform: str
) -> None:
    ada = regular(embedded)
    with embedded.nothing_is_left_behind():
        for url in INNER_ADDRESSES:
            answer = publishes(ada, url, platform)
            assert answer.status_code == 422, (url, answer.text)
            problem = assert_problem(answer, 422, "image_url_not_allowed")
            assert "https://" in problem["detail"], url
            assert "127" not in problem["detail"]


def test_nobody_knocks_at_an_inner_address(live: Live, regular: Regular) -> None:
    ada = regular(live)
    with live.nothing_is_left_behind(), Trap() as trap, Trap("127.0.0.2") as other:
        for host in ("127.0.0.1", "localhost", "127.0.0.2", "[::ffff:127.0.0.1]", "2130706433"):
            for scheme in ("https", "http"):
                for port in (trap.port, other.port):
                    answer = publishes(ada, f"{scheme}://{host}:{port}/a.jpg")
                    assert_problem(answer, 422, "image_url_not_allowed")
        # The simulators and the product's own doors are inner addresses, too.
        for path in ("/practice/control/state", "/metrics", "/media/1/original.jpg", "/media/x"):
            answer = publishes(ada, f"{live.url}{path}")
            assert_problem(answer, 422, "image_url_not_allowed")
        assert not trap.was_touched()
        assert not other.was_touched()


def publishes(person: Person, url: str, platform: str = "instagram") -> httpx.Response:
    return person.client.post(
        f"/publishing/{platform}",
        json={"business_id": person.business_id, "content_text": "Hello", "content_images": [url]},
    )


def test_our_own_url_of_somebody_elses_picture_is_not_taken(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    image = ada.keeps_picture()
    with live.nothing_is_left_behind():
        answer = publishes(eve, image["storage_url"])
        assert answer.status_code in (404, 422), answer.text
        assert answer.json()["code"] in ("image_not_found", "image_url_not_allowed")
