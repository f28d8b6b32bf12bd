"""Features of a price's coming change: one definition for the panel and for one row.

Everything at an origin rests on publications up to it, and on the dates that the calendar
expects after it: horizon h aims at the h-th. NumPy and the standard library alone: the serving
path imports this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.features.ahead import Ahead, AheadPool, ahead_features
from canasta.forecast.features.aims import Aim, aims_of
from canasta.forecast.features.kinship import Ints, Kinship
from canasta.forecast.features.pool import Pool, pooled
from canasta.forecast.features.rows import Rows
from canasta.forecast.features.standing import RATE_WEIGHT, standing_features, steady_rate
from canasta.forecast.features.weekdays import any_rate, weekday_features
from canasta.forecast.panel import Floats, Panel


@dataclass(frozen=True)
class Features:
    """F features of S series at T origins: `values` is (S, T, F), in float32 as trees take it."""

    names: tuple[str, ...]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class FeatureState:
    """A panel and all that its rows share; its newest publication is the origin.

    Attributes:
        panel: the history.
        kin: relations among its series.
        aims: the days that the origins aim at, horizon 1 first.
        rows: own history of every series.
        pool: what all series say together.
        ahead: by horizon above 1, what they say of changes over it.
    """

    panel: Panel
    kin: Kinship
    aims: tuple[Aim, ...]
    rows: Rows
    pool: Pool
    ahead: Mapping[int, AheadPool]


def build(panel: Panel, target: date | None = None) -> Features:
    """Compute the features of horizon 1 of every series at every origin of `panel`.

    Args:
        panel: the history.
        target: the date that the newest origin aims at, if not the next expected one.
    """
    return build_all(panel, 1, None if target is None else (target,))[0]


def build_all(
    panel: Panel, horizons: int, targets: Sequence[date] | None = None
) -> tuple[Features, ...]:
    """Compute the features of horizons 1, 2, …, `horizons`, each with names of its own.

    Args:
        panel: the history.
        horizons: how many publications ahead the last of them aims.
        targets: the dates that the newest origin aims at, if not the next expected ones.

    Raises:
        ValueError: `targets` are not `horizons` dates.
    """
    state = state_of(panel, horizons, targets)
    everyone = np.arange(len(panel.keys))
    named = _standing(state.rows, everyone, state.pool, state)
    shared = _stacked(named)
    found = []
    for horizon in range(1, horizons + 1):
        aimed = _aimed(state.rows, everyone, state.pool, state, state.aims[:horizon])
        values = np.concatenate([shared, _stacked(aimed)], axis=-1)
        found.append(Features((*named, *aimed), values))
    return tuple(found)


def state_of(
    panel: Panel, horizons: int = 1, targets: Sequence[date] | None = None
) -> FeatureState:
    """Compute once what `at_origin` needs for any series of `panel`; arguments as `build_all`."""
    kin, aims = Kinship.of(panel), aims_of(panel, horizons, targets)
    rows = Rows(panel.prices, aims[0].arrival)
    ahead = {
        horizon: AheadPool.of(Ahead(rows, horizon), kin.market)
        for horizon in range(2, horizons + 1)
    }
    return FeatureState(panel, kin, aims, rows, pooled(rows, kin, RATE_WEIGHT), ahead)


def at_origin(
    state: FeatureState,
    series: int,
    prices: Floats,
    target: date | None = None,
    horizon: int = 1,
) -> NDArray[np.float32]:
    """Compute the features of one series at the newest origin, given its prices.

    Args:
        state: the history, from `state_of`.
        series: position of the series in it.
        prices: (T,) prices of the series, in place of the panel's; other series stay.
        target: the date to aim at, if not that of `state`.
        horizon: which of `state`'s.

    Returns:
        (F,) features, in the order of `build_all`.

    Raises:
        ValueError: `state` does not reach to `horizon`.
    """
    if not 1 <= horizon <= len(state.aims):
        raise ValueError(f"horizon {horizon} is not among the state's 1 to {len(state.aims)}")
    aims = state.aims[:horizon]
    if target is not None:
        aims = (*aims[:-1], aims[-1].aiming_at(state.panel.origin, target))
    row = Rows(prices[np.newaxis, :], state.rows.arrival)
    old = Rows(state.panel.prices[series : series + 1], state.rows.arrival)
    pool, position = state.pool.with_row(state.kin, series, old, row), np.array([series])
    named = _standing(row, position, pool, state) | _aimed(row, position, pool, state, aims)
    return np.array([values[0, -1] for values in named.values()], dtype=np.float32)


def _stacked(named: Mapping[str, Floats]) -> NDArray[np.float32]:
    return np.stack([values.astype(np.float32) for values in named.values()], axis=-1)


def _standing(rows: Rows, position: Ints, pool: Pool, state: FeatureState) -> dict[str, Floats]:
    """Name the (R, T) features that every horizon has of `rows`, at `position` in the panel."""
    return standing_features(rows, position, pool, state.kin, state.rows)


def _aimed(
    rows: Rows, position: Ints, pool: Pool, state: FeatureState, aims: Sequence[Aim]
) -> dict[str, Floats]:
    """Name the (R, T) features of the last of `aims`, the days on the way to it before it."""
    market, city = state.kin.market[position], state.kin.city[position]
    rate = steady_rate(rows, pool, market)
    named = weekday_features(rows, rate, pool, market, city, aims[-1])
    horizon = len(aims)
    if horizon == 1:
        return named
    named["any_rate"] = any_rate(rows, rate, aims)
    return named | ahead_features(Ahead(rows, horizon), state.ahead[horizon], market)
