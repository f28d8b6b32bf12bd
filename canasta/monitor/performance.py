"""The report of how good the published forecasts were, from outcomes to the archive."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from canasta.monitor.archive import Archive
from canasta.monitor.drift_archive import Run, archive_performance
from canasta.monitor.evidently_reports import LEAST_OUTCOMES

HORIZON = 1
"""Publications ahead: forecasts of several are of the same price, and would be mixed."""


def recent_and_before(
    outcomes: pd.DataFrame, publications: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part outcomes into those of the newest publications and those before, as Evidently reads.

    Args:
        outcomes: of all horizons, as `read_outcomes` gives them.
        publications: the newest ones that are looked at.

    Returns:
        Two frames of `target`, the price that came, and `prediction`, the median of the forecast
        of it one publication ahead; by publication.
    """
    ahead = outcomes[outcomes["horizon"] == HORIZON].sort_values("target", kind="stable")
    newest = ahead["target"].drop_duplicates().to_list()[-publications:]
    recent = ahead["target"].isin(newest)
    prices = pd.DataFrame({"target": ahead["came"], "prediction": ahead["median"]})
    return prices[recent], prices[~recent]


def archive_outcomes(
    archive: Archive, outcomes: pd.DataFrame, publications: int, run: Run
) -> Path | None:
    """Keep a report of the newest publications' outcomes, beside those before.

    Args:
        archive: where to.
        outcomes: as `read_outcomes` gives them.
        publications: the newest ones that are looked at.
        run: that scored them.

    Returns:
        The path of its page; None where too little was scored for one.
    """
    recent, before = recent_and_before(outcomes, publications)
    day = newest_day(outcomes)
    if day is None or len(recent) < LEAST_OUTCOMES:
        return None
    return archive_performance(archive, recent, day, run, before)


def newest_day(outcomes: pd.DataFrame) -> date | None:
    """Return the newest publication that a report of outcomes is about; None without any."""
    days = outcomes.loc[outcomes["horizon"] == HORIZON, "target"]
    return None if days.empty else days.max()
