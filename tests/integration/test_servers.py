"""MLflow's own server, started as `make mlflow` starts it."""

from pathlib import Path

import httpx
import pytest

from canasta.settings import Settings
from orchestration.background import find, running
from orchestration.servers import open_mlflow, print_status, stop_all


def test_mlflow_serves_the_settings_database_and_is_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "new" / "mlflow.db"
    settings = Settings(
        mlflow_tracking_uri=f"sqlite:///{database}",
        mlflow_artifact_root=str(tmp_path / "artifacts"),
    )
    folder = tmp_path / "run"
    try:
        open_mlflow(settings, folder)
        server = find("mlflow", folder)
        assert server is not None
        answer = httpx.get(
            f"{server.url}/api/2.0/mlflow/experiments/get-by-name",
            params={"experiment_name": "Default"},
        )
        root = answer.json()["experiment"]["artifact_location"]
        print_status(folder)
    finally:
        stop_all(folder)
    said = capsys.readouterr().out
    assert f"mlflow answers on {server.url}" in said
    assert f"process {server.pid}" in said
    assert database.is_file()
    assert root.startswith(str(tmp_path / "artifacts"))
    assert running(folder) == []
