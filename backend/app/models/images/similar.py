"""Images that look alike, by the distance of their perceptual hashes: in how many of 64 bits they differ.

Hashes at most `MOST_DIFFERENT` bits apart agree nearly in one of their four bands of 16 bits: either some
band differs in no more than one bit, or each differs in two. So the neighbours of every band (one bit away;
of the first band two) are looked up by index, and that finds each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.images.tables import HASH_BANDS, Image

MOST_DIFFERENT = 8
MOST_LOOKED_AT = 2000
"""For each band. Where more agree, as with many pictures of one template, the newest are compared."""


async def find_similar(session: AsyncSession, image: Image, *, limit: int) -> Sequence[Image]:
    """Images of the same business that look like this one, the most alike first, the trash left out."""
    if image.perceptual_hash is None:
        return []
    bits = [int(image.perceptual_hash[at : at + 4], 16) for at in (0, 4, 8, 12)]
    looks = [
        select(Image.id, Image.perceptual_hash)
        .where(
            Image.business_id == image.business_id,
            band.in_(_neighbours(value, 2 if number == 0 else 1)),
            Image.perceptual_hash.is_not(None),
            Image.deleted_at.is_(None),
            Image.id != image.id,
        )
        .order_by(Image.id.desc())
        .limit(MOST_LOOKED_AT)
        .subquery()
        for number, (band, value) in enumerate(zip(HASH_BANDS, bits, strict=True))
    ]
    found = await session.execute(union_all(*(select(look) for look in looks)))
    whole = int(image.perceptual_hash, 16)
    nearest = sorted(
        {((whole ^ int(other, 16)).bit_count(), image_id) for image_id, other in found if other is not None}
    )
    ids = [image_id for distance, image_id in nearest if distance <= MOST_DIFFERENT][:limit]
    rows = {row.id: row for row in await session.scalars(select(Image).where(Image.id.in_(ids)))}
    return [rows[image_id] for image_id in ids if image_id in rows]


def _neighbours(value: int, distance: int) -> list[str]:
    """Every band that differs from this one in at most so many bits."""
    return [
        f"{value ^ sum(1 << bit for bit in flipped):04x}"
        for size in range(distance + 1)
        for flipped in combinations(range(16), size)
    ]
