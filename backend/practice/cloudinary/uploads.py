"""`/v1_1/{cloud}/image/upload`, `…/destroy`, and the delivery of what was uploaded, by Cloudinary's rules."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from practice.answers import PRACTICE_HEADERS, JsonAnswer
from practice.calls import begin_call, end_call
from practice.cloudinary.signing import VALID_SECONDS, CloudAccount, cloud_account, signature, string_to_sign
from practice.faults import Holds, Plan, conduct, draw_plan
from practice.graph.pictures import probe
from practice.store import Store

FILE_LIMIT = 10 * 1024 * 1024
FORM_OVERHEAD = 64 * 1024
PUBLIC_ID_LIMIT = 255

_UPLOAD_PARAMS = frozenset(
    {
        "public_id",
        "overwrite",
        "timestamp",
        "signature",
        "api_key",
        "file",
        "tags",
        "context",
        "type",
        "asset_folder",
        "display_name",
        "invalidate",
        "unique_filename",
        "use_filename",
        "allowed_formats",
    }
)
_DESTROY_PARAMS = frozenset({"public_id", "timestamp", "signature", "api_key", "invalidate", "type"})
_FORMATS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/webp": "webp",
}
_ENDING = re.compile(r"(?P<public_id>.+?)(?:\.(?P<format>[a-z0-9]{2,5}))?")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cloud_assets (
    public_id TEXT PRIMARY KEY,
    asset_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    format TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    etag TEXT NOT NULL,
    created_at REAL NOT NULL,
    body BLOB NOT NULL
)
"""


