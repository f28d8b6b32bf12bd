"""The way to MLflow: quiet, without telemetry, and quick to say that it does not answer."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from canasta import s3
from canasta.errors import RegistryUnavailable, UnknownVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    # By default MLflow asks a server that is down eight times, up to two minutes each.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
"""What MLflow reads when it is imported and called; the user's own values win."""

CONNECT_SECONDS = 5
"""How long a database server may take to accept a connection."""


def connect(uri: str) -> MlflowClient:
    """Return a client of the MLflow at `uri`.

    MLflow is imported here, not at the top: it reads ENVIRONMENT at its import, and takes a
    second that only those who need it should pay.

    Raises:
        RegistryUnavailable: it does not answer.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        # mlflow.pyfunc warns, at its import, about a type hint of its own.
        warnings.filterwarnings("ignore", message=".*Any type hint is inferred as AnyType")
        import mlflow.pyfunc  # noqa: PLC0415 - see above
    with answering(uri):
        if not is_server(uri):
            _probe_database(uri)
        return mlflow.MlflowClient(tracking_uri=uri)


def is_server(uri: str) -> bool:
    """Tell whether `uri` is an MLflow server's, not a database's."""
    return urlsplit(uri).scheme in {"http", "https"}


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
        what = _without_password(str(error), uri).split("\n", 1)[0]
        if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
            raise UnknownVersion(f"MLflow at {without_password(uri)} answers: {what}") from error
        raise RegistryUnavailable(
            f"MLflow at {without_password(uri)} cannot be used: {what}. Start it (`make mlflow`) "
            "or correct MLFLOW_TRACKING_URI and MLFLOW_ARTIFACT_ROOT, and run this again."
        ) from error


def without_password(uri: str) -> str:
    """Return `uri` without user and password."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[1]))


def _without_password(text: str, uri: str) -> str:
    account, at, _ = urlsplit(uri).netloc.rpartition("@")
    return text.replace(f"{account}{at}", "") if at else text


def _failures() -> tuple[type[Exception], ...]:
    # Artifacts travel by files, HTTP (requests' errors are OSErrors) or S3; a database may
    # lack its driver.
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - see `connect`

    return MlflowException, SQLAlchemyError, ImportError, *s3.failures()


def _probe_database(uri: str) -> None:
    """Look whether the database can be read: MLflow itself would retry for 100 seconds."""
    is_file = uri.startswith("sqlite:///")
    if is_file:
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    options = {} if is_file else {"connect_timeout": CONNECT_SECONDS}
    inspect(create_engine(uri, poolclass=NullPool, connect_args=options)).get_table_names()
