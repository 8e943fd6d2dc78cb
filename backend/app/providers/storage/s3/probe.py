"""Single signed requests to a bucket whose answers are looked at, where obstore only says that it failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from app.core.tls import public_certificates

_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,60})</Code>")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a store said: its status number, its error code, the headers in lower case, and the body.

    `status` is 0 where nothing answered.
    """

    status: int
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        """Done as asked."""
        return 200 <= self.status < 300


class Probe:
    """Asks one bucket. `base` is where it answers; close it after use."""

    def __init__(self, base: str, region: str, access_key_id: str, secret_access_key: str) -> None:
        self.base = base
        self._region = region
        self._access_key_id = access_key_id
        self._secret = secret_access_key
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(15, connect=5),
            verify=public_certificates(),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def ask(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        is_signed: bool = False,
    ) -> Answer:
        """One request; without `is_signed` as anybody's."""
        sent = dict(headers or {})
        if is_signed:
            sent |= self._signature(method, url, body, sent)
        return await self._send(self._client.build_request(method, url, content=body, headers=sent))

    async def send_form(self, url: str, fields: Mapping[str, str], content: bytes, mime_type: str) -> Answer:
        """Send a file the way a browser submits a form."""
        file = {"file": ("check.png", content, mime_type)}
        return await self._send(self._client.build_request("POST", url, data=dict(fields), files=file))

    async def _send(self, request: httpx.Request) -> Answer:
        try:
            answer = await self._client.send(request)
        except (httpx.HTTPError, httpx.InvalidURL):
            return Answer(0)
        code = _CODE.search(answer.content[:65536])
        return Answer(answer.status_code, code[1].decode() if code else "", answer.headers, answer.content)

    def _signature(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest(method, url, data=body, headers={**headers, "Host": urlsplit(url).netloc})
        S3SigV4Auth(Credentials(self._access_key_id, self._secret), "s3", self._region).add_auth(request)
        return dict(request.headers.items())
