import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.forecast.panel import Panel
from canasta.labels import SIMULATED
from canasta.monitor.archive import Archive
from canasta.monitor.drift import check_drift
from canasta.monitor.drift_archive import Run, archive_drift, archive_performance, examine
from canasta.monitor.verdict import Severity, verdict_of
from canasta.parameters import read_parameters
from tests.panels import simulated_panel

PARAMETERS = read_parameters().drift


@pytest.fixture(scope="module")
def panel(milk: Commodity) -> Panel:
    return simulated_panel(milk, 130)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path, pages=3)


def run(panel: Panel, *, simulated: bool = False) -> Run:
    return Run(panel.origin, "sniim", simulated)


def test_a_verdict_is_kept_with_what_it_rests_on(panel: Panel, archive: Archive) -> None:
    examined = examine(panel, PARAMETERS)
    page = archive_drift(archive, examined, run(panel)).read_text()
    ((_, kept),) = archive.newest_first("drift")
    assert verdict_of(kept["verdict"]) == examined.verdict
    assert kept["windows"]["current"] == [str(panel.dates[-13]), str(panel.origin)]
    assert kept["windows"]["reference"] == [str(panel.dates[-90]), str(panel.dates[-14])]
    assert len(kept["evidently"]["metrics"]) == 4
    assert kept["run"] == str(panel.origin)
    assert "Deriva de los datos" in page
    assert SIMULATED not in page
    assert "frecuencia de cambio" in page


def test_the_scores_of_the_verdict_are_evidently_s(panel: Panel) -> None:
    examined, ours = examine(panel, PARAMETERS), check_drift(panel, PARAMETERS)
    assert examined.rendered is not None
    for check, own in zip(examined.verdict.checks, ours.checks, strict=True):
        score = examined.rendered.scores.get(check.name.removesuffix("-window"))
        assert check.value == (own.value if score is None else score)
        assert check.value == pytest.approx(own.value)


def test_without_history_there_is_a_verdict_and_no_page(panel: Panel, archive: Archive) -> None:
    examined = examine(panel.cut(30), PARAMETERS)
    path = archive_drift(archive, examined, run(panel))
    assert examined.verdict.severity is Severity.OK
    assert path.suffix == ".json"
    assert json.loads(path.read_text())["evidently"] is None


def test_a_month_without_quotes_breaks_nothing(panel: Panel, archive: Archive) -> None:
    prices = panel.prices.copy()
    prices[:, -13:] = np.nan
    examined = examine(replace(panel, prices=prices), PARAMETERS)
    archive_drift(archive, examined, run(panel))
    assert "missing-share" in {
        c.name for c in examined.verdict.checks if c.severity is Severity.ALERT
    }


def test_simulated_prices_are_said_to_be(panel: Panel, archive: Archive) -> None:
    page = archive_drift(archive, examine(panel, PARAMETERS), run(panel, simulated=True))
    assert SIMULATED in page.read_text()


def test_performance_lies_in_the_same_archive(panel: Panel, archive: Archive) -> None:
    prices = np.linspace(20, 30, 50)
    outcomes = pd.DataFrame({"target": prices, "prediction": prices + 0.1, "Ciudad": "Colima"})
    page = archive_performance(archive, outcomes, date(2025, 4, 30), run(panel))
    assert page == archive.folder / "performance" / "2025-04-30.html"
    assert "Acierto de los pronósticos, 2025-04-30" in page.read_text()
    ((_, kept),) = archive.newest_first("performance")
    assert kept["day"] == "2025-04-30"
