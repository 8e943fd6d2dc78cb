"""A business that publishes, without a web server around it: tests take its publications step by step.

    async with open_office(database, practice, workshop, folder) as office:
        post_id = await office.sends("Fresh bread")
        await office.settles(post_id, "published")

Nothing runs by itself here. `turn` does what is due now, and `time_passes` makes it later: every moment
that is written down moves into the past, so no test waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from sqlalchemy import select, update

from app.api import errors, media
from app.core import clock
from app.core.crypto import Signer, Vault
from app.core.db import Database
from app.imaging import Workshop
from app.models.businesses import Business, Member, Role
from app.models.channels import Channel
from app.models.images import Image
from app.models.logins import Login
from app.models.posts import Post, Publication, PublicationEvent, PublicationPart
from app.models.sending import Hold, Trouble
from app.models.users import User
from app.providers.publishing.base import Publisher
from app.providers.publishing.facebook import FacebookPublisher
from app.providers.publishing.graph import GraphClient
from app.providers.publishing.instagram import InstagramPublisher
from app.providers.publishing.sites import PlatformSites
from app.providers.storage.base import StoredObject, Stores
from app.providers.storage.local import LocalStorage
from app.services import posts
from app.services.channels import Channels, Way
from app.services.images import Library, Received
from app.services.media_urls import MediaUrls
from app.services.posts import PictureInput, PublicationStory
from app.services.publishing import (
    Preflight,
    PublicationSteps,
    Publishing,
    Quotas,
    Reachability,
    Settling,
)
from tests.api.edge_app import serving
from tests.factories_pictures import flat, jpeg
from tests.practice_server import PracticeAccounts, PracticeProcess

_SITES = PlatformSites("http://localhost:8000/practice", has_own_graph=True)
SETTLE_AFTER = timedelta(seconds=60)
"""How long a runner here waits before it believes that nothing went out."""
MOST_TURNS = 80


class TroubledStorage(LocalStorage):
    """A folder that does not open its files while `trouble` is set, or until `gate` opens."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.trouble: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_waiting = asyncio.Event()

    async def open(self, key: str) -> StoredObject:
        self.is_waiting.set()
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        return await super().open(key)


def _nobody_to_wake() -> None:
    """Nothing runs by itself here."""


