"""Several runners, several clicks, and what a dead runner left: nothing is taken, moved or sent twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, Conflict, NotFound
from app.models import posts as models
from app.models.posts import MOVES, Post, PostChannel, Publication, PublicationState
from app.services import posts
from app.services.posts import PictureInput
from app.services.publishing import LEASE
from tests.integration.office import Office, codes

STATES = list(PublicationState)


@contextlib.asynccontextmanager
async def another(office: Office) -> AsyncIterator[Database]:
    """The same database, seen by another process."""
    opened = Database(str(office.database.engine.url.render_as_string(hide_password=False)))
    try:
        yield opened
    finally:
        await opened.close()


async def rows(office: Office, count: int, **values: Any) -> list[int]:
    """Publications as they lie in the database; returns their ids."""
    now = clock.now()
    ids = []
    async with office.database.writing() as session:
        for _ in range(count):
            post = Post(
                business_id=office.business_id,
                author_id=office.user_id,
                content_text="A row",
                created_at=now,
                updated_at=now,
            )
            session.add(post)
            await session.flush()
            session.add(PostChannel(post_id=post.id, channel_id=office.page.id))
            publication = Publication(
                post_id=post.id,
                channel_id=office.page.id,
                **{
                    "state": "publishing",
                    "prepare_count": 0,
                    "step_count": 0,
                    "next_step_at": now,
                    "created_at": now,
                    "updated_at": now,
                    **values,
                },
            )
            session.add(publication)
            await session.flush()
            ids.append(publication.id)
    return ids


async def state_of(office: Office, publication_id: int) -> str:
    async with office.database.reading() as session:
        return (await session.get_one(Publication, publication_id)).state


async def test_only_the_moves_of_the_table_are_made(office: Office) -> None:
    for origin in STATES:
        for to in STATES:
            (publication_id,) = await rows(office, 1, state=origin.value)
            async with office.database.writing() as session:
                moved = await models.move(session, publication_id, to=to, at=clock.now())
            assert moved is (to in MOVES[origin]), f"{origin} to {to}"
            assert await state_of(office, publication_id) == (to if moved else origin)


async def test_a_move_from_a_named_state_is_made_from_no_other(office: Office) -> None:
    for state in STATES:
        ids = await rows(office, 1, state=state.value)
        for origin in STATES:
            for to in STATES:
                async with office.database.writing() as session:
                    moved = await models.move(session, ids[0], to=to, origin=origin, at=clock.now())
                    await session.rollback()
                is_step = to is origin
                assert moved is (origin is state and (is_step or to in MOVES[origin]))


async def test_a_move_by_a_runner_that_has_lost_its_lease_is_not_made(office: Office) -> None:
    (publication_id,) = await rows(office, 1, lease_owner="b#1", lease_until=clock.now() + LEASE)
    async with office.database.writing() as session:
        assert not await models.move(
            session, publication_id, to=PublicationState.FAILED, at=clock.now(), held_by="a#1"
        )
        assert await models.move(
            session, publication_id, to=PublicationState.FAILED, at=clock.now(), held_by="b#1"
        )


async def test_runners_that_claim_at_the_same_time_never_take_the_same_publication(office: Office) -> None:
    expected = await rows(office, 40)
    taken: dict[str, list[int]] = {}
    async with contextlib.AsyncExitStack() as stack:
        runners = {}
        for name in ("a#1", "b#1", "c#1"):
            database = await stack.enter_async_context(another(office))
            runners[name] = office.runner(name, database=database)

        async def take(name: str) -> None:
            taken[name] = []
            while ids := await runners[name].claim_due(2):
                taken[name] += ids

        await asyncio.gather(*(take(name) for name in runners))
    everything = [publication_id for ids in taken.values() for publication_id in ids]
    assert sorted(everything) == expected
    async with office.database.reading() as session:
        for name, ids in taken.items():
            for publication_id in ids:
                assert (await session.get_one(Publication, publication_id)).lease_owner == name


async def test_two_runners_that_work_at_once_publish_every_post_once(office: Office) -> None:
    texts = [f"One of many {number}" for number in range(4)]
    for text in texts:
        await office.sends(text, to=[office.page])
    async with another(office) as database:
        runners = [office.runner("a#1"), office.runner("b#1", database=database)]

        async def work(number: int) -> None:
            while await runners[number].next_due_at() is not None:
                for publication_id in await runners[number].claim_due(1):
                    await runners[number].step(publication_id)

        await asyncio.gather(work(0), work(1))
    while await office.turn():
        pass
    for text in texts:
        assert len(office.page_posts(text)) == 1


async def test_what_a_dead_runner_held_is_free_when_its_lease_has_ended(office: Office) -> None:
    post_id = await office.sends("Left behind")
    dead, living = office.runner("dead#1"), office.runner("living#1")
    taken = await dead.claim_due(5)
    assert len(taken) == 1
    assert await living.claim_due(5) == [] and await living.next_due_at() is None
    await office.time_passes(LEASE - timedelta(seconds=10))
    assert await living.claim_due(5) == []
    await office.time_passes(timedelta(seconds=11))
    assert await living.claim_due(5) == taken
    # Whoever comes back from the dead finds that it is somebody else's.
    await dead.step(taken[0])
    assert codes(await office.publication(post_id)) == ["started"]
    await living.step(taken[0])
    assert codes(await office.publication(post_id)) == ["started", "prepared"]
    await office.settles(post_id, "published", publishing=living)
    assert len(office.media("Left behind")) == 1


async def test_a_new_process_frees_what_the_one_it_replaces_had_and_nobody_elses(office: Office) -> None:
    now = clock.now()
    (mine,) = await rows(office, 1, lease_owner="host_1:8000#aa", lease_until=now + LEASE)
    for owner in ("host_1:80001#bb", "hostx1:8000#cc"):
        await rows(office, 1, lease_owner=owner, lease_until=now + LEASE)
    async with office.database.writing() as session:
        assert await models.free_leases(session, "host_1:8000#") == 1
    assert await office.runner().claim_due(5) == [mine]


async def test_a_runner_slower_than_its_lease_does_not_send_or_count_twice(office: Office) -> None:
    image = await office.image()
    post_id = await office.sends("Slow runner", images=[image])
    slow, quick = office.runner("slow#1"), office.runner("quick#1")
    await office.turn(slow)
    (publication_id,) = await slow.claim_due(5)
    async with office.held("media_publish") as until_held:
        step = asyncio.create_task(slow.step(publication_id))
        await until_held()
        await office.time_passes(LEASE + timedelta(seconds=1))
        await office.settles(post_id, "published", publishing=quick)
    await step
    (medium,) = office.media("Slow runner")
    story = await office.publication(post_id)
    assert story.publication.external_id == medium["id"]
    assert codes(story) == ["started", "prepared", "interrupted", "published"]
    assert (await office.seen(image)).usage_count == 1


async def test_a_late_yes_is_kept_when_another_runner_has_only_doubted_yet(office: Office) -> None:
    post_id = await office.sends("Late yes")
    slow, quick = office.runner("slow#1"), office.runner("quick#1")
    await office.turn(slow)
    (publication_id,) = await slow.claim_due(5)
    async with office.held("media_publish") as until_held:
        step = asyncio.create_task(slow.step(publication_id))
        await until_held()
        await office.time_passes(LEASE + timedelta(seconds=1))
        assert await office.turn(quick) == [publication_id]
        assert (await office.publication(post_id)).publication.state == "unconfirmed"
        # The other one has it in its hands when the answer arrives.
        assert await quick.claim_due(5) == [publication_id]
    await step
    story = await office.publication(post_id)
    (medium,) = office.media("Late yes")
    assert (story.publication.state, story.publication.external_id) == ("published", medium["id"])
    await quick.step(publication_id)
    while await office.turn_in_time(quick):
        pass
    story = await office.publication(post_id)
    assert story.publication.permalink == medium["permalink"]
    assert story.publication.lease_owner is None
    assert codes(story).count("published") == 1


# --- several clicks


async def outcomes(*asked: Any) -> list[str]:
    """What each of several simultaneous requests came to: `ok`, or the code of its refusal."""
    found = []
    for result in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, AppError):
            raise result
        found.append(result.code if isinstance(result, AppError) else "ok")
    return sorted(found)


async def test_publishing_twice_at_once_starts_one_publication_per_channel(office: Office) -> None:
    post_id = await office.writes(
        "Clicked twice", to=[office.instagram, office.page], images=[await office.image()]
    )
    async with another(office) as database:
        servers = [office.publishing, office.publishing_with(database)]
        asked = [r.publish(user_id=office.user_id, post_id=post_id) for r in servers for _ in range(3)]
        assert await outcomes(*asked) == ["ok"] * 6
    found = await office.publications(post_id)
    assert [codes(story) for story in found] == [["started"], ["started"]]
    while await office.turn():
        pass
    assert len(office.media("Clicked twice")) == 1
    assert len(office.page_posts("Clicked twice")) == 1


async def test_planning_twice_at_once_plans_once(office: Office) -> None:
    post_id = await office.writes("Planned twice")
    moment = clock.now() + timedelta(hours=1)
    async with another(office) as database:
        servers = [office.publishing, office.publishing_with(database)]
        asked = [
            r.schedule(user_id=office.user_id, post_id=post_id, scheduled_at=moment)
            for r in servers
            for _ in "12"
        ]
        assert await outcomes(*asked) == ["ok", "post_changed", "post_changed", "post_changed"]
    assert codes(await office.publication(post_id)) == ["scheduled"]


async def test_planning_and_publishing_at_once_leave_one_publication(office: Office) -> None:
    post_id = await office.writes("Both at once")
    moment = clock.now() + timedelta(hours=1)
    async with another(office) as database:
        other = office.publishing_with(database)
        found = await outcomes(
            other.schedule(user_id=office.user_id, post_id=post_id, scheduled_at=moment),
            office.publishing.publish(user_id=office.user_id, post_id=post_id),
        )
    assert "ok" in found and set(found) <= {"ok", "post_changed", "post_not_draft"}
    assert len(await office.publications(post_id)) == 1


async def test_sending_a_failed_one_again_twice_at_once_sends_it_once(office: Office) -> None:
    control = office.practice.control
    control.graph_error("media", 36004, 2207010, method="POST", account_id=office.accounts.instagram.id)
    post_id = await office.sends("Again and again")
    failed = await office.settles(post_id, "failed")
    async with another(office) as database:
        servers = [office.publishing, office.publishing_with(database)]
        asked = [
            r.retry(user_id=office.user_id, publication_id=failed.publication.id)
            for r in servers
            for _ in "12"
        ]
        assert await outcomes(*asked) == ["ok", *["publication_not_failed"] * 3]
    story = await office.settles(post_id, "published")
    assert codes(story).count("retried") == 1
    assert len(office.media("Again and again")) == 1


async def test_a_post_that_changes_while_it_is_checked_is_not_sent(office: Office) -> None:
    image, other = await office.image(), await office.image()
    post_id = await office.writes("As it was", images=[image])
    # The check waits for the picture to be made; meanwhile somebody else changes the post.
    office.storage.is_waiting.clear()
    office.storage.gate.clear()
    sending = asyncio.create_task(office.publishing.publish(user_id=office.user_id, post_id=post_id))
    await office.storage.is_waiting.wait()
    async with office.database.writing() as session:
        await posts.change_post(
            session,
            user_id=office.user_id,
            post_id=post_id,
            content_text="As it is",
            pictures=[PictureInput(other.id)],
            channel_ids=None,
        )
    office.storage.gate.set()
    with pytest.raises(Conflict) as refused:
        await sending
    assert refused.value.code == "post_changed"
    assert await office.publications(post_id) == []


async def test_a_post_that_is_deleted_while_it_is_checked_is_not_sent(office: Office) -> None:
    post_id = await office.writes("Gone in a moment")
    office.storage.is_waiting.clear()
    office.storage.gate.clear()
    sending = asyncio.create_task(office.publishing.publish(user_id=office.user_id, post_id=post_id))
    await office.storage.is_waiting.wait()
    async with office.database.writing() as session:
        await posts.delete_post(session, user_id=office.user_id, post_id=post_id)
    office.storage.gate.set()
    with pytest.raises(NotFound):
        await sending
    assert await office.turn() == []


async def test_a_planned_post_is_published_now_although_a_runner_was_about_to_begin(office: Office) -> None:
    post_id = await office.plans("Now rather than then")
    await office.time_passes(timedelta(hours=1))
    late = office.runner("late#1")
    (publication_id,) = await late.claim_due(5)
    # Who began with it has it; it cannot be made a draft any more.
    with pytest.raises(Conflict) as refused:
        await office.publishing.unschedule(user_id=office.user_id, post_id=post_id)
    assert refused.value.code == "post_not_scheduled"
    await office.publishing.publish(user_id=office.user_id, post_id=post_id)
    await late.step(publication_id)
    story = await office.settles(post_id, "published")
    assert codes(story) == ["scheduled", "started", "prepared", "published"]
    assert len(office.media("Now rather than then")) == 1


async def test_deleting_a_planned_post_stops_it_even_when_a_runner_was_about_to_begin(office: Office) -> None:
    post_id = await office.plans("Not after all")
    await office.time_passes(timedelta(hours=1))
    late = office.runner("late#1")
    (publication_id,) = await late.claim_due(5)
    async with office.database.writing() as session:
        await posts.delete_post(session, user_id=office.user_id, post_id=post_id)
    await late.step(publication_id)
    story = await office.publication(post_id)
    assert story.publication.state == "cancelled" and story.publication.lease_owner is None
    await office.time_passes(LEASE)
    assert await office.turn() == []
    assert office.practice.control.containers("Not after all") == []


async def test_a_post_that_is_going_out_cannot_be_deleted_or_changed(office: Office) -> None:
    post_id = await office.sends("On its way")
    async with office.database.writing() as session:
        with pytest.raises(Conflict) as refused:
            await posts.delete_post(session, user_id=office.user_id, post_id=post_id)
        assert refused.value.code == "post_publishing"
        with pytest.raises(Conflict) as refused:
            await posts.change_post(
                session,
                user_id=office.user_id,
                post_id=post_id,
                content_text="Other",
                pictures=None,
                channel_ids=None,
            )
        assert refused.value.code == "post_not_draft"
    await office.settles(post_id, "published")
