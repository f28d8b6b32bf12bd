"""What the weekday of the target says: how often prices change on it, lately and ever."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from canasta.forecast.features.aims import Aim
from canasta.forecast.features.pool import Pool
from canasta.forecast.features.rows import Rows
from canasta.forecast.features.windows import Ints, shrunk, within
from canasta.forecast.panel import Floats

WEEKDAY_WEIGHT = 8.0
"""Steps that the rate on all days counts in the rate of one weekday."""

RECENT_WINDOWS = (12, 30)
"""Publications in which a recent rate is counted: each weekday comes about 4 and 10 times."""

RECENT_WEIGHT = 3.0
"""Steps that a weekday's rate over the whole history counts in its recent rate."""


def weekday_rate(rows: Rows, rate: Floats, aim: Aim) -> Floats:
    """(R, T) rate of change so far on the weekday aimed at, drawn to `rate` on all days."""
    moves, trials = aim.pick(rows.moves_by_weekday), aim.pick(rows.trials_by_weekday)
    return shrunk(moves, trials, rate, WEEKDAY_WEIGHT)


def any_rate(rows: Rows, rate: Floats, aims: Sequence[Aim]) -> Floats:
    """(R, T) chance of any change on the way through `aims`, were the steps independent."""
    still = np.ones_like(rate)
    for aim in aims:
        still *= 1.0 - weekday_rate(rows, rate, aim)
    return 1.0 - still


def weekday_features(
    rows: Rows, rate: Floats, pool: Pool, market: Ints, city: Ints, aim: Aim
) -> dict[str, Floats]:
    """Name the (R, T) features of the weekday that each origin aims at.

    Args:
        rows: own history of R series.
        rate: (R, T) rate of change on all days.
        pool: what all series say together.
        market: (R,) market of each series.
        city: (R,) place of each.
        aim: the days.
    """
    own, of_city = weekday_rate(rows, rate, aim), _city_rate(pool, city, aim)
    trials = aim.pick(rows.trials_by_weekday)
    return {
        "weekday_rate": own,
        "weekday_lift": own - rate,
        "weekday_step": aim.pick(rows.steps_by_weekday) / (trials + WEEKDAY_WEIGHT),
        "market_weekday_rate": aim.pick(pool.weekday_rate[market]),
        "city_weekday_rate": of_city,
        **_recent("weekday_rate", rows.moves_by_weekday, rows.trials_by_weekday, own, aim),
        **_recent("city_weekday_rate", pool.city_moves[city], pool.city_trials[city], of_city, aim),
        "weekday": np.broadcast_to(aim.weekday, rate.shape).astype(np.float64),
        "gap": np.broadcast_to(aim.gap, rate.shape).astype(np.float64),
    }


def _city_rate(pool: Pool, city: Ints, aim: Aim) -> Floats:
    moves, trials = aim.pick(pool.city_moves[city]), aim.pick(pool.city_trials[city])
    return shrunk(moves, trials, pool.city_rate[city], WEEKDAY_WEIGHT)


def _recent(name: str, moves: Floats, trials: Floats, ever: Floats, aim: Aim) -> dict[str, Floats]:
    """Rates of (R, 7, T) running counts over the newest publications, drawn to those of `ever`."""
    return {
        f"{name}_{width}": shrunk(
            aim.pick(within(moves, width)), aim.pick(within(trials, width)), ever, RECENT_WEIGHT
        )
        for width in RECENT_WINDOWS
    }
