"""Puts the product together: the only file that names concrete providers."""

from __future__ import annotations

import asyncio
import fcntl
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import IO

from app.core import clock, faults, migrate
from app.core.config import OPENAI_URL, REPLICATE_URL, Settings, StorageProviderName
from app.core.crypto import Signer, Vault, derived_key
from app.core.db import Database
from app.core.logging import get_logger
from app.imaging import Limits, OwnSeal, Workshop, read_seal
from app.models import idempotency as idempotency_models
from app.models import posts as post_models
from app.models import sending as sending_models
from app.models import users as user_models
from app.providers.image_generation.automatic1111 import Automatic1111Provider
from app.providers.image_generation.base import ImageProvider, Model
from app.providers.image_generation.catalogue import Catalogue, read_catalogue
from app.providers.image_generation.comfyui import ComfyUIProvider, read_workflow
from app.providers.image_generation.openai import OpenAIImageProvider, OpenAIModerator
from app.providers.image_generation.replicate import ReplicateProvider
from app.providers.image_generation.stability import StabilityProvider
from app.providers.publishing.base import LoginGate, Publisher
from app.providers.publishing.facebook import FacebookPublisher
from app.providers.publishing.graph import GraphClient
from app.providers.publishing.instagram import InstagramPublisher
from app.providers.publishing.login import FacebookLogin, InstagramLogin
from app.providers.publishing.practice_accounts import AccountService
from app.providers.publishing.sites import PlatformSites
from app.providers.storage.base import Checkup, Storage, Stores
from app.providers.storage.cloudinary import DELIVERY as CLOUDINARY_DELIVERY
from app.providers.storage.cloudinary import CloudinaryCheckup, CloudinaryStorage
from app.providers.storage.local import LocalCheckup, LocalStorage
from app.providers.storage.s3 import CloudFrontSigner, S3Checkup, S3Storage, bucket_url
from app.services import images
from app.services.channel_health import ChannelHealth
from app.services.channels import Channels, Way
from app.services.direct_uploads import DirectUploads
from app.services.doctor import MetaSetup, Outside
from app.services.generations import Board, Generations, GenerationSteps, PromptFilter, Spool
from app.services.images import Library
from app.services.logins import Callbacks, Connecting, Gates, LoginRenewal
from app.services.logins.callbacks import AppKey
from app.services.media_urls import MediaUrls
from app.services.posts import Leftovers
from app.services.publishing import (
    HoldTerms,
    LookAhead,
    Preflight,
    PublicationSteps,
    Publishing,
    Quotas,
    Reachability,
    Settling,
)
from app.services.usage import Terms
from app.worker.embedded import Alarm, EmbeddedRunner, Lane, Tick

log = get_logger(__name__)

STORES: tuple[StorageProviderName, ...] = ("local", "s3", "cloudinary")
PUBLICATIONS_AT_ONCE = 8
GENERATIONS_AT_ONCE = 400
"""Worked on at the same time in one process; most of them wait for a provider."""


class AlreadyRunning(Exception):
    """Another process serves this data folder."""


@dataclass(frozen=True, slots=True)
class Product:
    """Everything that is alive while the product runs."""

    settings: Settings
    instance: str
    database: Database
    stores: Stores
    storage: Storage
    checkup: Checkup
    workshop: Workshop
    library: Library
    media_urls: MediaUrls
    direct_uploads: DirectUploads
    channels: Channels
    channel_health: ChannelHealth
    connecting: Connecting
    callbacks: Callbacks
    generations: Generations
    publishing: Publishing
    settling: Settling
    sites: PlatformSites
    runner: EmbeddedRunner


def practice_key(settings: Settings) -> str:
    """The key between the product and the simulators' account service."""
    given = settings.practice_key.get_secret_value()
    return given or derived_key(settings.signing_key, "practice").hex()


def make_stores(settings: Settings) -> Stores:
    """Every store that the settings set up; new pictures go into the one that they choose."""
    stores = {name: _make_store(settings, name) for name in STORES if not settings.missing_for_storage(name)}
    return Stores(stores.pop(settings.storage_provider), *stores.values())


