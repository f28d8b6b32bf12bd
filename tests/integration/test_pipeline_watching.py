"""The publication after the first run is scored; no score or search that fails loses a report."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from canasta.monitor.live import LOGGED
from canasta.monitor.outcomes import read_outcomes
from canasta.registry.connection import connect
from orchestration.__main__ import main
from tests.alert_rules import OF_THE_PIPELINE, metrics_of_alerts, samples_in
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House
from tests.outcomes_oracle import KEY, live_outcomes
from tests.quick_heads import quick_parameters

LATER = "2024-10-11"
"""The publication that the first run forecast."""


def test_what_came_is_scored_logged_and_shown(
    at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Path(at_home.lake.location(at_home.lake.keys("forecasts")[0]))
    forecasts = broken.read_bytes()
    broken.write_bytes(forecasts[:-9])
    failed = at_home.daily(LATER)
    assert failed.code == 1, failed.told()
    assert "✗ Score the rest" in failed.out
    assert failed.out.index("✗ Score the rest") < failed.out.index("✓ Judge the champion")
    assert "move all forecasts/2024/10/2024-10-09-* out" in " ".join(failed.err.split())
    assert (
        "StepsFailed: The report is out, but not everything was done:\n  Score: Obj" in failed.err
    )
    assert len(at_home.report("2024-10-14")) == 185, "the report goes out all the same"
    log = (at_home.monitor / "messages.log").read_text(encoding="utf-8")
    assert "Medir los pronósticos que vencieron: ObjectCorrupt" in log
    assert f"make daily DATE={LATER}" in log
    assert 'canasta_pipeline_run_failed_steps{commodity="milk"} 1.0' in metrics(at_home)

    broken.write_bytes(forecasts)
    mended = at_home.daily(LATER)

    assert mended.code == 0, mended.told()
    assert f"✓ Score: {LATER} scored: 185 forecasts" in mended.out
    found = read_outcomes(at_home.lake)
    expected = live_outcomes(at_home.folder / "lake", quick_parameters().empirical.weight)
    assert found[KEY].equals(expected[KEY])
    for name in ("version", "came", "crps", "base_crps"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9)
    run = at_home.tracking.version(3).run_id
    (logged,) = connect(at_home.tracking.uri).get_metric_history(run, LOGGED)
    assert logged.value == 185
    assert 'canasta_live_publications{commodity="milk",horizon="1"} 1.0' in metrics(at_home)
    assert 'run_failed_steps{commodity="milk"} 0.0' in metrics(at_home)
    assert metrics_of_alerts(*OF_THE_PIPELINE) <= samples_in(metrics(at_home))

    assert main(["status"]) == 0
    told = capsys.readouterr().out
    assert f"1 publication of the champion scored, {LATER} to {LATER}: CRPS " in told
    check_status_of_rotten_outcomes(at_home, capsys)
    before = at_home.hashes("outcomes")
    past = at_home.daily(FirstRun.DAY)
    assert past.code == 0, past.told()
    assert at_home.hashes("outcomes") == before


def check_status_of_rotten_outcomes(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that needs them says so; all others are there."""
    (key,) = house.lake.keys("outcomes")
    whole = house.lake.read(key)
    house.lake.replace(key, b"rotten")
    assert main(["status"]) == 0
    told = capsys.readouterr().out
    house.lake.replace(key, whole)
    assert "Champion  version 3" in told
    assert f"          its live skill is not known: {key} is no readable file of outcomes" in told
    assert "Remove it: the next run scores" in told
    assert len(told.partition("Remove it")[2].splitlines()) > 1, "what runs is told behind it"


def test_search_that_fails_loses_no_report(at_home: House) -> None:
    champion = at_home.pointer.title
    with sqlite3.connect(at_home.folder / "mlflow.db") as database:  # it answers, and takes nothing
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    ended = at_home.run("retrain", "--date", LATER)
    assert ended.code == 1, ended.told()
    assert "StepsFailed: The report is out, but not everything was done:\n  Search: " in ended.err
    assert f"make retrain DATE={LATER}" in ended.err
    assert "the search failed" in ended.out
    assert at_home.pointer.title == champion
    assert len(at_home.report("2024-10-14")) == 185
    assert at_home.decisions()[-1]["kind"] == "panel"


def metrics(house: House) -> str:
    """What Prometheus reads."""
    return (house.monitor / "metrics" / "milk.prom").read_text(encoding="utf-8")
