"""URLs of a bucket and of a distribution: who can verify them, and how long they hold."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pydantic import ValidationError

from app.core import clock
from app.core.config import Settings
from app.core.crypto import Signer
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.providers.storage.s3 import CloudFrontSigner, S3Storage
from app.services.media_urls import MediaUrls
from app.wiring import make_stores

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
BASE = "https://d111.cloudfront.example"
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def distribution() -> S3Storage:
    return S3Storage(
        bucket="pictures",
        region="us-east-1",
        access_key_id="key",
        secret_access_key="secret",
        public_url=BASE,
        cloudfront=CloudFrontSigner("K123", PEM),
    )


def bucket() -> S3Storage:
    return S3Storage(bucket="pictures", region="us-east-1", access_key_id="key", secret_access_key="secret")


def urls_of(store: S3Storage | LocalStorage) -> MediaUrls:
    return MediaUrls(
        Stores(store), Signer(b"s" * 32, "media-urls"), public_url="http://a", loopback_url="http://a"
    )


def verify(url: str, public_key: rsa.RSAPublicKey) -> datetime:
    """As CloudFront does: the signature over the canned policy. Returns when it ends."""
    bare, _, _ = url.partition("?")
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["Key-Pair-Id"] == "K123"
    policy = (
        f'{{"Statement":[{{"Resource":"{bare}","Condition":{{"DateLessThan":'
        f'{{"AWS:EpochTime":{query["Expires"]}}}}}}}]}}'
    )
    signature = query["Signature"].translate(str.maketrans("-_~", "+=/"))
    public_key.verify(base64.b64decode(signature), policy.encode(), padding.PKCS1v15(), hashes.SHA1())
    return datetime.fromtimestamp(int(query["Expires"]), UTC)


def test_a_url_of_the_distribution_is_verified_by_the_public_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: MIDNIGHT + timedelta(hours=5))
    url = urls_of(distribution()).url(image_id=1, name="original", provider="s3", key="7/a.jpg")
    assert url.startswith(f"{BASE}/7/a.jpg?")
    assert verify(url, PRIVATE.public_key()) == MIDNIGHT + timedelta(days=2)
    with pytest.raises(InvalidSignature):
        verify(url.replace("/7/a.jpg", "/7/b.jpg"), PRIVATE.public_key())
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(InvalidSignature):
        verify(url, stranger.public_key())


@pytest.mark.parametrize("make", [bucket, distribution])
def test_a_url_of_midnight_holds_for_a_day_and_is_the_same_all_day(
    make: Callable[[], S3Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = set()
    # Each process for itself: caches must hold across all of them.
    for hours in (0, 6, 12, 23.99):
        monkeypatch.setattr(clock, "now", lambda at=MIDNIGHT + timedelta(hours=hours): at)
        given.add(urls_of(make()).url(image_id=1, name="original", provider="s3", key="7/a.jpg"))
    (url,) = given
    query = parse_qs(urlsplit(url).query)
    if "Expires" in query:
        ends_at = datetime.fromtimestamp(int(query["Expires"][0]), UTC)
    else:
        begins_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        ends_at = begins_at + timedelta(seconds=int(query["X-Amz-Expires"][0]))
        assert begins_at <= MIDNIGHT
    # Even the last one of the day is good for 24 hours more.
    assert ends_at == MIDNIGHT + timedelta(days=2)


def test_a_page_that_is_open_for_a_day_still_shows_what_the_product_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = urls_of(LocalStorage(tmp_path))
    monkeypatch.setattr(clock, "now", lambda: MIDNIGHT)
    url = urls.url(image_id=1, name="original", provider="local", key="7/a.jpg")
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

    def is_good(hours: float) -> bool:
        monkeypatch.setattr(clock, "now", lambda: MIDNIGHT + timedelta(hours=hours))
        return urls.is_valid(key="7/a.jpg", expires=query["e"], signature=query["s"])

    assert is_good(0)
    assert is_good(24)
    assert is_good(47.99)
    assert not is_good(48)


def test_the_key_pair_can_be_text_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "cloudfront.pem"
    path.write_text(PEM)
    for given in (PEM, PEM.replace("\n", "\\n"), str(path)):
        stores = make_stores(settings(tmp_path, given))
        url = stores["s3"].url("7/a.jpg", expires_at=clock.now() + timedelta(days=1))
        assert url is not None
        verify(url, PRIVATE.public_key())


def settings(tmp_path: Path, private_key: str, **changes: str) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": tmp_path,
            "storage_provider": "s3",
            "aws_s3_bucket": "pictures",
            "aws_access_key_id": "key",
            "aws_secret_access_key": "secret",
            "aws_s3_public_url": BASE,
            "aws_cloudfront_key_id": "K123",
            "aws_cloudfront_private_key": private_key,
        }
        | changes
    )


def test_a_key_that_is_none_is_named_without_being_shown(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for given in (other.decode(), "-----BEGIN PRIVATE KEY-----\nnothing", str(tmp_path / "absent.pem")):
        with pytest.raises(ValueError, match="AWS_CLOUDFRONT_PRIVATE_KEY") as refused:
            make_stores(settings(tmp_path, given))
        assert given not in str(refused.value)
    with pytest.raises(ValidationError, match="AWS_S3_PUBLIC_URL"):
        settings(tmp_path, PEM, aws_s3_public_url="")
    with pytest.raises(ValidationError, match="AWS_CLOUDFRONT_PRIVATE_KEY"):
        settings(tmp_path, "")


@pytest.mark.parametrize(
    ("endpoint", "setting", "method"),
    [
        ("", "auto", "post"),
        ("https://s3.example.com", "auto", "post"),
        ("https://abc.r2.cloudflarestorage.com", "auto", "put"),
        ("https://abc.r2.cloudflarestorage.com", "post", "post"),
        ("", "put", "put"),
        ("", "off", None),
    ],
)
def test_browsers_send_as_the_store_understands(endpoint: str, setting: str, method: str | None) -> None:
    storage = S3Storage(
        bucket="pictures",
        region="auto",
        access_key_id="key",
        secret_access_key="secret",
        endpoint_url=endpoint,
        direct=setting,  # type: ignore[arg-type]  # a literal of the parameters above
    )
    assert storage.direct_method == method
