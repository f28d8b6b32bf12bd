from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from canasta.monitor.archive import Archive
from canasta.monitor.drift_archive import Run
from canasta.monitor.outcomes import FIGURES, FORECAST
from canasta.monitor.performance import archive_outcomes, recent_and_before

FIRST = date(2025, 1, 6)
RUN = Run(date(2025, 3, 3), "sniim", simulated=False)


def outcomes(publications: int, series: int = 4) -> pd.DataFrame:
    """Of two horizons; forecasts of the second err by a whole unit more."""
    random = np.random.default_rng(1)
    rows = [
        (FIRST + timedelta(days=2 * at), horizon, price, price + 0.1 + (horizon - 1))
        for horizon in (2, 1)
        for at in range(publications)
        for price in np.round(random.normal(28, 2, series), 2).tolist()
    ]
    return pd.DataFrame(rows, columns=["target", "horizon", "came", "median"])


def test_the_newest_publications_are_held_against_those_before() -> None:
    recent, before = recent_and_before(outcomes(10), 3)
    assert (len(recent), len(before)) == (12, 28)
    assert (recent["prediction"] - recent["target"]).to_numpy() == pytest.approx(0.1)
    known = outcomes(10)
    newest = known[(known["horizon"] == 1) & (known["target"] >= FIRST + timedelta(days=14))]
    assert recent["target"].to_list() == newest["came"].to_list()


def test_outcomes_become_a_page_of_the_newest_day(tmp_path: Path) -> None:
    archive = Archive(tmp_path, pages=2)
    page = archive_outcomes(archive, outcomes(10), 3, RUN)
    assert page == archive.folder / "performance" / f"{FIRST + timedelta(days=18)}.html"
    ((_, kept),) = archive.newest_first("performance")
    figures = {
        one["metric_name"].partition("(")[0]: one["value"] for one in kept["evidently"]["metrics"]
    }
    assert figures["MAE"]["mean"] == pytest.approx(0.1)


def test_a_first_publication_has_nothing_before_it(tmp_path: Path) -> None:
    assert archive_outcomes(Archive(tmp_path, pages=2), outcomes(1), 3, RUN) is not None


def test_before_any_outcome_there_is_no_page(tmp_path: Path) -> None:
    nothing = pd.DataFrame(columns=[*FORECAST, *FIGURES])
    assert archive_outcomes(Archive(tmp_path, pages=2), nothing, 3, RUN) is None
    assert archive_outcomes(Archive(tmp_path, pages=2), outcomes(1, series=2), 3, RUN) is None
