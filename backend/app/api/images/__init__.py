"""The library over HTTP."""

from fastapi import APIRouter

from app.api.images import library, taking_in
from app.api.images.views import image_view

__all__ = ["image_view", "router"]

router = APIRouter()
router.include_router(taking_in.router)
router.include_router(library.router)
