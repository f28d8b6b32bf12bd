"""`make backtest`: the recipes, persistence and the earlier system on the same origins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from rich.box import SIMPLE_HEAD
from rich.table import Table

from canasta.errors import SettingsError
from canasta.forecast.backtest import Backtest, Window
from canasta.forecast.earlier import RECIPES as EARLIER
from canasta.forecast.earlier import earlier_forecasts
from canasta.forecast.metrics import Comparison
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.forecast.vintages import Vintages
from canasta.registry.pointer import current
from orchestration.flows.contest import vintages_of, window_of
from orchestration.tasks.learn import CHAMPION, back_test, search_recipe
from orchestration.workspace import Workspace, reading

COLUMNS = {
    "rmse": ("RMSE", ".4f"),
    "rmse_skill": ("skill %", "+.2f"),
    "dm_rmse": ("DM", "+.2f"),
    "rmse_robust": ("robust", ".4f"),
    "mae": ("MAE", ".4f"),
    "mae_skill": ("skill %", "+.2f"),
    "dm_mae": ("DM", "+.2f"),
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
    vintages = vintages_of(work)
    panel = vintages.newest.panel
    window = window_of(work, panel).bounded(panel, _date(since), _date(until))
    recipes = _recipes(work, vintages, window)
    measured = back_test.fn(work, vintages, window, recipes)
    backtest = _with_earlier(work, panel, window, measured)
    work.display.print(_overall(backtest, work.commodity.unit))
    work.display.print(_by_slice(backtest))
    work.display.print(
        f"Targets {backtest.targets[0]} to {backtest.targets[-1]}, {len(backtest.targets)} "
        f"origins, refitted every {window.refit_every}; seed {work.settings.seed}, "
        f"{work.settings.max_evals} evaluations. Skills and DM against persistence; positive is "
        "better. The earlier system is scored as it was served."
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
    forecasts = {}
    for name, recipe in EARLIER.items():
        with work.display.step(f"Back-test {name}"):
            forecasts[name] = earlier_forecasts(panel, recipe, window, work.settings.seed)
    return replace(
        backtest,
        recipes={**backtest.recipes, **EARLIER},
        forecasts={**backtest.forecasts, **forecasts},
    )


def _overall(backtest: Backtest, unit: str) -> Table:
    table = Table(title=f"Next publication, {unit}", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("contestant", no_wrap=True)
    for heading, _ in COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for name in backtest.recipes:
        measured = backtest.metrics(name)
        table.add_row(name, *(_shown(measured[key], form) for key, (_, form) in COLUMNS.items()))
    return table


def _by_slice(backtest: Backtest) -> Table:
    """RMSE skill and its DM statistic in each slice, in one cell for each contestant."""
    table = Table(title="RMSE skill % (DM) by slice", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("slice", no_wrap=True)
    contestants = [name for name in backtest.recipes if name != PERSISTENCE]
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
