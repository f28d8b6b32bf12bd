"""The nightly batch: the champion's report, without learning anything."""

from __future__ import annotations

from prefect import flow

from canasta.deliver.backdated import BackDated
from canasta.deliver.publish import Published
from canasta.deliver.summary import published_lines
from canasta.errors import SettingsError
from canasta.forecast.outlook import HORIZONS
from orchestration.attempts import Attempts
from orchestration.flows.backdated import report_the_past
from orchestration.flows.watching import close_day, watch_drift, watch_outcomes
from orchestration.tasks.ingest import ingest_publications, read_history
from orchestration.tasks.publish import (
    publish_forecasts,
    settle_registry,
    write_horizons,
    write_report,
)
from orchestration.tasks.tell import (
    tell_decision,
    tell_digest,
    tell_drift,
    tell_failure,
    tell_late,
    tell_quarantine,
)
from orchestration.tasks.watch import measure_champion
from orchestration.workspace import writing


@flow(name="daily_prediction_flow_batch", on_failure=[tell_failure], on_crashed=[tell_failure])
def daily_prediction_flow_batch(
    execution_date: str | None = None, ingest: bool = True, horizons: int = 1
) -> Published | BackDated:
    """Ingest, watch, forecast with the champion, report, tell.

    A day before the newest publication in the lake gets its report and outcomes if they are
    missing, and nothing else.

    Args:
        execution_date: the day that the run stands for, as YYYY-MM-DD; today by default.
        ingest: look for a new publication first.
        horizons: publications ahead; with more than 1 another report beside the daily one.

    Raises:
        SettingsError: there are no so many horizons, or they are asked for as of a past day.
        StepsFailed: the report is out, but steps beside it failed.
    """
    if not 1 <= horizons <= HORIZONS:
        raise SettingsError(f"HORIZON={horizons} is out of reach; choose 1 to {HORIZONS}.")
    with writing(execution_date, from_source=ingest) as work:
        if work.back_dated:
            if horizons > 1:
                raise SettingsError(
                    f"HORIZON={horizons} is for what is live: DATE={work.as_of} lies before what "
                    f"the lake knows, up to {work.known_until}. Leave one of the two out."
                )
            return report_the_past(work)
        attempts = Attempts()
        settle_registry(work)
        ingested = ingest_publications(work) if ingest else None
        if ingested is not None:
            tell_quarantine(work, ingested)
        panel = read_history(work)
        basis = work.basis(panel)
        verdict = None
        if ingest:
            watch_outcomes(work, panel, basis, attempts)
            verdict = watch_drift(work, panel, attempts)
            tell_drift(work, verdict)
        pointer = publish_forecasts(work, basis)
        published, report = write_report(work, pointer)
        if ingest:
            tell_decision(work)
            skill = attempts.make("Live skill", lambda: measure_champion(work), None)
            tell_digest(
                work, pointer, published, report, ingested=ingested, skill=skill, drift=verdict
            )
            tell_late(work)
            close_day(work, pointer, verdict, attempts)
        for line in published_lines(published, len(report)):
            work.display.print(line)
        if horizons > 1:
            ahead = write_horizons(work, pointer, horizons)
            work.display.print(f"{ahead.csv}\n{ahead.workbook}")
        attempts.check(f"make daily DATE={work.as_of}")
    return published
