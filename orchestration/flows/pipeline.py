"""The main job: from a publication to a report, learning when it is due."""

from __future__ import annotations

from prefect import flow

from canasta.deliver.backdated import BackDated
from canasta.deliver.publish import Published
from canasta.deliver.summary import RunSummary, run_summary
from canasta.errors import RegistryUnavailable, SettingsError
from canasta.forecast.panel import Panel
from canasta.registry.decisions import newest_search
from canasta.registry.pointer import Pointer, current
from canasta.registry.steps import Basis
from orchestration.artifacts import show_report
from orchestration.flows.backdated import report_the_past
from orchestration.flows.contest import Outcome, champion_recipe, hold_contest
from orchestration.tasks.ingest import ingest_publications, read_history
from orchestration.tasks.publish import (
    publish_forecasts,
    reach_registry,
    settle_registry,
    write_report,
)
from orchestration.workspace import Workspace, writing


@flow(name="daily-mlops-pipeline")
def daily_mlops_pipeline(
    execution_date: str | None = None, retrain: bool = False
) -> Published | BackDated:
    """Ingest, search and judge when that is due, forecast, report.

    A day before the newest publication in the lake gets its report if that is missing, and
    nothing else.

    Args:
        execution_date: the day that the run stands for, as YYYY-MM-DD; today by default.
        retrain: search now, due or not.

    Raises:
        SettingsError: a search is asked for as of a past day.
    """
    with writing(execution_date) as work:
        if work.back_dated:
            if retrain:
                raise SettingsError(_no_search_then(work))
            return report_the_past(work)
        summary = run_day(work, retrain=retrain)
        work.display.print("")
        work.display.print(run_summary(summary))
    return summary.published


def run_day(work: Workspace, *, retrain: bool = False) -> RunSummary:
    """Do what a day asks for, from its publication to its report."""
    settle_registry(work)
    ingested = ingest_publications(work)
    panel = read_history(work)
    basis = work.basis(panel)
    outcome = _contest(work, panel, basis, asked_for=retrain)
    pointer = publish_forecasts(work, basis)
    published, report = write_report(work, pointer)
    summary = RunSummary(
        commodity=work.commodity,
        ingested=ingested,
        learnt=outcome.learnt,
        decided=outcome.decided or [champion_line(pointer)],
        published=published,
        report=report,
    )
    if not work.is_replay:
        show_report(published, run_summary(summary))
    return summary


def _no_search_then(work: Workspace) -> str:
    return (
        f"DATE={work.as_of} lies before what the lake knows, up to {work.known_until}: a "
        "search as of that day would change what is live. Choose a later DATE; `make backfill "
        "FROM=… TO=…` replays the past, searches included, on a lake of its own."
    )


def _contest(work: Workspace, panel: Panel, basis: Basis, *, asked_for: bool) -> Outcome:
    """Hold a contest if one is due or asked for; a champion can wait for MLflow to answer again.

    Raises:
        RegistryUnavailable: MLflow does not answer, and there is no champion, or the contest
            was asked for.
    """
    pointer = current(work.store)
    if not (asked_for or search_is_due(work, pointer)):
        return Outcome()
    try:
        reach_registry(work)
    except RegistryUnavailable as error:
        if asked_for or pointer is None:
            raise
        return Outcome(decided=(champion_line(pointer), f"the search is put off: {error}"))
    return hold_contest(work, panel, basis)


def search_is_due(work: Workspace, pointer: Pointer | None) -> bool:
    """Tell whether RETRAIN_EVERY publications came since the last search.

    Or nothing is live that this release can serve.
    """
    newest = newest_search(work.store)
    if newest is None or champion_recipe(pointer) is None:
        return True
    since = [day for day in work.lake.dates() if newest.origin < day <= work.as_of]
    return len(since) >= work.settings.retrain_every


def champion_line(pointer: Pointer) -> str:
    """Say in a line who is champion."""
    title = pointer.title
    return f"{title.recipe.algorithm}, version {title.version}, stays the champion"
