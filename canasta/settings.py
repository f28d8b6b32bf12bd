"""One typed settings object, read once from the environment and `.env` (the environment wins)."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from canasta.commodity import Commodity, Traits, load_commodity, load_traits
from canasta.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
SEED_LIMIT = 2**31
"""Seeds lie below it: what every library takes."""
FOREIGN_PREFIXES = ("AWS_", "PREFECT_", "MLFLOW_")
"""Keys of these libraries may stand in `.env`; they are handed on, not read here."""


def _is_local(value: object) -> object:
    if "://" in str(value):
        raise ValueError("expected a local folder, such as /srv/canasta/reports, got a URL")
    return value


type LocalFolder = Annotated[Path, BeforeValidator(_is_local)]


def _listed(value: object) -> object:
    return tuple(re.split(r"[,\s]+", value.strip(" ,\t"))) if isinstance(value, str) else value


def _is_digest(value: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", value.lower()):
        raise ValueError(
            "expected the SHA-256 of a key, 64 hex digits; make a key with `openssl rand -hex 32` "
            "and its hash with `printf %s <key> | sha256sum`"
        )
    return value.lower()


type Digest = Annotated[str, AfterValidator(_is_digest)]
"""The SHA-256 of a key."""

NO_LIMIT = "off"
DEFAULT_LIMIT = "600/minute"


class Settings(BaseModel):
    """What a run needs to know of its surroundings. Each field is the variable of that name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    commodity: str = "milk"
    lake_url: str = ""
    """A folder, `file:///folder` or `s3://bucket/prefix`; empty: see `lake`."""
    publication_url: str = ""
    """An https, http or file URL of a folder; empty: the simulated publisher."""
    publications: LocalFolder = ROOT / "data" / "publications"
    """Where the simulated publisher writes."""
    reports_dir: LocalFolder = ROOT / "reports"
    monitor_dir: LocalFolder = ROOT / "monitor"
    """Where watching keeps its archive, and messages wait."""
    mlflow_tracking_uri: str = f"sqlite:///{ROOT / 'data' / 'mlflow.db'}"
    mlflow_artifact_root: str = str(ROOT / "data" / "mlartifacts")
    prefect_home: LocalFolder = ROOT / "data" / "prefect"
    max_evals: Annotated[int, Field(ge=1)] = 25
    """Hyperopt evaluations for each algorithm."""
    tuning_seconds: Annotated[int, Field(ge=0)] = 0
    """Time limit of one algorithm's search; 0 is none. With a limit, runs may differ."""
    seed: Annotated[int, Field(ge=0, lt=SEED_LIMIT)] = 1
    retrain_every: Annotated[int, Field(ge=1)] = 10
    """Publications between two searches."""
    lock_ttl_s: Annotated[int, Field(ge=5)] = 120
    """Seconds after which the lease on a lake on S3 may be taken over from a run that died."""
    host: str = "127.0.0.1"
    """Address that the API listens at."""
    port: Annotated[int, Field(ge=1, le=65535)] = 9696
    workers: Annotated[int, Field(ge=1)] = 2
    """Processes that answer."""
    threads: Annotated[int, Field(ge=1)] = 4
    """Threads in each of them."""
    auth: Literal["key", "open"] = "key"
    """Whether the API asks for a key."""
    api_key_hashes: Annotated[tuple[Digest, ...], BeforeValidator(_listed)] = ()
    """Of the keys that may ask; several, so that they can be changed one after the other."""
    admin_key_hash: Digest | None = None
    """Of the key that may reload; without one, nobody may."""
    rate_limit: str = ""
    """Requests that a key, or an address, may send; see `limit`."""
    rate_limit_storage: str = "memory://"
    """Where they are counted."""
    telegram_bot_token: SecretStr = SecretStr("")
    """Of the bot that tells people; empty: what it would say goes to the log."""
    telegram_chat_id: str = ""
    """Where it writes: a chat's number, or the @name of a channel; empty: see above."""
    telegram_api_url: str = "https://api.telegram.org"
    telegram_allowed_chats: Annotated[tuple[int, ...], BeforeValidator(_listed)] = ()
    """Chats whose questions the bot answers; it leaves all others without an answer."""

    @field_validator("telegram_bot_token")
    @classmethod
    def _is_a_token(cls, token: SecretStr) -> SecretStr:
        if token and not re.fullmatch(r"[0-9]+:[\w-]+", token.get_secret_value(), re.ASCII):
            raise ValueError("expected what @BotFather gave, digits, a colon, letters")
        return token

    @field_validator("telegram_chat_id")
    @classmethod
    def _is_a_chat(cls, chat: str) -> str:
        if chat and not re.fullmatch(r"-?[0-9]+|@\w+", chat, re.ASCII):
            raise ValueError("expected a chat's number, such as -1001234567890, or @channel")
        return chat

    @field_validator("telegram_api_url")
    @classmethod
    def _can_be_asked(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", url):
            raise ValueError("expected an https or http URL, without user, ? or #")
        return url.rstrip("/")

    @field_validator("lake_url")
    @classmethod
    def _can_hold_a_lake(cls, url: str) -> str:
        is_folder = "://" not in url and "::" not in url  # which fsspec chains URLs with
        is_bucket = url.startswith("s3://")
        if is_bucket and not _PLACE_ON_S3.fullmatch(url):
            raise ValueError(
                "expected s3://bucket/prefix, the prefix of letters, digits and . _ - = + without "
                "empty or dotted parts"
            )
        if not (is_folder or is_bucket or _is_file_url(url)):
            raise ValueError(
                "expected a folder, file:///folder or s3://bucket/prefix, got another kind of URL"
            )
        return url

    @field_validator("publication_url")
    @classmethod
    def _can_be_fetched(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            is_web = parts.scheme in ("http", "https") and parts.hostname
        except ValueError:
            is_web = False
        if is_web and (parts.query or parts.fragment):
            raise ValueError("expected the URL of a folder, without ? or #")
        if url and not (is_web or _is_file_url(url)):
            raise ValueError(
                "expected the https, http or file URL of a folder; "
                "write a local folder as file:///folder"
            )
        return url

    @field_validator("rate_limit")
    @classmethod
    def _is_a_limit(cls, limit: str) -> str:
        if limit not in ("", NO_LIMIT) and not _LIMIT.fullmatch(limit):
            raise ValueError(
                f"expected such as {DEFAULT_LIMIT}, by second, minute, hour or day, or {NO_LIMIT}"
            )
        return limit

    @field_validator("rate_limit_storage")
    @classmethod
    def _can_count(cls, url: str) -> str:
        if not re.fullmatch(r"memory://|rediss?://\S+", url):
            raise ValueError("expected memory:// or redis://host:port/number")
        return url

    @property
    def is_loopback(self) -> bool:
        """Whether the API can be reached from this machine alone."""
        return _is_loopback(self.host)

    @property
    def telegram_is_loopback(self) -> bool:
        """Whether TELEGRAM_API_URL names this machine: no chat of anybody's is reached by it."""
        return _is_loopback(urlsplit(self.telegram_api_url).hostname or "")

    @property
    def address(self) -> str:
        """Where the API listens, as host:port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def limit(self) -> str | None:
        """Requests that a key, or an address, may send, such as 600/minute; None: any number.

        Where RATE_LIMIT says nothing, none on a loopback address, else DEFAULT_LIMIT. In Lambda,
        HOST is not set, and the stage of the API Gateway limits.
        """
        default = NO_LIMIT if self.is_loopback else DEFAULT_LIMIT
        limit = self.rate_limit or default
        return None if limit == NO_LIMIT else limit

    @property
    def simulated(self) -> bool:
        """Whether publications come from the simulated publisher by default."""
        return not self.publication_url

    @property
    def source_url(self) -> str:
        """The folder of publications that a run reads, as a URL."""
        return self.publication_url or self.publications.resolve().as_uri()

    @property
    def lake(self) -> str:
        """The lake's URL or folder: LAKE_URL, or the default for this kind of source."""
        default = ROOT / "data" / ("lake-simulated" if self.simulated else "lake")
        return self.lake_url or str(default)

    def load_commodity(self) -> Commodity:
        """Read the file of the commodity that COMMODITY names."""
        return load_commodity(self.commodity)

    def load_traits(self) -> Traits:
        """Read what serving needs of the file of the commodity that COMMODITY names."""
        return load_traits(self.commodity)

    def today(self) -> date:
        """Return today's date in the commodity's time zone."""
        return datetime.now(self.load_commodity().time_zone).date()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_PLACE_ON_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/(?!\.\.?(/|$))[\w.=+-]+)*/?", re.ASCII)
"""What s3fs, boto3 and every server take for the same place, whatever they escape."""


_LIMIT = re.compile(r"[1-9]\d{0,8}/(second|minute|hour|day)", re.ASCII)


def _is_file_url(url: str) -> bool:
    # In file://folder the folder would be a host.
    return url.startswith("file:///")


def read_settings(
    environment: Mapping[str, str] | None = None, dotenv: Path = ROOT / ".env"
) -> Settings:
    """Read the settings from `environment` (the process's by default) over `dotenv`.

    An empty value counts as not given. Values of foreign keys in `dotenv` (AWS_*, PREFECT_*,
    MLFLOW_*) are put into the process's environment where it lacks them, for the libraries
    that read them there.

    Raises:
        SettingsError: a value is malformed, or `dotenv` holds a key that is neither ours nor
            one of FOREIGN_PREFIXES.
    """
    given = os.environ if environment is None else environment
    stored = {key: value or "" for key, value in dotenv_values(dotenv).items()}
    names = {field.upper(): field for field in Settings.model_fields}
    for key in stored:
        if key not in names and not key.startswith(FOREIGN_PREFIXES):
            raise SettingsError(
                f"{dotenv} holds {key}, which is no setting of Canasta's. "
                "Known settings stand in .env.example; correct or remove that line."
            )
    merged = {**stored, **given}
    values = {field: merged[name] for name, field in names.items() if merged.get(name)}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{str(problem['loc'][0]).upper()}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
        raise SettingsError(f"A setting cannot be used. {problems}.") from None
    if environment is None:
        for key, value in stored.items():
            if key not in names and value:
                os.environ.setdefault(key, value)
    return settings