@dataclass
class Office:
    """One business with an Instagram account and a Page, and the means to publish there."""

    database: Database
    practice: PracticeProcess
    storage: TroubledStorage
    library: Library
    channels: Channels
    urls: MediaUrls
    workshop: Workshop
    folder: Path
    graph: GraphClient
    accounts: PracticeAccounts
    user_id: int
    business_id: int
    instagram: Channel
    page: Channel
    wake: Callable[[], None] = _nobody_to_wake
    sites: PlatformSites = _SITES

    @property
    def publishing(self) -> Publishing:
        """What users ask for."""
        return self.publishing_with(self.database)

    @property
    def settling(self) -> Settling:
        """What users ask for where an outcome is unclear."""
        sites = PlatformSites("http://localhost:8000/practice")
        return Settling(self.database, sites, wake=lambda: self.wake())

    def publishing_with(self, database: Database) -> Publishing:
        """The same in another server, with a database object of its own."""
        return Publishing(
            database,
            self.library,
            self.channels,
            self.urls,
            preflight=self.preflight(database),
            wake=lambda: self.wake(),
        )

    def preflight(self, database: Database | None = None) -> Preflight:
        """What looks before anything is sent. Its platform is one of our own network."""
        used = database or self.database
        return Preflight(used, Reachability(self.urls, "lenient"), Quotas(used, self.channels))

    def runner(
        self, name: str = "office#1", *, database: Database | None = None, channels: Channels | None = None
    ) -> PublicationSteps:
        """A runner of publications, with a name, and with a database of its own where that counts."""
        return PublicationSteps(
            database or self.database,
            Library(
                database or self.database, Stores(self.storage), self.workshop, work_dir=self.folder / "work"
            ),
            channels or self.channels,
            self.urls,
            owner=name,
            wake=lambda: self.wake(),
            settle_after=SETTLE_AFTER,
            preflight=self.preflight(database),
            sites=self.sites,
        )

    # --- what users do

    async def image(self, alt_text: str = "", *, file: bytes | None = None) -> Image:
        """A picture in the library, a plain one that is new each time unless its file is given."""
        unique = uuid.uuid4()
        colour = (unique.bytes[0], unique.bytes[1], unique.bytes[2])
        async with self.library.workspace() as workspace:
            path = workspace / "received"
            path.write_bytes(file or jpeg(flat(colour, 500, 500)))
            image, _ = await self.library.accept(
                Received(path, unique.hex, "loaf.jpg"),
                business_id=self.business_id,
                workspace=workspace,
                alt_text=alt_text,
            )
        return image

    async def writes(
        self, text: str, *, to: Sequence[Channel] = (), images: Sequence[Image] = (), **more: Any
    ) -> int:
        """A draft, for Instagram unless told otherwise; `more` as `create_post` takes it. Returns its id."""
        chosen = to or [self.instagram]
        shown = images or ([await self.image()] if self.instagram in chosen else [])
        async with self.database.writing() as session:
            post = await posts.create_post(
                session,
                user_id=self.user_id,
                business_id=self.business_id,
                content_text=text,
                pictures=[PictureInput(image.id) for image in shown],
                channel_ids=[channel.id for channel in chosen],
                **more,
            )
        return post.id

    async def sends(
        self, text: str, *, to: Sequence[Channel] = (), images: Sequence[Image] = (), **more: Any
    ) -> int:
        """A post that is on its way; returns its id."""
        post_id = await self.writes(text, to=to, images=images, **more)
        await self.publishing.publish(user_id=self.user_id, post_id=post_id)
        return post_id

    async def plans(self, text: str, *, to: Sequence[Channel] = (), images: Sequence[Image] = ()) -> int:
        """A post that is due in an hour; returns its id."""
        post_id = await self.writes(text, to=to, images=images)
        moment = clock.now() + timedelta(hours=1)
        await self.publishing.schedule(user_id=self.user_id, post_id=post_id, scheduled_at=moment)
        return post_id

    # --- what happens

    async def turn(self, publishing: PublicationSteps | None = None) -> list[int]:
        """Take everything that is due, and do one step of each; returns what was taken."""
        publishing = publishing or self.runner()
        taken = await publishing.claim_due(50)
        for publication_id in taken:
            await publishing.step(publication_id)
        return taken

    async def settles(
        self, post_id: int, state: str, *, publishing: PublicationSteps | None = None
    ) -> PublicationStory:
        """Go on, from one due step to the next, until the post's publication is in this state."""
        for _ in range(MOST_TURNS):
            story = await self.publication(post_id)
            if story.publication.state == state:
                return story
            await self.turn_in_time(publishing)
        raise AssertionError(f"{story.publication.state}, not {state}: {sentences(story)}")

    async def turn_in_time(self, publishing: PublicationSteps | None = None) -> list[int]:
        """Wait for the next step, by making it later, and do it."""
        taken = await self.turn(publishing)
        if taken:
            return taken
        due_at = await (publishing or self.runner()).next_due_at()
        if due_at is None:
            return []
        await self.time_passes(max(due_at - clock.now(), timedelta(0)))
        return await self.turn(publishing)

    async def time_passes(self, length: timedelta) -> None:
        """From now on everything that is written down is that much longer ago."""
        async with self.database.writing() as session:
            for table, names in (
                (
                    Publication,
                    "created_at updated_at started_at attempted_at next_step_at lease_until published_at "
                    "held_since held_until preflight_at comment_attempted_at",
                ),
                (PublicationPart, "created_at"),
                (PublicationEvent, "at"),
                (Hold, "began_at until ended_at"),
                (Trouble, "at"),
                (Channel, "token_expires_at data_access_expires_at renew_at checked_at check_at"),
                (Login, "expires_at renew_at granted_at"),
            ):
                for row in await session.scalars(select(table)):
                    for name in names.split():
                        moment = getattr(row, name)
                        if moment is not None:
                            setattr(row, name, moment - length)

    async def changes(self, post_id: int, **values: object) -> None:
        """Write values of a publication straight into its row, as a process that is gone left them."""
        async with self.database.writing() as session:
            await session.execute(update(Publication).where(Publication.post_id == post_id).values(**values))

    # --- what can be seen

    def media(self, caption: str | None = None) -> list[dict[str, Any]]:
        """What is out on the Instagram account, oldest first."""
        found = self.practice.control.media(caption)
        return [medium for medium in found if medium["account_id"] == self.accounts.instagram.id]

    def page_posts(self, message: str | None = None) -> list[dict[str, Any]]:
        """What is out on the Page, oldest first."""
        found = self.practice.control.posts(message)
        return [post for post in found if post["page_id"] == self.accounts.page.id]

    def publish_calls(self) -> int:
        """How often `media_publish` of the Instagram account reached the platform."""
        calls = self.practice.control.calls("media_publish")
        return len([call for call in calls if call["account_id"] == self.accounts.instagram.id])

    @contextlib.asynccontextmanager
    async def held(self, edge: str, kind: str = "hold_after") -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """The next call of an edge is held. Gives a function that waits until one is; let go at the end."""
        control = self.practice.control
        control.fault(kind, edge=edge, account_id=self.accounts.instagram.id)

        async def until_held() -> None:
            await asyncio.to_thread(control.wait_for_hold, edge)

        try:
            yield until_held
        finally:
            await asyncio.to_thread(control.release)

    async def publication(self, post_id: int) -> PublicationStory:
        """The post's only publication, with its history."""
        (story,) = await self.publications(post_id)
        return story

    async def publications(self, post_id: int) -> Sequence[PublicationStory]:
        """The post's publications, with their history."""
        async with self.database.reading() as session:
            post = await session.get_one(Post, post_id)
            (story,) = await posts.tell(session, [post])
        return story.publications

    async def channel(self, channel: Channel) -> Channel:
        """The channel as it is now."""
        async with self.database.reading() as session:
            return await session.get_one(Channel, channel.id)

    async def seen(self, image: Image) -> Image:
        """The image as it is now."""
        async with self.database.reading() as session:
            return await session.get_one(Image, image.id)


