"""Live outcomes worked out again from published files alone: pandas and plain loops, no canasta.

Of a lake in a folder whose history was never corrected.
"""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

KEY = ["Estado", "Ciudad", "Tipo", "Canal"]
MARKET = slice(2, 4)
"""Of a key, what names its market."""
FIGURES = ["came", "mean_error", "median_error", "crps", "base_crps", "inside_80", "inside_95"]
SLACK = 1e-9

type Key = tuple[str, ...]
type Values = NDArray[np.float64]
type Quotes = dict[Key, dict[date, float]]


def live_outcomes(lake: Path, weight: float) -> pd.DataFrame:
    """Every scored forecast: KEY, target, origin, horizon, version, FIGURES, in that order."""
    quotes, grid = _quotes(lake), _levels(lake)
    days = sorted({day for own in quotes.values() for day in own})
    rows: list[list[Any]] = []
    for row in _first_forecasts(lake).sort_values(["origin", "horizon"]).to_dict("records"):
        key: Key = tuple(row[name] for name in KEY)
        own, made = quotes.get(key, {}), np.array(row["quantiles"], dtype=float)
        if {row["origin"], row["target"]} <= own.keys() and np.isfinite(made).all():
            base = _Persistence.of(quotes, days, row["origin"], row["horizon"], weight)
            rows.append([*key, *_scored(row, made, own[row["target"]], base.of_key(key), grid)])
    columns = [*KEY, "target", "origin", "horizon", "version", *FIGURES]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values(["target", "horizon", "origin", *KEY], ignore_index=True)


def _first_forecasts(lake: Path) -> pd.DataFrame:
    """All rows of the file that was written first for each origin."""
    files = [pd.read_parquet(path) for path in sorted((lake / "forecasts").rglob("*.parquet"))]
    whole = pd.concat(files, ignore_index=True)
    return whole[whole["made_at"] == whole.groupby("origin")["made_at"].transform("min")]


def _levels(lake: Path) -> list[float]:
    first = min((lake / "forecasts").rglob("*.parquet"))
    found: list[float] = json.loads(pq.read_schema(first).metadata[b"levels"])
    return found


def _quotes(lake: Path) -> Quotes:
    """Quoted prices by series and date, of the daily files."""
    found: Quotes = {}
    for path in sorted((lake / "daily").rglob("*.parquet")):
        for row in pd.read_parquet(path).dropna(subset="Precio").to_dict("records"):
            key: Key = tuple(row[name] for name in KEY)
            found.setdefault(key, {})[row["Fecha"].date()] = row["Precio"]
    return found


def _scored(
    row: dict[Any, Any], made: Values, came: float, base: tuple[Values, Values], grid: list[float]
) -> list[Any]:
    change = came - row["last_price"]
    at = {level: made[grid.index(level)] for level in (0.025, 0.1, 0.5, 0.9, 0.975)}
    inside = [
        float(at[low] - SLACK <= came <= at[high] + SLACK)
        for low, high in ((0.1, 0.9), (0.025, 0.975))
    ]
    support, cumulated = base
    reference = support[np.searchsorted(cumulated, np.array(grid) - SLACK)]
    scores = [_crps(quantiles, grid, change) for quantiles in (made - row["last_price"], reference)]
    forecast = [row[name] for name in ("target", "origin", "horizon", "version")]
    return [*forecast, came, row["mean"] - came, at[0.5] - came, *scores, *inside]


def _crps(quantiles: Values, grid: list[float], came: float) -> float:
    """E|X - y| - E|X - X'| / 2, each quantile standing for the levels nearest to it."""
    weights = np.diff([0.0, *((a + b) / 2 for a, b in pairwise(grid)), 1.0])
    apart = np.abs(quantiles[:, None] - quantiles[None, :])
    return float(weights @ np.abs(quantiles - came) - weights @ apart @ weights / 2)


class _Persistence:
    """How often each series changed by how much in cents, and its market beside it."""

    _last: tuple[tuple[date, int], _Persistence] | None = None

    @classmethod
    def of(
        cls, quotes: Quotes, days: list[date], origin: date, horizon: int, weight: float
    ) -> _Persistence:
        """Return that of an origin and horizon; rows come sorted by them."""
        if cls._last is None or cls._last[0] != (origin, horizon):
            known = days[: days.index(origin) + 1]
            cls._last = ((origin, horizon), cls(quotes, known, horizon, weight * horizon))
        return cls._last[1]

    def __init__(self, quotes: Quotes, days: list[date], horizon: int, weight: float) -> None:
        pairs = list(zip(days[:-horizon], days[horizon:], strict=True))
        self._weight = weight
        self._own = {
            key: [round(100 * (own[b] - own[a])) for a, b in pairs if a in own and b in own]
            for key, own in quotes.items()
        }
        self._markets: dict[Key, list[int]] = {}
        for key, cents in self._own.items():
            self._markets.setdefault(key[MARKET], []).extend(cents)

    def of_key(self, key: Key) -> tuple[Values, Values]:
        """Return the changes of a series, ascending, and their cumulated probabilities."""
        market, own = np.array(self._markets[key[MARKET]]), np.array(self._own[key])
        support, counts = np.unique(market, return_counts=True)
        ours = np.array([(own == cents).sum() for cents in support])
        weights = (ours + self._weight * counts / len(market)) / (len(own) + self._weight)
        return support / 100, np.cumsum(weights)
