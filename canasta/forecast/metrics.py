"""Measures of forecasts, and the test whether one is better than another.

Losses enter as matrices (S series × N origins) with NaN where nothing can be scored. Skills are
percentages: positive is better than the reference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from canasta.forecast.panel import Floats

ROBUST_QUANTILE = 0.99
"""Absolute errors are cut at this quantile of persistence's for the robust RMSE: on milk, one
observation in a hundred carries more than half of the squared error."""

MIN_DATES = 2
"""A variance needs this many target dates."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One contestant against a reference.

    Attributes:
        skill: percent by which the contestant's measure is below the reference's.
        dm: Diebold-Mariano statistic; positive favours the contestant; NaN is no evidence.
        origins: number of target dates behind it.
    """

    skill: float
    dm: float
    origins: int


def mae(error: Floats) -> float:
    """Mean absolute error over all that is not NaN, in the unit of `error`."""
    return float(np.nanmean(np.abs(error)))


def rmse(error: Floats) -> float:
    """Root mean squared error over all that is not NaN, in the unit of `error`."""
    return math.sqrt(float(np.nanmean(np.square(error))))


def robust_rmse(error: Floats, limit: float) -> float:
    """RMSE of errors whose size is cut at `limit`."""
    return rmse(np.clip(error, -limit, limit))


def robust_limit(reference_error: Floats) -> float:
    """The cut for `robust_rmse`: a high quantile of the reference's absolute errors."""
    return float(np.nanquantile(np.abs(reference_error), ROBUST_QUANTILE))


def skill(measure: float, reference: float) -> float:
    """Percent by which `measure` lies below `reference`; NaN where the reference is 0."""
    return 100.0 * (1.0 - measure / reference) if reference > 0 else math.nan


def by_date(loss: Floats) -> Floats:
    """Average a (S, N) loss over series: (N,), NaN for a date without any."""
    scored = np.isfinite(loss)
    counts = scored.sum(axis=0)
    total = np.where(scored, loss, 0.0).sum(axis=0)
    mean: Floats = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
    return mean


def diebold_mariano(loss: Floats, reference: Floats, horizon: int = 1) -> float:
    """Test statistic of equal accuracy of two (S, N) losses; positive: `loss` is smaller.

    The loss differential is averaged by target date; its long-run variance has Bartlett
    weights up to lag max(1, horizon); the statistic carries the small-sample factor of Harvey,
    Leybourne and Newbold and is to be read against t with n - 1 degrees of freedom.

    Returns:
        The statistic, or NaN (no evidence) where fewer than two dates can be compared or the
        variance is not positive.

    References:
        Diebold and Mariano (1995), Comparing Predictive Accuracy, JBES 13(3).
        Harvey, Leybourne and Newbold (1997), Testing the equality of prediction mean squared
        errors, International Journal of Forecasting 13(2).
        Newey and West (1987), Econometrica 55(3), for the Bartlett weights.
    """
    differential = by_date(reference - loss)
    differential = differential[np.isfinite(differential)]
    count = len(differential)
    if count < MIN_DATES:
        return math.nan
    centred = differential - differential.mean()
    lags = min(max(1, horizon), count - 1)
    variance = float(centred @ centred) / count
    for lag in range(1, lags + 1):
        weight = 1.0 - lag / (lags + 1)
        variance += 2.0 * weight * float(centred[lag:] @ centred[:-lag]) / count
    correction = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    # Equal losses leave rounding noise: a variance below it is no variance.
    noise = (np.finfo(float).eps * float(np.abs(differential).max())) ** 2 * count
    if variance <= noise or correction <= 0:
        return math.nan
    return float(differential.mean() / math.sqrt(variance / count) * math.sqrt(correction))


def compare_rmse(error: Floats, reference: Floats, horizon: int = 1) -> Comparison:
    """Compare two (S, N) errors by RMSE, with the DM statistic of the squared losses."""
    loss, base = np.square(error), np.square(reference)
    return Comparison(
        skill(rmse(error), rmse(reference)),
        diebold_mariano(loss, base, horizon),
        int(np.isfinite(by_date(base - loss)).sum()),
    )


def compare_mae(error: Floats, reference: Floats, horizon: int = 1) -> Comparison:
    """Compare two (S, N) errors by MAE, with the DM statistic of the absolute losses."""
    loss, base = np.abs(error), np.abs(reference)
    return Comparison(
        skill(mae(error), mae(reference)),
        diebold_mariano(loss, base, horizon),
        int(np.isfinite(by_date(base - loss)).sum()),
    )