def _make_store(settings: Settings, name: StorageProviderName) -> Storage:
    if name == "local":
        return LocalStorage(settings.data_dir / "files")
    if name == "cloudinary":
        return CloudinaryStorage(
            cloud_name=settings.cloudinary_cloud_name,
            api_key=settings.cloudinary_api_key,
            api_secret=settings.cloudinary_api_secret.get_secret_value(),
            api_base=settings.cloudinary_api_base,
        )
    return S3Storage(
        bucket=settings.aws_s3_bucket,
        region=settings.aws_s3_region,
        access_key_id=settings.aws_access_key_id,
        secret_access_key=settings.aws_secret_access_key.get_secret_value(),
        endpoint_url=settings.aws_s3_endpoint_url,
        public_url=settings.aws_s3_public_url,
        cloudfront=CloudFrontSigner(settings.aws_cloudfront_key_id, settings.cloudfront_private_key)
        if settings.aws_cloudfront_key_id
        else None,
        direct=settings.aws_s3_direct_upload,
        checksum_algorithm=settings.aws_checksum_algorithm,
    )


async def close_stores(stores: Stores) -> None:
    """Let go of the connections that stores keep."""
    for store in stores:
        if isinstance(store, CloudinaryStorage):
            await store.close()


def make_checkup(settings: Settings, storage: Storage) -> Checkup:
    """The checks of one of the stores that `make_stores` made."""
    if isinstance(storage, S3Storage):
        return S3Checkup(storage, checksum_algorithm=settings.aws_checksum_algorithm)
    if isinstance(storage, CloudinaryStorage):
        return CloudinaryCheckup(storage)
    return LocalCheckup(settings.data_dir / "files")


def image_origins(settings: Settings) -> list[str]:
    """Where pages load pictures from besides this server: every store that is set up and shows its own."""
    origins = []
    if not settings.missing_for_storage("s3"):
        origins += [_bucket_address(settings), settings.aws_s3_public_url]
    if not settings.missing_for_storage("cloudinary"):
        origins.append(settings.cloudinary_api_base or CLOUDINARY_DELIVERY)
    return [origin for origin in origins if origin]


def upload_origins(settings: Settings) -> list[str]:
    """Where pages send pictures to besides this server."""
    if settings.storage_provider != "s3" or settings.aws_s3_direct_upload == "off":
        return []
    return [_bucket_address(settings)]


def _bucket_address(settings: Settings) -> str:
    return bucket_url(settings.aws_s3_bucket, settings.aws_s3_region, settings.aws_s3_endpoint_url)


def image_models(settings: Settings) -> dict[str, tuple[Model, ...]]:
    """The models of every provider that is set up, in order of preference. Raises `ValueError` with the line
    to change where a file of the settings can't be used."""
    catalogue = read_catalogue(settings.image_catalogue)
    if "comfyui" in settings.active_image_providers:
        read_workflow(settings.comfyui_workflow)
    return {name: _models_of(name, settings, catalogue) for name in settings.active_image_providers}


def _models_of(name: str, settings: Settings, catalogue: Catalogue) -> tuple[Model, ...]:
    if name == "openai":
        if settings.openai_base_url == OPENAI_URL:
            return catalogue.beginning_with(name, settings.openai_image_model)
        # Another server has this one model, and keeps it for as long as it likes.
        return (replace(catalogue.find(name, settings.openai_image_model), shutdown_on=None),)
    if name == "comfyui":
        first = catalogue.find(name, settings.comfyui_checkpoint)
        shipped = Settings.model_fields["comfyui_checkpoint"].default
        others = [model for model in catalogue.of(name) if model.id not in (first.id, shipped)]
        return (first, *others)
    return catalogue.of(name)


def make_image_providers(settings: Settings) -> dict[str, ImageProvider]:
    """Every provider that is set up, in order of preference."""
    return {
        name: _make_image_provider(name, settings, models) for name, models in image_models(settings).items()
    }


