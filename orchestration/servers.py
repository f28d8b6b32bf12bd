"""The servers that make starts beside the work: MLflow's UI, Prefect's server, the page."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlparse

from canasta.registry.connection import is_server, probe, without_password
from canasta.settings import Settings
from orchestration.background import RUN_FOLDER, Running, Server, running, start, stop

MLFLOW_PORT = 5000
PREFECT_PORT = 4200
MONITOR_PORT = 8600
LOOPBACK = "127.0.0.1"


def mlflow_server(settings: Settings) -> Server:
    """Describe the MLflow server and UI on the settings' tracking database and artifacts."""
    _make_folder_of(settings.mlflow_tracking_uri)
    return Server(
        name="mlflow",
        # The database's URI may hold a password: it goes by the environment, which `ps` hides.
        command=_python("mlflow", "server", "--host", LOOPBACK, "--port", "{port}", "--workers=1"),
        environment={
            "MLFLOW_BACKEND_STORE_URI": settings.mlflow_tracking_uri,
            "MLFLOW_DEFAULT_ARTIFACT_ROOT": settings.mlflow_artifact_root,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        },
        port=MLFLOW_PORT,
        health="/health",
    )


def prefect_server(settings: Settings) -> Server:
    """Describe the Prefect server and UI, with its database under PREFECT_HOME."""
    return Server(
        name="prefect",
        command=_python(
            "prefect", "server", "start", "--host", LOOPBACK, "--port", "{port}", "--analytics-off"
        ),
        environment={
            "PREFECT_HOME": str(settings.prefect_home.resolve()),
            "PREFECT_API_URL": None,  # a server serves its own, whatever the caller's is
            "DO_NOT_TRACK": "true",
        },
        port=PREFECT_PORT,
        health="/api/health",
    )


def monitor_server(folder: Path) -> Server:
    """Describe the server of the files of one folder, to which nothing can be written."""
    return Server(
        name="monitor",
        command=_python(
            "http.server", "{port}", "--bind", LOOPBACK, "--directory", str(folder.resolve())
        ),
        environment={},
        port=MONITOR_PORT,
        health="/",
    )


def prefect_api(server: Running) -> str:
    """Return what PREFECT_API_URL must be to reach `server`."""
    return f"{server.url}/api"


def open_mlflow(settings: Settings, folder: Path = RUN_FOLDER) -> None:
    """Start the MLflow UI, if it does not run, and say where it is.

    Raises:
        RegistryUnavailable: the database does not answer.
        ServerError: it does not start.
    """
    uri = settings.mlflow_tracking_uri
    probe(uri)
    if is_server(uri):
        print(f"MLFLOW_TRACKING_URI is a server with its own UI: {without_password(uri)}")
        return
    print("Starting MLflow (5 to 30 seconds) …", flush=True)
    print(introduced(start(mlflow_server(settings), folder), MLFLOW_PORT))


def open_prefect(settings: Settings, folder: Path = RUN_FOLDER) -> None:
    """Start the Prefect server, if it does not run, and say where it is.

    Raises:
        ServerError: it does not start.
    """
    print("Starting Prefect (5 to 30 seconds) …", flush=True)
    server = start(prefect_server(settings), folder)
    print(introduced(server, PREFECT_PORT))
    print(f"Prefect's own commands: PREFECT_API_URL={prefect_api(server)} .venv/bin/prefect …")


def print_status(folder: Path = RUN_FOLDER) -> None:
    """Print what make started and still runs: name, address, process, log."""
    found = running(folder)
    for each in found:
        log = f", log {each.log}" if each.log else ""
        print(f"{each.name:<9} {each.url}  process {each.pid}{log}")
    if not found:
        print("Nothing runs that make started.")


def stop_all(folder: Path = RUN_FOLDER) -> None:
    """Stop what make started, and say so; the schedule first, since it uses the server."""
    found = sorted(running(folder), key=lambda each: each.name != "schedule")
    for each in found:
        print(f"Stopping {each.name} (process {each.pid}) …", flush=True)
        stop(each, folder)
    print("Stopped." if found else "Nothing runs that make started.")


def introduced(server: Running, usual: int) -> str:
    """Say where a server answers, and why not where it usually does."""
    port = urlparse(server.url).port
    reason = "" if port == usual else f" (port {usual} was taken)"
    return f"{server.name} answers on {server.url}{reason}; `make stop` stops it."


def _make_folder_of(uri: str) -> None:
    """Make the folder of a sqlite database, which MLflow expects to be there."""
    prefix = "sqlite:///"
    if uri.startswith(prefix):
        Path(uri.removeprefix(prefix)).parent.mkdir(parents=True, exist_ok=True)


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)
