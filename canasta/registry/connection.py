"""The way to MLflow: quiet, without telemetry, and quick to say that it does not answer."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from canasta import s3
from canasta.errors import RegistryUnavailable, UnknownVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONNECT_SECONDS = 5
"""How long a database server may take to accept a connection."""

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # What it logs as an error, with its traceback, it raises as well.
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    # By default MLflow asks a server that is down eight times, up to two minutes each.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    # For whatever connection MLflow opens to PostgreSQL, which by default waits for minutes.
    "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
}
"""What MLflow, and a driver, read when they are imported and called; the user's own values win."""

_PARTS = re.compile(r"(?P<scheme>[^:/?#@]+://)(?P<account>[^@/?#]*@)?[^@?#]*(?P<query>\?[^@#]*)?")
"""A URI in which everybody takes the same for user, password and query."""


def connect(uri: str) -> MlflowClient:
    """Return a client of the MLflow at `uri`.

    MLflow is imported here, not at the top: it reads ENVIRONMENT at its import, and takes a
    second that only those who need it should pay.

    Raises:
        RegistryUnavailable: it does not answer.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    probe(uri)
    with warnings.catch_warnings():
        # mlflow.pyfunc warns, at its import, about a type hint of its own.
        warnings.filterwarnings("ignore", message=".*Any type hint is inferred as AnyType")
        import mlflow.pyfunc  # noqa: PLC0415 - see above
    with answering(uri):
        return mlflow.MlflowClient(tracking_uri=uri)


def is_server(uri: str) -> bool:
    """Tell whether `uri` is an MLflow server's, not a database's."""
    return uri.startswith(("http://", "https://"))


@contextmanager
def answering(uri: str) -> Iterator[None]:
    """Turn every failure of MLflow within the block into an error of ours.

    Raises:
        UnknownVersion: MLflow answers that something does not exist.
        RegistryUnavailable: any other failure of MLflow, its database, its server or the place
            of its artifacts.
    """
    try:
        yield
    except _failures() as error:
        if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
            what = _without_secrets(str(error), uri)
            raise UnknownVersion(f"MLflow at {without_password(uri)} answers: {what}") from error
        raise _unavailable(uri, error) from error


def probe(uri: str) -> None:
    """Look whether a database can be read, without MLflow, which would try for 100 seconds.

    A sqlite database's folder is made. An MLflow server is not asked.

    Raises:
        RegistryUnavailable: it cannot, or `uri` is ambiguous.
    """
    if not uri.startswith("sqlite:") and "@" in uri and not _PARTS.fullmatch(uri):
        raise RegistryUnavailable(
            f"MLFLOW_TRACKING_URI ({without_password(uri)}) cannot be read: write the signs "
            "@ : / ? # of user and password as %40 %3A %2F %3F %23, and run this again."
        )
    if is_server(uri):
        return
    try:
        _read_database(uri)
    except (SQLAlchemyError, ImportError, ValueError, OSError) as error:
        raise _unavailable(uri, error) from error


def without_password(uri: str) -> str:
    """Return `uri` without user, password and query; where these are not clear, its scheme."""
    if uri.startswith("sqlite:"):
        return uri
    parts = _PARTS.fullmatch(uri)
    if parts is None:
        return f"{uri.partition('://')[0]}://…" if "://" in uri else uri
    return _without_secrets(uri, uri)


def _without_secrets(text: str, uri: str) -> str:
    """Return the first line of `text` without what `uri` keeps to itself."""
    parts = _PARTS.fullmatch(uri)
    for secret in filter(None, parts.group("account", "query") if parts else ()):
        text = text.replace(secret, "")
    return text.split("\n", 1)[0]


def _unavailable(uri: str, error: Exception) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"MLflow at {without_password(uri)} cannot be used: {_without_secrets(str(error), uri)}. "
        "See that it runs, or correct MLFLOW_TRACKING_URI and MLFLOW_ARTIFACT_ROOT, and run this "
        "again."
    )


def _failures() -> tuple[type[Exception], ...]:
    # Artifacts travel by files, HTTP (requests' errors are OSErrors) or S3; a database may
    # lack its driver.
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - see `connect`

    return MlflowException, SQLAlchemyError, ImportError, *s3.failures()


def _read_database(uri: str) -> None:
    is_file = uri.startswith("sqlite:///")
    if is_file:
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    options = {} if is_file else {"connect_timeout": CONNECT_SECONDS}
    inspect(create_engine(uri, poolclass=NullPool, connect_args=options)).get_table_names()
