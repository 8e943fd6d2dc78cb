"""Random tokens, signatures and encryption at rest. Every secret of the product passes here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def new_token(prefix: str) -> str:
    """A token of 256 random bits that names what it is for by its prefix."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """What is stored in place of a token. Plain SHA-256: the token is random, not a password."""
    return hashlib.sha256(token.encode()).hexdigest()


def derived_key(secret: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose, so that no two uses share one."""
    return hmac.digest(secret, f"aigrowth:{purpose}".encode(), "sha256")


class Signer:
    """Signs short texts, such as the path of a picture and the moment its URL ends."""

    def __init__(self, secret: bytes, purpose: str, *, earlier: Sequence[bytes] = ()) -> None:
        self._key = derived_key(secret, purpose)
        self._earlier = [derived_key(old, purpose) for old in earlier]

    def sign(self, text: str) -> str:
        """A URL-safe signature of 192 bits."""
        return _signature(self._key, text)

    def is_valid(self, text: str, signature: str) -> bool:
        """Compared in constant time. What was signed before the secret was changed counts as well."""
        given = signature.encode()
        keys = (self._key, *self._earlier)
        return any([hmac.compare_digest(_signature(key, text).encode(), given) for key in keys])


def _signature(key: bytes, text: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")[:24]).decode()


class Vault:
    """Encrypts platform tokens (AES-256-GCM). The stored form begins with the id of its key.

    `secrets_now` gives the secrets that count, the one to seal with first and earlier ones after it. It is
    asked again when something was sealed with a key that is not known yet: another process may have been
    given a new one.
    """

    def __init__(self, secrets_now: Callable[[], Sequence[bytes]]) -> None:
        self._secrets_now = secrets_now
        self._keys: dict[str, AESGCM] = {}
        self._current = ""
        self._read()

    @property
    def current_key(self) -> str:
        """The id of the key that is sealed with."""
        return self._current

    def seal(self, text: str, context: str) -> str:
        """`context` is bound to the result: it opens only with the same one."""
        nonce = secrets.token_bytes(12)
        sealed = nonce + self._keys[self._current].encrypt(nonce, text.encode(), context.encode())
        return f"{self._current}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """Raises ValueError when no key opens it or the text belongs elsewhere."""
        key_id, _, body = sealed.partition(".")
        if sealed and key_id not in self._keys:
            self._read()
        if key_id not in self._keys:
            raise ValueError("sealed with another key")
        raw = base64.urlsafe_b64decode(body)
        try:
            return self._keys[key_id].decrypt(raw[:12], raw[12:], context.encode()).decode()
        except InvalidTag as error:
            raise ValueError("does not open here") from error

    def _read(self) -> None:
        keys = {}
        for secret in self._secrets_now():
            key = derived_key(secret, "channel-tokens")
            keys[hashlib.sha256(key).hexdigest()[:8]] = AESGCM(key)
        self._keys, self._current = keys, next(iter(keys))


def is_signed_body(secret: str, body: bytes, header: str) -> bool:
    """Whether `sha256=<hex>` of a header is this body's signature. The bytes count, as they came."""
    given = header.strip().lower().encode("utf-8", "replace")
    expected = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    return hmac.compare_digest(expected.encode(), given)


def read_signed_request(secret: str, text: str) -> dict[str, Any] | None:
    """What a signed request says (`signature.payload`, both base64url); None with a wrong signature."""
    signature, _, payload = text.partition(".")
    try:
        given = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        expected = hmac.new(secret.encode(), payload.encode("ascii"), hashlib.sha256).digest()
        if not hmac.compare_digest(expected, given):
            return None
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or str(said.get("algorithm", "")).upper() != "HMAC-SHA256":
        return None
    return said
