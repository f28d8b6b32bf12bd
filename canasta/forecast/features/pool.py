"""What many series say together: sums over a market, a city, or all, at every origin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from canasta.forecast.features.kinship import Ints, Kinship
from canasta.forecast.features.rows import REVERSION_WINDOWS, SCALE, Rows
from canasta.forecast.features.windows import running, shrunk
from canasta.forecast.panel import Floats

MARKET_WEIGHT = 6.0
MARKET_RATE = 1 / 6
"""A market's rate of change begins here, about the rate of milk, and counts MARKET_WEIGHT."""

HAZARD_WEIGHT = 15.0
"""Steps that the market's rate counts in the hazard of one age class."""

SIZE_WEIGHT, SIZE = 5.0, 0.5
"""The mean size of a market's changes begins at SIZE units and counts SIZE_WEIGHT changes."""

SLOPE_RIDGE = 1.0
"""Units² added to the pooled regression, so that it begins at a slope of 0."""

SLOPE_WEIGHT = 20.0
"""Units² that the pooled slope counts in a series' slope."""


@dataclass(frozen=True)
class Sums:
    """Sums over the series of each group, (groups, T): exact, as they are over integers."""

    units: Floats
    known: Floats
    step_units: Floats
    moved: Floats
    trials: Floats

    @classmethod
    def of(cls, rows: Rows, group: Ints, groups: int) -> Sums:
        """Sum R rows by `group`, (R,) numbers below `groups`."""
        return cls(*(summed(values, group, groups) for values in _summable(rows)))

    def with_row(self, group: int, old: Rows, new: Rows) -> Sums:
        """Return the sums after one series of `group` changed from `old` to `new`, (1, T)."""
        names = ("units", "known", "step_units", "moved", "trials")
        changed = {}
        for name, before, after in zip(names, _summable(old), _summable(new), strict=True):
            changed[name] = getattr(self, name).copy()
            changed[name][group] += (after - before)[0]
        return replace(self, **changed)

    @property
    def mean_price(self) -> Floats:
        """(groups, T) mean of the known prices, in the unit."""
        return self.units / np.maximum(self.known, 1.0) / SCALE

    @property
    def mean_step(self) -> Floats:
        """(groups, T) mean change since the publication before, in the unit."""
        return self.step_units / np.maximum(self.trials, 1.0) / SCALE

    @property
    def share_moved(self) -> Floats:
        """(groups, T) share of series that changed."""
        return self.moved / np.maximum(self.trials, 1.0)


def _summable(rows: Rows) -> tuple[Floats, ...]:
    known = rows.known.astype(np.float64)
    return rows.units, known, rows.step_units, rows.moved, rows.trials


def summed(values: Floats, group: Ints, groups: int) -> Floats:
    """Sum (R, …) values by group: (groups, …)."""
    total = np.zeros((groups, *values.shape[1:]))
    np.add.at(total, group, values)
    return total


@dataclass(frozen=True)
class Pool:
    """Sums of the day, which a what-if price enters, and learnt tables, which it does not.

    Attributes:
        market, city, everywhere: sums by product, by place, and over all (one group).
        rate: (G, T) rate of change of each of G markets so far.
        weekday_rate: (G, 7, T) the same by weekday.
        hazard: (G, A, T) the same by age class.
        size: (G, T) mean size of a change so far, in the unit.
        city_rate: (C, T) rate of change of each of C cities so far, shrunk.
        city_moves, city_trials: (C, 7, T) changes and steps so far by weekday.
        slope: by window, (T,) pooled slope of the next change on the deviation.
    """

    market: Sums
    city: Sums
    everywhere: Sums
    rate: Floats
    weekday_rate: Floats
    hazard: Floats
    size: Floats
    city_rate: Floats
    city_moves: Floats
    city_trials: Floats
    slope: dict[int, Floats]

    def with_row(self, kin: Kinship, series: int, old: Rows, new: Rows) -> Pool:
        """Return the pool after the prices of `series` changed from `old` to `new`."""
        return replace(
            self,
            market=self.market.with_row(int(kin.market[series]), old, new),
            city=self.city.with_row(int(kin.city[series]), old, new),
            everywhere=self.everywhere.with_row(0, old, new),
        )


def pooled(rows: Rows, kin: Kinship, city_weight: float) -> Pool:
    """Pool all S rows of a panel; `city_weight` is the steps that the overall rate counts."""
    markets, cities = int(kin.market.max()) + 1, int(kin.city.max()) + 1
    market = Sums.of(rows, kin.market, markets)
    everywhere = Sums.of(rows, np.zeros_like(kin.market), 1)
    overall = shrunk(
        running(everywhere.moved), running(everywhere.trials), MARKET_RATE, MARKET_WEIGHT
    )
    city = Sums.of(rows, kin.city, cities)
    moves, trials = running(market.moved), running(market.trials)
    rate = shrunk(moves, trials, MARKET_RATE, MARKET_WEIGHT)
    return Pool(
        market=market,
        city=city,
        everywhere=everywhere,
        rate=rate,
        weekday_rate=shrunk(
            summed(rows.moves_by_weekday, kin.market, markets),
            summed(rows.trials_by_weekday, kin.market, markets),
            MARKET_RATE,
            MARKET_WEIGHT,
        ),
        hazard=shrunk(
            summed(rows.moves_by_age, kin.market, markets),
            summed(rows.trials_by_age, kin.market, markets),
            rate[:, np.newaxis, :],
            HAZARD_WEIGHT,
        ),
        size=shrunk(_size(rows, kin.market, markets), moves, SIZE, SIZE_WEIGHT),
        city_rate=shrunk(running(city.moved), running(city.trials), overall, city_weight),
        city_moves=summed(rows.moves_by_weekday, kin.city, cities),
        city_trials=summed(rows.trials_by_weekday, kin.city, cities),
        slope={width: pooled_slope(*rows.reversion[width]) for width in REVERSION_WINDOWS},
    )


def _size(rows: Rows, group: Ints, groups: int) -> Floats:
    return running(summed(np.abs(rows.step_units), group, groups)) / SCALE


def pooled_slope(cross: Floats, square: Floats) -> Floats:
    """(T,): slope of the regression over all S series, from their (S, T) sums so far."""
    # Added up series by series, in the order of the panel: the same bits for every T.
    slope: Floats = np.cumsum(cross, axis=0)[-1] / (np.cumsum(square, axis=0)[-1] + SLOPE_RIDGE)
    return slope


def shrunk_slope(cross: Floats, square: Floats, pooled: Floats) -> Floats:
    """(R, T): each series' own slope from its sums so far, drawn to the pooled one, (T,)."""
    slope: Floats = (cross + SLOPE_WEIGHT * pooled) / (square + SLOPE_WEIGHT)
    return slope
