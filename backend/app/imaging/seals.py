"""The seal: a certificate, and the key that signs C2PA manifests with it.

The key stays in the process that serves. Workers, which open pictures of strangers, get the certificate, and
ask for each signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

SealAlgorithm = Literal["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"]
SEAL_ALGORITHMS: tuple[SealAlgorithm, ...] = get_args(SealAlgorithm)

_CURVES = {"es256": "secp256r1", "es384": "secp384r1", "es512": "secp521r1"}


@dataclass(frozen=True, slots=True)
class Seal:
    """What manifests are signed with. `certificate` is the chain as PEM text, the own one first; `sign` makes
    the signature that C2PA wants of these bytes. Without a `timestamp_url` nobody is asked for the time."""

    certificate: str
    algorithm: SealAlgorithm
    timestamp_url: str
    sign: Callable[[bytes], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnSeal(Seal):
    """A seal with whose certificate it is, and from when to when that holds."""

    name: str
    starts_at: datetime
    ends_at: datetime


def read_seal(
    certificate: str, private_key: str, *, algorithm: SealAlgorithm, timestamp_url: str = ""
) -> OwnSeal:
    """The seal of two PEM texts. Raises ValueError with a sentence that names the setting to change."""
    # Workers import this module too, and read no seal: they start sooner without.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        own = x509.load_pem_x509_certificates(certificate.encode())[0]
    except ValueError as error:
        raise ValueError("C2PA_CERTIFICATE holds no certificate in PEM.") from error
    try:
        key = serialization.load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("C2PA_PRIVATE_KEY holds no private key in PEM, or one with a password.") from error
    sign = _signing(key, algorithm)
    if sign is None:
        raise ValueError(f"C2PA_SIGNING_ALG is {algorithm}, and C2PA_PRIVATE_KEY holds another kind of key.")
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if own.public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
        raise ValueError(
            "C2PA_PRIVATE_KEY is not the key of the first certificate in C2PA_CERTIFICATE: the own"
            " certificate comes first, then those that vouch for it."
        )
    names = own.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return OwnSeal(
        certificate,
        algorithm,
        timestamp_url,
        sign,
        name=str(names[0].value) if names else "somebody without a name",
        starts_at=own.not_valid_before_utc,
        ends_at=own.not_valid_after_utc,
    )


def _signing(key: Any, algorithm: SealAlgorithm) -> Callable[[bytes], bytes] | None:
    """How this key signs by this algorithm (RFC 9053, RFC 8230), if it can."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    if algorithm == "ed25519":
        return key.sign if isinstance(key, ed25519.Ed25519PrivateKey) else None
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]
    if algorithm in _CURVES:
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVES[algorithm]:
            return None
        size = (key.curve.key_size + 7) // 8

        def sign_by_curve(message: bytes) -> bytes:
            r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")

        return sign_by_curve
    if not isinstance(key, rsa.RSAPrivateKey):
        return None
    pad = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
    return lambda message: key.sign(message, pad, digest)
