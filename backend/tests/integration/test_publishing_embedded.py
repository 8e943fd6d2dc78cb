"""The job runner inside the web process: it works by itself, takes nothing twice, and stops in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.core import clock
from app.models import posts as models
from app.services.posts import PublicationStory
from app.services.publishing import LEASE
from app.worker.embedded import Alarm, EmbeddedRunner, Lane, Tick
from tests.api.edge_app import json_log
from tests.integration.office import Office, codes


@pytest.fixture
def office(embedded_office: Office) -> Office:
    """No database decides what happens here."""
    return embedded_office


@contextlib.asynccontextmanager
async def running(office: Office, *ticks: Tick) -> AsyncIterator[EmbeddedRunner]:
    """The runner of the web process, at work. What users do wakes it."""
    alarm = Alarm()
    runner = EmbeddedRunner((Lane("publications", office.runner("embedded#1"), alarm, at_once=8),), ticks)
    office.wake = alarm.ring
    runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def until(office: Office, post_id: int, state: str) -> PublicationStory:
    """The post's publication, once a runner has brought it into this state."""
    deadline = clock.now() + timedelta(seconds=30)
    while (story := await office.publication(post_id)).publication.state != state:
        assert clock.now() < deadline, codes(story)
        await asyncio.sleep(0.02)
    return story


async def test_the_embedded_runner_does_what_is_due_by_itself(office: Office) -> None:
    post_id = await office.sends("By itself", to=[office.page])
    async with running(office) as runner:
        is_alive_at_work = runner.is_alive
        await until(office, post_id, "published")
    assert is_alive_at_work and not runner.is_alive
    assert len(office.page_posts("By itself")) == 1


async def test_the_embedded_runner_does_not_begin_again_with_what_it_is_still_doing(office: Office) -> None:
    post_id = await office.sends("Slow, and in good hands")
    async with office.held("media_publish") as until_held, running(office):
        await until_held()
        await office.time_passes(LEASE + timedelta(seconds=1))
        other = await office.sends("In between", to=[office.page])
        await until(office, other, "published")
        assert codes(await office.publication(post_id)) == ["started", "prepared"]
        await asyncio.to_thread(office.practice.control.release)
        story = await until(office, post_id, "published")
    assert codes(story) == ["started", "prepared", "published"]
    assert office.publish_calls() == 1


async def test_a_runner_that_is_stopped_leaves_a_publication_for_the_next(office: Office) -> None:
    post_id = await office.sends("Cut off")
    async with office.held("media_publish") as until_held:
        async with running(office):
            await until_held()
        # It has waited a moment, and then let go in the middle of the call.
        assert (await office.publication(post_id)).publication.lease_owner == "embedded#1"
    async with office.database.writing() as session:
        assert await models.free_leases(session, "embedded#") == 1
    story = await office.settles(post_id, "published")
    assert codes(story) == ["started", "prepared", "interrupted", "published"]
    assert len(office.media("Cut off")) == 1


async def test_a_job_that_fails_is_run_again_and_stops_nothing_else(office: Office) -> None:
    runs = 0
    third_run = asyncio.Event()

    async def fail() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            third_run.set()
        raise RuntimeError("a bug")

    post_id = await office.sends("In spite of it", to=[office.page])
    with json_log() as log:
        async with running(office, Tick("test.fails", 0.01, fail)) as runner:
            await until(office, post_id, "published")
            await third_run.wait()
            assert runner.is_alive
    assert "runner.tick_failed" in log.getvalue()
