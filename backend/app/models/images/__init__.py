"""Pictures, the files derived from them, and what was begun in storage."""

from app.models.images import indexing
from app.models.images.counts import (
    Filter,
    Miscount,
    TagCount,
    Totals,
    find_miscounts,
    fold_counts,
    list_tags,
    list_unfolded,
    recount,
    totals,
)
from app.models.images.files import (
    drop_intent,
    find_file,
    find_rendition,
    keys_in_use,
    list_old_intents,
    list_renditions,
)
from app.models.images.listing import Page, Sort, list_page, wish_for
from app.models.images.rows import (
    count_use,
    find_by_hash,
    find_by_ids,
    find_by_storage_key,
    find_for_user,
    find_many,
    hold,
    move_to_trash,
    remove,
    restore,
)
from app.models.images.searching import MOST_COUNTED, search_page
from app.models.images.similar import find_similar
from app.models.images.tables import Image, ImageTag, LibraryCount, Rendition, StorageIntent

__all__ = [
    "MOST_COUNTED",
    "Filter",
    "Image",
    "ImageTag",
    "LibraryCount",
    "Miscount",
    "Page",
    "Rendition",
    "Sort",
    "StorageIntent",
    "TagCount",
    "Totals",
    "count_use",
    "drop_intent",
    "find_by_hash",
    "find_by_ids",
    "find_by_storage_key",
    "find_file",
    "find_for_user",
    "find_many",
    "find_miscounts",
    "find_rendition",
    "find_similar",
    "fold_counts",
    "hold",
    "indexing",
    "keys_in_use",
    "list_old_intents",
    "list_page",
    "list_renditions",
    "list_tags",
    "list_unfolded",
    "move_to_trash",
    "recount",
    "remove",
    "restore",
    "search_page",
    "totals",
    "wish_for",
]
