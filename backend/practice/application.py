"""Putting the simulators together as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from practice.cloudinary.uploads import CloudApi
from practice.control import ControlApi
from practice.desk import Desk
from practice.faults import Holds
from practice.graph.api import GraphApi
from practice.graph.context import Context
from practice.login.dialogs import Dialogs
from practice.login.tokens import TokenApi
from practice.openai.images import ImagesApi
from practice.openai.moderation import ModerationApi
from practice.pages.panel import Panel
from practice.pages.views import Pages
from practice.replicate.api import ReplicateApi
from practice.selfhosted.automatic1111 import Automatic1111Api
from practice.selfhosted.comfyui import ComfyUIApi
from practice.stability.api import StabilityApi
from practice.store import Store
from practice.studio import Studio


def create_practice_app(
    *, data_dir: Path, public_url: str | Callable[[], str], control_key: str | Callable[[], str]
) -> Starlette:
    """The practice application, ready to be mounted or served.

    `data_dir` receives `practice.db`. `public_url` is the address under which a browser sees the place
    where the application is mounted, such as `http://localhost:8000/practice`; permalinks begin with it.
    `control_key` opens `/control/…`, `painter_key` of it the image provider and `cloud_account` of it
    Cloudinary; as a function it is asked for when first needed. Nothing is opened or started before the
    first request.
    """
    store = Store(data_dir / "practice.db")
    context = Context(store, public_url if callable(public_url) else lambda: public_url)
    holds = Holds()
    find_key = control_key if callable(control_key) else lambda: control_key
    tokens = TokenApi(context, find_key)
    graph = GraphApi(context, holds, tokens)
    dialogs = Dialogs(context, tokens)
    desk, studio = Desk(store, holds, find_key), Studio()
    painters = [
        *ImagesApi(desk, studio).routes(),
        *ModerationApi(desk).routes(),
        *StabilityApi(desk, studio).routes(),
        *ReplicateApi(desk, studio).routes(),
        *Automatic1111Api(desk, studio).routes(),
        *ComfyUIApi(desk, studio).routes(),
    ]
    cloud = CloudApi(store, holds, find_key)
    pages, control = Pages(context), ControlApi(context, holds, find_key)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await store.close()

    app = Starlette(
        routes=[
            Route("/graph/{rest:path}", graph.__call__, methods=["GET", "POST", "DELETE"]),
            *painters,
            *cloud.routes(),
            *dialogs.routes(),
            *control.routes(),
            *Panel(context).routes(),
            *pages.routes(),
        ],
        lifespan=lifespan,
        exception_handlers={404: pages.not_found},
    )
    app.state.store = store
    return app
