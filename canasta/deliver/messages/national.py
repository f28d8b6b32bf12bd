"""The national picture of a publication: means, what moved, and what is to come. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Floats, Panel
from canasta.labels import Key

MEMORY = 160
"""Publications, a year, whose changes of the national mean tell how far it strays."""
ENOUGH = 30
"""Changes that are needed to say so."""
LEVELS = (0.025, 0.1, 0.9, 0.975)


@dataclass(frozen=True)
class Market:
    """The mean price of one market, in the unit, and how much it changed."""

    labels: Key
    mean: float
    change: float


@dataclass(frozen=True)
class Moved:
    """A price that changed in the newest publication: old and new, in the unit."""

    key: Key
    old: float
    new: float


@dataclass(frozen=True)
class Ahead:
    """The national mean to come, in the unit: H target dates.

    Attributes:
        targets: H dates.
        mean: (H,) mean of the forecasts of all live series.
        ends: (4, H) quantiles at LEVELS; None where the past is too short to tell.
    """

    targets: tuple[date, ...]
    mean: Floats
    ends: Floats | None


@dataclass(frozen=True)
class National:
    """The newest publication at a glance.

    Prices are plain means over the live series, each at its last quote: so a series that is not
    quoted for once moves nothing.

    Attributes:
        dates: T publications.
        mean: (T,) national mean.
        markets: means by product, in the order of their names.
        rises, falls: prices that are quoted now, and higher or lower than before.
        moved: those prices, the biggest change first.
        quoted: live series that are quoted now.
        ahead: what is to come.
    """

    dates: tuple[date, ...]
    mean: Floats
    markets: tuple[Market, ...]
    rises: int
    falls: int
    moved: tuple[Moved, ...]
    quoted: int
    ahead: Ahead

    @property
    def change(self) -> float:
        """How much the mean changed since the publication before; NaN for the first one."""
        return float(self.mean[-1] - self.mean[-2]) if len(self.mean) > 1 else float("nan")


def national(panel: Panel, outlook: Outlook) -> National:
    """Draw the national picture of `panel`'s newest publication, and of `outlook` from it."""
    live = panel.live
    filled = panel.filled[live]
    keys = [key for key, is_live in zip(panel.keys, live, strict=True) if is_live]
    now = filled[:, -1]
    before = filled[:, -2] if filled.shape[1] > 1 else np.full_like(now, np.nan)
    change = np.where(np.isfinite(panel.prices[live, -1]), now - before, 0.0)
    change = np.nan_to_num(change)
    order = np.argsort(-np.abs(change), kind="stable")
    moved = [Moved(keys[row], float(before[row]), float(now[row])) for row in order if change[row]]
    mean = _mean(filled)
    return National(
        dates=panel.dates,
        mean=mean,
        markets=_markets(panel, keys, now, change),
        rises=int((change > 0).sum()),
        falls=int((change < 0).sum()),
        moved=tuple(moved),
        quoted=int(np.isfinite(panel.prices[live, -1]).sum()),
        ahead=Ahead(outlook.targets, _mean(outlook.mean[live]), _ends(mean, outlook)),
    )


def _mean(prices: Floats) -> Floats:
    """Average (S, T) over the series; NaN where none has a price yet."""
    known = np.isfinite(prices)
    counts = known.sum(axis=0)
    sums = np.where(known, prices, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _markets(panel: Panel, keys: list[Key], now: Floats, change: Floats) -> tuple[Market, ...]:
    at = [panel.columns.index(name) for name in panel.product]
    labels = [tuple(key[place] for place in at) for key in keys]
    found = []
    for market in sorted(set(labels)):
        rows = np.array([one == market for one in labels])
        found.append(Market(market, float(now[rows].mean()), float(change[rows].mean())))
    return tuple(found)


def _ends(mean: Floats, outlook: Outlook) -> Floats | None:
    """Return the ranges around the forecasts: how far the mean strayed from its usual change.

    The series move together, so the forecasts of single ones do not say how sure their mean is;
    its own past does. Of the changes over as many publications, less their average. That is what
    the market did, no promise: from January 2024 to April 2025 the ranges of 80 and 95 % held
    74 and 89 % of what came next, and 68 and 89 % six publications on.
    """
    recent = mean[np.isfinite(mean)][-MEMORY:]
    centre = _mean(outlook.mean)
    columns = []
    for horizon, middle in enumerate(centre, start=1):
        changes = recent[horizon:] - recent[:-horizon]
        if len(changes) < ENOUGH:
            return None
        columns.append(middle + np.quantile(changes - changes.mean(), LEVELS))
    return np.stack(columns, axis=1)
