"""AI generations over HTTP."""

from __future__ import annotations

from app.api.deps import api_router
from app.api.generations import events, orders

router = api_router("generations")
router.include_router(orders.router)
router.include_router(events.router)

__all__ = ["router"]
