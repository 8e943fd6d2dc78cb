"""The library through crashes, failing stores and databases, and races: rows and objects stay together."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import PoolProxiedConnection

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, Conflict, NotFound, RuleBroken, UnsupportedType, UpstreamUnavailable
from app.imaging import Rendered, Wanted, Workshop
from app.imaging.recipes import RECIPES
from app.models.images import Image, Rendition, StorageIntent
from app.models.posts import Post, PostImage
from app.models.users import User
from app.providers.storage.base import StorageError, StoredObject, Stores
from app.providers.storage.local import LocalStorage
from app.services import users
from app.services.images import UNFINISHED_AFTER, Form, Library, Received
from tests import factories_pictures as pictures
from tests.integration.accept_and_die import accept_and_die
from tests.servers.nursery import start_forked

FEED = RECIPES["instagram-feed"]


class WeakStorage(LocalStorage):
    """A folder that fails once, at a chosen call, and that can be made to wait before it writes."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.calls = 0
        self.fails_at: int | None = None
        self.fails_always = False
        self.does_it_all_the_same = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_waiting = asyncio.Event()

    async def put(self, key: str, source: Path, *, mime_type: str) -> None:
        if not self.gate.is_set():
            self.is_waiting.set()
            await self.gate.wait()
        await self._fail(super().put(key, source, mime_type=mime_type))

    async def open(self, key: str) -> StoredObject:
        self.calls += 1
        if self.calls == self.fails_at:
            raise StorageError("the store is away")
        return await super().open(key)

    async def delete(self, key: str) -> None:
        await self._fail(super().delete(key))

    async def _fail(self, work: object) -> None:
        self.calls += 1
        assert asyncio.iscoroutine(work)
        is_failing = self.fails_always or self.calls == self.fails_at
        if is_failing and not self.does_it_all_the_same:
            work.close()
        else:
            await work
        if is_failing:
            raise StorageError("the store is away")


@dataclass
class Shelf:
    """A business with a library, and what is really there of it."""

    database: Database
    storage: WeakStorage
    workshop: Workshop
    folder: Path
    business_id: int
    library: Library = field(init=False)

    def __post_init__(self) -> None:
        self.library = self.another_process()

    def another_process(self) -> Library:
        """The library as a second process has it."""
        return Library(self.database, Stores(self.storage), self.workshop, work_dir=self.folder / "work")

    async def accept(
        self, content: bytes | None = None, library: Library | None = None
    ) -> tuple[Image, bool]:
        """Take a picture in."""
        library = library or self.library
        content = content or pictures.jpeg(pictures.photo(seed=61))
        async with library.workspace() as workspace:
            path = workspace / "received"
            path.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            return await library.accept(
                Received(path, digest, "harbour.jpg"), business_id=self.business_id, workspace=workspace
            )

    def objects(self) -> set[str]:
        """The keys of what is stored."""
        found = self.storage.root.rglob("*")
        return {path.relative_to(self.storage.root).as_posix() for path in found if path.is_file()}

    async def put(self, *keys: str) -> None:
        """Store something that no row names."""
        source = self.folder / "source"
        source.write_bytes(b"left over")
        for key in keys:
            await self.storage.put(key, source, mime_type="image/jpeg")

    async def begin(self, keys: list[str], *, age: timedelta) -> int:
        """Note that something was begun so long ago."""
        async with self.database.writing() as session:
            intent = StorageIntent(storage_provider="local", keys=keys, created_at=clock.now() - age)
            session.add(intent)
            await session.flush()
            return intent.id

    async def time_passes(self, length: timedelta = 2 * UNFINISHED_AFTER) -> None:
        """Every note is that much older."""
        async with self.database.writing() as session:
            for intent in await session.scalars(sa.select(StorageIntent)):
                intent.created_at -= length

    async def notes(self) -> list[int]:
        """The ids of what is begun."""
        async with self.database.reading() as session:
            return list(await session.scalars(sa.select(StorageIntent.id).order_by(StorageIntent.id)))

    async def named(self) -> set[str]:
        """Every key that a row names."""
        columns = (Image.storage_key, Image.thumbnail_key, Rendition.storage_key)
        async with self.database.reading() as session:
            return {key for column in columns for key in await session.scalars(sa.select(column))}

    async def is_consistent(self) -> None:
        """Every row has its object; every object has a row or a note."""
        named, stored = await self.named(), self.objects()
        assert named <= stored, "rows without their objects"
        async with self.database.reading() as session:
            noted = {key for keys in await session.scalars(sa.select(StorageIntent.keys)) for key in keys}
        assert stored <= named | noted, "objects that nobody knows of"

    async def is_tidy_after_the_sweep(self) -> None:
        """An hour later nothing is begun, and what is stored is what rows name."""
        await self.is_consistent()
        await self.time_passes()
        await self.library.sweep()
        assert await self.notes() == []
        assert self.objects() == await self.named()


