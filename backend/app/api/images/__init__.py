"""The library over HTTP."""

from fastapi import APIRouter

from app.api.images import downloads, library, many, taking_in
from app.api.images.views import image_view

__all__ = ["image_view", "router"]

router = APIRouter()
# Addresses with a word come before those with an id in the same place.
for part in (taking_in, many, downloads, library):
    router.include_router(part.router)
