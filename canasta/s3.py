"""S3, or whatever speaks its protocol: the one module that knows boto3 and s3fs.

s3fs lists and reads; boto3 writes, on conditions by which two writers cannot both win.
Credentials, region and AWS_ENDPOINT_URL are read from the environment by both, as AWS defines
them (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

from canasta.errors import AccessDenied, LakeUnreachable, SettingsError


@dataclass(frozen=True)
class Patience:
    """How long a request may take.

    Attributes:
        connect_s, read_s: time-outs of one attempt, in seconds.
        attempts: of one request, with botocore's backoff, where asking again can help.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    attempts: int = 4


PATIENT = Patience()
"""Of a run, which has nothing else to do than wait."""

REFUSED = frozenset(
    {
        "403", "AccessDenied", "AllAccessDisabled", "ExpiredToken", "Forbidden",
        "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch",
    }
)  # fmt: skip
"""Error codes that speak of credentials."""
DENIED = "AccessDenied"
"""The one that speaks of what known credentials may do; a bare 403 may mean any."""
MISCONFIGURED = frozenset(
    {
        "ConfigNotFound", "ConfigParseError", "InvalidConfigError", "InvalidRegionError",
        "NoRegionError", "ProfileNotFound", "ValueError",
    }
)  # fmt: skip
"""Errors that no later run mends: a setting of AWS's is wrong."""


def is_s3(url: str) -> bool:
    """Tell whether `url` names a place on S3."""
    return url.startswith("s3://")


def split(url: str) -> tuple[str, str]:
    """Return the bucket and the prefix of an `s3://bucket/prefix` URL, the latter perhaps empty."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return bucket, prefix.strip("/")


def files(url: str) -> Any:
    """Return the s3fs filesystem that reads and lists what lies under `url`.

    Its listings are never cached, since others write too, nor is it itself, since the environment
    that it reads may have changed.
    """
    import s3fs

    with answering(url):
        opened = s3fs.S3FileSystem(
            skip_instance_cache=True,
            use_listings_cache=False,
            config_kwargs=_configuration(PATIENT),
        )
    opened.retries = 1  # botocore tries again already: the two would multiply
    return opened


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Turn what goes wrong between us and S3 into one error that says what to do.

    Raises:
        LakeUnreachable: it does not answer, refuses the credentials, or has no such bucket.
        FileNotFoundError: there is no such object; let through.
    """
    try:
        yield
    except FileNotFoundError as error:
        if _code(error) != "NoSuchBucket":
            raise
        raise _unreachable(url, error) from error
    except failures() as error:
        raise _unreachable(url, error) from error


def failures() -> tuple[type[Exception], ...]:
    """Return what the libraries raise when something goes wrong, OSError among it."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    # ValueError is botocore's for an address or a region that is none, or a date in an answer.
    return OSError, ValueError, Boto3Error, BotoCoreError, ClientError, ResponseParserError


@dataclass(frozen=True)
class Held:
    """An object as it stands: content, the tag of this state, and its age by S3's own clock."""

    content: bytes
    tag: str
    age_s: float


