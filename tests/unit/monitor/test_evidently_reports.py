import base64
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.monitor.drift import check_drift, windows_of
from canasta.monitor.drift_quantities import Quantities
from canasta.monitor.evidently_reports import assets, drift_report, performance_report
from canasta.parameters import read_parameters
from tests.panels import simulated_panel


def outcomes(count: int) -> pd.DataFrame:
    random = np.random.default_rng(2)
    target = np.round(random.normal(28, 3, count), 2)
    return pd.DataFrame({"target": target, "prediction": target + random.normal(0, 0.3, count)})


def test_the_scores_are_those_that_thresholds_were_learnt_of(milk: Commodity) -> None:
    panel, parameters = simulated_panel(milk, 130), read_parameters().drift
    windows = windows_of(panel, parameters)
    cells = Quantities(panel, windows.reference).cells
    before, last = windows.slices(130)
    rendered = drift_report(
        {name: values[:, before] for name, values in cells.items()},
        {name: values[:, last] for name, values in cells.items()},
        dict.fromkeys(cells, 0.2),
    )
    ours = {c.name: c.value for c in check_drift(panel, parameters).checks}
    assert set(rendered.scores) == set(cells)
    for name, score in rendered.scores.items():
        assert score == pytest.approx(ours[f"{name}-window"], rel=1e-9)


def test_evidently_judges_by_our_thresholds() -> None:
    random = np.random.default_rng(1)
    cells = {"moved": random.normal(size=500), "still": random.normal(size=500)}
    current = {"moved": cells["moved"] + 1, "still": cells["still"]}
    rendered = drift_report(cells, current, {"moved": 0.5, "still": 0.5})
    assert [test["status"] for test in rendered.figures["tests"]] == ["FAIL", "SUCCESS"]


def test_a_page_holds_its_data_and_names_the_rest() -> None:
    page = performance_report(outcomes(300)).page
    assert len(page) < 300_000
    named = re.findall(r'(?:src="|url\()\.\./([^")]+)', page)
    assert sorted(set(named)) == sorted(assets())
    elsewhere = re.findall(r"""(?:src|href)=["']?(?:https?:)?//[^"' >]+""", page)
    assert elsewhere == []


def test_the_shared_files_are_evidently_s_own() -> None:
    script, font = (content for _, content in sorted(assets().items()))
    assert b"window.drawDashboard" in script
    assert base64.b64encode(font[:4]) == b"d09GMg=="  # wOF2


def test_performance_is_that_of_the_outcomes() -> None:
    known = outcomes(200)
    figures = performance_report(known, outcomes(400)).figures
    found = {
        metric["metric_name"].partition("(")[0]: metric["value"] for metric in figures["metrics"]
    }
    errors = known["prediction"] - known["target"]
    assert found["MAE"]["mean"] == pytest.approx(errors.abs().mean())
    assert found["RMSE"] == pytest.approx(float(np.sqrt((errors**2).mean())))


@pytest.mark.parametrize(
    "wrong", [outcomes(2), outcomes(20).replace({"target": {outcomes(20)["target"][3]: np.nan}})]
)
def test_outcomes_that_say_nothing_are_refused(wrong: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="3 outcomes or more"):
        performance_report(wrong)


def test_nothing_is_imported_before_a_report_is_made() -> None:
    code = (
        "import sys, canasta.monitor.drift, canasta.monitor.drift_archive, orchestration.drift; "
        "print('evidently' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False"]
