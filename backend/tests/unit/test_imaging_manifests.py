"""C2PA manifests: written with a certificate, kept where a provider's is honest, believed of uploads.

What is written is read by c2pa's own reader, set up as anybody would set it up.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import c2pa
import pytest

from app.imaging import (
    FACEBOOK,
    INSTAGRAM_FEED,
    PREVIEW,
    SEAL_ALGORITHMS,
    Format,
    Framing,
    Limits,
    Recipe,
    Seal,
    SealAlgorithm,
    SourceType,
    Verified,
    Workshop,
    is_clean,
    manifests,
    read_seal,
    render,
    verify,
)
from tests import factories_heif as heif
from tests import factories_pictures as pictures
from tests.certificates import certificate
from tests.factories_pictures import SECRET
from tests.servers.exiftool import read_metadata

GENERATED, COMPOSITE = SourceType.GENERATED, SourceType.COMPOSITE
PHOTO = pictures.photo(400, 400)
KINDS: dict[str, Callable[[], bytes]] = {
    "jpeg": functools.cache(lambda: pictures.jpeg(PHOTO)),
    "png": functools.cache(lambda: pictures.png(PHOTO)),
    "webp": functools.cache(lambda: pictures.webp(PHOTO)),
    "animated webp": lambda: pictures.animated("WEBP"),
    "gif": functools.cache(lambda: pictures.gif(PHOTO)),
    "animated gif": lambda: pictures.animated("GIF"),
}


class Tray:
    """A folder with one picture to take in, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source, self.clean, self.thumb = folder / "source", folder / "clean", folder / "thumb"

    def take(self, data: bytes, source_type: SourceType | None = None, **options: Any) -> Verified:
        self.source.write_bytes(data)
        limits = Limits(extra_formats=("heic", "avif"))
        return verify(self.source, self.clean, self.thumb, limits, source_type=source_type, **options)

    @property
    def kept(self) -> bytes:
        return self.clean.read_bytes()


@pytest.fixture
def tray(tmp_path: Path) -> Tray:
    return Tray(tmp_path)


@pytest.fixture(scope="module")
def seal() -> Seal:
    return certificate().seal()


def told(data: bytes, mime_type: str) -> dict[str, Any]:
    """The manifests of a file, by the reader as it is made, without our settings."""
    with c2pa.Reader(mime_type, io.BytesIO(data), context=c2pa.Context()) as reader:
        found: dict[str, Any] = json.loads(reader.json())
    results = found["validation_results"]["activeManifest"]
    # Nobody vouches for the authority of a test, and nothing else is wrong.
    assert {failure["code"] for failure in results["failure"]} <= {"signingCredential.untrusted"}
    return found


def actions(manifest: dict[str, Any]) -> list[tuple[str, str | None]]:
    (assertion,) = [each for each in manifest["assertions"] if each["label"].startswith("c2pa.actions")]
    listed = assertion["data"]["actions"]
    return [(each["action"], str(each.get("digitalSourceType")).rpartition("/")[2]) for each in listed]


def active(store: dict[str, Any]) -> dict[str, Any]:
    manifest: dict[str, Any] = store["manifests"][store["active_manifest"]]
    return manifest


# Written


