"""MLflow on a real PostgreSQL: fits, versions and aliases, and what is told when it is gone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from canasta.errors import RegistryUnavailable
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.tuning import Trial
from canasta.registry.bundle import read_files
from canasta.registry.decisions import Kind
from canasta.registry.objects import ObjectRef
from canasta.registry.promotion import promote, rollback
from canasta.registry.tracking import Tracking
from canasta.settings import ROOT, Settings
from canasta.store import Store
from orchestration.background import find
from orchestration.servers import open_mlflow, stop_all
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House
from tests.integration.registry_setting import (
    ALGORITHMS,
    assert_same_forecasts,
    basis,
    register,
    register_all,
    registry_on,
    ruling,
)
from tests.postgresql_server import PostgreSQL, postgresql_server
from tests.unit.registry.builders import RECIPES, fitted

WRONG = "not-the-password"
SOON_S, PATIENCE_S = 10.0, 60.0


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with postgresql_server() as server:
        yield server


@pytest.fixture
def url(postgresql: PostgreSQL) -> str:
    """An empty database's."""
    return postgresql.create(f"mlflow-{uuid4().hex}")


def tracking_at(url: str, folder: Path) -> Tracking:
    return Tracking(url, str(folder / "mlartifacts"), "milk")


def test_versions_and_aliases_are_kept_and_read_back(url: str, tmp_path: Path) -> None:
    tracking = tracking_at(url, tmp_path)
    assert (tracking.versions(), tracking.aliases()) == ([], {})
    numbers = register_all(tracking)
    tracking.set_aliases(numbers[XGBOOST], numbers[PERSISTENCE])
    another = tracking_at(url, tmp_path)
    assert another.versions() == [1, 2, 3]
    assert another.aliases() == {"champion": numbers[XGBOOST], "challenger": numbers[PERSISTENCE]}
    for algorithm in ALGORITHMS:
        found = another.version(numbers[algorithm])
        assert (found.recipe, found.metrics["rmse"]) == (RECIPES[algorithm], 0.341)
        assert another.version_of(found.bundle_sha256) == found.number
        stored = read_files(
            ObjectRef("bundle/manifest.json", found.bundle_sha256), another.bundle_files(found)
        )
        assert_same_forecasts(stored.predictor, fitted(algorithm).predictor)


def test_a_search_is_logged_with_what_it_learnt_from(
    postgresql: PostgreSQL, url: str, tmp_path: Path
) -> None:
    database = url.rpartition("/")[2]
    tracking = tracking_at(url, tmp_path)
    fingerprint = "0123456789abcdef" * 4
    with tracking.run("search", {"dataset": fingerprint}, {"gate": {"rmse_skill": 0.5}}) as run:
        run.log_dataset("milk", "s3://bucket/lake", fingerprint)
        run.log_trials([Trial(1, Recipe(XGBOOST, {"change": {"eta": 0.1}}), 0.34)])
        run.log_metrics({"rmse": 0.3, "unknown": float("nan")})
    assert postgresql.ask(database, "select name from datasets") == [("milk",)]
    assert postgresql.ask(database, "select value from metrics where key = 'crps'") == [(0.34,)]
    params = dict(postgresql.ask(database, "select key, value from params"))
    assert params == {"gate.rmse_skill": "0.5", "change.eta": "0.1"}
    ended = postgresql.ask(database, "select distinct status from runs")
    assert ended == [("FINISHED",)]


def test_promotion_and_rollback_move_the_aliases(url: str, tmp_path: Path) -> None:
    tracking = tracking_at(url, tmp_path)
    registry = registry_on(Store(str(tmp_path / "lake")), tracking)
    first, second = register(tracking, PERSISTENCE), register(tracking, RANDOM_FOREST)
    for number in (first, second):
        promote(registry, basis(), number, Kind.SEARCH, ruling(), None)
    assert tracking.aliases()["champion"] == second
    rollback(registry, basis(), "as the test says")
    assert tracking.aliases()["champion"] == first


