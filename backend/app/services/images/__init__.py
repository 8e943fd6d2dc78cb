"""The library: pictures taken in, kept, listed, derived from, and let go."""

from app.models.images import Filter, Image, Page, Rendition, Sort
from app.services.images.bulk import Outcome, Refusal, restore_images, tag_images, trash_images
from app.services.images.by_url import image_at
from app.services.images.catalogue import (
    change_image,
    check_removable,
    checked_cursor,
    find_similar,
    get_image,
    library_totals,
    list_images,
    list_tags,
    posts_using,
    restore_image,
    trash_image,
)
from app.services.images.counting import find_miscounts, fold_counts, recount
from app.services.images.deriving import Form, source_type_of
from app.services.images.library import AiOrigin, Library, Received
from app.services.images.names import display_name, download_name, framed_name, rendition_name, slug
from app.services.images.packing import images_to_pack, packed, zip_entry
from app.services.images.readiness import Readiness, readiness
from app.services.images.sweeping import UNFINISHED_AFTER, Objects

__all__ = [
    "UNFINISHED_AFTER",
    "AiOrigin",
    "Filter",
    "Form",
    "Image",
    "Library",
    "Objects",
    "Outcome",
    "Page",
    "Readiness",
    "Received",
    "Refusal",
    "Rendition",
    "Sort",
    "change_image",
    "check_removable",
    "checked_cursor",
    "display_name",
    "download_name",
    "find_miscounts",
    "find_similar",
    "fold_counts",
    "framed_name",
    "get_image",
    "image_at",
    "images_to_pack",
    "library_totals",
    "list_images",
    "list_tags",
    "packed",
    "posts_using",
    "readiness",
    "recount",
    "rendition_name",
    "restore_image",
    "restore_images",
    "slug",
    "source_type_of",
    "tag_images",
    "trash_image",
    "trash_images",
    "zip_entry",
]
