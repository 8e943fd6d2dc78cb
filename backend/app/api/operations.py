"""For whoever runs the product: is it alive, can it work, how is it doing."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import State
from starlette.responses import Response

from app.api.deps import Product, ProductDep
from app.core.errors import UpstreamUnavailable
from app.core.logging import get_logger
from app.schemas.base import View

CHECK_SECONDS = 5.0
STORAGE_BELIEVED_SECONDS = 10.0

log = get_logger(__name__)
router = APIRouter(tags=["operations"])


class Health(View):
    """The process answers."""

    status: str = "ok"


class Readiness(View):
    """Each part that the product needs, and that it works."""

    status: str = "ok"
    database: str = "ok"
    storage: str = "ok"
    queue: str = "ok"


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """Answers as long as the process does; looks at nothing else."""
    return Health()


@router.get("/readyz", summary="Can the product work?")
async def readyz(request: Request, product: ProductDep) -> Readiness:
    """Asks the database, the storage and the job runner. 503 `not_ready` names the parts that fail."""
    parts = {
        "database": product.database.ping(),
        "storage": _check_storage(request.app.state, product),
        "queue": _check_runner(product),
    }
    worked = await asyncio.gather(*(_works(name, check) for name, check in parts.items()))
    failing = [name for name, is_well in zip(parts, worked, strict=True) if not is_well]
    if failing:
        raise UpstreamUnavailable(
            "not_ready",
            f"Not ready: {' and '.join(failing)}. The log says why.",
            failing=failing,
            retry_after=5,
        )
    return Readiness()


async def _check_storage(state: State, product: Product) -> None:
    """The store, and the folder for work under way. The check writes, so a success is believed for a few
    seconds."""
    now = time.monotonic()
    if now - getattr(state, "storage_worked_at", -STORAGE_BELIEVED_SECONDS) < STORAGE_BELIEVED_SECONDS:
        return
    await product.storage.check()
    await asyncio.to_thread(_write_in, product.settings.data_dir / "work")
    state.storage_worked_at = now


def _write_in(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"0" * 4096)


async def _check_runner(product: Product) -> None:
    if not product.runner.is_alive:
        raise UpstreamUnavailable("runner_stopped", "The job runner has stopped; restart the server.")


async def _works(name: str, check: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(check, CHECK_SECONDS)
    except Exception as error:
        # What failed goes to the operator's log: an address or a path is nobody else's business.
        log.warning("readiness.failed", part=name, error=str(error) or type(error).__name__)
        return False
    return True


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Counts and times without any name, id or text of a business."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
