"""What the record of changes over several publications says, for horizons above 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from canasta.forecast.features.kinship import Ints
from canasta.forecast.features.pool import pooled_slope, shrunk_slope, summed
from canasta.forecast.features.rows import REVERSION_WINDOWS, SCALE, STEP_LIMIT, Rows
from canasta.forecast.features.windows import running, shrunk
from canasta.forecast.panel import Floats

AHEAD_WEIGHT = 15.0
"""Changes that the market's rate counts in a series' rate over several publications."""

MARKET_WEIGHT, MARKET_RATE = 6.0, 0.5
"""A market's rate over several publications begins at an even chance, and counts this many."""


class Ahead:
    """Changes of R series over `horizon` publications, counted from their `rows`.

    A change belongs to the column in which it was complete, so it is known there.
    """

    def __init__(self, rows: Rows, horizon: int) -> None:
        self.rows, self.horizon = rows, horizon
        both = np.zeros(rows.known.shape, dtype=bool)
        both[:, horizon:] = rows.known[:, horizon:] & rows.known[:, :-horizon]
        units = np.zeros(rows.units.shape)
        units[:, horizon:] = rows.units[:, horizon:] - rows.units[:, :-horizon]
        self._trials = both.astype(np.float64)
        self._units = units * self._trials

    @cached_property
    def moves_so_far(self) -> Floats:
        """(R, T) number of spans of `horizon` publications over which the price changed."""
        return running((self._units != 0.0).astype(np.float64))

    @cached_property
    def trials_so_far(self) -> Floats:
        """(R, T) number of spans between known prices."""
        return running(self._trials)

    @cached_property
    def reversion(self) -> dict[int, tuple[Floats, Floats]]:
        """By window, (R, T) sums so far of deviation × change over the span and of deviation²."""
        return {width: self._reversion(width) for width in REVERSION_WINDOWS}

    def _reversion(self, width: int) -> tuple[Floats, Floats]:
        before = np.zeros_like(self._units)
        before[:, self.horizon :] = self.rows.deviation[width][:, : -self.horizon]
        before *= self._trials
        change = np.clip(self._units / SCALE, -STEP_LIMIT, STEP_LIMIT)
        return running(before * change), running(np.square(before))


@dataclass(frozen=True)
class AheadPool:
    """What all series say of changes over a horizon; a what-if price does not enter.

    Attributes:
        rate: (G, T) rate of change over the span of each of G markets so far.
        slope: by window, (T,) pooled slope of that change on the deviation.
    """

    rate: Floats
    slope: dict[int, Floats]

    @classmethod
    def of(cls, ahead: Ahead, market: Ints) -> AheadPool:
        """Pool the S rows of a panel, of which each belongs to a `market`, (S,)."""
        groups = int(market.max()) + 1
        moves = summed(ahead.moves_so_far, market, groups)
        trials = summed(ahead.trials_so_far, market, groups)
        slopes = {width: pooled_slope(*sums) for width, sums in ahead.reversion.items()}
        return cls(shrunk(moves, trials, MARKET_RATE, MARKET_WEIGHT), slopes)


def ahead_features(ahead: Ahead, pool: AheadPool, market: Ints) -> dict[str, Floats]:
    """Name the (R, T) features: own rate of change over the span, and the expected return.

    Args:
        ahead: the record of R series.
        pool: of the whole panel.
        market: (R,) market of each series.
    """
    rate = shrunk(ahead.moves_so_far, ahead.trials_so_far, pool.rate[market], AHEAD_WEIGHT)
    returns = {
        f"ahead_reversion_{width}": shrunk_slope(*sums, pool.slope[width])
        * ahead.rows.deviation[width]
        for width, sums in ahead.reversion.items()
    }
    return {"ahead_rate": rate, **returns}
