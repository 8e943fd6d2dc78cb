"""The library: pictures taken in, kept, listed, derived from, and let go."""

from app.models.images import Filter, Image, Page, Rendition, Sort
from app.services.images.by_url import image_at
from app.services.images.catalogue import (
    change_image,
    check_removable,
    checked_cursor,
    get_image,
    library_totals,
    list_images,
    posts_using,
    restore_image,
    trash_image,
)
from app.services.images.library import AiOrigin, Library, Received
from app.services.images.names import display_name, rendition_name, slug
from app.services.images.readiness import Readiness, readiness
from app.services.images.sweeping import UNFINISHED_AFTER

__all__ = [
    "UNFINISHED_AFTER",
    "AiOrigin",
    "Filter",
    "Image",
    "Library",
    "Page",
    "Readiness",
    "Received",
    "Rendition",
    "Sort",
    "change_image",
    "check_removable",
    "checked_cursor",
    "display_name",
    "get_image",
    "image_at",
    "library_totals",
    "list_images",
    "posts_using",
    "readiness",
    "rendition_name",
    "restore_image",
    "slug",
    "trash_image",
]