@pytest.mark.parametrize("kind", KINDS)
def test_a_generated_file_and_its_renditions_carry_a_manifest(tray: Tray, seal: Seal, kind: str) -> None:
    verified = tray.take(KINDS[kind](), GENERATED, seal=seal)
    assert verified.has_manifest and not verified.is_seal_broken
    assert verified.file_size == len(tray.kept)
    original = active(told(tray.kept, verified.mime_type))
    assert actions(original) == [("c2pa.created", "trainedAlgorithmicMedia")]
    assert original["claim_generator_info"][0]["name"] == "AIGrowth"
    assert original["signature_info"]["common_name"] == "Harbour Coffee"
    assert is_clean(tray.kept, verified.format, source_type=GENERATED)
    assert not is_clean(tray.kept, verified.format, source_type=COMPOSITE)
    assert not is_clean(tray.kept, verified.format, source_type=None)
    # It comes back from an export as it went out.
    sealed = tray.kept
    assert tray.take(sealed, GENERATED).has_manifest and tray.kept == sealed

    written = [tray.folder / f"original.{verified.extension}"]
    written[0].write_bytes(tray.kept)
    wanted: list[tuple[Recipe, tuple[int, int] | None]] = [(PREVIEW, None)]
    if kind in ("jpeg", "animated gif"):
        # The last one is fitted on a ground of another shape.
        wanted += [(INSTAGRAM_FEED, None), (FACEBOOK, None), (INSTAGRAM_FEED, (191, 100))]
    for recipe, shape in wanted:
        target = tray.folder / f"{recipe.name}-{shape is not None}.{recipe.extension}"
        rendered = render(
            tray.clean,
            recipe,
            target,
            framing=Framing("fit"),
            shape=shape,
            source_type=GENERATED,
            seal=seal,
        )
        assert not rendered.is_seal_broken and rendered.file_size == target.stat().st_size
        store = told(target.read_bytes(), recipe.mime_type)
        made = active(store)
        assert actions(made)[0][0] == "c2pa.opened"
        assert actions(made)[-1] == ("c2pa.transcoded", "trainedAlgorithmicMedia")
        assert ("c2pa.edited" in dict(actions(made))) is (shape is not None)
        (ingredient,) = made["ingredients"]
        assert ingredient["relationship"] == "parentOf"
        assert store["manifests"][ingredient["active_manifest"]] == original
        written.append(target)
    # XMP is there all the same, for those who look for that.
    if kind in ("jpeg", "animated gif"):
        for each in read_metadata(*written):
            assert each["XMP-iptcExt:DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
            assert any(name.startswith("JUMBF") for name in each)


def test_an_edit_names_the_picture_that_it_was_made_from_and_shows_nothing_of_it(
    tray: Tray, seal: Seal
) -> None:
    photograph = tray.folder / "photograph"
    tray.take(pictures.jpeg_with_secrets())
    photograph.write_bytes(tray.kept)
    tray.take(pictures.png(), COMPOSITE, seal=seal, parent=photograph)
    edited = tray.kept
    made = active(told(edited, "image/png"))
    assert [name for name, _ in actions(made)] == ["c2pa.opened", "c2pa.edited"]
    assert actions(made)[1] == ("c2pa.edited", "compositeWithTrainedAlgorithmicMedia")
    (ingredient,) = made["ingredients"]
    assert (ingredient["relationship"], ingredient["format"]) == ("parentOf", "image/jpeg")
    assert "thumbnail" not in ingredient and "title" not in ingredient
    assert len(edited) - len(pictures.png()) < 32_000
    # One that is edited from that has the whole story.
    tray.take(pictures.webp(), COMPOSITE, seal=seal, parent=_file(tray.folder / "edited", edited))
    store = told(tray.kept, "image/webp")
    assert len(store["manifests"]) == 2
    assert store["manifests"][active(store)["ingredients"][0]["active_manifest"]] == made
    # A parent that is none of our formats is left out.
    tray.take(pictures.webp(), COMPOSITE, seal=seal, parent=_file(tray.folder / "odd", b"odd"))
    assert actions(active(told(tray.kept, "image/webp")))[0][0] == "c2pa.created"


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("algorithm", SEAL_ALGORITHMS)
def test_every_algorithm_of_c2pa_signs(tray: Tray, algorithm: SealAlgorithm) -> None:
    given = certificate(algorithm)
    tray.take(pictures.jpeg(), GENERATED, seal=given.seal())
    signature = active(told(tray.kept, "image/jpeg"))["signature_info"]
    assert signature["alg"].lower() == algorithm


def test_a_rendition_makes_room_for_its_manifest(tray: Tray, seal: Seal) -> None:
    tray.take(pictures.jpeg(pictures.photo(900, 900)), GENERATED, seal=seal)
    target = tray.folder / "target"
    free = render(tray.clean, FACEBOOK, target, source_type=GENERATED, seal=seal)
    tight = dataclasses.replace(FACEBOOK, max_bytes=free.file_size - 5_000)
    small = render(tray.clean, tight, target, source_type=GENERATED, seal=seal)
    assert tight.max_bytes * 0.9 < small.file_size <= tight.max_bytes
    assert told(target.read_bytes(), "image/jpeg")


def test_a_certificate_that_has_ended_costs_the_manifest_and_nothing_else(tray: Tray, seal: Seal) -> None:
    ended = certificate(ends_in=-timedelta(days=1)).seal()
    verified = tray.take(pictures.jpeg(), GENERATED, seal=ended)
    assert verified.is_seal_broken and not verified.has_manifest
    assert is_clean(tray.kept, Format.JPEG, source_type=GENERATED)
    tray.take(pictures.jpeg(), GENERATED, seal=seal)
    rendered = render(tray.clean, PREVIEW, tray.folder / "target", source_type=GENERATED, seal=ended)
    assert rendered.is_seal_broken
    assert is_clean((tray.folder / "target").read_bytes(), Format.WEBP, source_type=GENERATED)


def test_only_what_comes_from_a_model_is_sealed(tray: Tray, seal: Seal) -> None:
    verified = tray.take(pictures.jpeg(), seal=seal)
    assert not verified.has_manifest and tray.kept == pictures.jpeg()
    # Nor is the rendition of one that has no manifest to build upon.
    tray.take(pictures.jpeg(), GENERATED)
    render(tray.clean, PREVIEW, tray.folder / "target", source_type=GENERATED, seal=seal)
    with pytest.raises(c2pa.C2paError):
        told((tray.folder / "target").read_bytes(), "image/webp")


def test_a_certificate_must_fit_its_key() -> None:
    one, other = certificate("es256"), certificate("es384")
    for chain, key, algorithm, setting in (
        ("no certificate", one.private_key, "es256", "C2PA_CERTIFICATE"),
        (one.chain, "no key", "es256", "C2PA_PRIVATE_KEY"),
        (one.chain, one.private_key, "es384", "C2PA_SIGNING_ALG"),
        (one.chain, one.private_key, "ps256", "C2PA_SIGNING_ALG"),
        (one.chain, one.private_key, "ed25519", "C2PA_SIGNING_ALG"),
        (one.chain, other.private_key, "es384", "C2PA_PRIVATE_KEY"),
    ):
        with pytest.raises(ValueError, match=setting):
            read_seal(chain, key, algorithm=algorithm)  # type: ignore[arg-type]
    assert one.private_key not in repr(one.seal())


# A provider's own


def manifest_of(
    data: bytes,
    mime_type: str,
    does: Sequence[dict[str, Any]],
    *,
    more: Sequence[dict[str, Any]] = (),
    parts: Sequence[tuple[str, str, bytes]] = (),
    seal: Seal | None = None,
) -> bytes:
    """A file with a manifest as others write it: `parts` are (relationship, type, file)."""
    given = seal or certificate("ed25519").seal()
    algorithm = c2pa.C2paSigningAlg[given.algorithm.upper()]
    claim = {
        "claim_generator_info": [{"name": "Painter"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": list(does)}}, *more],
    }
    settings = c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    with (
        c2pa.Signer.from_callback(given.sign, algorithm, given.certificate, None) as signer,
        c2pa.Builder(claim, c2pa.Context(settings=settings)) as builder,
    ):
        for number, (relationship, part_type, part) in enumerate(parts):
            named = {"relationship": relationship, "label": f"part{number}"}
            builder.add_ingredient(named, part_type, io.BytesIO(part))
        out = io.BytesIO()
        builder.sign(signer, mime_type, io.BytesIO(data), out)
        return out.getvalue()


def created(source_type: SourceType | str) -> list[dict[str, Any]]:
    term = source_type.value if isinstance(source_type, SourceType) else source_type
    return [
        {
            "action": "c2pa.created",
            "digitalSourceType": f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}",
        }
    ]


OPENED = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["part0"]}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_providers_file_whose_manifest_says_so_is_kept_to_the_byte(
    tray: Tray, seal: Seal, kind: str
) -> None:
    plain = KINDS[kind]()
    mime_type = tray.take(plain).mime_type
    painted = manifest_of(plain, mime_type, created(GENERATED))
    for given in (None, seal):
        verified = tray.take(painted, GENERATED, seal=given)
        assert tray.kept == painted
        assert (verified.has_manifest, verified.source_type) == (True, GENERATED)
        assert is_clean(tray.kept, verified.format, source_type=GENERATED)
        assert not is_clean(tray.kept, verified.format, source_type=None)
    # What the file says counts for the row as well.
    assert tray.take(painted, COMPOSITE).source_type is GENERATED
    target = tray.folder / "target"
    render(tray.clean, PREVIEW, target, source_type=GENERATED, seal=seal)
    store = told(target.read_bytes(), "image/webp")
    assert [each["claim_generator_info"][0]["name"] for each in store["manifests"].values()] in (
        ["Painter", "AIGrowth"],
        ["AIGrowth", "Painter"],
    )


def _damaged(data: bytes) -> bytes:
    broken = bytearray(data)
    at = data.index(b"digitalSourceType") + len(b"digitalSourceType") + 60
    broken[at] ^= 1
    return bytes(broken)


NOT_KEPT: dict[str, Callable[[], bytes]] = {
    "gps beside it": lambda: manifest_of(
        pictures.png_with(pictures.png(), (b"eXIf", pictures.exif()[6:])), "image/png", created(GENERATED)
    ),
    "a text beside it": lambda: manifest_of(
        pictures.png_with(pictures.png(), (b"tEXt", b"Comment\0" + SECRET)), "image/png", created(GENERATED)
    ),
    "more behind its end": lambda: manifest_of(pictures.png(), "image/png", created(GENERATED)) + SECRET,
    "a place in it": lambda: manifest_of(
        pictures.png(),
        "image/png",
        created(GENERATED),
        more=[
            {
                "label": "cawg.metadata",
                "data": {
                    "@context": {"dc": "http://purl.org/dc/elements/1.1/"},
                    "dc:creator": [SECRET.decode()],
                },
            }
        ],
    ),
    "it says something else": lambda: manifest_of(pictures.png(), "image/png", created("digitalCapture")),
    "it was changed": lambda: _damaged(manifest_of(pictures.png(), "image/png", created(GENERATED))),
    "it is of another picture": lambda: _moved(),
}


def _moved() -> bytes:
    chunks = pictures.png_chunks(manifest_of(pictures.png(), "image/png", created(GENERATED)))
    other = pictures.png(pictures.photo(seed=5))
    return pictures.png_with(other, *[(kind, body) for kind, body in chunks if kind == b"caBX"])


@pytest.mark.parametrize("case", NOT_KEPT)
def test_a_providers_file_is_cleaned_where_there_is_more_or_less_in_it(
    tray: Tray, seal: Seal, case: str
) -> None:
    painted = NOT_KEPT[case]()
    verified = tray.take(painted, GENERATED)
    assert not verified.has_manifest and b"Painter" not in tray.kept and SECRET not in tray.kept
    assert is_clean(tray.kept, Format.PNG, source_type=GENERATED)
    assert not is_clean(painted, Format.PNG, source_type=GENERATED)
    tray.take(painted, GENERATED, seal=seal)
    assert active(told(tray.kept, "image/png"))["claim_generator_info"][0]["name"] == "AIGrowth"
    assert SECRET not in tray.kept


# An upload that has one


def test_an_upload_whose_manifest_says_so_is_an_ai_picture_and_loses_the_rest(tray: Tray) -> None:
    avif = heif.picture(pictures.photo(), "avif")
    for plain, mime_type in (
        *((make(), f"image/{kind.split()[-1]}") for kind, make in KINDS.items()),
        (avif, "image/avif"),
    ):
        for source_type in SourceType:
            uploaded = manifest_of(plain, mime_type, created(source_type))
            verified = tray.take(uploaded)
            assert verified.source_type is source_type, mime_type
            assert not verified.has_manifest and b"Painter" not in tray.kept
            assert is_clean(tray.kept, verified.format, source_type=source_type)


def test_what_a_picture_was_made_from_counts_as_well(tray: Tray) -> None:
    plain, other = pictures.jpeg(), pictures.jpeg(pictures.photo(seed=3))
    painted = manifest_of(other, "image/jpeg", created(GENERATED))
    photograph = manifest_of(other, "image/jpeg", created("digitalCapture"))
    painted_over = [
        OPENED,
        {"action": "c2pa.edited", "digitalSourceType": created(COMPOSITE)[0]["digitalSourceType"]},
    ]
    placed = {"action": "c2pa.placed", "parameters": {"ingredientIds": ["part1"]}}
    jpeg = "image/jpeg"
    for does, parts, expected in (
        ([OPENED], [("parentOf", jpeg, painted)], GENERATED),
        ([OPENED], [("parentOf", jpeg, photograph)], None),
        ([OPENED], [("parentOf", jpeg, other)], None),
        (painted_over, [("parentOf", jpeg, photograph)], COMPOSITE),
        ([OPENED, placed], [("parentOf", jpeg, photograph), ("componentOf", jpeg, painted)], COMPOSITE),
        ([OPENED], [("parentOf", jpeg, photograph), ("inputTo", jpeg, painted)], None),
        (created("digitalCapture"), [], None),
        (created("algorithmicMedia"), [], None),
    ):
        uploaded = manifest_of(plain, jpeg, does, parts=parts)
        assert tray.take(uploaded).source_type is expected, (does, parts)
        assert tray.kept == plain or expected


def test_a_manifest_that_was_tampered_with_is_believed_when_it_says_so_and_never_kept(tray: Tray) -> None:
    assert tray.take(NOT_KEPT["it is of another picture"]()).source_type is GENERATED


@pytest.mark.parametrize(
    "junk",
    [
        b"JP",
        b"JP\0\1\0\0\0\1" + b"x" * 200,
        b"JP\0\1\0\0\0\1\0\0\0\x20jumb" + bytes(24),
        b"JP\0\1\0\0\0\1\xff\xff\xff\xffjumb\xff\xff\xff\xffjumd",
        b"JP\0\1\0\0\0\1" + b"\0\0\xff\xffjumb" * 3000,
    ],
)
def test_a_manifest_that_is_none_is_ignored(tray: Tray, junk: bytes) -> None:
    plain = pictures.jpeg()
    verified = tray.take(plain[:2] + pictures.jpeg_segment(0xEB, junk) + plain[2:])
    assert verified.source_type is None and tray.kept == plain


def test_a_manifest_written_over_anywhere_never_harms(tray: Tray) -> None:
    plain = pictures.png(pictures.flat((9, 9, 9)))
    whole = manifest_of(plain, "image/png", created(GENERATED))
    (manifest,) = [body for kind, body in pictures.png_chunks(whole) if kind == b"caBX"]
    # Behind this lies the signature, with room in it that is not signed.
    signed = manifest.rindex(b"c2pa.signature")
    for number in range(60):
        at = 100 + number * (len(manifest) - 100) // 60
        body = manifest[:at] + bytes([255 - number, number, 0x5F, 0x9F]) * 3 + manifest[at + 12 :]
        found = manifests.read(pictures.png_with(plain, (b"caBX", body)), "image/png")
        assert at > signed or found is None or not found.is_intact


# Nothing is sent anywhere


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that notes who asks it for something."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(503)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Noting)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_manifest_elsewhere_is_not_fetched(tray: Tray, listener: tuple[str, list[str]]) -> None:
    address, asked = listener
    pointer = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/"'
        f' dcterms:provenance="{address}/manifest.c2pa"/></rdf:RDF></x:xmpmeta>'
    ).encode()
    plain = pictures.jpeg()
    xmp = pictures.jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + pointer)
    junk = pictures.jpeg_segment(0xEB, b"JP\0\1\0\0\0\1" + b"x" * 200)
    tray.take(plain[:2] + xmp + plain[2:])
    tray.take(plain[:2] + xmp + junk + plain[2:])
    assert tray.kept == plain and asked == []