@pytest.fixture
async def shelf(database: Database, workshop: Workshop, tmp_path: Path) -> AsyncIterator[Shelf]:
    signed_in = await users.register(
        database,
        email="ada@example.com",
        password="correct horse battery",
        name="Ada",
        business_name="Harbour Coffee",
        timezone=None,
    )
    business, _ = signed_in.account.businesses[0]
    made = Shelf(database, WeakStorage(tmp_path / "files"), workshop, tmp_path, business.id)
    yield made
    assert list((tmp_path / "work").glob("*")) == []


# --- the sweep


async def test_the_sweep_removes_what_was_never_finished_and_nothing_else(shelf: Shelf) -> None:
    image, _ = await shelf.accept()
    rendition = await shelf.library.rendition(image, FEED)
    own = f"{shelf.business_id}/"
    await shelf.put(own + "left.jpg", own + "left-thumb.webp", own + "young.jpg", own + "unknown.jpg")
    old, young = UNFINISHED_AFTER + timedelta(seconds=5), UNFINISHED_AFTER - timedelta(minutes=1)
    await shelf.begin([own + "left.jpg", own + "left-thumb.webp", own + "never-came.jpg"], age=old)
    await shelf.begin([image.storage_key, image.thumbnail_key, rendition.storage_key], age=old)
    young_id = await shelf.begin([own + "young.jpg"], age=young)
    assert await shelf.library.sweep() == 2
    assert await shelf.notes() == [young_id]
    kept = {image.storage_key, image.thumbnail_key, rendition.storage_key}
    assert shelf.objects() == kept | {own + "young.jpg", own + "unknown.jpg"}
    assert await shelf.library.sweep() == 0


async def test_the_sweep_settles_a_hundred_a_run_and_the_oldest_first(shelf: Shelf) -> None:
    ids = [await shelf.begin([f"1/{number}.jpg"], age=2 * UNFINISHED_AFTER) for number in range(105)]
    assert await shelf.library.sweep() == 100
    assert await shelf.notes() == ids[100:]
    assert await shelf.library.sweep() == 5


async def test_what_the_sweep_cannot_remove_now_it_removes_later(shelf: Shelf) -> None:
    await shelf.put("1/left.jpg")
    await shelf.begin(["1/left.jpg"], age=2 * UNFINISHED_AFTER)
    shelf.storage.fails_always = True
    await shelf.library.sweep()
    assert len(await shelf.notes()) == 1
    assert shelf.objects() == {"1/left.jpg"}
    shelf.storage.fails_always = False
    await shelf.library.sweep()
    assert (await shelf.notes(), shelf.objects()) == ([], set())


async def test_an_upload_that_the_sweep_has_given_up_is_not_finished(shelf: Shelf) -> None:
    shelf.storage.gate.clear()
    upload = asyncio.create_task(shelf.accept())
    await shelf.storage.is_waiting.wait()
    await shelf.time_passes()
    assert await shelf.another_process().sweep() == 1
    shelf.storage.gate.set()
    with pytest.raises(UpstreamUnavailable) as refused:
        await upload
    assert refused.value.code == "storage_slow"
    assert (await shelf.named(), shelf.objects()) == (set(), set())


# --- the process dies


@pytest.mark.parametrize("point", ["images.after_intent", "images.after_objects"])
async def test_an_upload_that_died_is_cleaned_up_and_everything_else_stays(
    shelf: Shelf, database_url: str, point: str
) -> None:
    image, _ = await shelf.accept()
    before = shelf.objects()
    picture = shelf.folder / "picture.jpg"
    picture.write_bytes(pictures.jpeg(pictures.photo(seed=62)))
    process = start_forked(accept_and_die, database_url, shelf.folder, shelf.business_id, picture, point)
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL
    # A new server empties this folder when it starts.
    for left in (shelf.folder / "work").iterdir():
        for file in left.iterdir():
            file.unlink()
        left.rmdir()
    assert len(shelf.objects() - before) == (2 if point == "images.after_objects" else 0)
    assert len(await shelf.notes()) == 1
    await shelf.is_consistent()
    # It may still be at work, for all that anybody else knows.
    assert await shelf.library.sweep() == 0
    await shelf.time_passes()
    assert await shelf.library.sweep() == 1
    assert await shelf.notes() == []
    assert shelf.objects() == before == {image.storage_key, image.thumbnail_key}
    # The same picture can be taken in now.
    _, is_duplicate = await shelf.accept(picture.read_bytes())
    assert not is_duplicate


# --- the store or the database fails


def each_call() -> range:
    """More calls than any of this makes."""
    return range(1, 60)


