import os
import sys
from pathlib import Path

import pytest

from canasta.settings import Settings
from orchestration.background import Running
from orchestration.servers import (
    mlflow_server,
    monitor_server,
    open_mlflow,
    prefect_api,
    prefect_server,
    print_status,
    stop_all,
)

SECRET = "hunter2"  # noqa: S105 - a made-up one, to look for


def here(name: str, url: str) -> Running:
    command = (sys.executable, "-c", "pass")
    return Running(name=name, pid=os.getpid(), command=command, url=url, log=None)


def test_password_of_the_database_is_not_on_the_command_line() -> None:
    settings = Settings(mlflow_tracking_uri=f"postgresql://canasta:{SECRET}@db/mlflow")
    server = mlflow_server(settings)
    assert SECRET not in " ".join(server.command)
    assert server.environment["MLFLOW_BACKEND_STORE_URI"] == settings.mlflow_tracking_uri


def test_folder_of_a_sqlite_database_is_made(tmp_path: Path) -> None:
    mlflow_server(Settings(mlflow_tracking_uri=f"sqlite:///{tmp_path}/new/mlflow.db"))
    assert (tmp_path / "new").is_dir()


def test_servers_bind_to_loopback_only() -> None:
    for server in (mlflow_server(Settings()), prefect_server(Settings())):
        assert server.command[server.command.index("--host") + 1] == "127.0.0.1"
    page = monitor_server(Path("page")).command
    assert page[page.index("--bind") + 1] == "127.0.0.1"


def test_prefect_serves_its_own_api_whatever_the_callers_is(tmp_path: Path) -> None:
    server = prefect_server(Settings(prefect_home=tmp_path))
    assert server.environment["PREFECT_API_URL"] is None
    assert server.environment["PREFECT_HOME"] == str(tmp_path)
    assert prefect_api(here("prefect", "http://127.0.0.1:4200")) == "http://127.0.0.1:4200/api"


def test_remote_tracking_server_is_named_without_its_password(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    uri = f"https://canasta:{SECRET}@mlflow.example.org:8443/base?token={SECRET}"
    open_mlflow(Settings(mlflow_tracking_uri=uri), tmp_path)
    said = capsys.readouterr().out
    assert "https://mlflow.example.org:8443/base" in said
    assert SECRET not in said


def test_nothing_running_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    print_status(tmp_path)
    stop_all(tmp_path)
    assert capsys.readouterr().out == "Nothing runs that make started.\n" * 2
