"""Predictive distributions of a change: what may come, and how likely each of it is.

NumPy alone: the serving path imports this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.panel import Floats

ROUNDING = 1e-9
"""Slack of a cumulated probability: sums of many weights miss a level by less."""


@dataclass(frozen=True)
class Distribution:
    """Discrete distributions of R changes, each on A atoms.

    Attributes:
        atoms: (R, A) changes in the commodity's unit, ascending in each row.
        weights: (R, A) their probabilities; a row's sum is 1. NaN where nothing is forecast.
    """

    atoms: Floats
    weights: Floats

    @classmethod
    def certain(cls, changes: Floats) -> Distribution:
        """Return distributions that hold one change each, (R,), for sure."""
        return cls(changes[:, np.newaxis], np.ones((len(changes), 1)))

    @property
    def mean(self) -> Floats:
        """(R,): the expected change."""
        mean: Floats = (self.atoms * self.weights).sum(axis=1)
        return mean

    @property
    def p_up(self) -> Floats:
        """(R,): probability of a rise."""
        return self._probability(self.atoms > 0)

    @property
    def p_down(self) -> Floats:
        """(R,): probability of a fall."""
        return self._probability(self.atoms < 0)

    @property
    def p_change(self) -> Floats:
        """(R,): probability of any change."""
        return self._probability(self.atoms != 0)

    def quantiles(self, levels: Sequence[float]) -> Floats:
        """(R, L): for each level, the smallest change that it does not fall short of."""
        cumulated = np.cumsum(self.weights, axis=1)
        missing = np.isnan(self.weights).any(axis=1)
        found = np.empty((len(self.atoms), len(levels)))
        for column, level in enumerate(levels):
            at = np.minimum((cumulated < level - ROUNDING).sum(axis=1), self.atoms.shape[1] - 1)
            found[:, column] = np.take_along_axis(self.atoms, at[:, np.newaxis], axis=1)[:, 0]
        found[missing] = np.nan
        return found

    def crps(self, actual: Floats) -> Floats:
        """(R,): continuous ranked probability score of each, in the unit; lower is better.

        Exact, as E|X - y| - E|X - X'|/2 (Gneiting and Raftery 2007, JASA 102, equation 21), the
        second term from the sorted atoms in one pass.

        Args:
            actual: (R,) what came; NaN gives NaN.
        """
        below = np.cumsum(self.weights, axis=1)
        spread = (self.weights * self.atoms * (2 * below - self.weights - 1)).sum(axis=1)
        off = (self.weights * np.abs(self.atoms - actual[:, np.newaxis])).sum(axis=1)
        score: Floats = off - spread
        return score

    def _probability(self, of: NDArray[np.bool_]) -> Floats:
        weights: Floats = np.where(of, self.weights, 0.0).sum(axis=1)
        return np.where(np.isnan(self.weights).any(axis=1), np.nan, weights)
