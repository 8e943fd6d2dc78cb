"""One person schedules a post, another throws its image away or disconnects its channel: never both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, Conflict, RuleBroken
from app.models.images import Image
from app.models.posts import Post
from app.services import channels, images
from tests.integration.office import Office

Sending = Callable[[Office, Database, int], Awaitable[object]]
Dropping = Callable[[Office, Database, Image], Awaitable[object]]


class Hesitant(Database):
    """Has done everything in a unit that writes, and commits it once `gate` is open."""

    gate: asyncio.Event
    is_done: asyncio.Event

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        async with super().writing() as session:
            yield session
            await session.flush()
            self.is_done.set()
            await self.gate.wait()


@contextlib.asynccontextmanager
async def hesitant(office: Office) -> AsyncIterator[Hesitant]:
    opened = Hesitant(office.database.engine.url.render_as_string(hide_password=False))
    opened.gate, opened.is_done = asyncio.Event(), asyncio.Event()
    try:
        yield opened
    finally:
        await opened.close()


async def plan(office: Office, database: Database, post_id: int) -> None:
    moment = clock.now() + timedelta(hours=1)
    publishing = office.publishing_with(database)
    await publishing.schedule(user_id=office.user_id, post_id=post_id, scheduled_at=moment)


async def publish(office: Office, database: Database, post_id: int) -> None:
    await office.publishing_with(database).publish(user_id=office.user_id, post_id=post_id)


async def throw_away(office: Office, database: Database, image: Image) -> None:
    async with database.writing() as session:
        await images.trash_image(session, user_id=office.user_id, image_id=image.id)


async def throw_many_away(office: Office, database: Database, image: Image) -> None:
    async with database.writing() as session:
        outcome = await images.trash_images(
            session, user_id=office.user_id, business_id=office.business_id, image_ids=[image.id]
        )
    if outcome.refused:
        raise Conflict(outcome.refused[0].code, outcome.refused[0].detail)


async def test_an_image_that_is_removed_for_good_meanwhile_gets_into_no_post(office: Office) -> None:
    image = await office.image()
    async with hesitant(office) as remover:

        async def remove() -> None:
            async with remover.writing() as session:
                await session.execute(sa.delete(Image).where(Image.id == image.id))

        removed = asyncio.create_task(remove())
        await remover.is_done.wait()
        written = asyncio.create_task(refusal(office.writes("Too late", images=[image])))
        await asyncio.sleep(0.05)
        remover.gate.set()
        await removed
        assert (await written).code == "image_not_found"
    async with office.database.reading() as session:
        assert (await session.scalars(sa.select(Post.id))).all() == []


async def refusal(work: Awaitable[object]) -> AppError:
    with pytest.raises(AppError) as refused:
        await work
    return refused.value


async def both(first: Awaitable[object], slow: Hesitant, second: Awaitable[object]) -> AppError:
    """`first` has done everything but commit when `second` begins; what `second` is told."""
    leading = asyncio.ensure_future(first)
    await slow.is_done.wait()
    following = asyncio.ensure_future(second)
    # As far as it gets before the other one has committed.
    await asyncio.wait([following], timeout=0.2)
    slow.gate.set()
    await leading
    return await refusal(following)


@pytest.mark.parametrize(("send", "drop"), [(plan, throw_away), (publish, throw_many_away)])
async def test_an_image_stays_when_a_post_with_it_is_being_sent(
    office: Office, send: Sending, drop: Dropping
) -> None:
    image = await office.image()
    post_id = await office.writes("Fresh bread", images=[image])
    async with hesitant(office) as slow:
        told = await both(send(office, slow, post_id), slow, drop(office, office.database, image))
    assert told.code == "image_in_use"
    assert (await office.seen(image)).deleted_at is None
    assert len(await office.publications(post_id)) == 1


@pytest.mark.parametrize(("send", "drop"), [(plan, throw_away), (publish, throw_many_away)])
async def test_a_post_is_not_sent_when_its_image_is_being_thrown_away(
    office: Office, send: Sending, drop: Dropping
) -> None:
    image = await office.image()
    post_id = await office.writes("Fresh bread", images=[image])
    async with hesitant(office) as slow:
        told = await both(drop(office, slow, image), slow, send(office, office.database, post_id))
    assert (type(told), told.code) == (RuleBroken, "image_in_trash")
    assert (await office.seen(image)).deleted_at is not None
    assert await office.publications(post_id) == []


async def let_go(office: Office, database: Database) -> None:
    async with database.writing() as session:
        await channels.disconnect(session, user_id=office.user_id, channel_id=office.page.id)


@pytest.mark.parametrize("send", [plan, publish])
async def test_a_channel_stays_when_a_post_is_being_sent_and_a_post_when_its_channel_is_let_go(
    office: Office, send: Sending
) -> None:
    first, second = [await office.writes(text, to=[office.page]) for text in ("Stays", "Comes too late")]
    async with hesitant(office) as slow:
        told = await both(send(office, slow, first), slow, let_go(office, office.database))
    assert told.code == "channel_in_use"
    assert len(await office.publications(first)) == 1
    if send is plan:
        await office.publishing.unschedule(user_id=office.user_id, post_id=first)
    else:
        await office.settles(first, "published")
    async with hesitant(office) as slow:
        told = await both(let_go(office, slow), slow, send(office, office.database, second))
    assert (type(told), told.code) == (Conflict, "post_changed")
    assert (await office.channel(office.page)).disconnected_at is not None
    assert await office.publications(second) == []
