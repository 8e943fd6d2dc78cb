"""Pictures, the files derived from them, and what was begun in storage."""

from app.models.images import indexing
from app.models.images.files import (
    drop_intent,
    find_file,
    find_rendition,
    keys_in_use,
    list_old_intents,
    list_renditions,
)
from app.models.images.listing import MOST_COUNTED, Filter, Page, Sort, list_page, totals
from app.models.images.rows import (
    count_use,
    find_by_hash,
    find_by_ids,
    find_by_storage_key,
    find_for_user,
    find_many,
    move_to_trash,
    remove,
    restore,
)
from app.models.images.similar import find_similar
from app.models.images.tables import Image, ImageTag, LibraryCount, Rendition, StorageIntent

__all__ = [
    "MOST_COUNTED",
    "Filter",
    "Image",
    "ImageTag",
    "LibraryCount",
    "Page",
    "Rendition",
    "Sort",
    "StorageIntent",
    "count_use",
    "drop_intent",
    "find_by_hash",
    "find_by_ids",
    "find_by_storage_key",
    "find_file",
    "find_for_user",
    "find_many",
    "find_rendition",
    "find_similar",
    "indexing",
    "keys_in_use",
    "list_old_intents",
    "list_page",
    "list_renditions",
    "move_to_trash",
    "remove",
    "restore",
    "totals",
]
