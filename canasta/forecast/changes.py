"""Changes of prices over a number of publications: what forecasts are of, and judged by.

Part of the serving path: NumPy and the standard library alone.
"""

from __future__ import annotations

import numpy as np

from canasta.forecast.features.rows import SCALE
from canasta.forecast.panel import Floats


def change_units(prices: Floats, horizon: int) -> Floats:
    """Change from each publication to the `horizon`-th after it, in whole 1/SCALE of the unit.

    Args:
        prices: (S, T), NaN where not quoted.
        horizon: publications, at least 1.

    Returns:
        (S, T); NaN where either price was not quoted, and in the newest `horizon` columns, whose
        targets are to come.
    """
    units = np.rint(prices * SCALE)
    changes = np.full(prices.shape, np.nan)
    changes[:, :-horizon] = units[:, horizon:] - units[:, :-horizon]
    return changes


def changes_over(prices: Floats, horizon: int) -> Floats:
    """Return `change_units` in the unit: equal changes are equal to the bit."""
    changes: Floats = change_units(prices, horizon) / SCALE
    return changes
