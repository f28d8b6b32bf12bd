"""Peers as contestants of a back-test: the same cells, the same measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from canasta.forecast.distribution import Distribution
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.scored import Scored
from canasta.forecast.features.windows import Ints
from canasta.forecast.outlook import LEVELS
from canasta.forecast.panel import Floats
from canasta.forecast.recipe import Recipe
from tests.peers.exchange import ForecastsRefused, PeerForecasts


def with_peers(backtest: Backtest, peers: Mapping[str, PeerForecasts]) -> Backtest:
    """Add peers to a back-test; their forecasts count where those of our recipes do.

    Raises:
        ForecastsRefused: a peer lacks a forecast that counts.
    """
    scored = {name: _scored(name, made, backtest) for name, made in peers.items()}
    return replace(
        backtest,
        recipes={**backtest.recipes, **{name: Recipe(name) for name in peers}},
        scored={**backtest.scored, **scored},
    )


def _scored(name: str, made: PeerForecasts, backtest: Backtest) -> Scored:
    """Score what a peer forecast where a change came; elsewhere nothing is kept."""
    _refuse_gaps(name, made, backtest)
    scored = Scored.empty(*backtest.changes.shape)
    for horizon, came in enumerate(backtest.changes):
        for origin in range(came.shape[1]):
            rows = np.flatnonzero(np.isfinite(came[:, origin]))
            here = horizon, rows, origin
            last, actual = backtest.last[rows, origin], came[rows, origin]
            mean = made.mean[here] - last
            scored.put(*here, _changes(made, here, last), actual)
            scored.mean[here] = mean  # the peer's own, not that of its quantiles
            if made.sd is not None:
                scored.crps[here] = normal_crps(mean, made.sd[here], actual)
    return scored


def _refuse_gaps(name: str, made: PeerForecasts, backtest: Backtest) -> None:
    complete = np.isfinite(made.mean)
    if made.sd is not None:
        complete &= made.sd >= 0
    if made.quantiles is not None:
        complete &= np.isfinite(made.quantiles).all(axis=-1)
    counts = np.isfinite(backtest.changes)
    gaps = np.argwhere(counts & ~complete)
    if len(gaps):
        horizon, series, origin = gaps[0]
        raise ForecastsRefused(
            f"{name} lacks {len(gaps)} of the {counts.sum()} forecasts that count, the first of "
            f"them of series {series}, {horizon + 1} publications from {backtest.origins[origin]}. "
            "What is compared must be forecast by all."
        )


def _changes(made: PeerForecasts, here: tuple[int, Ints, int], last: Floats) -> Distribution:
    """Return the peer's distributions of the change of R series, from `last`, (R,)."""
    if made.is_point:
        return Distribution.certain(made.mean[here] - last)
    if made.sd is not None:
        spread = norm.ppf(LEVELS) * made.sd[here][:, np.newaxis]
        return at_levels(made.mean[here][:, np.newaxis] + spread - last[:, np.newaxis])
    assert made.quantiles is not None
    return at_levels(made.quantiles[here] - last[:, np.newaxis])


def at_levels(quantiles: Floats) -> Distribution:
    """Return R distributions whose quantiles at LEVELS are `quantiles`, (R, 61).

    Each quantile stands for the probabilities that lie nearer to its level than to the others'.
    """
    between = (np.array(LEVELS[1:]) + np.array(LEVELS[:-1])) / 2
    weights = np.diff(between, prepend=0.0, append=1.0)
    return Distribution(quantiles, np.broadcast_to(weights, quantiles.shape))


def normal_crps(mean: Floats, sd: Floats, actual: Floats) -> Floats:
    """(R,): exact score of normal distributions; the absolute error where `sd` is 0.

    Source: Gneiting, Raftery, Westveld and Goldman (2005), Monthly Weather Review 133, equation 5.
    """
    error = actual - mean
    z = np.divide(error, sd, out=np.zeros_like(error), where=sd > 0)
    score = sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    exact: Floats = np.where(sd > 0, score, np.abs(error))
    return exact
