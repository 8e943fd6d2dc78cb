"""The library's lists, counts and searches against what is really there, on both databases."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from app.core import clock
from app.core.db import Database
from app.core.words import fold
from app.models import images as models
from app.models.images import Image, LibraryCount
from app.models.posts import Post, PostImage
from app.providers.storage.base import ObjectMissing
from app.services import images
from tests.integration.stock import FILTERS, SORTS, STARTED_AT, Stock, expected


@pytest.fixture
async def stock(database: Database, tmp_path: Path) -> Stock:
    return await Stock.open(database, tmp_path)


async def is_right(stock: Stock) -> None:
    """What is counted is what is there, for all and for each tag."""
    assert await images.find_miscounts(stock.database) == []
    rows = await stock.rows()
    async with stock.database.reading() as session:
        totals = await images.library_totals(session, user_id=stock.user_id, business_id=stock.business_id)
        tags = await images.list_tags(
            session, user_id=stock.user_id, business_id=stock.business_id, search=None
        )
    kept = [row for row in rows if row.deleted_at is None]
    assert (totals.images, totals.bytes) == (len(kept), sum(row.file_size for row in kept))
    for only in FILTERS[1:]:
        assert only is not None
        assert getattr(totals, only) == len(expected(rows, "most_used", only)), only
    carried = Counter(tag for row in kept for tag in {fold(label) for label in row.tags})
    assert [(fold(found.tag), found.count) for found in tags] == sorted(
        carried.items(), key=lambda item: (-item[1], item[0])
    )


# --- whatever happens, the counts are exact

Step = tuple[str, list[int], int]
WORDS = ("sea", "SEA", "fog", "Größe")
DEEDS = (
    *("add", "add", "trash", "restore", "many_trash", "many_restore"),
    *("tag", "untag", "describe", "use", "edit", "remove", "fold"),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(DEEDS),
        st.lists(st.integers(0, 11), min_size=1, max_size=5),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=25,
)


async def take(stock: Stock, step: Step) -> None:
    what, places, number = step
    rows = await stock.rows()
    if what == "add" or not rows:
        await stock.add(
            {"is_ai_generated": number % 2 == 1, "tags": [WORDS[number]], "alt_text": WORDS[number]}
        )
        return
    ids = [rows[place % len(rows)].id for place in places]
    now = clock.now()
    who: dict[str, Any] = {"user_id": stock.user_id}
    many: dict[str, Any] = {**who, "business_id": stock.business_id, "image_ids": ids}
    if what in ("tag", "untag"):
        add, remove = ([WORDS[number], "all"], []) if what == "tag" else ([], [WORDS[number]])
        await images.tag_images(stock.database, **many, add=add, remove=remove)
        return
    async with stock.database.writing() as session:
        match what:
            case "trash":
                await models.move_to_trash(session, ids[:1], now)
            case "restore":
                await images.restore_image(session, **who, image_id=ids[0])
            case "many_trash":
                await images.trash_images(session, **many)
            case "many_restore":
                await images.restore_images(session, **many)
            case "describe" if rows[places[0] % len(rows)].deleted_at is None:
                await images.change_image(
                    session,
                    **who,
                    image_id=ids[0],
                    filename=f"{WORDS[number]}.jpg",
                    alt_text="Described",
                    tags=list(WORDS[:number]),
                )
            case "use":
                await models.count_use(session, ids, now)
            case "edit":
                image = await session.get_one(Image, ids[0])
                image.edited_from_id = ids[-1] if ids[-1] != ids[0] else None
    if what == "remove":
        await stock.library.remove(ids[0])
    if what == "fold":
        await images.fold_counts(stock.database)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_counts_and_lists_are_exact_whatever_was_done(
    database: Database, tmp_path: Path, steps: list[Step]
) -> None:
    stock = await Stock.open(database, tmp_path)
    for step in steps:
        await take(stock, step)
    await is_right(stock)
    rows = await stock.rows()
    for only in FILTERS:
        assert await stock.walk(only=only, limit=3) == expected(rows, "created_at_desc", only), only
    for tag in ("sea", "all"):
        assert await stock.walk(tag=tag, limit=3) == expected(rows, "created_at_desc", None, tag), tag
    assert await stock.walk(search="größe") == expected(rows, "created_at_desc", None, search="größe")
    await images.fold_counts(database)
    await is_right(stock)


async def test_counts_that_went_wrong_are_found_and_put_right(stock: Stock) -> None:
    await stock.add({"tags": ["sea"]}, {})
    async with stock.database.writing() as session:
        await session.execute(sa.delete(LibraryCount).where(LibraryCount.tag == "sea"))
        await session.execute(sa.update(LibraryCount).values(bytes=LibraryCount.bytes + 7))
    wrong = await images.find_miscounts(stock.database)
    assert [(found.tag, found.shelf, found.missing_images, found.missing_bytes) for found in wrong] == [
        ("", 0, 0, -14 if await counted_rows(stock) == 2 else -7),
        ("sea", 0, 1, 0),
    ]
    assert await images.recount(stock.database) == wrong
    await is_right(stock)
    assert await images.recount(stock.database) == []


async def counted_rows(stock: Stock) -> int:
    async with stock.database.reading() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(LibraryCount)) or 0


async def test_a_business_that_goes_takes_its_images_tags_and_counts_along(stock: Stock) -> None:
    await stock.add({"tags": ["sea"]}, {})
    async with stock.database.writing() as session:
        await session.execute(sa.text(f"DELETE FROM businesses WHERE id = {stock.business_id}"))
        for table in ("images", "image_tags", "library_counts", "image_grams"):
            assert await session.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0, table


async def test_folding_leaves_one_row_for_each_shelf_and_tag(stock: Stock) -> None:
    ids = await stock.add(*({"tags": ["sea"]} for _ in range(10)))
    async with stock.database.writing() as session:
        await models.count_use(session, ids[:4], clock.now())
    assert await images.fold_counts(stock.database) > 0
    assert await counted_rows(stock) == 4
    assert await images.fold_counts(stock.database) == 0
    async with stock.database.writing() as session:
        await models.count_use(session, ids, clock.now())
    await images.fold_counts(stock.database)
    assert await counted_rows(stock) == 2
    await is_right(stock)


# --- at the same time


async def test_whoever_writes_while_many_are_tagged_gets_a_turn_in_between(
    sqlite_url: str, tmp_path: Path
) -> None:
    stock = await Stock.open(Database(sqlite_url), tmp_path)
    ids = await stock.add(*({"tags": ["sea"]} for _ in range(60)))
    ended: list[str] = []

    async def tag() -> None:
        outcome = await images.tag_images(
            stock.database,
            user_id=stock.user_id,
            business_id=stock.business_id,
            image_ids=ids,
            add=["fog"],
            remove=[],
        )
        assert outcome.done == ids
        ended.append("tagging")

    async def write() -> None:
        async with stock.database.writing() as session:
            await models.count_use(session, ids[:1], clock.now())
        ended.append("writing")

    await asyncio.gather(tag(), write())
    assert ended == ["writing", "tagging"]
    await is_right(stock)
    await stock.database.close()


async def test_many_who_change_the_same_images_at_once_wait_for_nobody_for_ever(stock: Stock) -> None:
    ids = await stock.add(*({"tags": ["sea"]} for _ in range(30)))
    chance = random.Random(3)
    many: dict[str, Any] = {"user_id": stock.user_id, "business_id": stock.business_id}

    async def work(number: int) -> None:
        chosen = chance.sample(ids, 20)
        if number % 5 == 2:
            await images.tag_images(stock.database, **many, image_ids=chosen, add=["fog"], remove=["sea"])
            return
        async with stock.database.writing() as session:
            match number % 5:
                case 0:
                    await images.trash_images(session, **many, image_ids=chosen)
                case 1:
                    await images.restore_images(session, **many, image_ids=chosen)
                case 3:
                    await models.count_use(session, chosen, clock.now())
                case 4:
                    await images.change_image(
                        session,
                        user_id=stock.user_id,
                        image_id=extra,
                        filename=f"{number}.jpg",
                        alt_text=None,
                        tags=["new", f"tag {number}"],
                    )
        if number % 5 == 4:
            await images.fold_counts(stock.database)

    (extra,) = await stock.add({})
    await asyncio.gather(*(work(number) for number in range(20)), *(stock.add({}) for _ in range(5)))
    await is_right(stock)
    await asyncio.gather(*(images.fold_counts(stock.database) for _ in range(3)))
    await is_right(stock)


# --- lists


async def filled(stock: Stock, count: int = 40) -> Sequence[Image]:
    """Images on every shelf, several of the same moment."""
    chance = random.Random(5)
    (first,) = await stock.add({})
    await stock.add(
        *(
            {
                "is_ai_generated": chance.random() < 0.5,
                "usage_count": chance.choice((0, 0, 0, 1, 1, 2, 9)),
                "edited_from_id": first if chance.random() < 0.3 else None,
                "deleted_at": STARTED_AT if chance.random() < 0.3 else None,
                "created_at": STARTED_AT + timedelta(seconds=chance.randrange(8)),
                "tags": chance.sample(["sea", "fog", "Ufer"], chance.randrange(3)),
            }
            for _ in range(count)
        )
    )
    return await stock.rows()


@pytest.mark.parametrize("sort", SORTS)
async def test_every_filter_in_every_order_is_the_same_by_cursor_and_by_page_number(
    stock: Stock, sort: Any
) -> None:
    rows = await filled(stock)
    other = await Stock.open(stock.database, stock.folder)
    await filled(other, 10)
    for only in FILTERS:
        for tag in (None, "SEA", "ufer", "absent"):
            wanted = expected(rows, sort, only, tag)
            for limit in (1, 7, 100):
                asked: dict[str, Any] = {"sort": sort, "only": only, "tag": tag, "limit": limit}
                assert await stock.walk(**asked) == wanted, asked
                assert await stock.leaf(**asked) == wanted, asked
            assert (await stock.page(sort=sort, only=only, tag=tag)).total == len(wanted)


@pytest.mark.parametrize("sort", SORTS)
async def test_images_that_come_meanwhile_neither_hide_nor_repeat_any(stock: Stock, sort: Any) -> None:
    wanted = expected(await filled(stock), sort, None)
    found: list[int] = []
    after = None
    while True:
        page = await stock.page(sort=sort, limit=4, after=after)
        found += [image.id for image in page.images]
        after = page.next_cursor
        if after is None:
            break
        await stock.add({"usage_count": 1}, {"is_ai_generated": True})
    kept = set(wanted)
    assert [image_id for image_id in found if image_id in kept] == wanted
    assert len(found) == len(set(found))


def plans_of(database: Database) -> tuple[list[tuple[str, Any]], Any]:
    """Statements that read images, as they go to the database."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip().startswith("SELECT") and "LIMIT" in statement:
            seen.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    return seen, note


