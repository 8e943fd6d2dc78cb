"""Random tokens, signatures and encryption at rest. Every secret of the product passes here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

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

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = derived_key(secret, purpose)

    def sign(self, text: str) -> str:
        """A URL-safe signature of 192 bits."""
        return base64.urlsafe_b64encode(hmac.digest(self._key, text.encode(), "sha256")[:24]).decode()

    def is_valid(self, text: str, signature: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.sign(text).encode(), signature.encode())


class Vault:
    """Encrypts platform tokens (AES-256-GCM). The stored form begins with the id of its key."""

    def __init__(self, secret: bytes) -> None:
        key = derived_key(secret, "channel-tokens")
        self._aead = AESGCM(key)
        self._key_id = hashlib.sha256(key).hexdigest()[:8]

    def seal(self, text: str, context: str) -> str:
        """`context` is bound to the result: it opens only with the same one."""
        nonce = secrets.token_bytes(12)
        sealed = nonce + self._aead.encrypt(nonce, text.encode(), context.encode())
        return f"{self._key_id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """Raises ValueError when the key has changed or the text belongs elsewhere."""
        key_id, _, body = sealed.partition(".")
        if key_id != self._key_id:
            raise ValueError("sealed with another key")
        raw = base64.urlsafe_b64decode(body)
        try:
            return self._aead.decrypt(raw[:12], raw[12:], context.encode()).decode()
        except InvalidTag as error:
            raise ValueError("does not open here") from error
