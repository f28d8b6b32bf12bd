"""The publication after the first run is scored; a score that fails loses no report."""

from __future__ import annotations

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
    assert "✗ Score" in failed.out
    assert (
        "StepsFailed: The report is out, but not everything was done:\n  Score: Obj" in failed.err
    )
    assert len(at_home.report("2024-10-14")) == 185, "the report goes out all the same"
    log = (at_home.monitor / "messages.log").read_text(encoding="utf-8")
    assert "Score: ObjectCorrupt" in log
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
    before = at_home.hashes("outcomes")
    past = at_home.daily(FirstRun.DAY)
    assert past.code == 0, past.told()
    assert at_home.hashes("outcomes") == before


def metrics(house: House) -> str:
    """What Prometheus reads."""
    return (house.monitor / "metrics" / "milk.prom").read_text(encoding="utf-8")
