"""The nightly batch: the champion's report, without learning anything."""

from __future__ import annotations

from prefect import flow

from canasta.deliver.backdated import BackDated
from canasta.deliver.publish import Published
from canasta.deliver.summary import published_lines
from orchestration.flows.backdated import report_the_past
from orchestration.tasks.ingest import ingest_publications, read_history
from orchestration.tasks.publish import publish_forecasts, settle_registry, write_report
from orchestration.workspace import writing


@flow(name="daily_prediction_flow_batch")
def daily_prediction_flow_batch(
    execution_date: str | None = None, ingest: bool = True
) -> Published | BackDated:
    """Ingest, forecast with the champion, report.

    A day before the newest publication in the lake gets its report if that is missing, and
    nothing else.

    Args:
        execution_date: the day that the run stands for, as YYYY-MM-DD; today by default.
        ingest: look for a new publication first.
    """
    with writing(execution_date, from_source=ingest) as work:
        if work.back_dated:
            return report_the_past(work)
        settle_registry(work)
        if ingest:
            ingest_publications(work)
        panel = read_history(work)
        pointer = publish_forecasts(work, work.basis(panel))
        published, report = write_report(work, pointer)
        for line in published_lines(published, len(report)):
            work.display.print(line)
    return published
