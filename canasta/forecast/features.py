"""Features of the next change of a price: one definition for the panel and for one row.

Everything at an origin rests on publications up to it, and on the date that the calendar
expects next. NumPy and the standard library alone: the serving path imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.kinship import Ints, Kinship
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.pool import Pool, Sums, pooled
from canasta.forecast.rows import (
    LONG_AGO,
    MEAN_WINDOWS,
    REVERSION_WINDOWS,
    SCALE,
    STEP_LIMIT,
    Days,
    Rows,
)
from canasta.forecast.windows import at, extremes, running, shrunk, within

SHORT, MIDDLE, LONG = 6, 15, 40
"""Windows, in publications, of the rates of change."""

RATE_WEIGHT = 15.0
"""Steps that the market's rate counts in a series' rate, and all cities' in a city's."""

WEEKDAY_WEIGHT = 8.0
"""Steps that the rate on all days counts in the rate of one weekday."""

HAZARD_WEIGHT = 10.0
"""Steps that the expected hazard counts in a series' own hazard."""

UP_WEIGHT = 6.0
"""Changes that an even chance counts in the share of rises."""

SIZE_WEIGHT = 5.0
"""Changes that the market's mean size counts in a series' mean size."""

SLOPE_WEIGHT = 20.0
"""Units² that the pooled slope counts in a series' slope."""

SPREAD_WINDOWS = (5, 20)
RANGE_WINDOW = 20


@dataclass(frozen=True)
class Features:
    """F features of S series at T origins: `values` is (S, T, F), in float32 as trees take it."""

    names: tuple[str, ...]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class FeatureState:
    """A panel and all that its rows share; its newest publication is the origin."""

    panel: Panel
    kin: Kinship
    rows: Rows
    pool: Pool


def build(panel: Panel, target: date | None = None) -> Features:
    """Compute the features of every series at every origin of `panel`.

    Args:
        panel: the history.
        target: the date that the newest origin aims at, if not the next expected one.
    """
    state = state_of(panel, target)
    named = _features(state.rows, np.arange(len(panel.keys)), state.pool, state)
    values = np.stack([values.astype(np.float32) for values in named.values()], axis=-1)
    return Features(tuple(named), values)


def state_of(panel: Panel, target: date | None = None) -> FeatureState:
    """Compute once what `at_origin` needs for any series of `panel`; `target` as in `build`."""
    kin, days = Kinship.of(panel), Days.of(panel)
    if target is not None:
        days = days.aiming_at(panel.origin, target)
    rows = Rows(panel.prices, days)
    return FeatureState(panel, kin, rows, pooled(rows, kin, RATE_WEIGHT))


def at_origin(
    state: FeatureState, series: int, prices: Floats, target: date | None = None
) -> NDArray[np.float32]:
    """Compute the features of one series at the newest origin, given its prices.

    Args:
        state: the history, from `state_of`.
        series: position of the series in it.
        prices: (T,) prices of the series, in place of the panel's; other series stay.
        target: the date to aim at, if not that of `state`.

    Returns:
        (F,) features, in the order of `build`.
    """
    days = state.rows.days
    if target is not None:
        days = days.aiming_at(state.panel.origin, target)
    row = Rows(prices[np.newaxis, :], days)
    old = Rows(state.panel.prices[series : series + 1], days)
    pool = state.pool.with_row(state.kin, series, old, row)
    named = _features(row, np.array([series]), pool, state)
    return np.array([values[0, -1] for values in named.values()], dtype=np.float32)


def _features(rows: Rows, position: Ints, pool: Pool, state: FeatureState) -> dict[str, Floats]:
    """Name the (R, T) features of `rows`, which stand at `position` in the panel."""
    market, city = state.kin.market[position], state.kin.city[position]
    rate = shrunk(rows.moves_so_far, rows.trials_so_far, pool.rate[market], RATE_WEIGHT)
    return (
        _rates(rows, rate, pool.rate[market])
        | _weekdays(rows, rate, pool, market, city)
        | _hazards(rows, rate, pool, market)
        | _moves(rows, pool, market)
        | _deviations(rows, pool)
        | _markets(rows, pool, market)
        | _cities(rows, pool, city)
        | _twins(rows, position, state)
        | _levels(rows)
    )


def _rates(rows: Rows, rate: Floats, market_rate: Floats) -> dict[str, Floats]:
    moves = rows.moves_so_far
    recent = {f"rate_{width}": within(moves, width) / width for width in (SHORT, MIDDLE, LONG)}
    return {"rate": rate, "market_rate": market_rate} | recent


def _weekdays(rows: Rows, rate: Floats, pool: Pool, market: Ints, city: Ints) -> dict[str, Floats]:
    chosen = rows.days.of_target
    moves, trials = chosen(rows.moves_by_weekday), chosen(rows.trials_by_weekday)
    own = shrunk(moves, trials, rate, WEEKDAY_WEIGHT)
    steps = np.clip(rows.step, -STEP_LIMIT, STEP_LIMIT)[:, np.newaxis, :] * rows.days.arrival
    return {
        "weekday_rate": own,
        "weekday_lift": own - rate,
        "weekday_step": chosen(running(steps)) / (trials + WEEKDAY_WEIGHT),
        "market_weekday_rate": chosen(pool.weekday_rate[market]),
        "city_rate": pool.city_rate[city],
        "city_weekday_rate": shrunk(
            chosen(pool.city_moves[city]),
            chosen(pool.city_trials[city]),
            pool.city_rate[city],
            WEEKDAY_WEIGHT,
        ),
    }