@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "done, answer lost"])
async def test_whichever_call_to_the_store_fails_rows_and_objects_stay_together(
    shelf: Shelf, is_done: bool
) -> None:
    shelf.storage.does_it_all_the_same = is_done
    failures = 0
    for number in each_call():
        shelf.storage.calls, shelf.storage.fails_at = 0, number
        try:
            image, _ = await shelf.accept(pictures.jpeg(pictures.photo(400, 400, seed=number)))
            await shelf.library.rendition(image, FEED)
            await shelf.library.remove(image.id)
        except UpstreamUnavailable as error:
            assert error.code == "storage_unavailable"
        await shelf.is_consistent()
        if shelf.storage.calls < number:
            break
        failures += 1
    else:
        raise AssertionError("there is no end to the calls")
    assert failures >= 7  # two puts; an open and a put; three deletions
    shelf.storage.fails_at = None
    await shelf.is_tidy_after_the_sweep()


@contextlib.contextmanager
def failing_statement(database: Database, number: int) -> Iterator[list[str]]:
    """The statement of this number fails, as if the connection broke. Gives the statements so far."""
    seen: list[str] = []

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)
        if len(seen) == number:
            raise OperationalError(statement, None, ConnectionError("the database is away"))

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", fail)


async def test_whichever_statement_fails_rows_and_objects_stay_together(shelf: Shelf) -> None:
    failures = 0
    for number in each_call():
        with failing_statement(shelf.database, number) as seen, contextlib.suppress(OperationalError):
            image, _ = await shelf.accept(pictures.jpeg(pictures.photo(400, 400, seed=number)))
            await shelf.library.rendition(image, FEED)
            await shelf.library.remove(image.id)
        await shelf.is_consistent()
        if len(seen) < number:
            break
        failures += 1
    else:
        raise AssertionError("there is no end to the statements")
    assert failures > 10
    await shelf.is_tidy_after_the_sweep()


@contextlib.contextmanager
def lost_commit(database: Database, number: int) -> Iterator[list[int]]:
    """The commit of this number works, and its answer is lost. Gives the commits so far."""
    dialect = database.engine.sync_engine.dialect
    commit = dialect.do_commit
    seen: list[int] = []

    def lose(connection: PoolProxiedConnection) -> None:
        commit(connection)
        seen.append(len(seen) + 1)
        if len(seen) == number:
            raise dialect.loaded_dbapi.OperationalError("the database is away")

    setattr(dialect, "do_commit", lose)  # noqa: B010 - the driver stands in for its broken self
    try:
        yield seen
    finally:
        delattr(dialect, "do_commit")


async def test_whichever_commit_is_not_heard_of_rows_and_objects_stay_together(shelf: Shelf) -> None:
    failures = 0
    for number in each_call():
        with lost_commit(shelf.database, number) as seen, contextlib.suppress(DBAPIError):
            image, _ = await shelf.accept(pictures.jpeg(pictures.photo(400, 400, seed=number)))
            await shelf.library.rendition(image, FEED)
            await shelf.library.remove(image.id)
        await shelf.is_consistent()
        if len(seen) < number:
            break
        failures += 1
    else:
        raise AssertionError("there is no end to the commits")
    assert failures >= 5
    await shelf.is_tidy_after_the_sweep()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"no picture", UnsupportedType), (pictures.jpeg()[:3000], RuleBroken)],
    ids=["no picture", "damaged"],
)
async def test_a_refused_picture_leaves_no_trace_at_all(
    shelf: Shelf, content: bytes, kind: type[AppError]
) -> None:
    with pytest.raises(kind):
        await shelf.accept(content)
    assert (await shelf.notes(), await shelf.named(), shelf.objects()) == ([], set(), set())


async def test_an_upload_that_is_called_off_while_it_is_stored_is_left_to_the_sweep(shelf: Shelf) -> None:
    shelf.storage.gate.clear()
    upload = asyncio.create_task(shelf.accept())
    await shelf.storage.is_waiting.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    # What was on its way to the store may still arrive there, so the note stays.
    async with shelf.database.reading() as session:
        (keys,) = await session.scalars(sa.select(StorageIntent.keys))
    shelf.storage.gate.set()
    await shelf.put(keys[0])
    await shelf.is_tidy_after_the_sweep()
    assert shelf.objects() == set()


# --- at the same time


async def test_of_two_processes_that_take_the_same_bytes_in_at_once_one_makes_the_image(shelf: Shelf) -> None:
    libraries = [shelf.another_process() for _ in range(6)]
    found = await asyncio.gather(*(shelf.accept(library=library) for library in libraries))
    assert len({image.id for image, _ in found}) == 1
    assert sorted(is_duplicate for _, is_duplicate in found) == [False] + [True] * 5
    assert await shelf.notes() == []
    assert shelf.objects() == await shelf.named()
    assert len(shelf.objects()) == 2


