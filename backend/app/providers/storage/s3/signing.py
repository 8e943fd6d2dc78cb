"""Signed URLs and forms: for reading from a bucket or a distribution, and for sending to a bucket."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from app.core import clock
from app.providers.storage.base import DirectUpload


def bucket_url(bucket: str, region: str, endpoint_url: str) -> str:
    """Where the bucket answers. Amazon's address names the region: the one without answers redirects."""
    if endpoint_url:
        return f"{endpoint_url.rstrip('/')}/{bucket}"
    host = f"s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    # Amazon's certificate covers one label before its host.
    return f"https://{host}/{bucket}" if "." in bucket else f"https://{bucket}.{host}"


class Signer:
    """Presigned GET URLs (AWS Signature Version 4, query parameters).

    Written out, because the usual libraries sign for the current second: every process would give
    another URL for the same object, and none of them could be cached.
    """

    def __init__(self, base: str, region: str, access_key_id: str, secret_access_key: str) -> None:
        self._base = base
        self._host = urlsplit(base).netloc
        self._path = urlsplit(base).path
        self._region = region
        self._access_key_id = access_key_id
        self._secret = secret_access_key.encode()

    def sign(self, key: str, begins_at: datetime, ends_at: datetime) -> str:
        """The URL of `key`, readable between two moments in UTC. Always the same for the same arguments."""
        timestamp = f"{begins_at:%Y%m%dT%H%M%SZ}"
        scope = f"{begins_at:%Y%m%d}/{self._region}/s3/aws4_request"
        # In alphabetical order, as the signature needs them.
        query = "&".join(
            (
                "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                f"X-Amz-Credential={quote(f'{self._access_key_id}/{scope}', safe='')}",
                f"X-Amz-Date={timestamp}",
                f"X-Amz-Expires={int((ends_at - begins_at).total_seconds())}",
                "X-Amz-SignedHeaders=host",
            )
        )
        request = f"GET\n{self._path}/{key}\n{query}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signing_key = b"AWS4" + self._secret
        for part in scope.split("/"):
            signing_key = hmac.digest(signing_key, part.encode(), "sha256")
        statement = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
        signature = hmac.digest(signing_key, statement.encode(), "sha256").hex()
        return f"{self._base}/{key}?{query}&X-Amz-Signature={signature}"


class CloudFrontSigner:
    """URLs of a CloudFront distribution that takes only signed ones (canned policy: one URL, one end).

    `private_key` is PEM text of the RSA key whose public half is in a key group of the distribution, under
    `key_id`. Raises ValueError when it is no such key.
    """

    def __init__(self, key_id: str, private_key: str) -> None:
        from botocore.signers import CloudFrontSigner as Botocore

        try:
            key = serialization.load_pem_private_key(private_key.encode(), password=None)
        except (ValueError, TypeError) as error:
            raise ValueError(_NO_KEY) from error
        if not isinstance(key, RSAPrivateKey):
            raise ValueError(_NO_KEY)

        def sign(message: bytes) -> bytes:
            # SHA-1 is what CloudFront verifies; a URL that lives two days is no prize for a collision.
            return key.sign(message, padding.PKCS1v15(), hashes.SHA1())

        self._signer = Botocore(key_id, sign)

    def sign(self, url: str, ends_at: datetime) -> str:
        """The URL with its proof. Always the same for the same arguments."""
        signed: str = self._signer.generate_presigned_url(url, date_less_than=ends_at)
        return signed


_NO_KEY = "AWS_CLOUDFRONT_PRIVATE_KEY is no RSA private key in PEM form, nor the path of one."


class BrowserUploads:
    """Leaves for browsers to send one file to a bucket, signed for the current moment."""

    def __init__(
        self, base: str, bucket: str, region: str, access_key_id: str, secret_access_key: str
    ) -> None:
        self._base = base
        self._bucket = bucket
        self._region = region
        self._access_key_id = access_key_id
        self._secret = secret_access_key

    def form(self, key: str, *, mime_type: str, size: int, expires_at: datetime) -> DirectUpload:
        """A form for exactly this key and type, and at most `size` bytes: the store itself refuses others."""
        from botocore.auth import S3SigV4PostAuth
        from botocore.awsrequest import AWSRequest

        fields = {"key": key, "Content-Type": mime_type}
        policy = {
            "expiration": f"{expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "conditions": [
                {"bucket": self._bucket},
                {"key": key},
                {"Content-Type": mime_type},
                ["content-length-range", 1, size],
            ],
        }
        # With the slash: some stores answer for the bucket itself only there.
        url = f"{self._base}/"
        request = AWSRequest("POST", url)
        request.context = {"s3-presign-post-fields": fields, "s3-presign-post-policy": policy}
        S3SigV4PostAuth(self._credentials(), "s3", self._region).add_auth(request)
        return DirectUpload("post", url, fields=dict(request.context["s3-presign-post-fields"]))

    def bare(self, key: str, *, mime_type: str, expires_at: datetime) -> DirectUpload:
        """A URL for exactly this key and type. No size can be signed into it."""
        from botocore.auth import S3SigV4QueryAuth
        from botocore.awsrequest import AWSRequest

        headers = {"Content-Type": mime_type}
        request = AWSRequest("PUT", f"{self._base}/{key}", headers=headers)
        seconds = int((expires_at - clock.now()).total_seconds())
        S3SigV4QueryAuth(self._credentials(), "s3", self._region, expires=seconds).add_auth(request)
        return DirectUpload("put", request.url, headers=headers)

    def _credentials(self) -> object:
        from botocore.credentials import Credentials

        return Credentials(self._access_key_id, self._secret)
