"""Every setting of the product: the only place that reads the environment.

`Settings` is built once at start and handed to whoever needs it. Values come from the environment,
then from a `.env` file in the folder the product is started from, then from the defaults here.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

SHORTEST_SECRET = 32

OPENAI_URL = "https://api.openai.com/v1"
STABILITY_URL = "https://api.stability.ai"
REPLICATE_URL = "https://api.replicate.com/v1"

ImageProviderName = Literal["openai", "stability", "replicate", "automatic1111", "comfyui", "practice"]
StorageProviderName = Literal["local", "s3", "cloudinary"]
ExtraImageFormat = Literal["heic", "avif"]
_MAY_BE_EMPTY = frozenset(("extra_image_formats",))
"""Settings for which an empty value means none, and not the default."""


class Settings(BaseSettings):
    """What an operator can choose. All optional; the defaults serve one machine in practice mode."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    # --- where and how the product runs
    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_base_url: str = ""  # empty: http://localhost:{port}
    trusted_proxies: str = "127.0.0.1,::1"  # whose X-Forwarded-For and X-Forwarded-Proto count
    data_dir: Path = Path("./data")
    database_url: str = ""  # empty: SQLite in data_dir
    redis_url: SecretStr = SecretStr("")  # empty: limits count in each process
    secret_key: SecretStr = SecretStr("")  # empty: made once and kept in data_dir
    secret_key_previous: SecretStr = SecretStr("")  # the one before, while tokens are sealed anew
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"  # auto: console on a terminal

    # --- limits
    auth_rate_limit: str = "20/minute"
    upload_rate_limit: str = "600/minute"
    business_rate_limit: str = "50/day"
    ai_rate_limit: str = "5/minute"
    api_key_rate_limit: str = "10/hour"
    trash_days: int = Field(default=30, ge=1, le=3650)
    max_upload_bytes: int = Field(default=10 * 1024 * 1024, gt=0)

    # --- pictures
    # Taken in and kept as JPEG; empty: only JPEG, PNG, GIF and WebP.
    extra_image_formats: Annotated[tuple[ExtraImageFormat, ...], NoDecode] = ("heic", "avif")

    # --- storage
    storage_provider: StorageProviderName = "local"
    aws_access_key_id: str = ""
    aws_secret_access_key: SecretStr = SecretStr("")
    aws_s3_bucket: str = ""
    aws_s3_region: str = "us-east-1"
    aws_s3_endpoint_url: str = ""
    aws_s3_public_url: str = ""
    aws_s3_direct_upload: Literal["auto", "post", "put", "off"] = "auto"
    aws_checksum_algorithm: Literal["", "sha256", "crc64nvme"] = ""
    aws_cloudfront_key_id: str = ""
    aws_cloudfront_private_key: SecretStr = SecretStr("")  # PEM text, or the path of a file with it
    cloudinary_cloud_name: str = ""
    cloudinary_api_key: str = ""
    cloudinary_api_secret: SecretStr = SecretStr("")
    cloudinary_api_base: str = ""  # empty: Cloudinary's own hosts

    # --- AI images
    image_providers: Annotated[tuple[ImageProviderName, ...], NoDecode] = ()
    image_catalogue: Path | None = None  # a file of models over the one that comes with the product
    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = OPENAI_URL
    openai_image_model: str = "gpt-image-2.5-flare"
    stability_api_key: SecretStr = SecretStr("")
    stability_base_url: str = STABILITY_URL
    replicate_api_token: SecretStr = SecretStr("")
    replicate_base_url: str = REPLICATE_URL
    automatic1111_url: str = ""
    comfyui_url: str = ""
    comfyui_checkpoint: str = "sd_xl_base_1.0.safetensors"
    comfyui_workflow: Path | None = None  # in API format; empty: the one that comes with the product
    blocked_prompt_words: Annotated[tuple[str, ...], NoDecode] = ()  # whole words, or several in a row
    blocked_prompt_words_file: Path | None = None  # more of them, one a line, # before a remark

    # --- where AI images come from: signed manifests (C2PA) with a certificate
    c2pa_certificate: str = ""  # PEM text, the own one before those that vouch for it, or a path
    c2pa_private_key: SecretStr = SecretStr("")  # PEM text, or the path of a file with it
    c2pa_signing_alg: Literal["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"] = "es256"
    c2pa_timestamp_url: str = ""  # empty: nobody is asked for the time

    # --- what AI images cost a business, in USD
    free_ai_images_per_month: int = Field(default=3, ge=0, le=1_000_000)
    free_ai_businesses_per_user: int = Field(default=30, ge=1, le=1_000_000)
    extra_ai_image_price: Decimal = Field(default=Decimal("0.10"), ge=0, le=10_000, decimal_places=6)

    # --- Meta
    meta_app_id: str = ""
    meta_app_secret: SecretStr = SecretStr("")
    meta_instagram_app_id: str = ""  # of Instagram Login: not the one of the Meta app
    meta_instagram_app_secret: SecretStr = SecretStr("")
    meta_login_config_id: str = ""  # of Facebook Login for Business; it names the permissions itself
    meta_extra_permissions: Annotated[tuple[str, ...], NoDecode] = ()  # asked for besides the needed ones
    meta_webhook_verify_token: SecretStr = SecretStr("")  # empty: no webhooks
    meta_graph_url: str = "https://graph.facebook.com"
    meta_instagram_graph_url: str = "https://graph.instagram.com"
    meta_dialog_url: str = "https://www.facebook.com"
    meta_instagram_dialog_url: str = "https://www.instagram.com"
    meta_instagram_token_url: str = "https://api.instagram.com"
    meta_graph_version: str = "v26.0"

    # --- publishing
    publish_settle_after: timedelta = timedelta(seconds=60)  # given as a number of seconds
    publish_hold_accounts: int = Field(default=3, ge=2, le=1_000_000)  # in trouble before all are held
    publish_hold_pause: timedelta = timedelta(seconds=60)
    media_reachability: Literal["auto", "strict", "lenient"] = "auto"

    # --- practice mode
    practice_mode: Literal["auto", "on", "off"] = "auto"
    practice_url: str = ""  # empty: the simulators run inside this process
    practice_key: SecretStr = SecretStr("")  # needed with practice_url

    # --- for the crash tests: the process kills itself when it reaches this point
    fault_point: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file, and in both an empty value means the default."""
        filled = (_Filled(settings_cls, source) for source in (env_settings, dotenv_settings))
        return init_settings, *filled

    @field_validator("image_providers", "extra_image_formats", "meta_extra_permissions", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("blocked_prompt_words", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        return [word.strip() for word in value.split(",")] if isinstance(value, str) else value

    @field_validator("publish_settle_after", "publish_hold_pause", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 3600:
            raise ValueError("Give a number of seconds, at most 3600.")
        return timedelta(seconds=seconds)

    @field_validator("aws_checksum_algorithm", "c2pa_signing_alg", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator(
        "cloudinary_api_base",
        "public_base_url",
        "meta_graph_url",
        "meta_instagram_graph_url",
        "meta_dialog_url",
        "meta_instagram_dialog_url",
        "meta_instagram_token_url",
        "practice_url",
        "openai_base_url",
        "stability_base_url",
        "replicate_base_url",
        "automatic1111_url",
        "comfyui_url",
    )
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        if missing := self.missing_for_storage(self.storage_provider):
            problems.append(f"STORAGE_PROVIDER={self.storage_provider} also needs {', '.join(missing)}.")
        if self.aws_cloudfront_key_id or self.aws_cloudfront_private_key.get_secret_value():
            missing = [
                name
                for name, value in {
                    "AWS_CLOUDFRONT_KEY_ID": self.aws_cloudfront_key_id,
                    "AWS_CLOUDFRONT_PRIVATE_KEY": self.aws_cloudfront_private_key.get_secret_value(),
                    "AWS_S3_PUBLIC_URL": self.aws_s3_public_url,
                }.items()
                if not value
            ]
            if missing:
                problems.append(f"URLs signed for CloudFront also need {', '.join(missing)}.")
        for name, needed in self._image_provider_keys.items():
            if name in self.image_providers and not needed[1]:
                problems.append(f"IMAGE_PROVIDERS names {name}, so {needed[0]} is needed.")
        if "practice" in self.image_providers and self.practice_mode == "off":
            problems.append("IMAGE_PROVIDERS names practice, but PRACTICE_MODE is off.")
        if self.practice_url and not self.practice_key.get_secret_value():
            problems.append("PRACTICE_URL needs PRACTICE_KEY, the key that the simulators were started with.")
        if bool(self.c2pa_certificate) != bool(self.c2pa_private_key.get_secret_value()):
            problems.append("C2PA_CERTIFICATE and C2PA_PRIVATE_KEY go together: set both, or none.")
        for app_id, app_secret, name in (
            (self.meta_app_id, self.meta_app_secret, "META_APP"),
            (self.meta_instagram_app_id, self.meta_instagram_app_secret, "META_INSTAGRAM_APP"),
        ):
            if app_secret.get_secret_value() and not app_id:
                problems.append(f"{name}_SECRET needs {name}_ID, the app that it belongs to.")
        if self.c2pa_timestamp_url and not self.c2pa_timestamp_url.startswith(("http://", "https://")):
            problems.append("C2PA_TIMESTAMP_URL must be an http:// or https:// address.")
        if self.redis_address and not _is_redis(self.redis_address):
            problems.append("REDIS_URL must be an address such as redis://host:6379/0, or empty.")
        if self.environment == "production":
            if self.practice_mode == "on" or "practice" in self.image_providers:
                problems.append("Practice mode is not for production: leave PRACTICE_MODE unset or off.")
            if len(self.secret_key.get_secret_value()) < SHORTEST_SECRET:
                problems.append("SECRET_KEY must be set in production, to 32 random characters or more.")
            if not self.public_base_url.startswith("https://"):
                problems.append("PUBLIC_BASE_URL must be set in production, to an https:// address.")
        if problems:
            raise ValueError(" ".join(problems))
        return self

    def missing_for_storage(self, provider: StorageProviderName) -> list[str]:
        """The settings without which this store is not set up."""
        needed = {
            "local": {},
            "s3": {
                "AWS_S3_BUCKET": self.aws_s3_bucket,
                "AWS_ACCESS_KEY_ID": self.aws_access_key_id,
                "AWS_SECRET_ACCESS_KEY": self.aws_secret_access_key.get_secret_value(),
            },
            "cloudinary": {
                "CLOUDINARY_CLOUD_NAME": self.cloudinary_cloud_name,
                "CLOUDINARY_API_KEY": self.cloudinary_api_key,
                "CLOUDINARY_API_SECRET": self.cloudinary_api_secret.get_secret_value(),
            },
        }
        return [name for name, value in needed[provider].items() if not value]

    @property
    def cloudfront_private_key(self) -> str:
        """The PEM text, read from its file where the setting is a path. Raises ValueError when that can't be
        read."""
        return _pem(self.aws_cloudfront_private_key.get_secret_value(), "AWS_CLOUDFRONT_PRIVATE_KEY")

    def read_c2pa(self) -> tuple[str, str] | None:
        """The certificate and the key as PEM text; None when they are not set. Raises ValueError when a file
        can't be read."""
        if not self.c2pa_certificate:
            return None
        key = _pem(self.c2pa_private_key.get_secret_value(), "C2PA_PRIVATE_KEY")
        return _pem(self.c2pa_certificate, "C2PA_CERTIFICATE"), key

    def read_blocked_words(self) -> list[str]:
        """Every word that no prompt may have. Raises ValueError when the file can't be read."""
        if self.blocked_prompt_words_file is None:
            return list(self.blocked_prompt_words)
        try:
            lines = self.blocked_prompt_words_file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, ValueError) as error:
            raise ValueError("BLOCKED_PROMPT_WORDS_FILE names a file that can't be read as UTF-8.") from error
        return [*self.blocked_prompt_words, *(line.partition("#")[0] for line in lines)]

    @property
    def is_production(self) -> bool:
        """True where nothing may be practice."""
        return self.environment == "production"

    @property
    def is_meta_practice(self) -> bool:
        """Whether new businesses get practice channels."""
        if self.practice_mode == "auto":
            return not self.is_production and not self.meta_app_id
        return self.practice_mode == "on"

    @property
    def is_practice(self) -> bool:
        """Whether any part of the product is practice."""
        return self.is_meta_practice or "practice" in self.active_image_providers

    @property
    def active_image_providers(self) -> tuple[str, ...]:
        """Providers in order of preference; the first is the default."""
        if self.image_providers:
            return self.image_providers
        real = tuple(name for name, needed in self._image_provider_keys.items() if needed[1])
        if self.practice_mode == "on" or (
            self.practice_mode == "auto" and not self.is_production and not real
        ):
            return (*real, "practice")
        return real

    @property
    def _image_provider_keys(self) -> Mapping[str, tuple[str, str]]:
        """Without which setting a provider can't be used, and its value."""
        return {
            "openai": ("OPENAI_API_KEY", self.openai_api_key.get_secret_value()),
            "stability": ("STABILITY_API_KEY", self.stability_api_key.get_secret_value()),
            "replicate": ("REPLICATE_API_TOKEN", self.replicate_api_token.get_secret_value()),
            "automatic1111": ("AUTOMATIC1111_URL", self.automatic1111_url),
            "comfyui": ("COMFYUI_URL", self.comfyui_url),
        }

    @property
    def public_url(self) -> str:
        """How the world reaches this server, without a trailing slash."""
        return self.public_base_url or f"http://localhost:{self.port}"

    @property
    def loopback_url(self) -> str:
        """How this machine reaches this server: what the simulators use."""
        is_any = self.host in ("", "0.0.0.0", "localhost")  # noqa: S104 -- compared, not bound
        host = "127.0.0.1" if is_any else self.host
        host = "[::1]" if host == "::" else f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}"

    @property
    def practice_site_url(self) -> str:
        """Where a person's browser finds the simulators, without a trailing slash."""
        return self.practice_url or f"{self.public_url}/practice"

    @property
    def practice_base_url(self) -> str:
        """Where the simulators answer: `…/graph`, `…/openai/v1`, `…/control`."""
        return self.practice_url or f"{self.loopback_url}/practice"

    @property
    def redis_address(self) -> str:
        """The address of the shared Redis or Valkey, by the scheme that clients of both read."""
        given = self.redis_url.get_secret_value()
        return f"redis{given.removeprefix('valkey')}" if given.startswith("valkey") else given

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address with the async driver named."""
        if not self.database_url:
            return f"sqlite+aiosqlite:///{(self.data_dir / 'aigrowth.db').absolute()}"
        for prefix in ("postgresql+asyncpg://", "sqlite+aiosqlite://"):
            if self.database_url.startswith(prefix):
                return self.database_url
        for prefix in ("postgresql://", "postgres://"):
            if self.database_url.startswith(prefix):
                return "postgresql+asyncpg://" + self.database_url.removeprefix(prefix)
        raise ValueError(
            "DATABASE_URL must start with postgresql:// (or be empty for the embedded database)."
        )

    @cached_property
    def signing_key(self) -> bytes:
        """The secret behind signed URLs and encrypted tokens, made and kept on first use when not set."""
        return self.read_secrets()[0]

    @cached_property
    def earlier_keys(self) -> tuple[bytes, ...]:
        """Secrets from before a rotation, which still open and prove what was made with them."""
        return self.read_secrets()[1:]

    @property
    def secret_path(self) -> Path:
        """Where the secrets are kept that were made here: the current one in the first line."""
        return self.data_dir / "secret.key"

    def read_secrets(self) -> tuple[bytes, ...]:
        """The current secret, then earlier ones, as they are now. Raises ValueError for a damaged file."""
        given = self.secret_key.get_secret_value()
        if given:
            previous = self.secret_key_previous.get_secret_value()
            return (given.encode(), *([previous.encode()] if previous and previous != given else []))
        if not self.secret_path.exists():
            self._make_secret(self.secret_path)
        secrets_kept = tuple(self.secret_path.read_bytes().split())
        if not secrets_kept or min(map(len, secrets_kept)) < SHORTEST_SECRET:
            raise ValueError(
                f"{self.secret_path} is damaged. Put it back from a backup, or remove it and connect every "
                "channel again."
            )
        return secrets_kept

    def write_secrets(self, kept: Sequence[bytes]) -> None:
        """Put these into the file, the current one first. It is whole at every moment."""
        candidate = self._write_candidate(b"\n".join(kept))
        candidate.replace(self.secret_path)
        self._sync_folder()

    def _make_secret(self, path: Path) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        candidate = self._write_candidate(new_secret())
        # A hard link refuses to replace: of two processes that start together, one secret wins.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(candidate)
        candidate.unlink()
        self._sync_folder()

    def _write_candidate(self, content: bytes) -> Path:
        candidate = self.data_dir / f"secret.key.{secrets.token_hex(4)}"
        with open(os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            # On disk before anything is signed with it: a power cut must not leave an empty one.
            os.fsync(file.fileno())
        return candidate

    def _sync_folder(self) -> None:
        folder = os.open(self.data_dir, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def with_port(self, port: int) -> Settings:
        """The same settings on the port that was really bound."""
        return self.model_copy(update={"port": port})


def new_secret() -> bytes:
    """A secret of 384 random bits."""
    return secrets.token_urlsafe(48).encode()


def _pem(given: str, setting: str) -> str:
    """PEM text, from its file where the setting is a path. Raises ValueError when that can't be read."""
    if "-----BEGIN" in given:
        # A line of an environment file has no line breaks of its own.
        return given.replace("\\n", "\n")
    try:
        return Path(given).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ValueError(f"{setting} names a file that can't be read.") from error


class _Filled(PydanticBaseSettingsSource):
    """Another source without the values that were left empty."""

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """As the other source has it."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in self._source().items() if value != "" or name in _MAY_BE_EMPTY}


def describe_problems(error: Exception) -> str:
    """What is wrong with the settings, one line each, without the values that were given."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in problem["loc"]).upper()
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {message}" if name else message)
    return "\n".join(lines)


def _is_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
