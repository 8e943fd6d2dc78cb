"""A small internet on loopback: names, public addresses and certificates that lead to servers of a test.

A map of names and addresses stands where the internet would be: it answers for name servers, and leads a
connection to a public address to one of these servers.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core.network import Network

PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Internet(Network):
    """`names` holds one list of addresses per question, the last one for all that follow; `routes` where
    connections to an address end. What was asked and connected to is written down."""

    def __init__(self, certificates: ssl.SSLContext) -> None:
        self.names: dict[str, list[list[str]]] = {}
        self.routes: dict[str, int] = {}
        self.asked: list[str] = []
        self.connected: list[str] = []
        self._certificates = certificates

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            answers = self.names.get(host)
            if answers is None:
                raise OSError("no such name") from None
            return answers.pop(0) if len(answers) > 1 else answers[0]
        return [host]

    async def connect(self, address: str, port: int, seconds: float) -> httpcore.AsyncNetworkStream:
        self.connected.append(address)
        if address not in self.routes:
            raise httpcore.ConnectError("nobody there")
        return await super().connect("127.0.0.1", self.routes[address], seconds)

    def tls(self) -> ssl.SSLContext:
        return self._certificates


class Server:
    """Answers each request with the bytes, or by the function, that `paths` holds for its path."""

    def __init__(self) -> None:
        self.paths: dict[str, bytes | Answer] = {}
        self.requests: list[bytes] = []
        self.port = 0

    async def start(self, certificate: ssl.SSLContext | None) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=certificate)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            answer = self.paths.get(head.split(b" ")[1].decode(), response(b"nothing here", "404 Not Found"))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(head, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: image/jpeg", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return response(b"", status, f"Location: {location}")


class Certificates:
    """An authority that nobody else knows, and what it vouches for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._certificate = self._sign(self._name, self._key.public_key(), [], is_authority=True)

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, names: list[str], *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            others = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(others, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def believed(self) -> ssl.SSLContext:
        pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def server(self, *names: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._sign(subject, key.public_key(), list(names), is_authority=False)
        file = self._folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context
