"""Masks that come with a wish: read in the workshop, as other pictures are, and kept as every provider reads
them."""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass

from app.core.errors import RuleBroken
from app.imaging import Format, Limits, PictureRefused, sniff
from app.imaging.containers import Anatomy, walk
from app.models.images import Image
from app.services.images import Library

MASK_LIMIT = 4 * 1024 * 1024
"""Bytes of a mask."""


@dataclass(frozen=True, slots=True)
class Mask:
    """A PNG with 8 bits of transparency and nothing else; somewhere it is transparent."""

    content: bytes
    width: int
    height: int


async def read_mask(library: Library, encoded: str, *, business_id: int) -> Mask:
    """The PNG in base64, also as a data URL, whatever its depth and kind: what is entirely transparent in it
    is painted anew.

    Raises `RuleBroken` (`mask_unreadable`, `mask_too_large`, `mask_wrong_size`, `mask_without_transparency`,
    `mask_opaque`), and `UpstreamUnavailable` when too many pictures are being read.
    """
    anatomy = await asyncio.to_thread(_unpack, encoded)
    most = Limits().max_side
    if max(anatomy.width, anatomy.height) > most:
        raise RuleBroken(
            "mask_wrong_size",
            f"The mask is {anatomy.width} × {anatomy.height} pixels, larger than any image here. Send a mask "
            "of the image's size.",
        )
    async with library.workspace() as workspace:
        received, black = workspace / "mask", workspace / "black"
        await asyncio.to_thread(received.write_bytes, anatomy.clean)
        try:
            found = await library.workshop.read_mask(received, black, party=business_id)
        except PictureRefused as refusal:
            raise _unreadable() from refusal
        if not found.has_alpha:
            raise RuleBroken(
                "mask_without_transparency",
                "The mask has no transparency. Make transparent what shall be painted anew.",
            )
        if not found.has_hole:
            raise RuleBroken(
                "mask_opaque",
                "Nothing in the mask is transparent, so there is nothing to paint anew. Make that part of it "
                "transparent, or leave the mask out to change the whole image.",
            )
        return Mask(await asyncio.to_thread(black.read_bytes), anatomy.width, anatomy.height)


def check_mask(mask: Mask, source: Image) -> bytes:
    """The bytes of the mask. Raises `RuleBroken` (`mask_wrong_size`) unless it is as large as the source."""
    if (mask.width, mask.height) != (source.width, source.height):
        raise RuleBroken(
            "mask_wrong_size",
            f"The mask is {mask.width} × {mask.height} pixels, and the image {source.width} × "
            f"{source.height}. Send a mask of the image's size.",
        )
    return mask.content


def _unpack(encoded: str) -> Anatomy:
    """Takes its time, so not on the event loop. The limits on a PNG's parts come before its pixels."""
    encoded = encoded.removeprefix("data:image/png;base64,")
    try:
        mask = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unreadable() from error
    if len(mask) > MASK_LIMIT:
        raise RuleBroken("mask_too_large", "The mask is larger than 4 MiB.", limit=MASK_LIMIT)
    try:
        if sniff(mask) is not Format.PNG:
            raise _unreadable()
        return walk(Format.PNG, mask)
    except PictureRefused as error:
        raise _unreadable() from error


def _unreadable() -> RuleBroken:
    return RuleBroken("mask_unreadable", "The mask is not a PNG in base64. Send one with transparent parts.")