def _make_image_provider(name: str, settings: Settings, models: tuple[Model, ...]) -> ImageProvider:
    if name == "openai":
        key = settings.openai_api_key.get_secret_value()
        return OpenAIImageProvider(name, settings.openai_base_url, key, models)
    if name == "stability":
        key = settings.stability_api_key.get_secret_value()
        return StabilityProvider(name, settings.stability_base_url, key, models)
    if name == "replicate":
        token, url = settings.replicate_api_token.get_secret_value(), settings.replicate_base_url
        return ReplicateProvider(name, url, token, models, has_own_files=url != REPLICATE_URL)
    if name == "automatic1111":
        return Automatic1111Provider(name, settings.automatic1111_url, models)
    if name == "comfyui":
        workflow = read_workflow(settings.comfyui_workflow)
        return ComfyUIProvider(name, settings.comfyui_url, models, workflow)
    key = f"practice-{derived_key(practice_key(settings).encode(), 'practice-painter').hex()}"
    return OpenAIImageProvider(name, f"{settings.practice_base_url}/openai/v1", key, models)


def make_moderator(settings: Settings) -> OpenAIModerator | None:
    """Who looks at prompts before a provider that does not do it itself, when there is a key for it. A server
    that only resembles OpenAI's has no such thing."""
    key = settings.openai_api_key.get_secret_value()
    model = read_catalogue(settings.image_catalogue).find("openai", settings.openai_image_model)
    return OpenAIModerator(settings.openai_base_url, key) if key and not model.dialect else None


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Product]:
    """The product, alive: database migrated, what a dead process left taken up, jobs running."""
    faults.arm(settings.fault_point)
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
        database = Database(settings.sqlalchemy_url)
        stack.push_async_callback(database.close)
        if database.is_sqlite:
            stack.callback((await asyncio.to_thread(_lock, settings.data_dir)).close)
            instance = "embedded"
        else:
            instance = f"{socket.gethostname()}:{settings.port}"
        owner = f"{instance}#{secrets.token_hex(4)}"
        await migrate.upgrade(database)

        stores = make_stores(settings)
        stack.push_async_callback(close_stores, stores)
        workshop = Workshop(seal=await asyncio.to_thread(make_seal, settings))
        stack.callback(workshop.close)
        work_dir = settings.data_dir / "work"
        limits = Limits(extra_formats=settings.extra_image_formats)
        library = Library(database, stores, workshop, work_dir=work_dir, limits=limits)
        media_urls = MediaUrls(
            stores,
            Signer(settings.signing_key, "media-urls", earlier=settings.earlier_keys),
            public_url=settings.public_url,
            loopback_url=settings.loopback_url,
        )
        direct_uploads = DirectUploads(
            library,
            stores.chosen if isinstance(stores.chosen, S3Storage) else None,
            max_bytes=settings.max_upload_bytes,
            extra_formats=settings.extra_image_formats,
        )
        publishers = _make_publishers(settings, stack)
        opener = None
        if settings.is_meta_practice:
            opener = AccountService(settings.practice_base_url, practice_key(settings))
            stack.push_async_callback(opener.close)
        vault = Vault(settings.read_secrets)
        gates = make_gates(settings)
        for gate in gates.values():
            stack.push_async_callback(gate.close)
        channels = Channels(database, vault, publishers, opener, gates)
        channel_health = ChannelHealth(database, channels)
        chosen_gates = _chosen(gates)
        connecting = Connecting(
            database, vault, channels, chosen_gates, redirect_uri=login_redirect_uri(settings)
        )
        login_renewal = LoginRenewal(database, vault, channels, chosen_gates)
        providers = make_image_providers(settings)
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        moderator = make_moderator(settings)
        if moderator is not None:
            stack.push_async_callback(moderator.close)
        board, generation_alarm = Board(), Alarm()
        requester_key = derived_key(settings.signing_key, "requesters")
        generation_steps = GenerationSteps(
            database,
            library,
            providers,
            Spool(settings.data_dir / "spool"),
            board,
            owner=owner,
            wake=generation_alarm.ring,
            requester=lambda user_id: derived_key(requester_key, str(user_id)).hex()[:32],
            moderator=moderator,
        )
        generations = Generations(
            library,
            providers,
            board,
            terms=Terms(
                settings.free_ai_images_per_month,
                settings.extra_ai_image_price,
                settings.free_ai_businesses_per_user,
            ),
            prompt_filter=PromptFilter(await asyncio.to_thread(settings.read_blocked_words)),
            wake=generation_alarm.ring,
            call_off=generation_steps.call_off,
        )
        alarm = Alarm()
        preflight = Preflight(
            database,
            Reachability(media_urls, settings.media_reachability),
            Quotas(database, channels),
        )
        sites = PlatformSites(
            settings.practice_site_url,
            # Whoever names a server of their own in Meta's place takes its word for where posts are.
            has_own_graph=settings.meta_graph_url != Settings.model_fields["meta_graph_url"].default,
        )
        publishing = Publishing(database, library, channels, media_urls, preflight=preflight, wake=alarm.ring)
        steps = PublicationSteps(
            database,
            library,
            channels,
            media_urls,
            owner=owner,
            wake=alarm.ring,
            settle_after=settings.publish_settle_after,
            preflight=preflight,
            sites=sites,
            hold_terms=HoldTerms(
                settings.publish_hold_accounts,
                # Only with the proof of its secret does Meta refuse the tokens of other apps.
                is_one_app=bool(settings.meta_app_secret.get_secret_value()),
                first_pause=settings.publish_hold_pause,
            ),
        )
        look_ahead = LookAhead(database, library, channels, preflight, channel_health)

        await _take_over(database, instance, generation_steps, is_alone=database.is_sqlite, work_dir=work_dir)
        trash_age = timedelta(days=settings.trash_days)
        runner = EmbeddedRunner(
            (
                Lane("publications", steps, alarm, at_once=PUBLICATIONS_AT_ONCE),
                Lane("generations", generation_steps, generation_alarm, at_once=GENERATIONS_AT_ONCE),
            ),
            (
                Tick("generations.look_after", 2, generation_steps.look_after),
                Tick("images.sweep", 600, library.sweep),
                Tick("renditions.sweep", 600, Leftovers(library, channels).sweep),
                Tick("direct_uploads.sweep", 600, direct_uploads.sweep),
                Tick("images.fold_counts", 15, lambda: images.fold_counts(database)),
                Tick("images.empty_trash", 600, lambda: library.empty_trash(trash_age)),
                Tick("publications.look_ahead", 20, look_ahead.look),
                Tick("channels.open_missing_practice", 20, channels.open_missing_practice),
                Tick("channels.check_due", 30, channel_health.check_due),
                Tick("logins.renew_due", 300, login_renewal.renew_due),
                Tick("logins.forget", 60, connecting.forget),
                Tick("database.forget", 3600, lambda: _forget(database)),
            ),
        )
        workshop.start()
        runner.start()
        stack.push_async_callback(runner.stop)
        stack.callback(generation_steps.let_go)
        stack.callback(board.close)
        yield Product(
            settings=settings,
            instance=owner,
            database=database,
            stores=stores,
            storage=stores.chosen,
            checkup=make_checkup(settings, stores.chosen),
            workshop=workshop,
            library=library,
            media_urls=media_urls,
            direct_uploads=direct_uploads,
            channels=channels,
            channel_health=channel_health,
            connecting=connecting,
            callbacks=Callbacks(database, app_keys(settings)),
            generations=generations,
            publishing=publishing,
            settling=Settling(database, sites, wake=alarm.ring),
            sites=sites,
            runner=runner,
        )


