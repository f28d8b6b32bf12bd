"""What a peer is given, when, and what it gives; NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Origin = tuple[int, int]
"""Columns of an origin and of the fit that serves it."""

MIN_PRICES = 30
"""Prices, filled ones among them, that a series needs to be forecast. Canasta asks for as many
quotes, so no forecast is missing where one of its own counts."""


@dataclass(frozen=True)
class Request:
    """How far to forecast, at which levels, and the seed of what is random."""

    horizons: int
    levels: list[float]
    seed: int

    @property
    def intervals(self) -> list[tuple[str, float]]:
        """For each level, the end (lo or hi) and the percent of the central range it belongs to."""
        return [
            ("lo" if level <= 0.5 else "hi", round(abs(1.0 - 2.0 * level) * 100.0, 6))
            for level in self.levels
        ]

    @property
    def shares(self) -> list[float]:
        """The percents of all those ranges, ascending."""
        return sorted({share for _, share in self.intervals})


@dataclass(frozen=True)
class History:
    """Prices of S series on T publications.

    Attributes:
        series: (S,) their numbers, ascending.
        dates: T dates, ascending.
        prices: (S, T) filled forward; NaN before the first quote.
    """

    series: NDArray[np.int64]
    dates: tuple[date, ...]
    prices: Floats

    def known(self, column: int) -> History:
        """Return what was known at the publication in `column`, of series that have a past."""
        prices = self.prices[:, : column + 1]
        enough = np.isfinite(prices).sum(axis=1) >= min(MIN_PRICES, (column + 1) // 2)
        return History(self.series[enough], self.dates[: column + 1], prices[enough])


@dataclass(frozen=True)
class Forecast:
    """Prices of R series over H horizons.

    Attributes:
        series: (R,) their numbers.
        mean: (R, H).
        sd: (R, H) standard deviation, where the distribution is normal.
        quantiles: (R, H, L) at the levels of the request, where it is another one.
    """

    series: NDArray[np.int64]
    mean: Floats
    sd: Floats | None = None
    quantiles: Floats | None = None


class Peer(Protocol):
    """Another library's way to forecast."""

    name: str

    def fit(self, known: History) -> None:
        """Learn from what is known."""

    def forecast(self, known: History) -> Forecast:
        """Forecast from the end of what is known, which may lie after the fit's."""


def rolling(
    peer: Peer, history: History, origins: Sequence[Origin]
) -> Iterator[tuple[int, Forecast]]:
    """Yield the column of each origin and what the peer forecasts from it.

    It is fitted where its fit is asked for, and where a series appears that it has not seen.
    """
    fitted: set[int] = set()
    for origin, refit in origins:
        known = history.known(origin)
        listed = set(known.series.tolist())
        if origin == refit or listed != fitted:
            peer.fit(known)
            fitted = listed
        yield origin, peer.forecast(known)
