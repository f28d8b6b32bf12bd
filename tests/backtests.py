"""Back-tests of a drawn market, and the panel that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice

import numpy as np

from canasta.calendar import PublicationCalendar
from canasta.forecast.distribution import Distribution
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.scored import Scored
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe

CALENDAR = PublicationCalendar(frozenset({0, 2, 4}), frozenset())
STEPS = np.array([-0.8, -0.3, 0.0, 0.3, 0.8])
"""The changes that forecasts and prices are made of."""
STILL = np.array([0.04, 0.06, 0.8, 0.06, 0.04])
"""How likely each of them is."""
KNOWN_BEFORE = 33
"""Publications before the first origin."""
SLICES = ("Entera/Norte", "Entera/Sur")


def drawn_panel(series: int, origins: int, seed: int = 4) -> Panel:
    """Prices that move by STEPS, some not quoted; one publication follows the last origin."""
    draws = np.random.default_rng(seed)
    count = KNOWN_BEFORE + origins + 1
    prices = 25 + np.cumsum(draws.choice(STEPS, (series, count), p=STILL), axis=1)
    prices[draws.random(prices.shape) < 0.03] = np.nan
    dates = tuple(islice(CALENDAR.expected_after(date(2024, 12, 1)), count))
    keys = tuple(("Norte" if s % 2 == 0 else "Sur", f"Ciudad {s:02d}") for s in range(series))
    return Panel(("Estado", "Ciudad"), (), keys, dates, prices.round(2), CALENDAR)


def drawn_backtest(
    panel: Panel,
    origins: int,
    horizons: int = 6,
    names: Sequence[str] = (RANDOM_FOREST, XGBOOST),
    foresight: float = 0.4,
) -> Backtest:
    """Forecasts that put `foresight` of the probability on what comes; persistence puts none."""
    first = KNOWN_BEFORE
    changes = np.full((horizons, len(panel.keys), origins), np.nan)
    for ahead in range(1, horizons + 1):
        came = panel.prices[:, first + ahead : first + ahead + origins]
        there = came.shape[1]
        changes[ahead - 1, :, :there] = (came - panel.prices[:, first : first + there]).round(2)
    contestants = [PERSISTENCE, *names]
    return Backtest(
        origins=panel.dates[first : first + origins],
        targets=panel.dates[first + 1 : first + 1 + origins],
        slices=tuple(SLICES[series % 2] for series in range(len(panel.keys))),
        last=panel.prices[:, first : first + origins],
        changes=changes,
        recipes={name: Recipe(name) for name in contestants},
        scored={
            name: drawn_forecasts(changes, 0.0 if name == PERSISTENCE else foresight, seed)
            for seed, name in enumerate(contestants)
        },
        fits=(),
    )


def drawn_forecasts(changes: Floats, foresight: float, seed: int) -> Scored:
    """Distributions on STEPS, wider the farther ahead; negative `foresight` shuns what comes."""
    draws = np.random.default_rng(seed)
    scored = Scored.empty(*changes.shape)
    for horizon, ahead in enumerate(changes):
        for origin, came in enumerate(ahead.T):
            nearest = np.abs(STEPS - np.nan_to_num(came)[:, np.newaxis]).argmin(axis=1)
            vague = draws.dirichlet(20 * STILL, len(came)) if foresight else STILL
            weights = (1 - abs(foresight)) * vague + abs(foresight) * np.eye(len(STEPS))[
                nearest if foresight >= 0 else len(STEPS) - 1 - nearest
            ]
            atoms = np.tile(STEPS * (1 + 0.2 * horizon), (len(came), 1))
            scored.put(horizon, slice(None), origin, Distribution(atoms, weights), came)
    return scored


def silent_after(scored: Scored, horizons: int) -> Scored:
    """The same forecasts without those beyond `horizons`."""
    cut = {name: values.copy() for name, values in vars(scored).items()}
    for values in cut.values():
        values[horizons:] = np.nan
    return Scored(**cut)