async def test_a_rendition_that_many_want_is_made_once(shelf: Shelf) -> None:
    image, _ = await shelf.accept()
    processes = [shelf.library] * 5 + [shelf.another_process() for _ in range(3)]
    made = await asyncio.gather(*(library.rendition(image, FEED) for library in processes))
    assert len({rendition.id for rendition in made}) == 1
    assert await shelf.notes() == []
    assert shelf.objects() == await shelf.named()
    assert len(shelf.objects()) == 3


class CountingWorkshop(Workshop):
    """Remembers which files were made together."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers=workers)
        self.made: list[list[str]] = []

    async def render_all(self, source: Path, wanted: Sequence[Wanted], **more: Any) -> list[Rendered]:
        self.made.append([one.recipe.name for one in wanted])
        return await super().render_all(source, wanted, **more)


async def test_all_that_is_wanted_of_an_image_is_made_from_one_decode(shelf: Shelf) -> None:
    with contextlib.closing(CountingWorkshop(workers=1)) as counting:
        shelf.workshop = counting
        library = shelf.another_process()
        image, _ = await shelf.accept()
        shape = Form(FEED, shape=(4, 5))
        feed, cropped, again = await library.renditions(image, [Form(FEED), shape, Form(FEED)])
        assert isinstance(feed, Rendition) and isinstance(cropped, Rendition) and isinstance(again, Rendition)
        assert (feed.id, feed.width * 3) == (again.id, feed.height * 4)
        assert cropped.width * 5 == cropped.height * 4
        assert counting.made == [["instagram-feed", "instagram-feed"]]

        # Two who come while somebody else's file is made wait for one decode, not for two.
        other, _ = await shelf.accept(pictures.jpeg(pictures.photo(seed=62)))
        shelf.storage.gate.clear()
        first = asyncio.create_task(library.rendition(other, FEED))
        await shelf.storage.is_waiting.wait()
        later = [
            asyncio.create_task(library.rendition(other, RECIPES[name])) for name in ("facebook", "preview")
        ]
        await asyncio.sleep(0)
        shelf.storage.gate.set()
        made = await asyncio.gather(first, *later)
        assert [rendition.recipe for rendition in made] == ["instagram-feed", "facebook-2", "preview"]
        assert counting.made[1:] == [["instagram-feed"], ["facebook", "preview"]]
    assert await shelf.notes() == []
    assert shelf.objects() == await shelf.named()


async def test_a_file_that_cannot_be_made_keeps_no_other_from_being_made(shelf: Shelf) -> None:
    image, _ = await shelf.accept()
    hopeless = Form(replace(RECIPES["preview"], name="tiny", max_bytes=100))
    feed, refused = await shelf.library.renditions(image, [Form(FEED), hopeless])
    assert isinstance(feed, Rendition) and (await shelf.library.rendition(image, FEED)).id == feed.id
    assert isinstance(refused, RuleBroken) and refused.code == "image_too_complex"
    assert await shelf.notes() == []
    assert shelf.objects() == await shelf.named()


async def test_a_rendition_of_an_image_that_is_removed_meanwhile_is_not_kept(shelf: Shelf) -> None:
    image, _ = await shelf.accept()
    shelf.storage.gate.clear()
    making = asyncio.create_task(shelf.library.rendition(image, FEED))
    await shelf.storage.is_waiting.wait()
    await shelf.another_process().remove(image.id)
    shelf.storage.gate.set()
    with pytest.raises(NotFound) as refused:
        await making
    assert refused.value.code == "image_not_found"
    assert (await shelf.notes(), await shelf.named(), shelf.objects()) == ([], set(), set())


async def test_an_image_that_a_post_took_up_at_the_last_moment_stays(shelf: Shelf) -> None:
    image, _ = await shelf.accept()
    now = clock.now()
    async with shelf.database.writing() as session:
        author = (await session.scalars(sa.select(User.id))).one()
        post = Post(
            business_id=shelf.business_id, author_id=author, content_text="", created_at=now, updated_at=now
        )
        session.add(post)
        await session.flush()
        session.add(PostImage(post_id=post.id, position=0, image_id=image.id))
    with pytest.raises(Conflict) as refused:
        await shelf.library.remove(image.id)
    assert refused.value.code == "image_in_use"
    assert await shelf.notes() == []
    assert shelf.objects() == await shelf.named() == {image.storage_key, image.thumbnail_key}


async def test_removing_an_image_twice_at_once_is_no_error(shelf: Shelf) -> None:
    image, _ = await shelf.accept()
    await asyncio.gather(*(shelf.another_process().remove(image.id) for _ in range(3)))
    assert (await shelf.notes(), await shelf.named(), shelf.objects()) == ([], set(), set())
