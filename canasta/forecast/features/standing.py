"""Where a price stands, whatever day is aimed at: its record, its kin, its level.

Part of the serving path: NumPy and the standard library alone.
"""

from __future__ import annotations

import numpy as np

from canasta.forecast.features.kinship import Ints, Kinship
from canasta.forecast.features.pool import Pool, Sums, shrunk_slope
from canasta.forecast.features.rows import LONG_AGO, MEAN_WINDOWS, REVERSION_WINDOWS, SCALE, Rows
from canasta.forecast.features.windows import at, extremes, running, shrunk, within
from canasta.forecast.panel import Floats

SHORT, MIDDLE, LONG = 6, 15, 40
"""Windows, in publications, of the rates of change."""

RATE_WEIGHT = 15.0
"""Steps that the market's rate counts in a series' rate, and all cities' in a city's."""

HAZARD_WEIGHT = 10.0
"""Steps that the expected hazard counts in a series' own hazard."""

UP_WEIGHT = 6.0
"""Changes that an even chance counts in the share of rises."""

SIZE_WEIGHT = 5.0
"""Changes that the market's mean size counts in a series' mean size."""

SPREAD_WINDOWS = (5, 20)
RANGE_WINDOW = 20


def steady_rate(rows: Rows, pool: Pool, market: Ints) -> Floats:
    """(R, T) rate of change so far on all days, drawn to that of each row's `market`, (R,)."""
    return shrunk(rows.moves_so_far, rows.trials_so_far, pool.rate[market], RATE_WEIGHT)


def standing_features(
    rows: Rows, position: Ints, pool: Pool, kin: Kinship, everyone: Rows
) -> dict[str, Floats]:
    """Name the (R, T) features that every horizon has.

    Args:
        rows: own history of R series.
        position: (R,) where they stand in the panel.
        pool: what all series say together.
        kin: relations among the panel's series.
        everyone: own history of all of them.
    """
    market, city = kin.market[position], kin.city[position]
    return (
        _rates(rows, pool, market)
        | _hazards(rows, pool, market)
        | _moves(rows, pool, market)
        | _deviations(rows, pool)
        | _markets(rows, pool, market)
        | _cities(rows, pool, city)
        | _twins(rows, position, kin, everyone)
        | _levels(rows)
    )


def _rates(rows: Rows, pool: Pool, market: Ints) -> dict[str, Floats]:
    rate, moves = steady_rate(rows, pool, market), rows.moves_so_far
    recent = {f"rate_{width}": within(moves, width) / width for width in (SHORT, MIDDLE, LONG)}
    return {"rate": rate, "market_rate": pool.rate[market]} | recent


def _hazards(rows: Rows, pool: Pool, market: Ints) -> dict[str, Floats]:
    def of_age(tables: Floats) -> Floats:
        return np.take_along_axis(tables, rows.age_class[:, np.newaxis, :], axis=1)[:, 0]

    common = of_age(pool.hazard[market])
    expected = common * steady_rate(rows, pool, market) / pool.rate[market]
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
        slope = shrunk_slope(*rows.reversion[width], pool.slope[width])
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
        "city_rate": pool.city_rate[city],
        "city_moves": others,
        "city_moves_3": within(running(others), 3),
        "city_step": (pool.city.step_units[city] - rows.step_units) / SCALE,
    }


def _twins(rows: Rows, position: Ints, kin: Kinship, everyone: Rows) -> dict[str, Floats]:
    named: dict[str, Floats] = {}
    for column, twins in kin.twins.items():
        named |= _twin(column.lower(), rows, twins[position], everyone)
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
        "quoted": rows.quoted,
    }
