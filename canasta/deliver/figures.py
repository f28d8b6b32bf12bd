"""Forecasts in the digits that people see: the one definition of how they are rounded.

Report, workbook and whoever else publishes a forecast take it from here, so that none of them
differs by a cent. NumPy and the standard library alone: serving may import this module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Floats, Panel
from canasta.registry.panels import check_belongs

QUOTES_IN_MEAN = 7
"""Quotes that the recent mean counts."""
PRICE_DECIMALS = 2
"""Of prices that are held against each other. Rounding keeps an order only among numbers that are
rounded alike, so the ends of a range, the suggested price and the last one share their digits."""
FINE_DECIMALS = 4
"""Of means and probabilities: what lies beyond is float noise."""

type Range = tuple[Floats, Floats]
"""Lower and upper ends."""


@dataclass(frozen=True)
class Figures:
    """Published figures of S series and H horizons; NaN for a series that is not live.

    Prices are in the commodity's unit.

    Attributes:
        last: (S,) the last quoted price; NaN before the first quote.
        recent: (S,) the mean of the last QUOTES_IN_MEAN quotes, of fewer where there are fewer.
        suggested: (S, H) the median of the forecast price.
        mean: (S, H) its mean.
        p_change: (S, H) the probability of another price than the last one.
        range_80, range_95: the central ranges that hold 80 and 95 %, each end (S, H).
    """

    last: Floats
    recent: Floats
    suggested: Floats
    mean: Floats
    p_change: Floats
    range_80: Range
    range_95: Range

    @property
    def direction(self) -> Floats:
        """(S, H) where the suggested price lies: 1 above the last one, -1 below, 0 on it."""
        direction: Floats = np.sign(self.suggested - self.last[:, np.newaxis])
        return direction


def figures_of(panel: Panel, outlook: Outlook) -> Figures:
    """Round the forecasts of `outlook` and the prices of `panel` that they stand on.

    Raises:
        ValueError: `outlook` does not belong to `panel`.
    """
    check_belongs(outlook, panel)
    return rounded(outlook, panel.filled[:, -1], recent_means(panel.prices))


def rounded(outlook: Outlook, last: Floats, recent: Floats) -> Figures:
    """Round the forecasts of `outlook`, the last prices, (S,), and the recent means, (S,)."""
    return Figures(
        last=last.round(PRICE_DECIMALS),
        recent=recent.round(FINE_DECIMALS),
        suggested=outlook.median.round(PRICE_DECIMALS),
        mean=outlook.mean.round(FINE_DECIMALS),
        p_change=outlook.p_change.round(FINE_DECIMALS),
        range_80=_rounded(outlook.interval(0.80)),
        range_95=_rounded(outlook.interval(0.95)),
    )


def recent_means(prices: Floats) -> Floats:
    """Mean of the last QUOTES_IN_MEAN quotes of each of (R, T); NaN where there is no quote."""
    quotes = [row[np.isfinite(row)][-QUOTES_IN_MEAN:] for row in prices]
    return np.array([quoted.mean() if quoted.size else np.nan for quoted in quotes])


def _rounded(ends: Range) -> Range:
    low, high = ends
    return low.round(PRICE_DECIMALS), high.round(PRICE_DECIMALS)
