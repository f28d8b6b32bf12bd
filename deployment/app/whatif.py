"""What a series' next price would be if its last one were another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from canasta.deliver.figures import QUOTES_IN_MEAN, recent_means, rounded
from canasta.forecast.distribution import Distribution
from canasta.forecast.features.build import at_origin
from canasta.forecast.outlook import outlook_of
from canasta.forecast.panel import Floats
from deployment.app.live import Live, answer_of


@dataclass(frozen=True)
class Supposed:
    """The prices that are supposed, in the commodity's unit.

    Attributes:
        last: the last price.
        recent: the mean of the last QUOTES_IN_MEAN quotes; None: whatever it comes to.
    """

    last: float
    recent: float | None = None


def supposed_prices(prices: Floats, supposed: Supposed) -> Floats:
    """Return the (T,) prices of a series as they are supposed.

    The last quote is replaced. A recent mean shifts the six quotes before it by one constant, so
    that the seven average to it; of a series with fewer quotes, all that there are.
    """
    changed = prices.copy()
    quotes = np.flatnonzero(np.isfinite(prices))[-QUOTES_IN_MEAN:]
    changed[quotes[-1]] = supposed.last
    before = quotes[:-1]
    if supposed.recent is not None and before.size:
        wanted = (supposed.recent * quotes.size - supposed.last) / before.size
        changed[before] += wanted - prices[before].mean()
    return changed


def what_if(live: Live, row: int, supposed: Supposed, target: date) -> dict[str, Any]:
    """Answer for one series and one step, without warnings.

    Args:
        live: what is served.
        row: of the series, which has been quoted.
        supposed: its prices.
        target: the date, which sets weekday and gap.
    """
    prices = supposed_prices(live.panel.prices[row], supposed)
    outlook = outlook_of(
        live.origin, (target,), (), np.array([supposed.last]), [_change(live, row, prices, target)]
    )
    figures = rounded(outlook, np.array([supposed.last]), recent_means(prices[np.newaxis]))
    return answer_of(figures, outlook, (0, 0), live.predictor_model, what_if=True)


def _change(live: Live, row: int, prices: Floats, target: date) -> Distribution:
    """Forecast the change of one series over one publication."""
    if not live.predictor.hurdles:
        steps = live.steps
        return Distribution(steps.atoms[row : row + 1], steps.weights[row : row + 1])
    features = at_origin(live.state, row, prices, target)
    return live.predictor.hurdles[0].predict(features[np.newaxis])
