"""The main job: from a publication to a report, learning when it is due."""

from __future__ import annotations

from dataclasses import replace

from prefect import flow

from canasta.deliver.backdated import BackDated
from canasta.deliver.publish import Published
from canasta.deliver.summary import RunSummary, live_line, run_summary
from canasta.errors import RegistryUnavailable, SettingsError
from canasta.forecast.panel import Panel
from canasta.monitor.verdict import Verdict, alerting
from canasta.registry.decisions import newest_search
from canasta.registry.pointer import Pointer, current
from canasta.registry.steps import Basis
from orchestration.artifacts import show_report
from orchestration.attempts import Attempts
from orchestration.flows.backdated import report_the_past
from orchestration.flows.contest import Outcome, champion_recipe, hold_contest
from orchestration.flows.watching import close_day, watch_drift, watch_outcomes
from orchestration.tasks.ingest import ingest_publications, read_history
from orchestration.tasks.publish import (
    publish_forecasts,
    reach_registry,
    settle_registry,
    write_report,
)
from orchestration.tasks.tell import (
    flush,
    tell_decision,
    tell_digest,
    tell_drift,
    tell_failure,
    tell_late,
    tell_quarantine,
)
from orchestration.tasks.watch import (
    drift_asks_for_a_search,
    measure_champion,
    publications_since,
)
from orchestration.workspace import Workspace, writing


@flow(name="daily-mlops-pipeline", on_failure=[tell_failure], on_crashed=[tell_failure])
def daily_mlops_pipeline(
    execution_date: str | None = None, retrain: bool = False
) -> Published | BackDated:
    """Ingest, score and watch, search and judge when that is due, forecast, report.

    A day before the newest publication in the lake gets its report and outcomes if they are
    missing, and nothing else.

    Args:
        execution_date: the day that the run stands for, as YYYY-MM-DD; today by default.
        retrain: search now, due or not.

    Raises:
        SettingsError: a search is asked for as of a past day.
        StepsFailed: the report is out, but steps beside it failed.
    """
    with writing(execution_date) as work:
        if work.back_dated:
            if retrain:
                raise SettingsError(_no_search_then(work))
            return report_the_past(work)
        attempts = Attempts()
        summary = run_day(work, attempts, retrain=retrain)
        work.display.print("")
        work.display.print(run_summary(summary))
        attempts.check(f"make {'retrain' if retrain else 'daily'} DATE={work.as_of}")
    return summary.published


def run_day(work: Workspace, attempts: Attempts, *, retrain: bool = False) -> RunSummary:
    """Do what a day asks for, from its publication to its report.

    Args:
        work: the workspace.
        attempts: takes what failed beside the report.
        retrain: search now, due or not.
    """
    settle_registry(work)
    ingested = ingest_publications(work)
    tell_quarantine(work, ingested)
    panel = read_history(work)
    basis = work.basis(panel)
    watched = watch_outcomes(work, panel, basis, attempts)
    verdict = watch_drift(work, panel, attempts)
    tell_drift(work, verdict, searches=retrain or _is_due(work, verdict))
    outcome = _contest(work, panel, basis, verdict, attempts, asked_for=retrain)
    tell_decision(work)
    pointer = publish_forecasts(work, basis)
    published, report = write_report(work, pointer)
    skill = attempts.make("Live skill", lambda: measure_champion(work), None)
    tell_digest(work, pointer, published, report, ingested=ingested, skill=skill, drift=verdict)
    tell_late(work)
    close_day(work, pointer, verdict, attempts)
    summary = RunSummary(
        commodity=work.commodity,
        ingested=ingested,
        watched=[*watched.lines, live_line(skill), f"drift: {verdict.severity}"],
        learnt=outcome.learnt,
        decided=[*watched.decided, *(outcome.decided or [champion_line(pointer)])],
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


def _contest(
    work: Workspace,
    panel: Panel,
    basis: Basis,
    verdict: Verdict,
    attempts: Attempts,
    *,
    asked_for: bool,
) -> Outcome:
    """Hold a contest if one is due or asked for, by a person or by drift.

    A champion can wait for MLflow to answer again, and its report does not depend on the search.
    What is to be told does not wait for the search either.

    Raises:
        RegistryUnavailable: MLflow does not answer, and there is no champion, or the contest
            was asked for.
    """
    pointer = current(work.store)
    due = asked_for or search_is_due(work, pointer)
    on_drift = not due and drift_asks_for_a_search(work, verdict)
    if not (due or on_drift):
        return Outcome()
    flush(work)
    try:
        reach_registry(work)
    except RegistryUnavailable as error:
        if asked_for or pointer is None:
            raise
        return Outcome(decided=(champion_line(pointer), f"the search is put off: {error}"))
    basis = replace(basis, alerting=alerting(verdict), on_drift=on_drift)
    if pointer is None or champion_recipe(pointer) is None:
        return hold_contest(work, panel, basis)
    failed = Outcome(decided=(champion_line(pointer), "the search failed"))
    outcome = attempts.make("Search", lambda: hold_contest(work, panel, basis), failed)
    if outcome is failed:
        settle_registry(work)  # a decision that was made before it failed is carried out first
    return outcome


def _is_due(work: Workspace, verdict: Verdict) -> bool:
    return search_is_due(work, current(work.store)) or drift_asks_for_a_search(work, verdict)


def search_is_due(work: Workspace, pointer: Pointer | None) -> bool:
    """Tell whether RETRAIN_EVERY publications came since the last search.

    Or nothing is live that this release can serve.
    """
    newest = newest_search(work.store)
    if newest is None or champion_recipe(pointer) is None:
        return True
    return publications_since(work, newest.origin) >= work.settings.retrain_every


def champion_line(pointer: Pointer) -> str:
    """Say in a line who is champion."""
    title = pointer.title
    return f"{title.recipe.algorithm}, version {title.version}, stays the champion"