@pytest.mark.slow
def test_make_mlflow_shows_the_database(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = register(tracking_at(url, tmp_path), PERSISTENCE)
    settings = Settings(mlflow_tracking_uri=url, mlflow_artifact_root=str(tmp_path / "mlartifacts"))
    try:
        open_mlflow(settings, tmp_path / "run")
        server = find("mlflow", tmp_path / "run")
        assert server is not None
        assert tracking_at(server.url, tmp_path).versions() == [number]
    finally:
        stop_all(tmp_path / "run")
    assert "mlflow answers on http://127.0.0.1:" in capsys.readouterr().out


@pytest.mark.parametrize("fault", ["password", "database", "port"])
def test_what_cannot_be_reached_is_told_at_once_in_a_sentence_without_the_password(
    fault: str, postgresql: PostgreSQL, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url, why = {
        "password": (postgresql.url("postgres", WRONG), "password authentication failed"),
        "database": (postgresql.url("absent"), 'database "absent" does not exist'),
        "port": (f"postgresql://canasta:{WRONG}@127.0.0.1:9/mlflow", "Connection refused"),
    }[fault]
    began = time.monotonic()
    with pytest.raises(RegistryUnavailable, match=why) as of_pipeline:
        tracking_at(url, tmp_path).aliases()
    with pytest.raises(RegistryUnavailable, match=why) as of_make_mlflow:
        open_mlflow(Settings(mlflow_tracking_uri=url), tmp_path)
    assert time.monotonic() - began < SOON_S
    for raised in (of_pipeline, of_make_mlflow):
        message = str(raised.value)
        assert "correct MLFLOW_TRACKING_URI" in message
        assert "\n" not in message
        assert url.split("@")[0].rpartition(":")[2] not in message
    assert capfd.readouterr() == ("", "")


ASKING_AGAIN = """
import sys
from pathlib import Path
from canasta.errors import RegistryUnavailable
from tests.integration.test_mlflow_on_postgresql import tracking_at

tracking = tracking_at(sys.argv[1], Path(sys.argv[2]))
for _ in range(3):
    try:
        print(tracking.versions(), flush=True)
    except RegistryUnavailable as error:
        print(error, flush=True)
    input()
"""


def test_database_that_goes_is_told_in_a_line_and_used_again_when_it_is_back(
    postgresql: PostgreSQL, url: str, tmp_path: Path
) -> None:
    number = register(tracking_at(url, tmp_path), PERSISTENCE)
    # A process of its own: it imports MLflow as the pipeline does, quietened.
    with subprocess.Popen(
        [sys.executable, "-c", ASKING_AGAIN, url, str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, bufsize=1,
    ) as pipeline:  # fmt: skip
        assert pipeline.stdin is not None
        assert pipeline.stdout is not None
        assert pipeline.stdout.readline() == f"[{number}]\n"
        postgresql.stop()
        began = time.monotonic()
        pipeline.stdin.write("\n")
        told = pipeline.stdout.readline()
        assert time.monotonic() - began < SOON_S
        assert told.startswith("MLflow at postgresql://127.0.0.1:")
        assert "Connection refused. See that it runs" in told
        postgresql.start()
        pipeline.stdin.write("\n")
        assert pipeline.stdout.readline() == f"[{number}]\n"
        assert pipeline.communicate("\n", PATIENCE_S)[0] == ""


@pytest.mark.slow
def test_main_job_learns_and_promotes_on_it(url: str, tmp_path: Path, prefect_api: str) -> None:
    house = House(tmp_path, prefect_api, {"MLFLOW_TRACKING_URI": url})
    ended = house.daily(FirstRun.DAY)
    assert ended.code == 0, ended.told()
    tracking = tracking_at(url, tmp_path)
    assert tracking.versions() == [1, 2, 3]
    assert tracking.aliases()["champion"] == house.pointer.title.version
    password = url.partition("@")[0].rpartition(":")[2].encode()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [file for file in files if password in file.read_bytes()] == []
