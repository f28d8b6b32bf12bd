"""Slices at the terminal: who is served worse, group by group."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from canasta.forecast.evaluation.metrics import Comparison
from canasta.forecast.evaluation.slices import MEASURES, Slice

NAMES = {"rmse": "RMSE", "mae": "MAE", "crps": "CRPS"}
"""How the measures are printed."""


def slices_table(found: Sequence[Slice]) -> Table:
    """Tabulate the groups of one grouping: skills in percent with their DM, and coverages."""
    table = Table(title=f"By {found[0].grouping}", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("group", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for name in MEASURES:
        table.add_column(f"{NAMES[name]} skill % (DM)", justify="right", no_wrap=True)
    for heading in ("in 80 %", "in 95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for one in found:
        table.add_row(
            escape(one.group),
            str(one.count),
            *(compared(getattr(one, name)) for name in MEASURES),
            f"{one.coverage_80:.3f}",
            f"{one.coverage_95:.3f}",
            _verdict(one),
        )
    return table


def verdict_line(found: Sequence[Slice], by_chance: float) -> str:
    """Say how many comparisons are worse, and how many would be by chance alone."""
    worse = sum(len(one.worse) for one in found)
    total = sum(
        not math.isnan(getattr(one, name).skill) and not math.isnan(getattr(one, name).dm)
        for one in found
        for name in MEASURES
    )
    return (
        f"{worse} of {total} comparisons are worse than the reference (skill below 0 with "
        f"DM < -1.64). Were both equally good everywhere, chance alone would give about "
        f"{by_chance:.0f}. RMSE is of the mean and MAE of the median, both against the last "
        "price; CRPS is against persistence's distribution."
    )


def compared(comparison: Comparison) -> str:
    """Return a skill and its DM statistic in one cell."""
    if math.isnan(comparison.skill):  # prices that stood still: there was nothing to win
        return "–"
    dm = "–" if math.isnan(comparison.dm) else f"{comparison.dm:+.1f}"
    return f"{comparison.skill:+.2f} ({dm})"


def _verdict(one: Slice) -> str:
    worse = ", ".join(NAMES[name] for name in one.worse)
    return f"[red]worse[/] by {worse}" if worse else ""
