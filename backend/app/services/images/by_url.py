"""The image behind a URL: one of the business's own, or one that is taken in now."""

from __future__ import annotations

from app.core.errors import NotFound
from app.models import images as models
from app.models.images import Image
from app.services.images.library import Library
from app.services.media_urls import MediaUrls


async def image_at(
    library: Library, media_urls: MediaUrls, url: str, *, business_id: int, max_bytes: int, alt_text: str = ""
) -> tuple[Image, bool]:
    """The image, and whether the business had it already. The caller has checked who asks.

    Raises `NotFound` for a URL of ours to a picture that is not in this business, and what an import raises
    for a foreign one.
    """
    own_key = await _own_key(library, media_urls, url)
    if own_key is None:
        return await library.import_url(url, business_id=business_id, max_bytes=max_bytes, alt_text=alt_text)
    async with library.database.reading() as session:
        found = await models.find_by_storage_key(session, business_id, own_key)
    if found is None:
        raise NotFound("image_not_found", "There is no such image in this business's library.")
    return found, True


async def _own_key(library: Library, media_urls: MediaUrls, url: str) -> str | None:
    """The key of the original that a URL of ours leads to, whoever's it is."""
    link = media_urls.own_link(url)
    if link is not None:
        file = await library.find_file(link.image_id, "original")
        if file and media_urls.is_valid(key=file.key, expires=link.expires, signature=link.signature):
            return file.key
    return media_urls.own_storage_key(url)
