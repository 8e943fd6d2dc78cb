"""Looking at a store from all sides, for the screen and for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.providers.storage.base import Checkup, Document, Finding


@dataclass(frozen=True, slots=True)
class Report:
    """What every check found, and what to paste into the store's own settings."""

    provider: str
    findings: Sequence[Finding]
    documents: Sequence[Document]

    @property
    def is_ok(self) -> bool:
        """Nothing failed. What only warns leaves the store usable."""
        return all(finding.state != "failed" for finding in self.findings)


async def check(checkup: Checkup, *, origin: str) -> Report:
    """Run every check of a store. `origin` is where the page is served from."""
    findings = [finding async for finding in checkup.findings(origin=origin)]
    return Report(checkup.provider, findings, checkup.documents(origin=origin))