async def test_no_list_sorts_or_reads_more_than_it_shows(stock: Stock) -> None:
    """The plans that both databases make, with enough images that another plan would be worse."""
    other = await Stock.open(stock.database, stock.folder)
    for each in (stock, other):
        await filled(each, 3000)
    async with stock.database.writing() as session:
        await session.execute(sa.text("ANALYZE"))
    seen, note = plans_of(stock.database)
    for only in FILTERS:
        for sort in SORTS:
            for tag in (None, "sea"):
                first = await stock.page(only=only, sort=sort, tag=tag, limit=20)
                assert first.next_cursor
                await stock.page(only=only, sort=sort, tag=tag, limit=20, after=first.next_cursor)
    event.remove(stock.database.engine.sync_engine, "before_cursor_execute", note)
    assert len(seen) == len(FILTERS) * len(SORTS) * 4
    explain = "EXPLAIN QUERY PLAN " if stock.database.is_sqlite else "EXPLAIN "
    async with stock.database.engine.connect() as connection:
        for statement, parameters in seen:
            plan = await connection.exec_driver_sql(explain + statement, parameters)
            lines = [str(row[-1]) for row in plan]
            whole = "\n".join(lines)
            assert "ix_image" in whole, whole
            for line in lines:
                for bad in ("Seq Scan", "Sort", "TEMP B-TREE", "SCAN images", "SCAN image_tags"):
                    assert bad not in line.replace("Sort Key", ""), f"{statement}\n{whole}"


