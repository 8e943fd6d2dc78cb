"""Who may call: the account's names, and the signature over everything that was sent."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

VALID_SECONDS = 3600
_NOT_SIGNED = frozenset({"file", "cloud_name", "resource_type", "api_key", "signature"})


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """What a person copies from the console into settings."""

    cloud_name: str
    api_key: str
    api_secret: str


def cloud_account(control_key: str) -> CloudAccount:
    """The account of the simulator that `control_key` opens."""
    digest = hmac.digest(control_key.encode(), b"aigrowth:practice-cloudinary", "sha256").hex()
    return CloudAccount("practice", str(int(digest[:12], 16)).zfill(15)[:15], digest[12:44])


def string_to_sign(params: Mapping[str, str]) -> str:
    """What a signature is made of: every parameter that was sent and is not empty, in order."""
    parts = (f"{name}={value}" for name, value in params.items() if name not in _NOT_SIGNED and value)
    return "&".join(sorted(part.replace("&", "%26") for part in parts))


def signature(params: Mapping[str, str], api_secret: str) -> str:
    """The signature that belongs to these parameters."""
    return hashlib.sha1((string_to_sign(params) + api_secret).encode(), usedforsecurity=False).hexdigest()
