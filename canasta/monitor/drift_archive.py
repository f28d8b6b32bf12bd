"""Drift checked with Evidently's scores, and performance; both kept in the archive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from canasta.forecast.panel import Floats, Panel
from canasta.monitor.archive import DRIFT, PERFORMANCE, Archive, Report
from canasta.monitor.drift import WINDOW, check_drift, windows_of
from canasta.monitor.drift_quantities import Quantities
from canasta.monitor.drift_spanish import head
from canasta.monitor.evidently_reports import (
    Rendered,
    assets,
    drift_report,
    performance_report,
)
from canasta.monitor.verdict import Verdict
from canasta.parameters import DriftParameters


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a report is of.

    Attributes:
        as_of: the day that it stands for.
        source: kind of the lake, such as `sniim`.
        simulated: whether its prices are.
        backfilled: whether it makes up for a past day: then no page is replaced.
    """

    as_of: date
    source: str
    simulated: bool
    backfilled: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return what the archive keeps of it."""
        return {"run": self.as_of.isoformat(), "source": self.source, "backfilled": self.backfilled}


@dataclass(frozen=True)
class Examined:
    """A panel that was checked.

    Attributes:
        verdict: what was found.
        periods: first and last publication of the last days, and of those before.
        rendered: Evidently's report; None where there is too little history to compare.
    """

    verdict: Verdict
    periods: Mapping[str, tuple[date, date]]
    rendered: Rendered | None


def examine(panel: Panel, parameters: DriftParameters) -> Examined:
    """Check a panel for drift, with Evidently's report and scores of the last days.

    Raises:
        TooLittleHistory: the panel holds no publication.
    """
    verdict = check_drift(panel, parameters)
    thresholds = {
        check.name.removesuffix(WINDOW): check.threshold
        for check in verdict.checks
        if check.name.endswith(WINDOW) and math.isfinite(check.threshold)
    }
    if not thresholds:
        return Examined(verdict, {}, None)
    windows = windows_of(panel, parameters)
    before, last = windows.slices(len(panel.dates))
    cells = Quantities(panel, windows.reference).cells
    rendered = drift_report(_of(cells, before), _of(cells, last), thresholds)
    periods = {
        name: (panel.dates[period][0], panel.dates[period][-1])
        for name, period in (("reference", before), ("current", last))
    }
    return Examined(check_drift(panel, parameters, rendered.scores), periods, rendered)


def archive_drift(archive: Archive, examined: Examined, run: Run) -> Path:
    """Keep a drift report; return the path of its page, or of its JSON where it has none."""
    verdict, rendered = examined.verdict, examined.rendered
    content = {
        **run.as_dict(),
        "verdict": verdict.as_dict(),
        "windows": {
            name: [day.isoformat() for day in period] for name, period in examined.periods.items()
        },
        "evidently": rendered and rendered.figures,
    }
    title = f"Deriva de los datos, {verdict.as_of}"
    above = head(title, simulated=run.simulated, verdict=verdict)
    return _keep(archive, Report(DRIFT, verdict.as_of, content, _page(rendered, above)), run)


def archive_performance(
    archive: Archive,
    outcomes: pd.DataFrame,
    day: date,
    run: Run,
    before: pd.DataFrame | None = None,
) -> Path:
    """Keep a report of how good the forecasts of the last days were; return its page's path.

    Args:
        archive: where to.
        outcomes: `target`, the published price, and `prediction`, the forecast of it.
        day: the newest publication among them.
        run: that scored it.
        before: earlier outcomes to compare with.

    Raises:
        ValueError: there are too few outcomes.
    """
    rendered = performance_report(outcomes, before)
    content = {**run.as_dict(), "day": day.isoformat(), "evidently": rendered.figures}
    above = head(f"Acierto de los pronósticos, {day}", simulated=run.simulated)
    return _keep(archive, Report(PERFORMANCE, day, content, _page(rendered, above)), run)


def _keep(archive: Archive, report: Report, run: Run) -> Path:
    shared = assets() if report.page else {}
    return archive.keep(report, shared, renew=not run.backfilled)


def _page(rendered: Rendered | None, above: str) -> str | None:
    return None if rendered is None else rendered.page.replace("<body>", f"<body>{above}", 1)


def _of(cells: Mapping[str, Floats], period: slice) -> dict[str, Floats]:
    # By publication: Evidently draws cells in their order.
    return {name: np.ravel(values[:, period].T) for name, values in cells.items()}
