"""Rolling origins: recipes, refitted on the way, against the prices that came.

What competes is a recipe. At each refit it is fitted on the targets known by then, and it
forecasts from every origin until the next refit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from canasta.errors import TooLittleHistory
from canasta.forecast.metrics import (
    Comparison,
    compare_mae,
    compare_rmse,
    mae,
    rmse,
    robust_limit,
    robust_rmse,
)
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.forecast.vintages import Vintages
from canasta.forecast.windows import Ints


@dataclass(frozen=True)
class Window:
    """Which columns of the panel are origins, and how often recipes are refitted.

    Attributes:
        first: column of the first origin.
        stop: column after the last origin; that column and later ones are targets only.
        refit_every: origins between two fits.
    """

    first: int
    stop: int
    refit_every: int

    @property
    def origins(self) -> range:
        """Columns of the origins."""
        return range(self.first, self.stop)

    @property
    def refits(self) -> range:
        """Columns up to which recipes are fitted: each serves until the next."""
        return range(self.first, self.stop, self.refit_every)

    def served(self, refit: int) -> range:
        """Return the origins that the fit in column `refit` serves."""
        return range(refit, min(refit + self.refit_every, self.stop))

    def bounded(self, panel: Panel, since: date | None, until: date | None) -> Window:
        """Return the window's part whose target dates lie in [since, until].

        Raises:
            TooLittleHistory: no target of the window lies there.
        """
        targets = [
            origin
            for origin in self.origins
            if (since is None or panel.dates[origin + 1] >= since)
            and (until is None or panel.dates[origin + 1] <= until)
        ]
        if not targets:
            first, last = panel.dates[self.first + 1], panel.dates[self.stop]
            raise TooLittleHistory(
                f"No publication can be evaluated from {since or first} to {until or last}; "
                f"the history allows target dates from {first} to {last}."
            )
        return Window(targets[0], targets[-1] + 1, self.refit_every)


def last_window(panel: Panel, origins: int, training: int, refit_every: int) -> Window:
    """Return the window of the newest `origins`, or as many as leave `training` for fitting.

    Raises:
        TooLittleHistory: not one origin leaves `training` publications.
    """
    stop = len(panel.dates) - 1
    first = max(stop - origins, training)
    if first >= stop:
        raise TooLittleHistory(
            f"A back-test needs {training} publications for training and at least 2 more; "
            f"the history holds {len(panel.dates)}."
        )
    return Window(first, stop, refit_every)


@dataclass(frozen=True)
class Fit:
    """One fit that the back-test made: which recipe, when, and the newest target it learnt."""

    name: str
    column: int
    newest_target: date | None


@dataclass(frozen=True)
class Backtest:
    """What each contestant forecast, and what came.

    Attributes:
        targets: N target dates.
        slices: S names, the slice of each series.
        last: (S, N) price at the origin, as it was known then; NaN where the series was not
            quoted there, or not live yet.
        actual: (S, N) price at the target; NaN where it was not quoted, or `last` is NaN.
        recipes: recipe by contestant.
        forecasts: (S, N) mean forecast price by contestant.
        fits: every fit made on the way.
    """

    targets: tuple[date, ...]
    slices: tuple[str, ...]
    last: Floats
    actual: Floats
    recipes: Mapping[str, Recipe]
    forecasts: Mapping[str, Floats]
    fits: tuple[Fit, ...]

    def error(self, name: str, part: str | None = None) -> Floats:
        """Forecast minus actual, (S, N), of one contestant; of one slice if `part` is given."""
        error: Floats = self.forecasts[name] - self.actual
        if part is None:
            return error
        rows = np.flatnonzero([label == part for label in self.slices])
        return np.take(error, rows, axis=0)

    def compare(self, name: str, reference: str, part: str | None = None) -> Comparison:
        """Compare two contestants by RMSE."""
        return compare_rmse(self.error(name, part), self.error(reference, part))

    def metrics(self, name: str, part: str | None = None) -> dict[str, float]:
        """Measures of one contestant against persistence, as the reports name them."""
        error, base = self.error(name, part), self.error(PERSISTENCE, part)
        by_rmse, by_mae = compare_rmse(error, base), compare_mae(error, base)
        return {
            "mae": mae(error),
            "rmse": rmse(error),
            "rmse_robust": robust_rmse(error, robust_limit(base)),
            "mae_skill": by_mae.skill,
            "rmse_skill": by_rmse.skill,
            "dm_mae": by_mae.dm,
            "dm_rmse": by_rmse.dm,
        }

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the slices in which anything is scored."""
        scored = np.isfinite(self.actual).any(axis=1)
        return tuple(sorted({s for s, known in zip(self.slices, scored, strict=True) if known}))


def run(
    vintages: Vintages,
    recipes: Mapping[str, Recipe],
    window: Window,
    slices: tuple[str, ...],
    progress: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """Let `recipes`, and persistence beside them, compete over `window`.

    Fits and forecasts rest on the history as it was known at their origin; what came is scored
    as it is known now.

    Args:
        vintages: the history.
        recipes: by the contestant's name.
        window: origins and refits, by column of the newest panel.
        slices: S names, the slice of each series.
        progress: told the name of a contestant after each of its fits.
    """
    panel = vintages.newest.panel
    contestants = {PERSISTENCE: Recipe(PERSISTENCE), **recipes}
    last = _last_known(vintages, window)
    forecasts: dict[str, Floats] = {}
    fits: list[Fit] = []
    for name, recipe in contestants.items():
        forecasts[name] = last.copy()
        for column in window.refits:
            fitted = vintages.at(column).fit(recipe, column)
            for origin in window.served(column):
                known = vintages.at(origin)
                change = fitted.predictor.mean_change(known.features.values[:, origin])
                forecasts[name][_rows(known.panel, panel), origin - window.first] += change
            newest = fitted.newest_target
            fits.append(Fit(name, column, None if newest is None else panel.dates[newest]))
            progress(name)
    targets = slice(window.first + 1, window.stop + 1)
    return Backtest(
        targets=panel.dates[targets],
        slices=slices,
        last=last,
        actual=np.where(np.isfinite(last), panel.prices[:, targets], np.nan),
        recipes=contestants,
        forecasts=forecasts,
        fits=tuple(fits),
    )


def _last_known(vintages: Vintages, window: Window) -> Floats:
    """(S, N): the price at each origin as it was known there; NaN where there is no forecast.

    Those are the series that a forecast from that origin would leave out, and those whose price
    was not quoted there.
    """
    panel = vintages.newest.panel
    last = np.full((len(panel.keys), len(window.origins)), np.nan)
    for position, origin in enumerate(window.origins):
        known = vintages.at(origin).panel.cut(origin + 1)
        last[_rows(known, panel), position] = np.where(known.live, known.prices[:, -1], np.nan)
    return last


def _rows(part: Panel, whole: Panel) -> Ints | slice:
    """Return where the series of `part` stand in `whole`."""
    if part.keys == whole.keys:
        return slice(None)
    position = {key: row for row, key in enumerate(whole.keys)}
    return np.array([position[key] for key in part.keys], dtype=np.intp)