# --- search


async def test_a_search_finds_words_whatever_their_case_and_nothing_is_a_pattern(stock: Stock) -> None:
    names = [
        "Lighthouse_50%.jpg",
        "Straße nach LÜBECK.png",
        "E\u0301te\u0301.jpg",  # decomposed
        'said "hello", it\'s fine.jpg',
        "back\\slash.jpg",
        "港の写真.jpg",
        "two  spaces.jpg",
        "x.jpg",
    ]
    ids = dict(zip(names, await stock.add(*({"original_filename": name} for name in names)), strict=True))
    other = await Stock.open(stock.database, stock.folder)
    await other.add(*({"original_filename": name} for name in names))

    async def found(words: str) -> set[str]:
        by_id = {image_id: name for name, image_id in ids.items()}
        page = await stock.page(search=words, limit=100)
        assert page.total == len(page.images)
        return {by_id[image.id] for image in page.images}

    assert await found("lighthouse") == await found("E_5") == await found("0%.") == {names[0]}
    assert await found("STRASSE") == await found("straße") == await found("lübeck") == {names[1]}
    assert await found("été") == await found("ÉTÉ") == {names[2]}
    assert await found('"HELLO", it\'s') == {names[3]}
    assert await found("k\\s") == {names[4]}
    assert await found("港") == await found("写真") == {names[5]}
    assert await found("two spaces") == await found(" two   SPACES ") == {names[6]}
    assert await found("%") == await found("_5") == {names[0]}
    assert await found("x") == {names[7]}
    assert await found("png") == {names[1]}
    assert await found("zz") == await found("light%house") == await found(".jpg said") == set()