class Bucket:
    """Objects under an `s3://bucket/prefix` URL, through boto3 alone.

    Every method raises LakeUnreachable when S3 does not answer or refuses. The connections are
    made by the first request: whoever forks does it before.

    Args:
        url: the place.
        patience: how long each request may take.
    """

    def __init__(self, url: str, patience: Patience = PATIENT) -> None:
        self.url = url
        self._patience = patience
        self._name, self._prefix = split(url)

    def create(self, key: str, content: bytes) -> str | None:
        """Store an object where there is none; return its tag, or None where there is one."""
        return self._put(key, content, IfNoneMatch="*")

    def swap(self, key: str, content: bytes, tag: str) -> str | None:
        """Replace the object whose tag is still `tag`; return the new tag, None if it is not."""
        return self._put(key, content, IfMatch=tag)

    def put(self, key: str, content: bytes) -> None:
        """Store an object over what may be there."""
        self._put(key, content)

    def look(self, key: str) -> Held | None:
        """Return the object as it stands now; None where there is none."""
        return self._get(key)

    def read(self, key: str) -> bytes:
        """Return the object under `key`.

        Raises:
            KeyError: there is none.
            AccessDenied: it is refused. Who may not list the bucket is told the same of an object
                that is missing.
        """
        held = self.look(key)
        if held is None:
            raise KeyError(key)
        return held.content

    def newer(self, key: str, known: str | None) -> Held | None:
        """Return the object as it stands now; None where its tag is still `known`.

        Raises:
            KeyError: there is none.
        """
        condition = {} if known is None else {"IfNoneMatch": known}
        try:
            held = self._get(key, **condition)
        except LakeUnreachable as error:
            if _status(error.__cause__) == HTTPStatus.NOT_MODIFIED:
                return None
            raise
        if held is None:
            raise KeyError(key)
        return held

    def _get(self, key: str, **condition: str) -> Held | None:
        try:
            with answering(self.url):
                found = self._client.get_object(Bucket=self._name, Key=self._path(key), **condition)
                content = found["Body"].read()
        except LakeUnreachable as error:
            if _code(error.__cause__) == "NoSuchKey":
                return None
            raise
        try:
            return _held(content, found)
        except (KeyError, TypeError, ValueError) as error:
            raise _unreachable(self.url, error) from error

    def _put(self, key: str, content: bytes, **condition: str) -> str | None:
        try:
            with answering(self.url):
                done = self._client.put_object(
                    Bucket=self._name, Key=self._path(key), Body=content, **condition
                )
        except LakeUnreachable as error:
            # The condition does not hold; or another conditional write is under way: it wins.
            if _status(error.__cause__) in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT):
                return None
            raise
        return cast("str", done["ETag"])

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        with answering(self.url):
            session = boto3.session.Session()
            return session.client("s3", config=Config(**_configuration(self._patience)))

    def _path(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key


def _held(content: bytes, found: dict[str, Any]) -> Held:
    now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
    return Held(content, found["ETag"], (now - found["LastModified"]).total_seconds())


def _configuration(patience: Patience) -> dict[str, Any]:
    """Return botocore's settings.

    Raises:
        SettingsError: AWS_ENDPOINT_URL is no http or https URL.
    """
    _check_endpoint()
    return {
        "connect_timeout": patience.connect_s,
        "read_timeout": patience.read_s,
        "retries": {"mode": "standard", "total_max_attempts": patience.attempts},
        **_compatibility(),
    }


def _check_endpoint() -> None:
    if not _endpoint():
        return
    try:
        parts = urlsplit(_endpoint())
        sound = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        sound = None
    if not sound:
        raise SettingsError(
            "Expected AWS_ENDPOINT_URL to be an http or https URL, such as "
            "http://127.0.0.1:8333; correct it, or leave it out for AWS."
        )


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")


def _compatibility() -> dict[str, Any]:
    """Return the settings that other servers than AWS's need."""
    if not _endpoint():
        return {}
    # Their buckets have no host names of their own, and few know the newer checksums.
    return {
        "s3": {"addressing_style": "path"},
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }


def _unreachable(url: str, error: BaseException) -> LakeUnreachable:
    code = _code(error)
    what = code or type(error).__name__
    where = f" at {_without_secrets(_endpoint())}" if _endpoint() else ""
    if code == "NoSuchBucket":
        return LakeUnreachable(
            f"There is no bucket {split(url)[0]!r}{where}. Create it, or correct LAKE_URL={url}."
        )
    if code in REFUSED or isinstance(error, PermissionError):
        kind = AccessDenied if code == DENIED else LakeUnreachable
        return kind(
            f"{url}{where} refuses the credentials ({what}). Check AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), that a session token is fresh, and that they "
            "may list, read and write there."
        )
    if code == "RequestTimeTooSkewed":
        return LakeUnreachable(f"{url}{where} finds this machine's clock wrong. Set the clock.")
    if what in MISCONFIGURED:
        return LakeUnreachable(
            f"{url} cannot be reached as AWS's settings stand ({what}). Check AWS_PROFILE, "
            "AWS_DEFAULT_REGION and the files under ~/.aws."
        )
    if what in ("NoCredentialsError", "PartialCredentialsError"):
        return LakeUnreachable(
            f"{url} needs credentials and none were found. Set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
        )
    return LakeUnreachable(
        f"{url}{where} gave no answer that can be used ({what}). Nothing stored is lost: run "
        "again when it answers, or check LAKE_URL and AWS_ENDPOINT_URL."
    )


def _code(error: BaseException | None) -> str:
    """Return S3's error code, that of the error behind it where s3fs translated it, or ""."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
        error = error.__cause__
    return ""


def _status(error: BaseException | None) -> int:
    response = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
