"""Files made while somebody looked for the right crop go after a day; those that posts need stay."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from app.core import clock
from app.imaging.framing import Framing
from app.imaging.recipes import INSTAGRAM_FEED, PREVIEW
from app.models.images import Rendition, StorageIntent
from app.services.posts import Leftovers, PictureInput, create_post
from tests.factories_pictures import flat, jpeg
from tests.integration.office import Office


async def _kept(office: Office) -> dict[int, str]:
    async with office.database.reading() as session:
        return {made.id: made.storage_key for made in await session.scalars(select(Rendition))}


async def test_renditions_that_no_post_uses_go_after_a_day(office: Office) -> None:
    image = await office.image(file=jpeg(flat((9, 90, 160), 600, 1600)))
    other = await office.image()

    async def make(framing: Framing) -> Rendition:
        return await office.library.rendition(image, INSTAGRAM_FEED, framing)

    chosen = Framing("crop", (0.5, 0.2))
    used = await make(chosen)
    tried = [await make(Framing("crop", (0.5, 0.3 + number / 10))) for number in range(4)]
    preview = await office.library.rendition(image, PREVIEW)
    alone = await office.library.rendition(other, INSTAGRAM_FEED)
    async with office.database.writing() as session:
        await create_post(
            session,
            user_id=office.user_id,
            business_id=office.business_id,
            content_text="Shown from above",
            pictures=[PictureInput(image.id, framing=chosen)],
            channel_ids=[office.instagram.id],
        )
        await session.execute(update(Rendition).values(created_at=clock.now() - timedelta(hours=25)))
    young = await make(Framing("crop", (0.5, 0.9)))
    keys = await _kept(office)
    leftovers = Leftovers(office.library, office.channels)
    assert await leftovers.sweep() == len(tried) + 1
    assert set(await _kept(office)) == {used.id, preview.id, young.id}
    for made in (*tried, alone):
        assert not (office.folder / "files" / keys[made.id]).exists()
    for made in (used, preview, young):
        assert (office.folder / "files" / keys[made.id]).exists()
    async with office.database.reading() as session:
        assert (await session.scalars(select(StorageIntent))).all() == []
    assert await leftovers.sweep() == 0
    # Whoever wants one of them again gets it.
    assert (await make(Framing("crop", (0.5, 0.4)))).sha256 == tried[1].sha256
