"""What a contestant forecast in a back-test, beside what came: all that its measures need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from canasta.forecast.distribution import Distribution
from canasta.forecast.panel import Floats

RANGE_LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
"""Quantiles that are kept: the ends of the 95 and 80 % ranges, and the median between them."""


@dataclass(frozen=True)
class Scored:
    """Forecast changes of S series from N origins over H horizons, each (H, S, N), in the unit.

    NaN where nothing was forecast; the score also where nothing came.

    Attributes:
        mean: of the change.
        p_change: probability of any change.
        low_95, low_80, median, high_80, high_95: quantiles of the change.
        crps: continuous ranked probability score of what came.
    """

    mean: Floats
    p_change: Floats
    low_95: Floats
    low_80: Floats
    median: Floats
    high_80: Floats
    high_95: Floats
    crps: Floats

    @classmethod
    def empty(cls, horizons: int, series: int, origins: int) -> Self:
        """Return arrays of that shape with nothing in them."""
        shape = (horizons, series, origins)
        return cls(*(np.full(shape, np.nan) for _ in fields(cls)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the forecasts of `parts` in a row, along the origins."""
        return cls(
            *(np.concatenate([getattr(p, f.name) for p in parts], axis=2) for f in fields(cls))
        )

    def put(
        self, horizon: int, rows: object, origin: int, made: Distribution, actual: Floats
    ) -> None:
        """Keep what was forecast from one origin.

        Args:
            horizon: position of the horizon.
            rows: of the series that `made` and `actual` are about, as an index.
            origin: position of the origin.
            made: distributions of R changes.
            actual: (R,) changes that came; NaN where none did.
        """
        low_95, low_80, median, high_80, high_95 = made.quantiles(RANGE_LEVELS).T
        kept = {
            "mean": made.mean,
            "p_change": made.p_change,
            "low_95": low_95,
            "low_80": low_80,
            "median": median,
            "high_80": high_80,
            "high_95": high_95,
            "crps": made.crps(actual),
        }
        for name, values in kept.items():
            getattr(self, name)[horizon, rows, origin] = values