class Refused(Exception):
    """Ends a call with Cloudinary's error body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class CloudApi:
    """One account. Faults act on the edges `cloudinary.upload`, `cloudinary.destroy`, `cloudinary.delivery`.

    Whoever has not the account's key is refused before anything is written down.
    """

    def __init__(self, store: Store, holds: Holds, control_key: Callable[[], str]) -> None:
        self._store = store
        self._holds = holds
        self._control_key = control_key

    def routes(self) -> list[Route]:
        """Uploads and delivery below one host, as they are where `CLOUDINARY_API_BASE` leads."""
        calls = "/cloudinary/v1_1/{cloud}/image"
        return [
            Route(f"{calls}/upload", self._answering("upload", self._upload), methods=["POST"]),
            Route(f"{calls}/destroy", self._answering("destroy", self._destroy), methods=["POST"]),
            Route(
                "/cloudinary/{cloud}/image/upload/v{version:int}/{name:path}",
                self._answering("delivery", self._deliver),
                methods=["GET"],
            ),
        ]

    def _answering(
        self, action: str, work: Callable[[Request, FormData, CloudAccount], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        edge = f"cloudinary.{action}"

        async def endpoint(request: Request) -> Response:
            if not 0 <= int(request.headers.get("content-length", "0")[:20]) <= FILE_LIMIT + FORM_OVERHEAD:
                return _refusal(Refused(400, f"File size too large. Maximum is {FILE_LIMIT}."))
            account = cloud_account(self._control_key())
            async with request.form() as form:
                if request.method == "POST" and form.get("api_key") != account.api_key:
                    return _refusal(Refused(401, f"Unknown API key {form.get('api_key', '')}"))
                noted = {name: str(form[name]) for name in ("public_id", "overwrite") if name in form}

                def begin(db: sqlite3.Connection) -> tuple[Plan, int]:
                    db.execute(_SCHEMA)
                    plan = draw_plan(db, edge=edge, method=request.method, account_id=None)
                    call_id = begin_call(
                        db,
                        at=self._store.now(),
                        method=request.method,
                        path=request.url.path,
                        edge=edge,
                        account_id=None,
                        params=noted,
                        faults=plan.kinds,
                    )
                    return plan, call_id

                plan, call_id = await self._store.run(begin)

                async def honest() -> Response:
                    problem: str | None = None
                    try:
                        answer = await work(request, form, account)
                    except Refused as refused:
                        problem, answer = str(refused.status), _refusal(refused)
                    await self._store.run(
                        lambda db: end_call(db, call_id, status=answer.status_code, error=problem)
                    )
                    return answer

                return await conduct(
                    plan, request, self._holds, honest, edge=edge, account_id=None, params=noted
                )

        return endpoint

    async def _upload(self, request: Request, form: FormData, account: CloudAccount) -> Response:
        params = self._admit(request, form, account, _UPLOAD_PARAMS)
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refused(400, "Missing required parameter - file")
        body = await file.read()
        if len(body) > FILE_LIMIT:
            raise Refused(400, f"File size too large. Got {len(body)}. Maximum is {FILE_LIMIT}.")
        public_id = params.get("public_id") or secrets.token_hex(10)
        if len(public_id) > PUBLIC_ID_LIMIT or public_id.startswith("/") or public_id.endswith("/"):
            raise Refused(400, f"public_id ({public_id}) is invalid")
        mime_type, width, height = _look_at(body)
        is_kept = params.get("overwrite", "true") in ("false", "0")
        now = self._store.now()
        found = {
            "public_id": public_id,
            "asset_id": secrets.token_hex(16),
            "version": int(now),
            "format": _FORMATS[mime_type],
            "mime_type": mime_type,
            "width": width,
            "height": height,
            "etag": hashlib.md5(body, usedforsecurity=False).hexdigest(),
            "created_at": now,
            "body": body,
        }

        def keep(db: sqlite3.Connection) -> tuple[sqlite3.Row, bool]:
            before = _find(db, public_id)
            if before is None or not is_kept:
                names = ", ".join(found)
                db.execute(
                    f"INSERT OR REPLACE INTO cloud_assets ({names}) "  # noqa: S608 -- our own column names
                    f"VALUES ({', '.join(f':{name}' for name in found)})",
                    found,
                )
            kept = _find(db, public_id)
            if kept is None:
                raise LookupError("the picture just kept is not there")
            return kept, before is not None

        row, was_there = await self._store.run(keep)
        more = {} if not was_there else {"existing": True} if is_kept else {"overwritten": True}
        return JsonAnswer(_described(request, row, account) | more)

    async def _destroy(self, request: Request, form: FormData, account: CloudAccount) -> Response:
        params = self._admit(request, form, account, _DESTROY_PARAMS)
        if not params.get("public_id"):
            raise Refused(400, "Missing required parameter - public_id")

        def remove(db: sqlite3.Connection) -> int:
            return db.execute("DELETE FROM cloud_assets WHERE public_id = ?", (params["public_id"],)).rowcount

        return JsonAnswer({"result": "ok" if await self._store.run(remove) else "not found"})

    async def _deliver(self, request: Request, form: FormData, account: CloudAccount) -> Response:
        match = _ENDING.fullmatch(request.path_params["name"])
        if request.path_params["cloud"] != account.cloud_name or match is None:
            raise Refused(404, "Resource not found")
        row = await self._store.run(lambda db: _find(db, match["public_id"]))
        if row is None or match["format"] not in (None, row["format"]):
            # Other formats are made on the fly there; nothing here asks for one.
            raise Refused(404, f"Resource not found - {match['public_id']}")
        headers = {
            **PRACTICE_HEADERS,
            "ETag": f'"{row["etag"]}"',
            "Cache-Control": "public, max-age=2592000",
            "Access-Control-Allow-Origin": "*",
        }
        return Response(row["body"], media_type=row["mime_type"], headers=headers)

    def _admit(
        self, request: Request, form: FormData, account: CloudAccount, known: frozenset[str]
    ) -> dict[str, str]:
        """The parameters of a call that keeps every rule of signing. Raises `Refused`."""
        params = {name: value for name, value in form.items() if isinstance(value, str)}
        if request.path_params["cloud"] != account.cloud_name:
            raise Refused(401, "cloud_name mismatch")
        unknown = sorted(set(form) - known)
        wanted = signature(params, account.api_secret)
        offered = params.get("signature", "")
        if unknown or not hmac.compare_digest(offered.encode(), wanted.encode()):
            raise Refused(401, f"Invalid Signature {offered}. String to sign - '{string_to_sign(params)}'.")
        if not params.get("timestamp", "").isdigit() or len(params["timestamp"]) > 12:
            raise Refused(401, "Missing required parameter - timestamp")
        if abs(self._store.now() - int(params["timestamp"])) > VALID_SECONDS:
            raise Refused(401, f"Stale request - reported time is {params['timestamp']}")
        return params


def _look_at(body: bytes) -> tuple[str, int, int]:
    """Type and sides of a picture. Raises `Refused` for anything else."""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp", *_webp_sides(body)
    picture = probe(body)
    if picture is None or picture.mime_type not in _FORMATS:
        raise Refused(400, "Invalid image file")
    return picture.mime_type, picture.width, picture.height


def _webp_sides(body: bytes) -> tuple[int, int]:
    kind = body[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[24:27], "little"), 1 + int.from_bytes(body[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return (
        int.from_bytes(body[26:28], "little") & 0x3FFF,
        int.from_bytes(body[28:30], "little") & 0x3FFF,
    )


def _find(db: sqlite3.Connection, public_id: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM cloud_assets WHERE public_id = ?", (public_id,)
    ).fetchone()
    return row


def _described(request: Request, row: sqlite3.Row, account: CloudAccount) -> dict[str, Any]:
    where = f"{account.cloud_name}/image/upload/v{row['version']}/{row['public_id']}.{row['format']}"
    base = str(request.url).partition("/v1_1/")[0]
    return {
        "asset_id": row["asset_id"],
        "public_id": row["public_id"],
        "version": row["version"],
        "signature": signature(
            {"public_id": row["public_id"], "version": str(row["version"])}, account.api_secret
        ),
        "width": row["width"],
        "height": row["height"],
        "format": row["format"],
        "resource_type": "image",
        "created_at": f"{datetime.fromtimestamp(row['created_at'], UTC):%Y-%m-%dT%H:%M:%SZ}",
        "tags": [],
        "bytes": len(row["body"]),
        "type": "upload",
        "etag": row["etag"],
        "placeholder": False,
        "url": f"{base}/{where}",
        "secure_url": f"{base}/{where}",
        "api_key": account.api_key,
    }


def _refusal(refused: Refused) -> Response:
    message = refused.message.encode("ascii", "replace").decode().replace("\n", " ")
    return JsonAnswer({"error": {"message": refused.message}}, refused.status, {"X-Cld-Error": message[:500]})