def codes(story: PublicationStory) -> list[str]:
    """A publication's history, by its codes."""
    return [event.code for event in story.events]


def sentences(story: PublicationStory) -> list[str]:
    """A publication's history, as people read it."""
    return [event.message for event in story.events]


@contextlib.asynccontextmanager
async def open_office(
    database: Database, practice: PracticeProcess, workshop: Workshop, folder: Path
) -> AsyncIterator[Office]:
    """An office for the time of a `with` block. Its pictures can be fetched from a real server."""
    storage = TroubledStorage(folder / "files")
    app = FastAPI()
    errors.install(app)
    app.include_router(media.router)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(app))
        urls = MediaUrls(Stores(storage), Signer(b"office", "media-urls"), public_url=url, loopback_url=url)
        library = Library(database, Stores(storage), workshop, work_dir=folder / "work")
        app.state.product = SimpleNamespace(media_urls=urls, library=library)
        graph = GraphClient(practice.graph_url, "v26.0")
        stack.push_async_callback(graph.close)
        channels = make_channels(database, b"office", graph)
        accounts = await asyncio.to_thread(practice.control.accounts)
        user_id, business_id = await open_business(database)
        connected = [
            await channels.connect(
                user_id=user_id,
                business_id=business_id,
                platform=platform,
                external_id=account.id,
                access_token=account.access_token,
                name=None,
                login="facebook",
            )
            for platform, account in (("instagram", accounts.instagram), ("facebook", accounts.page))
        ]
        yield Office(
            database=database,
            practice=practice,
            storage=storage,
            library=library,
            channels=channels,
            urls=urls,
            workshop=workshop,
            folder=folder,
            graph=graph,
            accounts=accounts,
            user_id=user_id,
            business_id=business_id,
            instagram=connected[0],
            page=connected[1],
        )


def make_channels(database: Database, secret: bytes, graph: GraphClient | None = None) -> Channels:
    """The channels of a server with this secret."""
    publishers: dict[Way, Publisher] = {}
    if graph:
        publishers[Way("instagram", "facebook", False)] = InstagramPublisher(graph)
        publishers[Way("facebook", "facebook", False)] = FacebookPublisher(graph)
    return Channels(database, Vault(lambda: [secret]), publishers, None)


async def open_business(database: Database) -> tuple[int, int]:
    """A business with its owner; returns their ids, the owner's first."""
    now = clock.now()
    async with database.writing() as session:
        user = User(
            email=f"{uuid.uuid4().hex}@example.com",
            name="Ada",
            password_hash="none",
            created_at=now,
            updated_at=now,
        )
        business = Business(name="Harbour Coffee", timezone="Europe/Berlin", created_at=now, updated_at=now)
        session.add_all([user, business])
        await session.flush()
        session.add(Member(business_id=business.id, user_id=user.id, role=Role.OWNER.value, created_at=now))
    return user.id, business.id
