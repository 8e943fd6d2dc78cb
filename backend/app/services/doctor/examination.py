"""One examination from beginning to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from sqlalchemy.exc import DBAPIError

from app.core import migrate
from app.core.rate_limits import Counters
from app.imaging import ExtraFormat, OwnSeal
from app.models import images as models
from app.providers.storage.base import Storage, StorageError
from app.services import usage
from app.services.catalogue import Ending
from app.services.doctor.findings import Finding, number_of
from app.services.doctor.meta import MetaSetup
from app.services.doctor.settings import (
    Outside,
    about_ending,
    look_at_counters,
    look_at_decoders,
    look_at_seal,
    look_at_servers,
)
from app.services.doctor.stock import Stock
from app.services.images import Library


class Doctor:
    """Examines one installation. `is_fixing` sweeps what was never finished and counts anew."""

    def __init__(
        self,
        library: Library,
        *,
        extra_formats: Sequence[ExtraFormat],
        outsides: Sequence[Outside],
        meta: MetaSetup | None = None,
        counters: Counters | None = None,
        model_endings: Sequence[Ending] = (),
        make_seal: Callable[[], OwnSeal | None] = lambda: None,
        is_fixing: bool = False,
    ) -> None:
        self._library = library
        self._database = library.database
        self._stock = Stock(library, is_fixing=is_fixing)
        self._extra_formats = extra_formats
        self._outsides = outsides
        self._meta = meta
        self._counters = counters
        self._model_endings = model_endings
        self._make_seal = make_seal
        self._is_fixing = is_fixing

    async def examine(self) -> AsyncIterator[Finding]:
        """Everything there is to say, as soon as it is known. Without a database that is not much."""
        yield look_at_decoders(self._extra_formats)
        yield await asyncio.to_thread(look_at_seal, self._make_seal)
        async for finding in look_at_servers(self._outsides):
            yield finding
        if self._counters is not None:
            yield await look_at_counters(self._counters)
        if self._meta is not None:
            async for finding in self._meta.look():
                yield finding
        for ending in self._model_endings:
            yield about_ending(ending)
        database = await self._look_at_database()
        yield database
        storage = [await self._look_at(store) for store in self._library.stores]
        for finding in storage:
            yield finding
        if not database.is_ok:
            return
        yield await self._stock.notes()
        if all(finding.is_ok for finding in storage):
            async for finding in self._stock.rows_and_objects():
                yield finding
            yield await self._stock.sample()
        yield await self._stock.types()
        yield await self._counts()
        yield await self._ledger()

    async def _look_at_database(self) -> Finding:
        try:
            await self._database.ping()
            is_current = await migrate.is_current(self._database)
        except (DBAPIError, OSError):
            return Finding(
                "database",
                False,
                "It cannot be reached.",
                "Check DATABASE_URL, that the server runs, and that DATA_DIR can be written to.",
            )
        if not is_current:
            return Finding(
                "database",
                False,
                "It has not the newest tables.",
                "Run: aigrowth migrate (serve does it, too).",
            )
        return Finding("database", True, "It answers and has the newest tables.")

    async def _look_at(self, store: Storage) -> Finding:
        what = f"storage ({store.name})"
        try:
            await store.check()
        except StorageError as error:
            return Finding(what, False, "It does not work.", f"{error} More: aigrowth storage check")
        return Finding(what, True, "Writing, reading and removing work.")

    async def _counts(self) -> Finding:
        if self._is_fixing:
            async with self._database.writing() as session:
                wrong = await models.recount(session)
            detail = f"{number_of(len(wrong), 'count')} put right now." if wrong else "They are right."
            return Finding("counts", True, detail)
        async with self._database.reading() as session:
            wrong = await models.find_miscounts(session)
        if wrong:
            return Finding(
                "counts",
                False,
                f"{number_of(len(wrong), 'count')} wrong.",
                "Count anew: aigrowth doctor --fix",
            )
        return Finding("counts", True, "They are right.")

    async def _ledger(self) -> Finding:
        async with self._database.reading() as session:
            wrong = await usage.find_disagreements(session)
        if wrong:
            named = ", ".join(map(str, wrong[:5])) + (" …" if len(wrong) > 5 else "")
            detail = f"It does not agree with {number_of(len(wrong), 'generation')}: {named}."
            return Finding("ledger", False, detail, "Look at these under AI and spending, and at the log.")
        return Finding("ledger", True, "It agrees with the generations.")