def test_the_time_is_asked_of_nobody_but_who_is_named_and_not_waited_for_in_vain(
    tray: Tray, listener: tuple[str, list[str]]
) -> None:
    address, asked = listener
    tray.take(pictures.jpeg(), GENERATED, seal=certificate().seal())
    assert asked == []
    verified = tray.take(pictures.jpeg(), GENERATED, seal=certificate().seal(f"{address}/time"))
    assert asked and set(asked) == {"/time"}
    assert verified.has_manifest and told(tray.kept, "image/jpeg")


# In the workshop


async def test_the_key_stays_in_this_process_and_the_workers_ask_for_signatures(tmp_path: Path) -> None:
    given = certificate()
    signed: list[int] = []

    def sign(message: bytes) -> bytes:
        signed.append(len(message))
        return given.seal().sign(message)

    seal = Seal(given.chain, "es256", "", sign)
    workshop = Workshop(workers=1, seal=seal, deadline=timedelta(seconds=60))
    source, clean, thumb, target = (tmp_path / name for name in ("source", "clean", "thumb", "target"))
    source.write_bytes(pictures.jpeg())
    try:
        verified = await workshop.verify(source, clean, thumb, source_type=GENERATED, is_sealed=True)
        assert verified.has_manifest and told(clean.read_bytes(), "image/jpeg")
        await workshop.render(clean, PREVIEW, target, source_type=GENERATED)
        assert told(target.read_bytes(), "image/webp")
        assert len(signed) == 2
        # Pictures of people are not sealed, and take no signature.
        verified = await workshop.verify(source, clean, thumb)
        assert not verified.has_manifest and len(signed) == 2
        (pid,) = workshop.worker_pids
        secret = given.private_key.splitlines()[1].encode()
        assert secret not in Path(f"/proc/{pid}/environ").read_bytes() if Path("/proc").exists() else True
    finally:
        workshop.close()


async def test_a_timestamp_server_that_never_answers_costs_the_time_alone(tmp_path: Path) -> None:
    source, clean, thumb = (tmp_path / name for name in ("source", "clean", "thumb"))
    source.write_bytes(pictures.jpeg())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        seal = certificate().seal(f"http://127.0.0.1:{silent.getsockname()[1]}/time")
        workshop = Workshop(workers=1, seal=seal, deadline=timedelta(seconds=5))
        try:
            await workshop.warm()
            verified = await workshop.verify(source, clean, thumb, source_type=GENERATED, is_sealed=True)
        finally:
            workshop.close()
        asked, _ = silent.accept()
        asked.close()
    assert verified.has_manifest and told(clean.read_bytes(), "image/jpeg")


def test_a_signature_that_cannot_be_made_costs_the_manifest_alone(tray: Tray) -> None:
    seal = Seal(certificate().chain, "es256", "", lambda message: b"")
    verified = tray.take(pictures.jpeg(), GENERATED, seal=seal)
    assert verified.is_seal_broken and is_clean(tray.kept, Format.JPEG, source_type=GENERATED)