@asynccontextmanager
async def opened_library(settings: Settings) -> AsyncIterator[Library]:
    """The library for a command: no jobs run, nothing is taken over, and a server may be running."""
    async with AsyncExitStack() as stack:
        database = Database(settings.sqlalchemy_url)
        stack.push_async_callback(database.close)
        workshop = Workshop()
        stack.callback(workshop.close)
        # A folder of its own: a server that starts meanwhile empties the one that servers use.
        work_dir = settings.data_dir / f"work-{secrets.token_hex(4)}"
        stack.callback(_empty, work_dir)
        limits = Limits(extra_formats=settings.extra_image_formats)
        stores = make_stores(settings)
        stack.push_async_callback(close_stores, stores)
        yield Library(database, stores, workshop, work_dir=work_dir, limits=limits)


def make_seal(settings: Settings) -> OwnSeal | None:
    """What manifests are signed with, if anything. Raises ValueError with the line to change."""
    given = settings.read_c2pa()
    if given is None:
        return None
    return read_seal(*given, algorithm=settings.c2pa_signing_alg, timestamp_url=settings.c2pa_timestamp_url)


def outsides(settings: Settings) -> list[Outside]:
    """The servers that these settings make the product talk to."""
    found = []
    if settings.meta_app_id:
        found.append(Outside("Facebook", settings.meta_graph_url, "META_GRAPH_URL"))
        found.append(Outside("Instagram", settings.meta_instagram_graph_url, "META_INSTAGRAM_GRAPH_URL"))
    addresses = {
        "openai": ("OpenAI", settings.openai_base_url, "OPENAI_BASE_URL"),
        "stability": ("Stability AI", settings.stability_base_url, "STABILITY_BASE_URL"),
        "replicate": ("Replicate", settings.replicate_base_url, "REPLICATE_BASE_URL"),
        "automatic1111": ("AUTOMATIC1111", settings.automatic1111_url, "AUTOMATIC1111_URL"),
        "comfyui": ("ComfyUI", settings.comfyui_url, "COMFYUI_URL"),
    }
    for name in settings.active_image_providers:
        if name in addresses:
            title, url, setting = addresses[name]
            found.append(Outside(f"AI images ({title})", url, setting))
    if settings.practice_url:
        found.append(Outside("practice", settings.practice_url, "PRACTICE_URL"))
    return found


