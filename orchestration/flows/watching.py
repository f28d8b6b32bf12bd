"""What comes of earlier forecasts: scored, logged, and held against the champion."""

from __future__ import annotations

from dataclasses import dataclass

from canasta.deliver.summary import scored_line
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.forecast.training import Trainer
from canasta.monitor.failing import LiveRuling
from canasta.monitor.outcomes import ScoredPublication, Scoring
from canasta.monitor.verdict import Verdict
from canasta.registry.pointer import Pointer
from canasta.registry.promotion import heir
from canasta.registry.steps import Basis
from canasta.registry.tenure import banned
from orchestration.attempts import Attempts
from orchestration.performance import is_missing
from orchestration.tasks.learn import register
from orchestration.tasks.tell import flush
from orchestration.tasks.watch import (
    check_drift,
    depose_champion,
    judge_champion,
    keep_drift_report,
    log_outcomes,
    report_performance,
    score_outcomes,
    write_metrics,
    write_monitor_page,
)
from orchestration.workspace import Workspace


@dataclass(frozen=True)
class Watched:
    """What watching found.

    Attributes:
        scored: publications that were scored now.
        ruling: on the champion that this run found; None where outcomes say too little.
    """

    scored: tuple[ScoredPublication, ...] = ()
    ruling: LiveRuling | None = None

    @property
    def lines(self) -> list[str]:
        """Say for people what was scored."""
        return [scored_line(self.scored)]

    @property
    def decided(self) -> list[str]:
        """Say for people who lost the title, and why; nothing where nobody did."""
        return [self.ruling.reason] if self.ruling is not None and self.ruling.fails else []


def watch_outcomes(work: Workspace, panel: Panel, basis: Basis, attempts: Attempts) -> Watched:
    """Score what came, and take the title from a champion whose outcomes contradict it.

    What fails here is told at the end of the run and made up for by the next: no report is
    lost for it, and no champion rolled back where scoring broke off. A file of forecasts that
    cannot be read keeps a few publications waiting, and nothing else: the champion is judged.
    """
    scoring = attempts.make("Score", lambda: score_outcomes(work, panel), None)
    if scoring is None:
        return Watched()
    if scoring.waiting:
        attempts.make("Score", lambda: _tell_of_waiting(work, scoring), None)
    scored = scoring.publications
    if scored or is_missing(work):
        attempts.make("Log outcomes", lambda: log_outcomes(work), None)
        report_performance(work)
    ruling = attempts.make("Roll back", lambda: _hold_to_account(work, panel, basis), None)
    return Watched(scored, ruling)


def watch_drift(work: Workspace, panel: Panel, attempts: Attempts) -> Verdict:
    """Check for drift; a report of it that cannot be kept leaves the verdict as it is."""
    verdict = check_drift(work, panel)
    return attempts.make("Drift report", lambda: keep_drift_report(work, panel, verdict), verdict)


def close_day(
    work: Workspace, pointer: Pointer, verdict: Verdict | None, attempts: Attempts
) -> None:
    """Send what is to be told, and write down how the run went: for Prometheus, and for people.

    A replay, in which every day would be seen for seconds, leaves its page to `make monitor`.
    """
    waiting = flush(work).waiting
    failed = len(attempts.failed)
    attempts.make(
        "Metrics",
        lambda: write_metrics(work, pointer, verdict, failed_steps=failed, waiting=waiting),
        None,
    )
    if not work.is_replay:
        write_monitor_page(work)


def _tell_of_waiting(work: Workspace, scoring: Scoring) -> None:
    with work.display.step("Score the rest"):
        scoring.check()


def _hold_to_account(work: Workspace, panel: Panel, basis: Basis) -> LiveRuling | None:
    ruling = judge_champion(work)
    if ruling is not None and ruling.fails:
        barred = banned(work.store, panel.dates, work.parameters.live.ban)
        successor = heir(work.store, barred)
        depose_champion(work, basis, ruling, successor or _persistence(work, panel, basis))
    return ruling


def _persistence(work: Workspace, panel: Panel, basis: Basis) -> int:
    trainer = Trainer.of(panel, work.parameters.fit, work.settings.seed)
    return register(work, trainer, basis, PERSISTENCE, Recipe(PERSISTENCE))
