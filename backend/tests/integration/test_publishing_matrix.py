"""Every call of a publication × everything that can become of a call: nothing goes out twice, nothing short.

A row is a call that a post of some kind makes, a column what happens to it. After it, new runners go on
with the same database until nothing moves any more. The simulator's journal says what is out; the publication
has to say the same, or that it does not know, and that only where no look can tell. The tables are printed,
and kept in `test-results/fault-matrix-*.txt`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core import clock
from app.models import posts as models
from app.models.channels import Channel
from app.models.images import Image
from app.providers.publishing.base import Account
from app.providers.publishing.graph import GraphClient
from app.services.publishing import PublicationSteps
from tests.integration.office import Office, make_channels

RESULTS = Path(__file__).resolve().parents[3] / "test-results"
MOST_TURNS = 60
PATIENT, HASTY = timedelta(seconds=20), timedelta(milliseconds=300)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a publication: the `nth` to this edge."""

    name: str
    method: str
    edge: str
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of post, and the calls that it makes, in order."""

    platform: str
    images: int
    calls: tuple[Call, ...]
    blind: frozenset[tuple[str, str]] = frozenset()
    """Where nothing shows that the post is not out: then a person is asked."""


def _calls(*named: tuple[str, str, str, int]) -> tuple[Call, ...]:
    return tuple(Call(*one) for one in named)


KINDS: Mapping[str, Kind] = {
    "Instagram single": Kind(
        "instagram",
        1,
        _calls(
            ("container", "POST", "media", 1),
            ("check", "GET", "container", 1),
            ("publish", "POST", "media_publish", 1),
            ("link", "GET", "media_item", 1),
            ("first comment", "POST", "media_item.comments", 1),
        ),
    ),
    "Instagram carousel": Kind(
        "instagram",
        3,
        _calls(
            ("child 1", "POST", "media", 1),
            ("child 2", "POST", "media", 2),
            ("child 3", "POST", "media", 3),
            ("container", "POST", "media", 4),
            ("check", "GET", "container", 1),
            ("publish", "POST", "media_publish", 1),
            ("link", "GET", "media_item", 1),
        ),
    ),
    "Page photo": Kind(
        "facebook",
        1,
        _calls(
            ("photo", "POST", "photos", 1),
            ("publish", "POST", "feed", 1),
            ("link", "GET", "post", 1),
            ("first comment", "POST", "post.comments", 1),
        ),
    ),
    "Page photos": Kind(
        "facebook",
        3,
        _calls(
            ("photo 1", "POST", "photos", 1),
            ("photo 2", "POST", "photos", 2),
            ("photo 3", "POST", "photos", 3),
            ("publish", "POST", "feed", 1),
            ("link", "GET", "post", 1),
        ),
    ),
    "Page text": Kind(
        "facebook",
        0,
        _calls(("publish", "POST", "feed", 1), ("link", "GET", "post", 1)),
        frozenset({("publish", "crash before"), ("publish", "5xx, not done")}),
    ),
}


class PowerCut(BaseException):
    """The process ends here."""


class CutGraph(GraphClient):
    """A client whose process ends before a call leaves, or after its answer has come."""

    cut: tuple[str, Call] | None = None
    seen = 0

    async def _call(
        self, method: str, account: Account, node: str, edge: str, *rest: Any, **more: Any
    ) -> Any:
        where, call = self.cut or ("", None)
        is_it = False
        if call is not None and method == call.method and _edge_of(call, edge, node, account):
            self.seen += 1
            is_it = self.seen == call.nth
        if is_it and where == "before":
            raise PowerCut
        answer = await super()._call(method, account, node, edge, *rest, **more)
        if is_it:
            raise PowerCut
        return answer


def _edge_of(call: Call, edge: str, node: str, account: Account) -> bool:
    """Whether a call of the client is this one: of objects only the node is named."""
    if call.edge in ("container", "media_item", "post"):
        return edge == "" and node != account.external_id
    return edge == call.edge.rpartition(".")[2]


@dataclass(slots=True)
class Bench:
    """The office, with what a column needs to break one call."""

    office: Office
    graph: CutGraph
    channel: Channel
    images: list[Image]

    def steps(self, graph: GraphClient | None = None) -> PublicationSteps:
        """A new runner, as after a restart."""
        channels = make_channels(self.office.database, b"office", graph or self.office.graph)
        return self.office.runner(f"office#{uuid.uuid4().hex[:6]}", channels=channels)

    def breaks(self, kind: str, call: Call, **options: Any) -> None:
        """Let the simulator do this to the call."""
        self.office.practice.control.fault(
            kind,
            edge=call.edge,
            method=call.method,
            nth=call.nth,
            account_id=self.channel.external_id,
            **options,
        )

    async def ends(self) -> None:
        """The process is gone: what it had is free, as it is when another one starts."""
        async with self.office.database.writing() as session:
            await models.free_leases(session, "office#")

    async def turns_until(self, steps: PublicationSteps, is_enough: Callable[[], bool]) -> None:
        """Go on until this is so, or a process ends."""
        for _ in range(MOST_TURNS):
            if is_enough() or not await self.office.turn_in_time(steps):
                return


async def crash_before(bench: Bench, call: Call) -> None:
    await _crash(bench, call, "before")


async def crash_after_answer(bench: Bench, call: Call) -> None:
    await _crash(bench, call, "after")


async def _crash(bench: Bench, call: Call, where: str) -> None:
    bench.graph.cut, bench.graph.seen = (where, call), 0
    with pytest.raises(PowerCut):
        await bench.turns_until(bench.steps(bench.graph), lambda: False)
    bench.graph.cut = None
    await bench.ends()


async def crash_after_send(bench: Bench, call: Call) -> None:
    """The platform does the work while nobody listens any more, and a new runner has begun to look."""
    control = bench.office.practice.control
    bench.breaks("hold_before", call)
    running = asyncio.create_task(bench.turns_until(bench.steps(), lambda: False))
    while not (holds := await asyncio.to_thread(control.holds)):
        assert not running.done(), f"{call.name} was never made"
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await bench.ends()
    await bench.office.turn(bench.steps())
    await asyncio.to_thread(control.release, holds[0]["id"])


async def time_out(bench: Bench, call: Call) -> None:
    """The answer takes longer than anybody waits for it; the work is done all the same."""
    bench.breaks("hold_after", call)
    hasty = GraphClient(bench.office.practice.graph_url, "v26.0", timeout=HASTY)
    control = bench.office.practice.control
    running = asyncio.create_task(bench.turns_until(bench.steps(hasty), lambda: False))
    while not (holds := await asyncio.to_thread(control.holds)):
        assert not running.done(), f"{call.name} was never made"
        await asyncio.sleep(0.01)
    await asyncio.to_thread(control.wait_until_gone, holds[0]["id"])
    await asyncio.to_thread(control.release, holds[0]["id"])
    await running
    await hasty.close()


async def server_error_done(bench: Bench, call: Call) -> None:
    bench.breaks("http_500", call, executed=True)


async def server_error_undone(bench: Bench, call: Call) -> None:
    bench.breaks("http_500", call, executed=False)


async def garbage(bench: Bench, call: Call) -> None:
    bench.breaks("garbage", call)


Column = Callable[[Bench, Call], Awaitable[None]]
COLUMNS: Mapping[str, Column] = {
    "crash before": crash_before,
    "crash after send": crash_after_send,
    "crash after answer": crash_after_answer,
    "time-out": time_out,
    "5xx, done": server_error_done,
    "5xx, not done": server_error_undone,
    "garbage": garbage,
}


@asynccontextmanager
async def bench_for(office: Office, kind: Kind) -> AsyncIterator[Bench]:
    channel = office.instagram if kind.platform == "instagram" else office.page
    graph = CutGraph(office.practice.graph_url, "v26.0", timeout=PATIENT)
    images = [await office.image() for _ in range(kind.images)]
    yield Bench(office, graph, channel, images)
    await graph.close()


async def cell(bench: Bench, kind: Kind, call: Call, column: Column, caption: str) -> str:
    """What became of one post of which one call met one fate."""
    office = bench.office
    comment = "Open from seven" if call.name == "first comment" else None
    post_id = await office.sends(caption, to=[bench.channel], images=bench.images, first_comment=comment)
    await column(bench, call)
    for _ in range(MOST_TURNS):
        if not await office.turn_in_time(bench.steps()):
            break
    office.practice.control.clear_faults()
    story = await office.publication(post_id)
    row = story.publication
    found = office.media(caption) if kind.platform == "instagram" else office.page_posts(caption)
    out = [[picture["sha256"] for picture in item["pictures"]] for item in found]
    assert len(out) <= 1, f"{caption}: out {len(out)} times"
    assert all(len(slides) == kind.images for slides in out), f"{caption}: out with {out} of {kind.images}"
    if story.parts:
        assert out in ([], [[part.sha256 for part in story.parts]]), f"{caption}: in another order"
    if comment is not None:
        assert [item["comments"] for item in found] == [[comment]], f"{caption}: {found}"
        assert row.comment_id is not None
    told = {"published": 1, "failed": 0}.get(row.state)
    if told is None:
        assert row.state == "unconfirmed", f"{caption}: rests as {row.state}"
        assert row.next_step_at is None
    else:
        assert len(out) == told, f"{caption}: {row.state}, and {len(out)} out"
    assert row.next_step_at is None or row.next_step_at > clock.now() + timedelta(days=1)
    return f"{row.state} {len(out)}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", KINDS)
async def test_whatever_becomes_of_a_call_the_truth_is_told(
    embedded_office: Office, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = KINDS[name]
    table: dict[str, dict[str, str]] = {}
    async with bench_for(embedded_office, kind) as bench:
        for call in kind.calls:
            for fate, column in COLUMNS.items():
                caption = f"{name}, {call.name}, {fate}"
                table.setdefault(call.name, {})[fate] = await cell(bench, kind, call, column, caption)
    shown = _table(name, table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"fault-matrix-{name.replace(' ', '-').lower()}.txt").write_text(shown)
    with capsys.disabled():
        print(f"\n{shown}")
    for call_name, row in table.items():
        for fate, found in row.items():
            is_blind = (call_name, fate) in kind.blind
            assert found == ("unconfirmed 0" if is_blind else "published 1"), f"{call_name}, {fate}"


def _table(name: str, table: Mapping[str, Mapping[str, str]]) -> str:
    lines = [f"{name:20}" + "".join(f"{fate:>20}" for fate in COLUMNS)]
    lines += [f"{call:20}" + "".join(f"{row[fate]:>20}" for fate in COLUMNS) for call, row in table.items()]
    return "\n".join(lines) + "\n"