def _make_publishers(settings: Settings, stack: AsyncExitStack) -> Mapping[Way, Publisher]:
    app_secret = settings.meta_app_secret.get_secret_value() or None
    instagram_secret = settings.meta_instagram_app_secret.get_secret_value() or None

    def graph(base_url: str, secret: str | None) -> GraphClient:
        client = GraphClient(base_url, settings.meta_graph_version, app_secret=secret)
        stack.push_async_callback(client.close)
        return client

    facebook = graph(settings.meta_graph_url, app_secret)
    publishers: dict[Way, Publisher] = {
        Way("instagram", "facebook", False): InstagramPublisher(facebook),
        Way("facebook", "facebook", False): FacebookPublisher(facebook),
        Way("instagram", "instagram", False): InstagramPublisher(
            graph(settings.meta_instagram_graph_url, instagram_secret)
        ),
    }
    if settings.is_meta_practice:
        practice = graph(f"{settings.practice_base_url}/graph", None)
        publishers[Way("instagram", "facebook", True)] = InstagramPublisher(practice)
        publishers[Way("facebook", "facebook", True)] = FacebookPublisher(practice)
        publishers[Way("instagram", "instagram", True)] = InstagramPublisher(practice)
    return publishers


PRACTICE_APP_ID = "100000000000001"


def login_redirect_uri(settings: Settings) -> str:
    """The address that Meta's login sends browsers back to; it is entered in the app at Meta as it is."""
    return f"{settings.public_url}/api/v1/channels/meta/callback"


def make_gates(settings: Settings) -> dict[tuple[str, bool], LoginGate]:
    """Meta's logins that are set up, and in practice mode those of the simulators; by name and whether it is
    practice."""
    gates: dict[tuple[str, bool], LoginGate] = {}
    version, extra = settings.meta_graph_version, settings.meta_extra_permissions
    if settings.meta_app_id and settings.meta_app_secret.get_secret_value():
        gates["facebook", False] = make_facebook_login(settings)
    if settings.meta_instagram_app_id and settings.meta_instagram_app_secret.get_secret_value():
        gates["instagram", False] = InstagramLogin(
            app_id=settings.meta_instagram_app_id,
            app_secret=settings.meta_instagram_app_secret.get_secret_value(),
            graph_url=settings.meta_instagram_graph_url,
            dialog_url=settings.meta_instagram_dialog_url,
            token_url=settings.meta_instagram_token_url,
            version=version,
            extra=extra,
        )
    if settings.is_meta_practice:
        keys = {"app_id": PRACTICE_APP_ID, "app_secret": _practice_app_secret(settings)}
        graph = f"{settings.practice_base_url}/graph"
        # Programs go the short way.
        login = f"{settings.practice_site_url}/login"
        gates["facebook", True] = FacebookLogin(
            **keys, graph_url=graph, dialog_url=f"{login}/facebook", version=version, extra=extra
        )
        gates["instagram", True] = InstagramLogin(
            **keys,
            graph_url=graph,
            dialog_url=f"{login}/instagram",
            token_url=f"{settings.practice_base_url}/login/token",
            version=version,
            extra=extra,
        )
    return gates


