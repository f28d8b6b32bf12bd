"""MLflow as it is: a database file, a server, and both out of order."""

import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from canasta.errors import RegistryUnavailable, UnknownVersion
from canasta.forecast.hurdle.mixture import MEAN
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.tuning import Trial
from canasta.registry.bundle import read_files
from canasta.registry.connection import connect
from canasta.registry.objects import ObjectRef
from canasta.registry.tracking import Tracking
from tests.integration.registry_setting import (
    ALGORITHMS,
    assert_same_forecasts,
    register,
    register_all,
    tracking_in,
)
from tests.unit.registry.builders import RECIPES, fitted, rows


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    return tracking_in(tmp_path_factory.mktemp("mlflow") / "not" / "there yet")


@pytest.fixture(scope="module")
def versions(tracking: Tracking) -> dict[str, int]:
    return dict(register_all(tracking))


def test_nothing_is_registered_at_first(tmp_path: Path) -> None:
    tracking = tracking_in(tmp_path)
    assert tracking.aliases() == {}
    assert tracking.versions() == []
    with pytest.raises(UnknownVersion, match="no version 1; known: none"):
        tracking.version(1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_version_tells_its_recipe_its_metrics_and_its_bundle(
    algorithm: str, tracking: Tracking, versions: dict[str, int]
) -> None:
    found = tracking.version(versions[algorithm])
    assert found.number == versions[algorithm]
    assert found.recipe == RECIPES[algorithm]
    assert found.metrics["rmse"] == 0.341
    files = tracking.bundle_files(found)
    stored = read_files(ObjectRef("bundle/manifest.json", found.bundle_sha256), files)
    assert_same_forecasts(stored.predictor, fitted(algorithm).predictor)


def test_version_is_found_again_by_its_bundle_while_mlflow_keeps_it(tmp_path: Path) -> None:
    tracking = tracking_in(tmp_path)
    assert tracking.version_of("0" * 64) is None
    first, twin = (register(tracking, PERSISTENCE) for _ in range(2))
    other = register(tracking, PERSISTENCE, source="simulated")
    bundle = tracking.version(first).bundle_sha256
    assert tracking.version_of(bundle) == first
    assert tracking.version_of(tracking.version(other).bundle_sha256) == other
    for number, found in ((first, twin), (twin, None)):
        run = tracking.version(number).run_id
        [manifest] = (tmp_path / "mlartifacts").rglob(f"{run}/artifacts/bundle/manifest.json")
        manifest.unlink()
        assert tracking.version_of(bundle) == found, "what is lost is not taken for there"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_mlflow_loads_the_native_model_and_predicts_the_same(
    algorithm: str, tracking: Tracking, versions: dict[str, int]
) -> None:
    import mlflow  # noqa: PLC0415 - once Tracking has quietened it

    found = tracking.version(versions[algorithm])
    loaded = mlflow.pyfunc.load_model(found.artifact_uri)
    hurdles = fitted(algorithm).predictor.hurdles
    asked = rows(20) if hurdles else rows(20)[:, :1]
    expected = hurdles[0].outputs(asked)[MEAN] if hurdles else np.zeros(20)
    np.testing.assert_allclose(loaded.predict(asked), expected, rtol=0, atol=1e-6)
    folder = Path(found.artifact_uri.removeprefix("file://"))
    assert [file for file in folder.rglob("*") if file.suffix in {".pkl", ".pickle"}] == []


def test_persistence_loads_without_canasta(tracking: Tracking, versions: dict[str, int]) -> None:
    found = tracking.version(versions[PERSISTENCE])
    code = (
        "import sys, mlflow, numpy as np;"
        f"model = mlflow.pyfunc.load_model({found.artifact_uri!r});"
        "print(model.predict(np.ones((3, 1), np.float32)).tolist(), 'canasta' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", env=_alone(), capture_output=True, text=True,
        check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[0.0, 0.0, 0.0] False"


def _alone() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def test_a_run_holds_params_trials_figures_and_json(tracking: Tracking) -> None:
    recipes = [Recipe(XGBOOST, {"change": {"eta": 0.1 * i}}) for i in range(1, 4)]
    trials = [Trial(i, recipe, 0.35 - i / 100) for i, recipe in enumerate(recipes, start=1)]
    figure = Figure()
    figure.subplots().plot([1, 2])
    with tracking.run("search", {"git_commit": "abc"}, {"gate": {"rmse_skill": 0.5}}) as run:
        run.log_trials(trials)
        run.log_figures({"gain": figure})
        run.log_json("evidence.json", {"skill": float("nan")})
        run.log_metrics({"rmse": 0.3, "unknown": float("nan")})
    client = tracking._client
    found = client.get_run(run.id)
    assert found.info.status == "FINISHED"
    assert found.data.params == {"gate.rmse_skill": "0.5"}
    assert found.data.tags["git_commit"] == "abc"
    assert {file.path for file in client.list_artifacts(run.id)} == {"evidence.json", "plots"}
    nested = client.search_runs(
        [found.info.experiment_id], f"tags.mlflow.parentRunId = '{run.id}'", order_by=["created"]
    )
    assert {child.info.run_name for child in nested} == {"trial 1", "trial 2", "trial 3"}
    tried = {child.data.params.get("change.eta"): child.data.metrics["crps"] for child in nested}
    assert tried["0.2"] == pytest.approx(0.33)


def test_a_run_whose_work_fails_is_marked_and_the_error_is_told(tracking: Tracking) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        tracking.run("broken", {}, {}) as run,
    ):
        run.log_metrics({"rmse": 1 / 0})
    assert tracking._client.get_run(run.id).info.status == "FAILED"


def test_aliases_are_set_moved_and_removed(tracking: Tracking, versions: dict[str, int]) -> None:
    first, second = versions[PERSISTENCE], versions[XGBOOST]
    tracking.set_aliases(first, second)
    assert tracking.aliases() == {"champion": first, "challenger": second}
    tracking.set_aliases(second, None)
    tracking.set_aliases(second, None)
    assert tracking.aliases() == {"champion": second}
    with pytest.raises(UnknownVersion):
        tracking.set_aliases(99, None)


def test_an_unknown_version_lists_the_known(tracking: Tracking, versions: dict[str, int]) -> None:
    known = ", ".join(str(number) for number in sorted(versions.values()))
    with pytest.raises(UnknownVersion, match=f"no version 99; known: {known}"):
        tracking.version(99)


def test_a_version_that_canasta_did_not_register_is_refused(tmp_path: Path) -> None:
    tracking = tracking_in(tmp_path)
    register(tracking, PERSISTENCE)
    run_id = tracking.version(1).run_id
    tracking._client.create_model_version(tracking.model_name, str(tmp_path), run_id)
    with pytest.raises(UnknownVersion, match="Canasta did not register it"):
        tracking.version(2)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:9",
        "sqlite:////dev/null/mlflow.db",
        "postgresql://canasta:secret@127.0.0.1:9/mlflow",
        "nonsense://somewhere",
        "not a uri",
    ],
)
def test_what_does_not_answer_says_so_within_seconds(uri: str, tmp_path: Path) -> None:
    tracking = Tracking(uri, str(tmp_path), "milk")
    start = time.monotonic()
    with pytest.raises(RegistryUnavailable, match="correct MLFLOW_TRACKING_URI") as raised:
        tracking.aliases()
    assert time.monotonic() - start < 10
    assert "secret" not in str(raised.value)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 100)
    with pytest.raises(RegistryUnavailable, match="file is not a database"):
        tracking_in(tmp_path).aliases()


