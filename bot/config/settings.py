"""Settings: one frozen value from the environment and `.env`, with all errors at once. Nothing else reads these."""

import ipaddress
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from obstore.store import ObjectStore
from pydantic import (
    AnyHttpUrl,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.config import api_keys
from bot.config.api_keys import API_DEFAULTS, AccountSettings, ApiKey, parse_keys
from bot.config.cluster import BucketSettings, ClusterSettings
from storage.bucket import Bucket, open_objects

OnOff = Literal["on", "off"]
Kind = TypeVar("Kind", bound=BaseSettings)
STYLIZER_PREFIX = "stylizer"  # below the bucket's own prefix, beside the bot's pictures


class InvalidSettings(Exception):
    """Some settings are wrong; the message names each and what is wrong with it, but shows no value."""


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _without_version(value: object) -> object:
    """Discord's API URL without `/v10`, which its documentation includes and the library adds."""
    return re.sub(r"/v\d+/*$", "", value.rstrip("/")) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


def _packages(value: object) -> object:
    """`10:50,50:200`: pairs of units and Stars."""
    if not isinstance(value, str):
        return value
    pairs = [part.split(":") for part in value.split(",") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("write each as images:stars, such as 10:50,50:200")
    return tuple((pair[0].strip(), pair[1].strip()) for pair in pairs)


Packages = Annotated[
    tuple[tuple[Annotated[int, Field(ge=1, le=10_000)], Annotated[int, Field(ge=1, le=10_000)]], ...],
    NoDecode,
    BeforeValidator(_packages),
]


class Settings(ClusterSettings):
    """Every setting of an installation; `.env.example` explains each."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    public_url: AnyHttpUrl | None = None  # before those whose validators read it
    telegram_bot_token: SecretStr | None = None
    telegram_api_url: AnyHttpUrl = AnyHttpUrl("https://api.telegram.org")
    telegram_webhook: OnOff = "off"
    discord_bot_token: SecretStr | None = None
    discord_api_url: Annotated[AnyHttpUrl, BeforeValidator(_without_version)] = AnyHttpUrl("https://discord.com/api")
    discord_webhook: OnOff = "off"
    dashscope_base_url: api_keys.BaseUrl = API_DEFAULTS.base_url
    dashscope_workspace: api_keys.Workspace | None = API_DEFAULTS.workspace
    dashscope_model: api_keys.ModelName = API_DEFAULTS.model
    dashscope_price_cny: api_keys.PriceCny = API_DEFAULTS.price_cny
    dashscope_max_running: api_keys.MaxRunning = API_DEFAULTS.max_running
    dashscope_submits_per_second: api_keys.SubmitsPerSecond = API_DEFAULTS.submits_per_second
    dashscope_queries_per_second: api_keys.QueriesPerSecond = API_DEFAULTS.queries_per_second
    dashscope_prefetch: api_keys.Prefetch = API_DEFAULTS.prefetch
    dashscope_free_images: api_keys.FreeImages = API_DEFAULTS.free_images
    dashscope_api_key: Annotated[tuple[ApiKey, ...], NoDecode] = ()  # after those that hold for every key
    dashscope_events_secret: SecretStr | None = Field(default=None, min_length=16, max_length=200)
    photo_links: Literal["auto", "signed", "bucket", "inline", "upload"] = "auto"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    daily_free_images: int = Field(default=20, ge=0)
    max_queued_per_person: int = Field(default=5, ge=1)
    messages_per_minute: int = Field(default=60, ge=1, le=1_000_000)
    face_required: OnOff = "off"
    monthly_budget_cny: Decimal | None = Field(default=None, ge=0)
    original_hours: float = Field(default=24, gt=0, le=24 * 365)
    result_days: float = Field(default=30, gt=0, le=36_500)
    admins: Names = ()
    stars_packages: Packages = ()
    web_chat: OnOff | None = None
    stylizer_workers: int = Field(default=1, ge=1, le=64)
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"

    @field_validator("telegram_webhook", "discord_webhook")
    @classmethod
    def _needs_an_address(cls, value: str, others: ValidationInfo) -> str:
        if value == "on" and others.data.get("public_url", ...) is None:
            raise ValueError("'on' needs PUBLIC_URL, the address at which this machine can be reached")
        return value

    @field_validator("photo_links")
    @classmethod
    def _needs_a_place(cls, value: str, others: ValidationInfo) -> str:
        has_bucket = others.data.get("photo_store", ...) is not None
        if value == "signed" and others.data.get("public_url", ...) is None and not has_bucket:
            raise ValueError("'signed' needs PUBLIC_URL, the address of this machine, or a bucket as PHOTO_STORE")
        if value == "bucket" and not has_bucket:
            raise ValueError("'bucket' needs a bucket as PHOTO_STORE")
        return value

    @field_validator("dashscope_api_key", mode="before")
    @classmethod
    def _with_settings_of_its_own(cls, value: object, others: ValidationInfo) -> object:
        if isinstance(value, list | tuple):  # from a program: one text for each key
            value = ",".join(one.get_secret_value() if isinstance(one, SecretStr) else str(one) for one in value)
        if not isinstance(value, str):
            return value
        named = {name: others.data.get(f"dashscope_{name}") for name in AccountSettings.model_fields}
        return parse_keys(value, {name: given for name, given in named.items() if given is not None})

    @field_validator("dashscope_events_secret")
    @classmethod
    def _fits_into_a_path(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and re.fullmatch(r"[A-Za-z0-9_-]+", secret.get_secret_value()) is None:
            raise ValueError("it is a part of an address: plain letters, digits, - and _")
        return secret

    @field_validator("metrics_token")
    @classmethod
    def _token_fits_into_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not (token.get_secret_value().isascii() and token.get_secret_value().isprintable()):
            raise ValueError("a token is of plain letters, digits and signs")
        return token

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, to be removed from logs."""
        values = [getattr(self, name) for name in type(self).model_fields]
        words = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        keys = [one.key.get_secret_value() for one in self.dashscope_api_key]
        return (*words, *keys, *filter(None, [self.database_password]))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach us."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def has_web_chat(self) -> bool:
        """Whether to serve the chat page: only where strangers can't reach it, unless the owner has decided."""
        return self.is_loopback if self.web_chat is None else self.web_chat == "on"

    @property
    def link_kind(self) -> Literal["signed", "bucket", "inline", "upload"]:
        """How photos are made available to the API."""
        match self.photo_links:
            case "auto" if self.has_public_bucket:
                return "bucket"
            case "auto":
                return "inline" if self.public_url is None else "signed"
            case "signed":
                return "bucket" if self.public_url is None else "signed"
            case kind:
                return kind


class StandInSettings(BucketSettings):
    """The settings of `repaint stylizer`, from the same environment and `.env`: a machine that only paints needs none
    of the bot's."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    stylizer_database_url: SecretStr | None = None
    stylizer_faults: OnOff = "off"
    database_url: SecretStr | None = None

    @property
    def task_database(self) -> str | None:
        """The address of a database that several processes share, which is a secret; None: a file in the data
        folder."""
        url = self.stylizer_database_url or self.database_url
        return None if url is None else url.get_secret_value()

    @property
    def store(self) -> ObjectStore | None:
        """Where the stylizer's photos are; None: in the data folder."""
        return None if self.bucket is None else stylizer_bucket(self.bucket)

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, to be removed from logs."""
        values = [getattr(self, name) for name in type(self).model_fields]
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def stylizer_bucket(bucket: Bucket) -> ObjectStore:
    """The stylizer's part of a bucket."""
    return open_objects(replace(bucket, prefix="/".join(filter(None, (bucket.prefix, STYLIZER_PREFIX)))))


def load(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings of the bot.

    Raises:
        InvalidSettings: with one line for every setting that is wrong.
    """
    return read(Settings, env_file)


def read(kind: type[Kind], env_file: Path | None = Path(".env")) -> Kind:
    """Read the settings of this class. Raises InvalidSettings, as `load` does."""
    try:
        return kind(_env_file=env_file)
    except ValidationError as error:
        lines = [f"  {_name(problem['loc'])}: {problem['msg']}" for problem in error.errors(include_input=False)]
        raise InvalidSettings("\n".join(["These settings are wrong (see .env.example):", *lines])) from None


def _name(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "together"
