"""Drift of the newest prices: checked, kept in the archive, and told by `make drift`."""

from __future__ import annotations

import logging
import math
from pathlib import Path

from rich.table import Table

from canasta.errors import CanastaError
from canasta.forecast.history import read_panel
from canasta.forecast.panel import Panel
from canasta.monitor.archive import Archive
from canasta.monitor.drift import check_drift
from canasta.monitor.verdict import Severity, Verdict, failed
from orchestration.workspace import Workspace, reading

log = logging.getLogger(__name__)

COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.ALERT: "bold red"}


def drift_verdict(work: Workspace, panel: Panel) -> Verdict:
    """Check the newest publication for drift; never raise.

    A check that cannot be made is an ALERT: nobody knows then whether the prices are sound.

    Args:
        work: of the run.
        panel: the history as known on its day.
    """
    try:
        return check_drift(panel, work.parameters.drift)
    except Exception as error:  # a check that fails is an ALERT
        log.exception("The drift check of %s could not be made.", work.as_of)
        # It is told to people: what nobody designed may hold a secret, and the log has it.
        told = str(error) if isinstance(error, CanastaError) else type(error).__name__
        return failed(panel.dates[-1] if panel.dates else work.as_of, told)


def keep_report(work: Workspace, panel: Panel, verdict: Verdict) -> tuple[Verdict, Path]:
    """Keep the report of a verdict; return what it says, by Evidently's scores, and its path.

    Of checks that could not be made it says that, and why.

    Raises:
        OSError: the archive cannot be written.
    """
    from canasta.monitor.drift_archive import (  # noqa: PLC0415 # Evidently takes seconds
        Examined,
        Run,
        archive_drift,
        examine,
    )

    could_not = Examined(verdict, {}, None)
    examined = could_not if verdict.failure else examine(panel, work.parameters.drift)
    run = Run(work.as_of, work.lake.source_kind.value, work.simulated, work.back_dated)
    return examined.verdict, archive_drift(archive_of(work), examined, run)


def archive_of(work: Workspace) -> Archive:
    """Return the archive of the lake's reports; that of a replay lies apart."""
    return Archive(work.monitor_dir, work.parameters.drift.pages)


def print_drift(execution_date: str | None = None) -> None:
    """Check for drift as of a day; print the verdict and where its report lies.

    Nothing but the archive is written.

    Args:
        execution_date: the day, as YYYY-MM-DD; today by default.

    Raises:
        SettingsError: the date cannot be used.
        LakeEmpty: no publication lies on or before the day.
    """
    work = reading(execution_date)
    panel = read_panel(work.lake, work.commodity, work.as_of)
    with work.display.step("Drift") as told:
        verdict = check_drift(panel, work.parameters.drift)
        verdict, path = keep_report(work, panel, verdict)
        told(verdict.severity.value)
    work.display.print(drift_table(verdict))
    print(f"Prices    {work.store.url}; newest publication {verdict.as_of}")
    print(f"Report    {path}")


def drift_table(verdict: Verdict) -> Table:
    """Return the checks of a verdict as a table."""
    table = Table("Check", "Value", "ALERT from", "Severity", box=None, pad_edge=False)
    for one in verdict.checks:
        colour = COLOURS[one.severity]
        severity = f"[{colour}]{one.severity}[/]"
        table.add_row(one.name, _shown(one.value), _threshold(one.threshold), severity)
    return table


def _threshold(figure: float) -> str:
    return _shown(figure) if math.isfinite(figure) else "too little to learn from"


def _shown(figure: float) -> str:
    return f"{figure:.3f}" if math.isfinite(figure) else "-"
