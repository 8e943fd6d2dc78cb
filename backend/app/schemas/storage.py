"""The storage on the wire."""

from __future__ import annotations

from typing import Literal

from app.schemas.base import View


class StorageCheckView(View):
    """One check. `title` says what works when it is ok; `detail` what was seen, and `fix` what to change."""

    name: str
    title: str
    state: Literal["ok", "warning", "failed", "skipped"]
    detail: str
    fix: str


class StorageDocumentView(View):
    """Something to paste into the store's own settings."""

    title: str
    content: str


class StorageReport(View):
    """What the storage can do. It `is_ok` when nothing failed; warnings leave it so."""

    provider: str
    is_ok: bool
    checks: list[StorageCheckView]
    documents: list[StorageDocumentView]
