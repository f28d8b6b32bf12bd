"""Tasks that watch: what came of forecasts, whether the champion holds, whether prices drift."""

from __future__ import annotations

import logging
from datetime import date

from prefect import task
from prefect.cache_policies import NO_CACHE

from canasta.deliver.outbox_files import lost_in_a_row
from canasta.deliver.summary import live_line, scored_line
from canasta.errors import RegistryUnavailable, UnknownVersion
from canasta.forecast.panel import Panel
from canasta.monitor.failing import LiveRuling, judge_live
from canasta.monitor.live import LOGGED, LiveSkill, publication_figures
from canasta.monitor.outcomes import Scoring, score
from canasta.monitor.textfile import Standing, write_standing
from canasta.monitor.verdict import Severity, Verdict, alerting
from canasta.registry.decisions import Kind, searches
from canasta.registry.pointer import Pointer
from canasta.registry.promotion import depose
from canasta.registry.steps import Basis, Cause
from orchestration.drift import drift_verdict, keep_report
from orchestration.monitor import keep_page
from orchestration.performance import keep_performance
from orchestration.reign import newest_outcomes, reign_of
from orchestration.tasks.tell import outbox_of
from orchestration.workspace import Workspace

log = logging.getLogger(__name__)


@task(name="score", cache_policy=NO_CACHE)
def score_outcomes(work: Workspace, panel: Panel, *, backfilled: bool = False) -> Scoring:
    """Score the publications that came, and have forecasts, and no outcomes yet."""
    with work.display.step("Missing outcomes" if backfilled else "Score") as told:
        weight = work.parameters.empirical.weight
        scoring = score(work.lake, panel, work.as_of, weight, backfilled=backfilled)
        wait = f"; {len(scoring.waiting)} wait" if scoring.waiting else ""
        told(f"{scored_line(scoring.publications)}{wait}")
    return scoring


@task(name="log-outcomes", cache_policy=NO_CACHE)
def log_outcomes(work: Workspace) -> None:
    """Log the outcomes of the newest publications to the MLflow runs of their versions.

    Where MLflow does not answer, the next publication brings them along.
    """
    with work.display.step("Log outcomes") as told:
        outcomes = newest_outcomes(work)
        done = []
        for version, figures in publication_figures(outcomes).items():
            try:
                new = work.registry.tracking.log_live(version, figures, LOGGED)
                done += [f"{new} of version {version}"] if new else []
            except UnknownVersion as error:
                log.warning("outcomes are in the lake alone: %s", error)
            except RegistryUnavailable as error:
                log.warning("outcomes will be logged later: %s", error)
                told("MLflow does not answer; it will follow")
                return
        told(", ".join(done))


@task(name="performance", cache_policy=NO_CACHE)
def report_performance(work: Workspace) -> None:
    """Keep a report of how good the forecasts of the last days were; it never fails a run."""
    with work.display.step("Performance report") as told:
        told(str(keep_performance(work) or "none: too little is scored"))


@task(name="judge-live", cache_policy=NO_CACHE)
def judge_champion(work: Workspace) -> LiveRuling | None:
    """Hold the champion against its own outcomes; None where they say too little."""
    with work.display.step("Judge the champion") as told:
        reign = reign_of(work)
        if reign is None:
            told("nobody is champion yet")
            return None
        ruling = judge_live(reign.outcomes, reign.tenure, work.parameters.live)
        none = "outcomes say nothing against it yet"
        told(none if ruling is None else ruling.reason)
    return ruling


@task(name="depose", cache_policy=NO_CACHE)
def depose_champion(
    work: Workspace, basis: Basis, ruling: LiveRuling, successor: Pointer | int
) -> Pointer:
    """Give the title of a champion that fails to a former one, or to a version of persistence."""
    with work.display.step("Roll back") as told:
        cause = Cause(Kind.ROLLBACK, ruling.reason, ruling)
        pointer = depose(work.registry, basis, cause, successor)
        told(f"{pointer.title.recipe.algorithm}, version {pointer.title.version}, is the champion")
    return pointer


@task(name="measure-champion", cache_policy=NO_CACHE)
def measure_champion(work: Workspace) -> LiveSkill | None:
    """Measure the champion's forecasts one publication ahead; None before any is scored."""
    with work.display.step("Live skill") as told:
        reign = reign_of(work)
        skill = None if reign is None else reign.skill()
        told(live_line(skill))
    return skill


@task(name="drift", cache_policy=NO_CACHE)
def check_drift(work: Workspace, panel: Panel) -> Verdict:
    """Check the newest publication for drift; an error is an ALERT."""
    with work.display.step("Drift") as told:
        verdict = drift_verdict(work, panel)
        named = [check.name for check in verdict.checks if check.severity is not Severity.OK]
        told(f"{verdict.severity.value}{': ' if named else ''}{', '.join(named)}")
    return verdict


@task(name="drift-report", cache_policy=NO_CACHE)
def keep_drift_report(work: Workspace, panel: Panel, verdict: Verdict) -> Verdict:
    """Keep the report of a verdict; return the verdict by the report's own scores."""
    with work.display.step("Drift report") as told:
        verdict, path = keep_report(work, panel, verdict)
        told(str(path))
    return verdict


def drift_asks_for_a_search(work: Workspace, verdict: Verdict) -> bool:
    """Tell whether something alerts that no search of the last publications has answered.

    A fault stays in the windows for weeks, and its checks flicker: what alerted when one of the
    last RETRAIN_EVERY publications was searched on is answered, and within as many there is one
    search on drift at most. Only decision records count: they lie in the lake and do not change.
    """
    if verdict.severity is not Severity.ALERT:
        return False
    answered: set[str] = set()
    for record in searches(work.store):
        if publications_since(work, record.origin) >= work.settings.retrain_every:
            break
        if record.on_drift:
            return False
        answered.update(record.alerting)
    return not set(alerting(verdict)) <= answered


def publications_since(work: Workspace, origin: date) -> int:
    """Return how many publications came after one, up to the run's day."""
    return sum(origin < day <= work.as_of for day in work.lake.dates())


@task(name="metrics", cache_policy=NO_CACHE)
def write_metrics(
    work: Workspace,
    pointer: Pointer,
    verdict: Verdict | None,
    *,
    failed_steps: int,
    waiting: int,
) -> None:
    """Write what Prometheus reads."""
    with work.display.step("Metrics") as told:
        reign = reign_of(work)
        gaps = work.lake.gaps(work.as_of)
        standing = Standing(
            commodity=work.commodity.name,
            finished=work.registry.clock(),
            failed_steps=failed_steps,
            origin=pointer.origin,
            quarantined=len(gaps.quarantined),
            missing=len(gaps.missing),
            version=pointer.title.version,
            drift=verdict,
            live={} if reign is None else reign.by_horizon(),
            slices={} if reign is None else reign.by_slice(work.commodity),
            waiting=waiting,
            lost=lost_in_a_row(outbox_of(work).told()),
        )
        told(str(write_standing(standing, work.monitor_dir)))


@task(name="page", cache_policy=NO_CACHE)
def write_monitor_page(work: Workspace) -> None:
    """Write the page that people watch by; it never fails a run."""
    with work.display.step("Page") as told:
        told(str(keep_page(work) or "none: the log says why"))
