"""The report of how good the published forecasts were, kept beside those of drift."""

from __future__ import annotations

import logging
from pathlib import Path

from canasta.monitor.archive import PERFORMANCE
from canasta.monitor.drift_archive import Run
from canasta.monitor.drift_windows import publications_in
from canasta.monitor.outcomes import read_outcomes
from canasta.monitor.performance import archive_outcomes, newest_day
from orchestration.drift import archive_of
from orchestration.reign import newest_outcomes
from orchestration.workspace import Workspace

log = logging.getLogger(__name__)


def keep_performance(work: Workspace) -> Path | None:
    """Report on the outcomes of the last days beside those before; never raise.

    Returns:
        The page; None where too little was scored, or no report could be made, which is logged:
        nothing but reading it depends on it.
    """
    try:
        return _keep(work)
    except Exception:  # logged; nothing but reading the report depends on it
        log.exception("The performance report of %s could not be made.", work.as_of)
        return None


def is_missing(work: Workspace) -> bool:
    """Tell whether the newest publication that was scored has no report; never raise.

    A run that was cut short after it had scored leaves none.
    """
    try:
        day = newest_day(newest_outcomes(work))
    except Exception:  # logged; nothing but reading the report depends on it
        log.exception("Whether the performance report of %s is missing is not known.", work.as_of)
        return False
    return day is not None and not archive_of(work).has(PERFORMANCE, day)


def _keep(work: Workspace) -> Path | None:
    calendar, windows = work.commodity.publication_calendar, work.parameters.drift
    recent, before = (
        publications_in(days, calendar) for days in (windows.window_days, windows.reference_days)
    )
    outcomes = read_outcomes(work.store, recent + before)
    run = Run(work.as_of, work.lake.source_kind.value, work.simulated, work.back_dated)
    return archive_outcomes(archive_of(work), outcomes, recent, run)