def _hazards(rows: Rows, rate: Floats, pool: Pool, market: Ints) -> dict[str, Floats]:
    def of_age(tables: Floats) -> Floats:
        return np.take_along_axis(tables, rows.age_class[:, np.newaxis, :], axis=1)[:, 0]

    common = of_age(pool.hazard[market])
    expected = common * rate / pool.rate[market]
    moves, trials = of_age(rows.moves_by_age), of_age(rows.trials_by_age)
    return {
        "hazard": common,
        "hazard_expected": expected,
        "hazard_own": shrunk(moves, trials, np.minimum(expected, 1.0), HAZARD_WEIGHT),
    }


def _moves(rows: Rows, pool: Pool, market: Ints) -> dict[str, Floats]:
    newest = rows.last_move
    before = _move_before(newest)
    sizes = running(np.abs(rows.step_units)) / SCALE
    rises = running((rows.step_units > 0).astype(np.float64))
    between = np.minimum(newest - before, LONG_AGO)
    return {
        "age": rows.age,
        "age_before": np.where(before >= 0, between, LONG_AGO),
        "step": rows.step,
        "last_move": at(rows.step, newest, 0.0),
        "move_before": at(rows.step, before, 0.0),
        "rises": shrunk(rises, rows.moves_so_far, 0.5, UP_WEIGHT),
        "size": shrunk(sizes, rows.moves_so_far, pool.size[market], SIZE_WEIGHT),
    }


def _move_before(newest: Ints) -> Ints:
    """Column of the change before the newest one; -1 where there is none."""
    earlier = np.full_like(newest, -1)
    earlier[:, 1:] = newest[:, :-1]
    taken = np.take_along_axis(earlier, np.maximum(newest, 0), axis=1)
    return np.where(newest >= 0, taken, -1)


def _deviations(rows: Rows, pool: Pool) -> dict[str, Floats]:
    named = {f"deviation_{width}": rows.deviation[width] for width in MEAN_WINDOWS}
    for width in REVERSION_WINDOWS:
        cross, square = rows.reversion[width]
        slope = (cross + SLOPE_WEIGHT * pool.slope[width]) / (square + SLOPE_WEIGHT)
        named[f"slope_{width}"] = slope
        named[f"reversion_{width}"] = slope * rows.deviation[width]
    return named


def _markets(rows: Rows, pool: Pool, market: Ints) -> dict[str, Floats]:
    spread = np.where(rows.known, rows.price - pool.market.mean_price[market], 0.0)
    mean_step, share = pool.market.mean_step[market], pool.market.share_moved[market]
    overall = pool.everywhere
    everywhere = np.zeros_like(market)
    return {
        "spread": spread,
        **{f"spread_{width}": _less_recent_mean(spread, width) for width in SPREAD_WINDOWS},
        "market_step": mean_step,
        "market_step_5": within(running(np.rint(mean_step * SCALE)), 5) / SCALE,
        "market_share": share,
        "share": overall.share_moved[everywhere],
        "share_3": _recent_share(overall, 3)[everywhere],
        "overall_step": overall.mean_step[everywhere],
    }


def _recent_share(sums: Sums, width: int) -> Floats:
    trials = np.maximum(within(running(sums.trials), width), 1.0)
    return within(running(sums.moved), width) / trials


def _less_recent_mean(values: Floats, width: int) -> Floats:
    """Subtract the mean of the newest `width` values, rounded to 1/SCALE so that sums are exact."""
    total = within(running(np.rint(values * SCALE)), width)
    return values - total / np.minimum(np.arange(1, values.shape[1] + 1), width) / SCALE


def _cities(rows: Rows, pool: Pool, city: Ints) -> dict[str, Floats]:
    others = pool.city.moved[city] - rows.moved
    return {
        "city_moves": others,
        "city_moves_3": within(running(others), 3),
        "city_step": (pool.city.step_units[city] - rows.step_units) / SCALE,
    }


def _twins(rows: Rows, position: Ints, state: FeatureState) -> dict[str, Floats]:
    named: dict[str, Floats] = {}
    for column, twins in state.kin.twins.items():
        named |= _twin(column.lower(), rows, twins[position], state.rows)
    return named


def _twin(column: str, rows: Rows, twin: Ints, everyone: Rows) -> dict[str, Floats]:
    exists = (twin >= 0)[:, np.newaxis]

    def of_twin(values: Floats, otherwise: float) -> Floats:
        return np.where(exists, values[twin], otherwise)

    gap = np.nan_to_num(rows.price - of_twin(everyone.price, np.nan), nan=0.0)
    return {
        f"{column}_age": of_twin(everyone.age, LONG_AGO),
        f"{column}_last_move": of_twin(at(everyone.step, everyone.last_move, 0.0), 0.0),
        f"{column}_rate": of_twin(within(everyone.moves_so_far, MIDDLE) / MIDDLE, 0.0),
        f"{column}_gap": gap,
        f"{column}_gap_{RANGE_WINDOW}": _less_recent_mean(gap, RANGE_WINDOW),
    }


def _levels(rows: Rows) -> dict[str, Floats]:
    high, low = extremes(rows.price, RANGE_WINDOW)
    cents = np.mod(rows.units, SCALE)
    return {
        "price": np.nan_to_num(rows.price, nan=0.0),
        "cents": cents / SCALE,
        "round": (np.mod(cents, SCALE / 2) == 0).astype(np.float64),
        "below_high": np.nan_to_num(high - rows.price, nan=0.0),
        "above_low": np.nan_to_num(rows.price - low, nan=0.0),
        "weekday": np.broadcast_to(rows.days.weekday, rows.price.shape).astype(np.float64),
        "gap": np.broadcast_to(rows.days.gap, rows.price.shape).astype(np.float64),
        "quoted": rows.quoted,
    }
