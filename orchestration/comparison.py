"""`make backtest`: the recipes, persistence and the earlier system on the same origins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from rich.box import SIMPLE_HEAD
from rich.table import Table

from canasta.errors import SettingsError
from canasta.forecast.backtest import Backtest
from canasta.forecast.distribution import Distribution
from canasta.forecast.earlier import RECIPES as EARLIER
from canasta.forecast.earlier import earlier_forecasts
from canasta.forecast.metrics import Comparison
from canasta.forecast.origins import Window
from canasta.forecast.outlook import HORIZONS
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.forecast.scored import Scored
from canasta.forecast.vintages import Vintages
from canasta.registry.pointer import current
from orchestration.flows.contest import vintages_of, window_of
from orchestration.tasks.learn import CHAMPION, back_test, search_recipe
from orchestration.workspace import Workspace, reading

COLUMNS = {
    "rmse": ("RMSE", ".4f"),
    "rmse_skill": ("skill %", "+.2f"),
    "dm_rmse": ("DM", "+.1f"),
    "mae": ("MAE", ".4f"),
    "mae_skill": ("skill %", "+.2f"),
    "dm_mae": ("DM", "+.1f"),
    "crps_skill": ("CRPS skill %", "+.2f"),
    "dm_crps": ("DM", "+.1f"),
    "auc": ("AUC", ".3f"),
    "ece": ("ECE", ".3f"),
    "winkler_ratio_95": ("Winkler", ".3f"),
    "coverage_95": ("95 %", ".3f"),
    "coverage_95_active": ("active", ".3f"),
}
"""Figures of a contestant: heading and format, by the metric's name."""


def print_comparison(since: str | None, until: str | None) -> None:
    """Search both recipes, back-test all contestants, and print the figures.

    Nothing is stored. The search sees only targets before the first origin.

    Args:
        since: first target date, as YYYY-MM-DD; the window's by default.
        until: last target date; the window's by default.

    Raises:
        SettingsError: a date cannot be read.
        TooLittleHistory: nothing can be evaluated there.
    """
    work = reading()
    vintages = vintages_of(work, HORIZONS)
    panel = vintages.newest.panel
    window = window_of(work, panel).bounded(panel, _date(since), _date(until))
    recipes = _recipes(work, vintages, window)
    measured = back_test.fn(work, vintages, window, recipes)
    backtest = _with_earlier(work, panel, window, measured)
    for horizon in backtest.horizons:
        shown = list(backtest.recipes) if horizon == 1 else list(measured.recipes)
        work.display.print(_overall(backtest, shown, horizon, work.commodity.unit))
    work.display.print(_by_slice(backtest))
    work.display.print(
        f"Targets {backtest.targets[0]} to {backtest.targets[-1]}, {len(backtest.targets)} "
        f"origins, refitted every {window.refit_every}; seed {work.settings.seed}, "
        f"{work.settings.max_evals} evaluations. RMSE is of the mean and MAE of the median, both "
        "against the last price; CRPS and Winkler (95 % range) are against persistence's "
        "distribution. Positive skills and DM are better, Winkler is below 1. The earlier system "
        "is scored as it was served."
    )
    if CHAMPION in backtest.recipes:
        work.display.print("The champion was chosen on some of these targets, which flatters it.")


def _recipes(work: Workspace, vintages: Vintages, window: Window) -> Mapping[str, Recipe]:
    pointer = current(work.store)
    champion = None if pointer is None else pointer.title.recipe
    # From the start of params.toml, not from the champion, which was chosen on such targets.
    recipes = {
        algorithm: search_recipe.fn(work, vintages, window, algorithm, None).best.recipe
        for algorithm in work.parameters.space
    }
    if champion is not None and champion.algorithm != PERSISTENCE:
        recipes[CHAMPION] = champion
    return recipes


def _with_earlier(work: Workspace, panel: Panel, window: Window, backtest: Backtest) -> Backtest:
    """Add the earlier system, which forecasts a price of the next publication and no more."""
    scored = {}
    for name, recipe in EARLIER.items():
        with work.display.step(f"Back-test {name}"):
            prices = earlier_forecasts(panel, recipe, window, work.settings.seed)
        scored[name] = Scored.empty(*backtest.changes.shape)
        everyone = slice(None)
        for at, (price, last) in enumerate(zip(prices.T, backtest.last.T, strict=True)):
            certain = Distribution.certain(price - last)
            scored[name].put(0, everyone, at, certain, backtest.changes[0, :, at])
    return replace(
        backtest,
        recipes={**backtest.recipes, **EARLIER},
        scored={**backtest.scored, **scored},
    )


def _overall(backtest: Backtest, names: Sequence[str], horizon: int, unit: str) -> Table:
    ahead = "Next publication" if horizon == 1 else f"{horizon} publications ahead"
    table = Table(title=f"{ahead}, {unit}", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("contestant", no_wrap=True)
    for heading, _ in COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for name in names:
        measured = backtest.metrics(name, horizon=horizon)
        table.add_row(name, *(_shown(measured[key], form) for key, (_, form) in COLUMNS.items()))
    return table


def _by_slice(backtest: Backtest) -> Table:
    """CRPS skill and its DM statistic in each slice, in one cell for each contestant."""
    table = Table(title="CRPS skill % (DM) by slice", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("slice", no_wrap=True)
    contestants = [name for name in backtest.recipes if name not in (PERSISTENCE, *EARLIER)]
    for name in contestants:
        table.add_column(name, justify="right", no_wrap=True)
    for part in backtest.parts:
        compared = [backtest.compare(name, PERSISTENCE, part) for name in contestants]
        table.add_row(part, *(_cell(one) for one in compared))
    return table


def _cell(comparison: Comparison) -> str:
    if math.isnan(comparison.skill):  # prices that stood still: there was nothing to win
        return "–"
    return f"{comparison.skill:+.2f} ({comparison.dm:+.1f})"


def _shown(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise SettingsError(f"{text!r} is no date; write it as YYYY-MM-DD.") from None
