"""Rolling origins: recipes, refitted on the way, against the prices that came.

What competes is a recipe. At each refit it is fitted on the targets known by then, and it
forecasts from every origin until the next refit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from canasta.forecast.evaluation.blocks import Block, Blocks, NoBlocks
from canasta.forecast.evaluation.metrics import (
    Comparison,
    auc,
    compare_losses,
    compare_mae,
    compare_rmse,
    covered,
    mae,
    mean,
    reliability,
    rmse,
    robust_limit,
    robust_rmse,
    winkler,
)
from canasta.forecast.evaluation.origins import Window
from canasta.forecast.evaluation.scored import Scored
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.features.rows import SCALE
from canasta.forecast.features.windows import Ints
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE, Recipe

ACTIVE_SHARE = 0.1
"""The share of series, those that change most often, whose coverage is told apart."""


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
        origins: N dates of origins.
        targets: N target dates of horizon 1.
        slices: S names, the slice of each series.
        last: (S, N) price at the origin, as it was known then; NaN where the series was not
            quoted there, or not live yet.
        changes: (H, S, N) change over h publications that came; NaN where none did, where it is
            to come, or `last` is NaN.
        recipes: recipe by contestant.
        scored: forecasts by contestant.
        fits: every fit made on the way.
    """

    origins: tuple[date, ...]
    targets: tuple[date, ...]
    slices: tuple[str, ...]
    last: Floats
    changes: Floats
    recipes: Mapping[str, Recipe]
    scored: Mapping[str, Scored]
    fits: tuple[Fit, ...]

    @property
    def horizons(self) -> range:
        """The horizons that were evaluated."""
        return range(1, len(self.changes) + 1)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the slices in which anything is scored."""
        known = np.isfinite(self.changes[0]).any(axis=1)
        return tuple(sorted({s for s, any_ in zip(self.slices, known, strict=True) if any_}))

    def of_part(self, values: Floats, part: str | None) -> Floats:
        """Return the rows of (S, N) values that belong to a slice; all of them for None."""
        if part is None:
            return values
        rows = np.flatnonzero([label == part for label in self.slices])
        return np.take(values, rows, axis=0)

    def crps(self, name: str, part: str | None = None, horizon: int = 1) -> Floats:
        """Continuous ranked probability scores of one contestant, (S, N)."""
        return self.of_part(self.scored[name].crps[horizon - 1], part)

    def mean_error(self, name: str, part: str | None = None, horizon: int = 1) -> Floats:
        """Forecast mean minus what came, (S, N)."""
        return self._error(self.scored[name].mean, part, horizon)

    def median_error(self, name: str, part: str | None = None, horizon: int = 1) -> Floats:
        """Forecast median minus what came, (S, N)."""
        return self._error(self.scored[name].median, part, horizon)

    def last_error(self, part: str | None = None, horizon: int = 1) -> Floats:
        """The last price minus what came, (S, N)."""
        return -self.of_part(self.changes[horizon - 1], part)

    def compare(
        self, name: str, reference: str, part: str | None = None, horizon: int = 1
    ) -> Comparison:
        """Compare two contestants by CRPS."""
        mine, theirs = (self.crps(one, part, horizon) for one in (name, reference))
        return compare_losses(mine, theirs, horizon)

    def metrics(self, name: str, part: str | None = None, horizon: int = 1) -> dict[str, float]:
        """Measures of one contestant, as the reports name them.

        Of the mean by RMSE and of the median by MAE, against the last price; of the distribution
        by CRPS and of the 95 % range by the interval score, against persistence.
        """
        of_mean, of_median = (
            error(name, part, horizon) for error in (self.mean_error, self.median_error)
        )
        base = self.last_error(part, horizon)
        by_rmse = compare_rmse(of_mean, base, horizon)
        by_mae = compare_mae(of_median, base, horizon)
        by_crps = self.compare(name, PERSISTENCE, part, horizon)
        return {
            "rmse": rmse(of_mean),
            "rmse_skill": by_rmse.skill,
            "dm_rmse": by_rmse.dm,
            "rmse_robust": robust_rmse(of_mean, robust_limit(base)),
            "mae": mae(of_median),
            "mae_skill": by_mae.skill,
            "dm_mae": by_mae.dm,
            "crps": mean(self.crps(name, part, horizon)),
            "crps_skill": by_crps.skill,
            "dm_crps": by_crps.dm,
            **self._of_probabilities(name, part, horizon),
            **self._of_ranges(name, part, horizon),
        }

    def _error(self, forecasts: Floats, part: str | None, horizon: int) -> Floats:
        error: Floats = forecasts[horizon - 1] - self.changes[horizon - 1]
        return self.of_part(error, part)

    def _moved(self, part: str | None, horizon: int) -> Floats:
        changes = self.of_part(self.changes[horizon - 1], part)
        return np.where(np.isfinite(changes), changes != 0, np.nan)

    def _of_probabilities(self, name: str, part: str | None, horizon: int) -> dict[str, float]:
        given = self.of_part(self.scored[name].p_change[horizon - 1], part)
        moved = self._moved(part, horizon)
        return {"auc": auc(given, moved), "ece": reliability(given, moved).error}

    def _of_ranges(self, name: str, part: str | None, horizon: int) -> dict[str, float]:
        came = self.of_part(self.changes[horizon - 1], part)
        wide, base = (self._range(one, "95", part, horizon) for one in (name, PERSISTENCE))
        narrow = self._range(name, "80", part, horizon)
        inside = covered(*wide, came)
        ours, theirs = (mean(winkler(*ends, came, 0.95)) for ends in (wide, base))
        return {
            "winkler_ratio_95": ours / theirs if theirs > 0 else math.nan,
            "coverage_80": mean(covered(*narrow, came)),
            "coverage_95": mean(inside),
            "coverage_95_active": mean(inside[self._active(part, horizon)]),
        }

    def _range(
        self, name: str, share: str, part: str | None, horizon: int
    ) -> tuple[Floats, Floats]:
        made = self.scored[name]
        ends = (getattr(made, f"{end}_{share}")[horizon - 1] for end in ("low", "high"))
        low, high = (self.of_part(values, part) for values in ends)
        return low, high

    def _active(self, part: str | None, horizon: int) -> Ints:
        """Rows of the tenth of series that changed most often."""
        moved = self._moved(part, horizon)
        known = np.isfinite(moved)
        share = np.where(known.any(axis=1), np.nansum(moved, axis=1), -1.0)
        share = share / np.maximum(known.sum(axis=1), 1)
        count = max(1, round(ACTIVE_SHARE * int(known.any(axis=1).sum())))
        return np.argsort(-share, kind="stable")[:count]


def run(
    vintages: Vintages,
    recipes: Mapping[str, Recipe],
    window: Window,
    slices: tuple[str, ...],
    progress: Callable[[str], None] = lambda _: None,
    blocks: Blocks | None = None,
) -> Backtest:
    """Let `recipes`, and persistence beside them, compete over `window`.

    Fits and forecasts rest on the history as it was known at their origin; what came is scored
    as it is known now. The horizons are those of the vintages.

    Args:
        vintages: the history.
        recipes: by the contestant's name.
        window: origins and refits, by column of the newest panel.
        slices: S names, the slice of each series.
        progress: told the name of a contestant after each of its fits.
        blocks: those made before for the same vintages and window, and where new ones are kept.
    """
    panel = vintages.newest.panel
    blocks = blocks or NoBlocks()
    contestants = {PERSISTENCE: Recipe(PERSISTENCE), **recipes}
    last = last_known(vintages, window)
    changes = _changes(vintages, window, last)
    scored: dict[str, Scored] = {}
    fits: list[Fit] = []
    for name, recipe in contestants.items():
        parts = []
        for column in window.refits:
            block = blocks.get(recipe, column)
            if block is None:
                block = _block(vintages, recipe, column, window, changes)
                blocks.put(recipe, column, block)
            parts.append(block.scored)
            newest = block.newest_target
            fits.append(Fit(name, column, None if newest is None else panel.dates[newest]))
            progress(name)
        scored[name] = Scored.joined(parts)
    return Backtest(
        origins=panel.dates[window.first : window.stop],
        targets=panel.dates[window.first + 1 : window.stop + 1],
        slices=slices,
        last=last,
        changes=changes,
        recipes=contestants,
        scored=scored,
        fits=tuple(fits),
    )


def _block(
    vintages: Vintages, recipe: Recipe, column: int, window: Window, changes: Floats
) -> Block:
    """Fit in `column`, and forecast from every origin that the fit serves."""
    panel, served = vintages.newest.panel, window.served(column)
    fitted = vintages.at(column).fit(recipe, column)
    scored = Scored.empty(len(changes), len(panel.keys), len(served))
    for at, origin in enumerate(served):
        known = vintages.at(origin)
        rows = _rows(known.panel, panel)
        for horizon, came in enumerate(changes, start=1):
            made = fitted.predictor.changes(known.panel, known.features, origin, horizon)
            scored.put(horizon - 1, rows, at, made, came[rows, origin - window.first])
    return Block(scored, fitted.newest_target)


def _changes(vintages: Vintages, window: Window, last: Floats) -> Floats:
    """(H, S, N): the changes that came, from the last price as it was known, in whole units.

    NaN for targets after the window's last: neither origins nor targets lie beyond it.
    """
    trainer = vintages.newest
    units = np.rint(trainer.panel.prices[:, : window.stop + 1] * SCALE)
    came = np.full((len(trainer.tasks), *last.shape), np.nan)
    for task, of_horizon in zip(trainer.tasks, came, strict=True):
        targets = units[:, window.first + task.horizon :][:, : len(window.origins)]
        of_horizon[:, : targets.shape[1]] = targets
    return (came - np.rint(last * SCALE)) / SCALE


def last_known(vintages: Vintages, window: Window) -> Floats:
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