def make_facebook_login(settings: Settings) -> FacebookLogin:
    """Facebook Login with the app of the settings."""
    return FacebookLogin(
        app_id=settings.meta_app_id,
        app_secret=settings.meta_app_secret.get_secret_value(),
        graph_url=settings.meta_graph_url,
        dialog_url=settings.meta_dialog_url,
        version=settings.meta_graph_version,
        config_id=settings.meta_login_config_id,
        extra=settings.meta_extra_permissions,
    )


def meta_setup(settings: Settings) -> MetaSetup:
    """What the doctor looks at of the Meta app."""

    async def try_keys() -> None:
        login = make_facebook_login(settings)
        try:
            await login.try_keys()
        finally:
            await login.close()

    return MetaSetup(
        try_keys=try_keys if settings.meta_app_id else None,
        has_instagram_keys=bool(settings.meta_instagram_app_id),
        redirect_uri=login_redirect_uri(settings),
        callbacks_url=f"{settings.public_url}/api/v1/meta",
        has_verify_token=bool(settings.meta_webhook_verify_token.get_secret_value()),
    )


def _chosen(gates: Mapping[tuple[str, bool], LoginGate]) -> Gates:
    """Of each login the real one, and where there is none the practice one."""
    chosen = {}
    for kind in ("facebook", "instagram"):
        for is_practice in (False, True):
            if kind not in chosen and (kind, is_practice) in gates:
                chosen[kind] = (gates[kind, is_practice], is_practice)
    return chosen


def app_keys(settings: Settings) -> list[AppKey]:
    """By which secrets Meta's own calls can be signed."""
    keys = [
        AppKey("facebook", False, settings.meta_app_secret.get_secret_value()),
        AppKey("instagram", False, settings.meta_instagram_app_secret.get_secret_value()),
    ]
    if settings.is_meta_practice:
        practice = _practice_app_secret(settings)
        keys += [AppKey("facebook", True, practice), AppKey("instagram", True, practice)]
    return [key for key in keys if key.secret]


def _practice_app_secret(settings: Settings) -> str:
    return derived_key(practice_key(settings).encode(), "practice-login").hex()


async def _take_over(
    database: Database, instance: str, generations: GenerationSteps, *, is_alone: bool, work_dir: Path
) -> None:
    """This process replaces the one of the same name: what that one held is free."""
    async with database.writing() as session:
        freed = await post_models.free_leases(session, f"{instance}#")
        await idempotency_models.forget_running(session, f"{instance}#")
    if freed:
        log.info("publications.taken_over", count=freed)
    await generations.take_over(f"{instance}#")
    if is_alone:
        await asyncio.to_thread(_empty, work_dir)


async def _forget(database: Database) -> None:
    now = clock.now()
    async with database.writing() as session:
        await user_models.drop_expired_tokens(session, now - timedelta(days=7))
        await idempotency_models.forget_older(session, now - timedelta(days=1))
        await sending_models.forget_troubles(session, now - timedelta(days=1))
        await sending_models.forget_holds(session, now - timedelta(days=1))


def require_free(settings: Settings) -> None:
    """Raises AlreadyRunning when another process serves the embedded database; asked before the start,
    so that the answer can be a sentence."""
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _lock(settings.data_dir).close()


def _lock(data_dir: Path) -> IO[str]:
    """Hold the data folder. The embedded database and its runner are for one process."""
    file = (data_dir / "serve.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise AlreadyRunning(f"AIGrowth is already running on the data in {data_dir.absolute()}.") from error
    return file


def _empty(work_dir: Path) -> None:
    """Temporary files of a process that is gone."""
    shutil.rmtree(work_dir, ignore_errors=True)
