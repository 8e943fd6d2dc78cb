"""Certificates as an authority gives them to those who sign manifests, for every algorithm of C2PA."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.imaging import OwnSeal, SealAlgorithm, read_seal

_CURVES: dict[str, ec.EllipticCurve] = {
    "es256": ec.SECP256R1(),
    "es384": ec.SECP384R1(),
    "es512": ec.SECP521R1(),
}


@dataclass(frozen=True)
class Certificate:
    """A certificate with the one that vouches for it, and its key; both as PEM text."""

    chain: str
    private_key: str
    algorithm: SealAlgorithm

    def seal(self, timestamp_url: str = "") -> OwnSeal:
        return read_seal(self.chain, self.private_key, algorithm=self.algorithm, timestamp_url=timestamp_url)


@functools.cache
def certificate(
    algorithm: SealAlgorithm = "es256",
    *,
    ends_in: timedelta = timedelta(days=365),
    is_for_manifests: bool = True,
) -> Certificate:
    """One for a shop, that ends so long from now; or ended, when that is negative."""
    now = datetime.now(UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _name("Test authority")
    root = (
        _builder(authority, authority, authority_key.public_key(), now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(authority_key, hashes.SHA256())
    )
    key = _key(algorithm)
    usage = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    use = ExtendedKeyUsageOID.EMAIL_PROTECTION if is_for_manifests else ExtendedKeyUsageOID.SERVER_AUTH
    own = (
        _builder(_name("Harbour Coffee"), authority, key.public_key(), now + ends_in)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), True)
        .add_extension(x509.ExtendedKeyUsage([use]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return Certificate(
        (own.public_bytes(pem) + root.public_bytes(pem)).decode(),
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
        algorithm,
    )


def _key(algorithm: SealAlgorithm) -> Any:
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    return rsa.generate_private_key(65537, 2048)


def _name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: Any, ends_at: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=400))
        .not_valid_after(ends_at)
    )
