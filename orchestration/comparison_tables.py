"""The figures of a back-test at the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from canasta.deliver.backtest.files import Figures, mean_figures
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.recipe import PERSISTENCE
from orchestration.slice_tables import compared

COLUMNS = {
    "rmse": ("RMSE", ".4f"),
    "rmse_skill": ("skill %", "+.2f"),
    "dm_rmse": ("DM", "+.1f"),
    "mae": ("MAE", ".4f"),
    "mae_skill": ("skill %", "+.2f"),
    "dm_mae": ("DM", "+.1f"),
    "crps": ("CRPS", ".4f"),
    "crps_skill": ("skill %", "+.2f"),
    "dm_crps": ("DM", "+.1f"),
    "auc": ("AUC", ".3f"),
    "ece": ("ECE", ".3f"),
    "winkler_ratio_95": ("Winkler", ".3f"),
    "coverage_80": ("80 %", ".3f"),
    "coverage_95": ("95 %", ".3f"),
    "coverage_95_active": ("active", ".3f"),
}
"""Figures of a contestant: heading and format, by the metric's name."""


def overall(measured: Figures, names: Sequence[str], horizon: int, unit: str) -> Table:
    """Lay out the figures of some contestants at one horizon."""
    table = _table(f"{_ahead(horizon)}, {unit}", "contestant")
    for name in names:
        table.add_row(name, *_cells(measured[name][str(horizon)]))
    return table


def by_seed(measured: Mapping[int, Figures], name: str, horizon: int, unit: str) -> Table:
    """Lay out one contestant's figures of each seed, and their means."""
    table = _table(f"{name}: {_ahead(horizon).lower()}, {unit}", "seed")
    for seed, figures in measured.items():
        table.add_row(str(seed), *_cells(figures[name][str(horizon)]))
    table.add_section()
    means = mean_figures(list(measured.values()))
    table.add_row("mean", *_cells(means[name][str(horizon)]))
    return table


def by_slice(backtest: Backtest, names: Sequence[str]) -> Table:
    """Lay out CRPS skill against persistence and its DM statistic in each slice."""
    table = Table(title="CRPS skill % (DM) by slice", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("slice", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for part in backtest.parts:
        found = [backtest.compare(name, PERSISTENCE, part) for name in names]
        table.add_row(escape(part), *(compared(one) for one in found))
    return table


def _ahead(horizon: int) -> str:
    return "Next publication" if horizon == 1 else f"{horizon} publications ahead"


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for heading, _ in COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _cells(figures: Mapping[str, float]) -> list[str]:
    return [_shown(figures[key], form) for key, (_, form) in COLUMNS.items()]


def _shown(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)
