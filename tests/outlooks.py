"""Forecasts for tests: mixtures of falls, no change and rises, drawn at random."""

from datetime import date

import numpy as np

from canasta.forecast.distribution import Distribution
from canasta.forecast.outlook import HORIZONS, Outlook, outlook_of
from canasta.forecast.panel import Floats, Panel

SIZES = 12
"""Atoms on either side of no change."""


def last_prices(panel: Panel) -> Floats:
    """(S,) last prices of the live series; NaN for the others."""
    return np.where(panel.live, panel.filled[:, -1], np.nan)


def drawn_outlook(panel: Panel, seed: int = 0, as_of: date | None = None) -> Outlook:
    """Forecast all horizons: calm series and lively ones, more likely to move farther ahead."""
    draws = np.random.default_rng(seed)
    targets = panel.calendar.targets(panel.origin, as_of or panel.origin, HORIZONS)
    calm = draws.beta(0.6, 2.0, size=len(panel.keys))
    changes = [
        drawn_changes(draws, 1 - (1 - calm) ** horizon) for horizon in range(1, HORIZONS + 1)
    ]
    return outlook_of(panel.origin, targets.dates, targets.skipped, last_prices(panel), changes)


def drawn_changes(draws: np.random.Generator, p_change: Floats) -> Distribution:
    """Mix falls, no change and rises of random sizes, with the probabilities (R,) of a change."""
    rows = len(p_change)
    sizes = np.sort(draws.lognormal(-1.0, 0.8, size=(2, rows, SIZES)), axis=2)
    up = draws.uniform(0.1, 0.9, size=rows) * p_change
    falls, rises = (
        np.repeat((share / SIZES)[:, np.newaxis], SIZES, axis=1) for share in (p_change - up, up)
    )
    none = np.zeros((rows, 1))
    return Distribution(
        atoms=np.concatenate([-sizes[0][:, ::-1], none, sizes[1]], axis=1),
        weights=np.concatenate([falls, 1 - p_change[:, np.newaxis], rises], axis=1),
    )