def test_artifacts_that_cannot_be_written_say_so(tmp_path: Path) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", "/dev/null/artifacts", "milk")
    with pytest.raises(RegistryUnavailable, match="MLFLOW_ARTIFACT_ROOT"):
        register(tracking, PERSISTENCE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    tracking_in(folder).versions()  # migrates the database before the server starts
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1",
        "--port", str(port), "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=_quiet())
        try:
            _wait_for(port, process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _quiet() -> dict[str, str]:
    return {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"the MLflow server did not start:\n{log.read_text()}")


def test_a_server_keeps_the_same_as_a_database(server: str, tmp_path: Path) -> None:
    tracking = Tracking(server, str(tmp_path / "a folder of this machine"), "milk")
    number = register(tracking, RANDOM_FOREST)
    found = tracking.version(number)
    assert (found.number, found.recipe) == (number, RECIPES[RANDOM_FOREST])
    assert "model.json" in tracking.bundle_files(found)
    tracking.set_aliases(number, None)
    assert tracking.aliases() == {"champion": number}
    assert not (tmp_path / "a folder of this machine").exists()


def test_nothing_is_said_on_the_terminal(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path;"
        "from tests.integration.registry_setting import register_all, tracking_in;"
        f"print(sorted(register_all(tracking_in(Path({str(tmp_path)!r}))).values()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("[1, 2, 3]\n", "")


def test_outcomes_stand_at_their_days_and_are_logged_once(
    tracking: Tracking, versions: dict[str, int]
) -> None:
    number = versions[XGBOOST]
    days = {
        date(2025, 4, 28): {"live_forecasts": 185.0, "live_h1_crps": 0.071},
        date(2025, 4, 30): {"live_forecasts": 180.0, "live_h1_crps": math.nan},
    }
    first = dict(list(days.items())[:1])
    assert tracking.log_live(number, first, "live_forecasts") == 1
    assert tracking.log_live(number, days, "live_forecasts") == 1
    assert tracking.log_live(number, days, "live_forecasts") == 0
    client, run = connect(tracking.uri), tracking.version(number).run_id
    counts = client.get_metric_history(run, "live_forecasts")
    assert [(one.step, one.value) for one in counts] == [
        (date(2025, 4, 28).toordinal(), 185.0), (date(2025, 4, 30).toordinal(), 180.0)
    ]  # fmt: skip
    noon = datetime.fromtimestamp(counts[1].timestamp / 1000, UTC)
    assert noon == datetime(2025, 4, 30, 12, tzinfo=UTC)
    assert [one.value for one in client.get_metric_history(run, "live_h1_crps")] == [0.071]
    with pytest.raises(UnknownVersion, match="no version 99"):
        tracking.log_live(99, days, "live_forecasts")
