"""A run as of a past day: it makes up for a missing report, and leaves what is live alone."""

from __future__ import annotations

from canasta.deliver.backdated import BackDated, backdated_lines
from canasta.deliver.summary import scored_line
from orchestration.tasks.ingest import read_history
from orchestration.tasks.publish import forecast_the_past, write_missing_report
from orchestration.tasks.watch import score_outcomes
from orchestration.workspace import Workspace


def report_the_past(work: Workspace) -> BackDated:
    """Write the report of the run's day if it is missing, by the champion of that day.

    It rests on the history as it was known then. So do the outcomes that are missing of
    publications up to that day. The source is not asked, no model is fitted, and MLflow, pointer,
    panels and forecasts are not touched.

    Raises:
        NoChampion: nothing was promoted by then.
        ObjectCorrupt: the report is written, but outcomes wait for forecasts that cannot be read.
    """
    panel = read_history(work)
    title, outlook = forecast_the_past(work, panel)
    made = write_missing_report(work, panel, title, outlook)
    scoring = score_outcomes(work, panel, backfilled=True)
    work.display.print("")
    for line in backdated_lines(made, work.as_of, work.known_until or work.as_of):
        work.display.print(line)
    if scoring.publications:
        work.display.print(f"Outcomes were missing: {scored_line(scoring.publications)}")
    scoring.check()
    return made