async def test_a_search_in_a_large_library_finds_all_there_is_in_every_order(stock: Stock) -> None:
    """More images than a search walks through at first, so that the index of grams has to be asked, and as
    many at either end of the list as it does not look through at once."""
    chance = random.Random(11)
    other = await Stock.open(stock.database, stock.folder)
    await other.add(*({"original_filename": "needle scan.jpg"} for _ in range(20)))
    count = 8000
    await stock.add(
        *(
            {
                # The oldest are scans; of those and of the latest there are more than are counted.
                "original_filename": f"Scan_of_paper_{number}.png"
                if number < 2600
                else f"IMG_{number}.jpg"
                if number < 6600
                else f"IMG_{number} late.jpg",
                "alt_text": "A Needle" if number in (3, 2500, 6990) else "Straw" if number % 3 else "Hay q",
                "usage_count": chance.choice((0, 0, 0, 1, 2)),
                "is_ai_generated": number % 2 == 0,
                "tags": ["sea"] if number % 50 == 0 else [],
                # A few at a time, for most of a year.
                "created_at": STARTED_AT + timedelta(hours=number // 4 * 4),
            }
            for number in range(count)
        )
    )
    rows = await stock.rows()
    for sort in SORTS:
        for words in (
            *("needle", "scan_", "straw", "hay q", "q", "img_69", "absent", "zz", "late"),
            # Long ones: common far away, in one, and of parts that are common in a whole that is not there.
            *("scan_of_paper", "img_6990 late.jpg", "late.jpg late.jpg"),
        ):
            wanted = expected(rows, sort, None, search=words)
            page = await stock.page(sort=sort, search=words, limit=100)
            assert (page.total, page.is_total_capped) == (min(1000, len(wanted)), len(wanted) > 1000), words
            assert [image.id for image in page.images] == wanted[:100], (words, sort)
            second = await stock.page(sort=sort, search=words, limit=100, page=2)
            assert [image.id for image in second.images] == wanted[100:200], (words, sort)
            if page.next_cursor:
                later = await stock.page(sort=sort, search=words, limit=100, after=page.next_cursor)
                assert [image.id for image in later.images] == wanted[100:200], (words, sort)
    for sort, words in (
        ("created_at_desc", "scan_"),
        ("created_at_desc", "scan_of_paper"),
        ("created_at_asc", "late"),
    ):
        wanted = expected(rows, sort, None, search=words)
        assert await stock.walk(sort=sort, search=words, limit=100) == wanted
        far = await stock.page(sort=sort, search=words, limit=100, page=12)
        assert [image.id for image in far.images] == wanted[1100:1200]
    wanted = expected(rows, "created_at_desc", "ai_generated", "sea", "scan_")
    assert await stock.walk(only="ai_generated", tag="sea", search="scan_", limit=10) == wanted
    for only, tag in (("ai_generated", None), ("unused", "sea"), (None, "SEA")):
        wanted = expected(rows, "most_used", only, tag, "hay")  # type: ignore[arg-type]
        assert await stock.walk(sort="most_used", only=only, tag=tag, search="hay", limit=100) == wanted


# --- the trash


async def test_the_trash_is_emptied_of_what_is_old_and_in_no_post(stock: Stock) -> None:
    now = clock.now()
    old, young = now - timedelta(days=31), now - timedelta(days=29)
    gone, kept_by_post, still_young, kept = await stock.add(
        {"deleted_at": old, "tags": ["sea"]}, {"deleted_at": old}, {"deleted_at": young}, {}
    )
    storage = stock.library.stores.chosen
    source = stock.folder / "source"
    source.write_bytes(b"picture")
    rows = {row.id: row for row in await stock.rows()}
    for row in rows.values():
        await storage.put(row.storage_key, source, mime_type="image/jpeg")
    async with stock.database.writing() as session:
        post = Post(
            business_id=stock.business_id,
            author_id=stock.user_id,
            content_text="",
            created_at=now,
            updated_at=now,
        )
        session.add(post)
        await session.flush()
        session.add(PostImage(post_id=post.id, position=0, image_id=kept_by_post))
    assert await stock.library.empty_trash(timedelta(days=30)) == 1
    assert [row.id for row in await stock.rows()] == [kept_by_post, still_young, kept]
    with pytest.raises(ObjectMissing):
        await storage.open(rows[gone].storage_key)
    assert (await storage.open(rows[still_young].storage_key)).size == 7
    await is_right(stock)
    assert await stock.library.empty_trash(timedelta(days=30)) == 0
    await stock.library.remove(still_young, trashed_before=old)
    assert still_young in [row.id for row in await stock.rows()]


async def test_the_trash_is_emptied_a_hundred_at_a_time(stock: Stock) -> None:
    await stock.add(*({"deleted_at": STARTED_AT} for _ in range(103)))
    assert await stock.library.empty_trash(timedelta(days=1)) == 100
    assert await stock.library.empty_trash(timedelta(days=1)) == 3
    assert await stock.rows() == []
