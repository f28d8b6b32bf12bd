"""The first run, the same run again, and the mending of a lake that lost files."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from canasta.commodity import Commodity
from canasta.deliver.report import report_columns
from canasta.forecast.evaluation.origins import last_window
from canasta.forecast.features.build import build_all
from canasta.forecast.history import read_panel as read_history
from canasta.forecast.outlook import HORIZONS, LEVELS
from canasta.forecast.recipe import PERSISTENCE
from canasta.forecast.training import Trainer
from canasta.forecast.tuning import Budget, search
from canasta.ingest.lake import Lake
from canasta.labels import SIMULATED
from canasta.registry.bundle import read_bundle
from canasta.registry.connection import connect
from canasta.registry.panels import read_panel
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House
from tests.quick_heads import quick_parameters

DAY, TARGET = FirstRun.DAY, FirstRun.TARGET
MEASURED = {
    "rmse", "rmse_skill", "dm_rmse", "rmse_robust", "mae", "mae_skill", "dm_mae",
    "crps", "crps_skill", "dm_crps", "winkler_ratio_95",
    "auc", "ece", "coverage_80", "coverage_95", "coverage_95_active",
}  # fmt: skip
"""Of every contestant, persistence too."""


@pytest.fixture(scope="module")
def house(first_run: FirstRun) -> House:
    assert first_run.ended.code == 0, first_run.ended.told()
    return first_run.house


@pytest.fixture(scope="module")
def mlflow(house: House) -> MlflowClient:
    return connect(house.tracking.uri)


def test_it_shows_its_steps_and_nothing_else_talks(first_run: FirstRun) -> None:
    assert first_run.ended.code == 0, first_run.ended.told()
    assert first_run.ended.err == ""
    assert first_run.ended.steps == [
        "Check the registry", "Ingest", "Read the history", "Score", "Judge the champion",
        "Drift", "Drift report", "Messages", "Reach MLflow",
        "Search random-forest", "Search xgboost", "Back-test", "Gate",
        "Fit and register persistence", "Fit and register random-forest",
        "Fit and register xgboost", "Carry out the decision", "Forecast", "Report",
        "Live skill", "Messages", "Metrics", "Page",
    ]  # fmt: skip


def test_the_summary_says_what_was_read_learnt_decided_and_written(first_run: FirstRun) -> None:
    said = first_run.ended.out
    assert f"suggested prices for Friday, 11 October 2024  {SIMULATED}" in said
    assert "Read     new publication: 2024-10-09" in said
    assert "earlier publications added" in said
    assert "Learnt   evaluations: 1 random-forest, 1 xgboost; 55 origins" in said
    assert "Decided  xgboost wins: CRPS" in said
    assert f"Written  185 prices for {TARGET} from {DAY}, version 3" in said
    assert str(first_run.house.reports / f"predicciones_{TARGET}.xlsx") in said


def test_every_live_series_has_one_row_in_the_report(house: House, milk: Commodity) -> None:
    report = house.report(TARGET)
    panel = read_history(Lake(house.lake, milk), milk, date.fromisoformat(DAY))
    live = [key for key, alive in zip(panel.keys, panel.live, strict=True) if alive]
    keys = list(report[list(milk.keys.columns)].itertuples(index=False, name=None))
    assert sorted(keys) == sorted(live)
    assert len(set(keys)) == 185
    assert tuple(report.columns) == report_columns(milk)
    assert len(report.columns) == 22
    assert set(report["horizonte"]) == {1}
    assert set(report["fecha"]) == {TARGET}
    assert set(report["modelo"]) == {f"xgboost ({SIMULATED})"}
    assert set(report["dia_semana"]) == {4}


def test_the_lake_holds_pointer_decision_bundle_panel_and_forecasts(house: House) -> None:
    pointer = house.pointer
    assert pointer.title.version == 3
    assert pointer.title.recipe.algorithm == "xgboost"
    assert pointer.origin == date.fromisoformat(DAY)
    assert house.lake.exists(pointer.title.bundle.key)
    assert house.lake.exists(pointer.panel.key)
    assert house.lake.keys("forecasts") == [f"forecasts/2024/10/{DAY}-3.parquet"]
    (record,) = house.decisions()
    assert house.lake.keys("decisions") == [pointer.decision]
    assert record["kind"] == "search"
    assert record["ruling"]["decision"]["winner"] == "xgboost"
    assert record["ruling"]["evidence"]["origins"] == 55
    copies = [f"predicciones/{TARGET}/predicciones_{TARGET}.csv"]
    copies += [f"predicciones/{TARGET}/ediciones/{DAY}-3.csv"]
    printed = (house.reports / f"predicciones_{TARGET}.csv").read_bytes()
    assert [house.lake.read(copy) == printed for copy in copies] == [True, True]


def test_the_report_equals_panel_forecasts_and_a_fresh_computation(
    house: House, milk: Commodity
) -> None:
    made = read_panel(house.lake, house.pointer.panel).outlook
    bundle = read_bundle(house.lake, house.pointer.title.bundle)
    history = read_history(Lake(house.lake, milk), milk, date.fromisoformat(DAY))
    features, live = build_all(history, HORIZONS), history.live
    last, newest = history.filled[live, -1], len(history.dates) - 1
    for horizon in range(1, HORIZONS + 1):
        fresh = bundle.predictor.changes(history, features, newest, horizon)
        prices = last[:, np.newaxis] + fresh.quantiles(LEVELS)[live]
        np.testing.assert_array_equal(made.mean[live, horizon - 1], last + fresh.mean[live])
        np.testing.assert_array_equal(made.quantiles[live, horizon - 1], prices)
        np.testing.assert_array_equal(made.p_up[live, horizon - 1], fresh.p_up[live])
        np.testing.assert_array_equal(made.p_down[live, horizon - 1], fresh.p_down[live])
    assert np.isnan(made.mean[~live]).all()

    rows = {key: row for row, key in enumerate(history.keys)}
    for line in house.report(TARGET).to_dict("records"):
        row = rows[tuple(line[name] for name in milk.keys.columns)]
        assert line["Precio_medio"] == round(made.mean[row, 0], 4)
        assert line["Precio_sugerido"] == round(made.median[row, 0], 2)
        assert line["Precio_lag1"] == round(history.filled[row, -1], 2)
        assert line["prob_cambio"] == round(made.p_change[row, 0], 4)
        for share, ends in ((0.80, ("bajo_80", "alto_80")), (0.95, ("bajo_95", "alto_95"))):
            expected = [round(end[row, 0], 2) for end in made.interval(share)]
            assert [line[end] for end in ends] == expected
        move = line["Precio_sugerido"] - line["Precio_lag1"]
        assert line["direccion"] == {1: "sube", 0: "estable", -1: "baja"}[np.sign(move)]


def test_the_lake_keeps_the_forecasts_of_all_series_and_horizons(
    house: House, milk: Commodity
) -> None:
    live = read_panel(house.lake, house.pointer.panel)
    made, keys = live.outlook, live.panel.keys
    file = house.lake.location(house.lake.keys("forecasts")[0])
    stored = pd.read_parquet(file)
    assert len(stored) == HORIZONS * len(keys) == HORIZONS * 216
    assert not stored.duplicated([*milk.keys.columns, "horizon"]).any()
    for at, target in enumerate(made.targets):
        ahead = stored[stored["horizon"] == at + 1]
        labels = ahead[list(milk.keys.columns)].itertuples(index=False, name=None)
        assert tuple(labels) == keys
        assert set(ahead["target"]) == {target}
        for name in ("mean", "p_change", "p_up", "p_down"):
            np.testing.assert_array_equal(ahead[name], getattr(made, name)[:, at])
        quantiles = np.array(ahead["quantiles"].tolist(), dtype=float)
        assert quantiles.shape == (len(keys), 61)
        np.testing.assert_array_equal(quantiles, made.quantiles[:, at])
    assert set(stored["origin"]) == {date.fromisoformat(DAY)}
    assert set(stored["version"]) == {3}
    assert stored["mean"].notna().sum() == HORIZONS * 185


def test_mlflow_holds_the_versions_with_all_that_was_measured(
    house: House, mlflow: MlflowClient
) -> None:
    name = house.tracking.model_name
    assert house.tracking.versions() == [1, 2, 3]
    assert house.tracking.aliases() == {"champion": 3, "challenger": 2}
    (record,) = house.decisions()
    for number, contestant in enumerate((PERSISTENCE, "random-forest", "xgboost"), 1):
        run = mlflow.get_run(str(mlflow.get_model_version(name, str(number)).run_id))
        assert run.info.status == "FINISHED"
        assert run.data.metrics.keys() >= MEASURED
        assert run.data.tags["contestant"] == contestant
        lineage = {key: str(value) for key, value in record["lineage"].items()}
        assert lineage["as_of"] == DAY
        assert all(lineage.values())
        assert lineage.items() <= run.data.tags.items()
        assert run.inputs is not None
        (read,) = run.inputs.dataset_inputs
        assert read.dataset.name == "milk-simulated"
        assert lineage["fingerprint"].startswith(read.dataset.digest)
        assert json.loads(read.dataset.source) == {"uri": house.lake.url}
        assert run.data.params["settings.gate.min_origins"] == "30"
        plots = {file.path for file in mlflow.list_artifacts(run.info.run_id, "plots")}
        assert "plots/residuals.png" in plots
        bundle = {file.path for file in mlflow.list_artifacts(run.info.run_id, "bundle")}
        assert {"bundle/manifest.json", "bundle/model.json"} <= bundle
        trials = mlflow.search_runs(
            [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'"
        )
        assert len(trials) == (0 if contestant == PERSISTENCE else 1)
        assert all({"crps"} <= trial.data.metrics.keys() for trial in trials)
        assert all(lineage.items() <= trial.data.tags.items() for trial in trials)


def test_prefect_shows_figures_decision_summary_and_report(house: House) -> None:
    (link,) = [
        each for each in house.artifacts("report") if str(house.reports) in str(each["data"])
    ]
    run = link["flow_run_id"]
    shown = {
        key: [each for each in house.artifacts(key) if each["flow_run_id"] == run]
        for key in ("backtest", "decision", "summary")
    }
    assert {key: len(found) for key, found in shown.items()} == dict.fromkeys(shown, 1)
    assert "xgboost" in str(shown["backtest"][0]["data"])
    assert "xgboost wins" in shown["decision"][0]["data"]
    assert "Suggested" in shown["summary"][0]["data"]


def test_the_same_run_again_learns_nothing_and_changes_no_byte(house: House) -> None:
    before, runs = house.hashes(), house.mlflow_runs()
    again = house.daily(DAY)
    assert again.code == 0, again.told()
    assert again.steps == [
        "Check the registry", "Ingest", "Read the history", "Score", "Judge the champion",
        "Drift", "Drift report", "Forecast", "Report", "Live skill", "Messages", "Metrics", "Page",
    ]  # fmt: skip
    assert "no new publication; the newest is 2024-10-09" in again.out
    assert "Learnt   nothing: no search was due" in again.out
    assert "Decided  xgboost, version 3, stays the champion" in again.out
    assert "(unchanged: published before)" in again.out
    assert house.hashes() == before
    assert house.mlflow_runs() == runs


def test_lost_publications_come_back_as_they_were(lived_in: House) -> None:
    before = lived_in.hashes()
    daily = lived_in.lake.keys("daily")
    for key in (daily[0], daily[len(daily) // 2], daily[-1]):
        Path(lived_in.lake.location(key)).unlink()
    mended = lived_in.daily(DAY)
    assert mended.code == 0, mended.told()
    assert "2 earlier publications added" in mended.out
    assert lived_in.hashes() == before


@pytest.mark.parametrize("algorithm", ["random-forest", "xgboost"])
def test_the_search_ended_where_the_evaluation_begins(
    algorithm: str, house: House, milk: Commodity, mlflow: MlflowClient
) -> None:
    """The logged trial is the one of a search that knows nothing of any evaluated target."""
    parameters = quick_parameters()
    panel = read_history(Lake(house.lake, milk), milk, date.fromisoformat(DAY))
    window = last_window(panel, parameters.backtest.origins, parameters.backtest.training, 10)
    known = Trainer.of(panel.cut(window.first + 1), parameters.fit, seed=1, horizons=1)
    expected = search(algorithm, known, window.first, parameters, Budget(1)).best
    experiment = mlflow.get_experiment_by_name("milk-price-predictor")
    assert experiment is not None
    [logged] = mlflow.search_runs(
        [experiment.experiment_id],
        f"tags.algorithm = '{algorithm}' and attributes.run_name = 'trial 0'",
    )
    assert logged.data.metrics["crps"] == expected.crps
