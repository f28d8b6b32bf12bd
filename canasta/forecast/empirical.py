"""The baseline as distributions: each series' own past changes, and its market's beside them.

Part of the serving path: NumPy and the standard library alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from canasta.forecast.changes import change_units
from canasta.forecast.distribution import Distribution
from canasta.forecast.features.kinship import Ints, Kinship
from canasta.forecast.features.rows import SCALE
from canasta.forecast.panel import Floats, Panel


@dataclass(frozen=True)
class Empirical:
    """How often S series changed by how much over `horizon` publications.

    Attributes:
        units: (S, T) changes from each origin, in 1/SCALE of the unit; NaN where unknown.
        market: (S,) number of each series' product.
        horizon: publications.
        weight: changes that the market counts beside a series' own.
    """

    units: Floats
    market: Ints
    horizon: int
    weight: float

    @classmethod
    def of(cls, panel: Panel, horizon: int, weight: float) -> Empirical:
        """Count the changes of `panel`; the market counts `weight` for each step of `horizon`."""
        market = Kinship.of(panel).market
        return cls(change_units(panel.prices, horizon), market, horizon, weight * horizon)

    def at(self, column: int) -> Distribution:
        """Return the S distributions that were known at the publication in `column`.

        They hold every change whose target is that publication or an earlier one: a series'
        own, each counting 1, and its market's, together counting `weight`. A market without any
        is given all markets' changes; before there is any at all, no change is certain.
        """
        past = self.units[:, : max(column - self.horizon + 1, 0)]
        known = np.isfinite(past)
        if not known.any():
            return Distribution.certain(np.zeros(len(past)))
        support, found = np.unique(past[known], return_inverse=True)
        own = _counts(np.nonzero(known)[0], found, (len(past), len(support)))
        share = self._market_share(own)[self.market]
        total = own.sum(axis=1, keepdims=True) + self.weight
        atoms = np.broadcast_to(support / SCALE, own.shape)
        return Distribution(atoms, (own + self.weight * share) / total)

    def _market_share(self, own: Floats) -> Floats:
        """(G, V): how often each of V changes came in each market, as shares of 1."""
        counts = np.zeros((int(self.market.max()) + 1, own.shape[1]))
        np.add.at(counts, self.market, own)
        empty = ~counts.any(axis=1)
        counts[empty] = own.sum(axis=0)
        shares: Floats = counts / counts.sum(axis=1, keepdims=True)
        return shares


def _counts(row: Ints, column: Ints, shape: tuple[int, int]) -> Floats:
    """Count how often each cell of a table of `shape` is named."""
    cells = np.bincount(row * shape[1] + column, minlength=shape[0] * shape[1])
    return cells.reshape(shape).astype(np.float64)
