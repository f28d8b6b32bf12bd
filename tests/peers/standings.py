"""Who stands where: figures by contestant and horizon, tables, and one plain sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.metrics import Comparison, compare_mae, compare_rmse

OF_A_DISTRIBUTION = ("crps", "crps_skill", "dm_crps", "coverage_95")
COLUMNS = {
    "rmse_skill": ("RMSE skill %", "+.2f"),
    "dm_rmse": ("DM", "+.1f"),
    "mae_skill": ("MAE skill %", "+.2f"),
    "dm_mae": ("DM", "+.1f"),
    "crps_skill": ("CRPS skill %", "+.2f"),
    "dm_crps": ("DM", "+.1f"),
    "coverage_95": ("95 %", ".3f"),
}
"""Figures that are shown: heading and format, by the metric's name."""

KEPT = ("rmse", "mae", "crps", *COLUMNS)

type Figures = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""By contestant, horizon and metric; None where the contestant gives no distribution."""


@dataclass(frozen=True)
class Ahead:
    """A rival that one of our recipes does not leave behind.

    Attributes:
        rival, ours: the contestants.
        measure: RMSE, MAE or CRPS.
        horizon: in publications.
        lead: the rival against ours.
    """

    rival: str
    ours: str
    measure: str
    horizon: int
    lead: Comparison

    def __str__(self) -> str:
        """Say it."""
        return (
            f"{self.rival} against {self.ours}: {self.measure} at h={self.horizon} "
            f"{self.lead.skill:+.2f} % (DM {self.lead.dm:+.1f})"
        )


def figures_of(backtest: Backtest, points: Sequence[str]) -> Figures:
    """Measure all contestants; `points` are those that give no distribution."""
    return {
        name: {
            str(horizon): {
                key: _plain(value, known=not (name in points and key in OF_A_DISTRIBUTION))
                for key, value in backtest.metrics(name, horizon=horizon).items()
                if key in KEPT
            }
            for horizon in backtest.horizons
        }
        for name in backtest.recipes
    }


def not_behind(backtest: Backtest, ours: Sequence[str], points: Sequence[str]) -> Iterator[Ahead]:
    """Find every rival whose RMSE, MAE or CRPS is no worse than that of one of our recipes."""
    for rival in (name for name in backtest.recipes if name not in ours):
        for horizon in backtest.horizons:
            for mine in ours:
                for measure, compare in _measures(rival in points).items():
                    lead = compare(backtest, rival, mine, horizon)
                    if not lead.skill < 0:
                        yield Ahead(rival, mine, measure, horizon, lead)


def verdict(ours: Sequence[str], rivals: Sequence[str], ahead: Sequence[Ahead]) -> str:
    """Say whether every rival stands behind every one of our recipes, and who does not."""
    where = "RMSE, MAE and (where it gives a distribution) CRPS, at every horizon"
    against = " and ".join(ours)
    if not ahead:
        return f"Every peer ({', '.join(rivals)}) stands behind {against} on {where}."
    behind = [name for name in rivals if name not in {one.rival for one in ahead}]
    told = "\n".join(f"  {one}" for one in ahead)
    return (
        f"NOT every peer stands behind {against} on {where}. Not behind:\n{told}\n"
        f"Behind in all: {', '.join(behind) or 'none'}."
    )


def table_of(figures: Figures, horizon: int, seconds: Mapping[str, float]) -> Table:
    """Lay out one horizon, with the seconds that all fits and forecasts took."""
    title = "Next publication" if horizon == 1 else f"{horizon} publications ahead"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("contestant", no_wrap=True)
    for heading, _ in (*COLUMNS.values(), ("seconds", "")):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, by_horizon in figures.items():
        measured = by_horizon[str(horizon)]
        cells = [_shown(measured[key], form) for key, (_, form) in COLUMNS.items()]
        table.add_row(name, *cells, _shown(seconds.get(name), ".1f"))
    return table


type _Compare = Callable[[Backtest, str, str, int], Comparison]


def _measures(is_point: bool) -> Mapping[str, _Compare]:
    def by_mean(backtest: Backtest, one: str, other: str, horizon: int) -> Comparison:
        error = backtest.mean_error
        return compare_rmse(
            error(one, horizon=horizon), error(other, horizon=horizon), horizon=horizon
        )

    def by_median(backtest: Backtest, one: str, other: str, horizon: int) -> Comparison:
        error = backtest.median_error
        return compare_mae(
            error(one, horizon=horizon), error(other, horizon=horizon), horizon=horizon
        )

    def by_crps(backtest: Backtest, one: str, other: str, horizon: int) -> Comparison:
        return backtest.compare(one, other, horizon=horizon)

    measures: dict[str, _Compare] = {"RMSE": by_mean, "MAE": by_median}
    return measures if is_point else {**measures, "CRPS": by_crps}


def _plain(value: float, *, known: bool) -> float | None:
    """Return a figure as JSON can hold it: neither NaN nor what does not exist."""
    return value if known and math.isfinite(value) else None


def _shown(value: Any, form: str) -> str:
    return "–" if value is None else format(value, form)
