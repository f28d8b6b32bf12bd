"""Measures of forecasts, and the test whether one is better than another.

Losses enter as matrices (S series × N origins) with NaN where nothing can be scored. Skills are
percentages: positive is better than the reference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from canasta.forecast.panel import Floats

ROBUST_QUANTILE = 0.99
"""Absolute errors are cut at this quantile of persistence's for the robust RMSE: on milk, one
observation in a hundred carries more than half of the squared error."""

CENT_SLACK = 1e-9
"""In the unit: bounds are sums of floats and must not lose a price that they name."""

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


def mean(values: Floats) -> float:
    """Mean over all that is not NaN; NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def mae(error: Floats) -> float:
    """Mean absolute error over all that is not NaN, in the unit of `error`."""
    return mean(np.abs(error))


def rmse(error: Floats) -> float:
    """Root mean squared error over all that is not NaN, in the unit of `error`."""
    return math.sqrt(mean(np.square(error)))


def robust_rmse(error: Floats, limit: float) -> float:
    """RMSE of errors whose size is cut at `limit`."""
    return rmse(np.clip(error, -limit, limit))


def robust_limit(reference_error: Floats) -> float:
    """The cut for `robust_rmse`: a high quantile of the reference's absolute errors."""
    known = np.abs(reference_error[np.isfinite(reference_error)])
    return float(np.quantile(known, ROBUST_QUANTILE)) if len(known) else math.nan


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
        The statistic, or NaN (no evidence) where fewer than two dates, or no more than `horizon`,
        can be compared, or the variance is not positive.

    References:
        Diebold and Mariano (1995), Comparing Predictive Accuracy, JBES 13(3).
        Harvey, Leybourne and Newbold (1997), Testing the equality of prediction mean squared
        errors, International Journal of Forecasting 13(2).
        Newey and West (1987), Econometrica 55(3), for the Bartlett weights.
    """
    differential = by_date(reference - loss)
    differential = differential[np.isfinite(differential)]
    count = len(differential)
    if count < max(MIN_DATES, horizon + 1):
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
    squared = compare_losses(np.square(error), np.square(reference), horizon)
    mine, theirs = _where_both(error, reference)
    return replace(squared, skill=skill(rmse(mine), rmse(theirs)))


def compare_mae(error: Floats, reference: Floats, horizon: int = 1) -> Comparison:
    """Compare two (S, N) errors by MAE, with the DM statistic of the absolute losses."""
    return compare_losses(np.abs(error), np.abs(reference), horizon)


def compare_losses(loss: Floats, reference: Floats, horizon: int = 1) -> Comparison:
    """Compare two (S, N) losses, such as CRPS, by their means over all that both score."""
    mine, theirs = _where_both(loss, reference)
    return Comparison(
        skill(mean(mine), mean(theirs)),
        diebold_mariano(mine, theirs, horizon),
        int(np.isfinite(by_date(theirs - mine)).sum()),
    )


def _where_both(loss: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Return both with NaN where either is not known: who abstains gains nothing by it."""
    both = np.isfinite(loss) & np.isfinite(reference)
    return np.where(both, loss, np.nan), np.where(both, reference, np.nan)


def winkler(low: Floats, high: Floats, actual: Floats, level: float) -> Floats:
    """Interval score of central `level` ranges, in the unit; lower is better.

    The width, and 2 / (1 - level) times the distance by which the actual value lies outside.
    Source: Winkler (1972), JASA 67; Gneiting and Raftery (2007), JASA 102, equation 43.
    """
    outside = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
    score: Floats = high - low + 2.0 / (1.0 - level) * outside
    return score


def covered(low: Floats, high: Floats, actual: Floats) -> Floats:
    """1 where the range holds the actual value, 0 where it does not, NaN where none came."""
    inside = (actual >= low - CENT_SLACK) & (actual <= high + CENT_SLACK)
    known = np.isfinite(actual) & np.isfinite(low)
    return np.where(known, inside.astype(np.float64), np.nan)


def auc(probability: Floats, happened: Floats) -> float:
    """Area under the ROC curve of a probability; NaN where only one outcome came.

    Args:
        probability: of any shape.
        happened: 1, 0, or NaN where unknown, of the same shape.
    """
    known = np.isfinite(happened) & np.isfinite(probability)
    outcomes = happened[known]
    if len(np.unique(outcomes)) != len(("yes", "no")):
        return math.nan
    return float(roc_auc_score(outcomes, probability[known]))


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often something happened where it was given about the same probability.

    Attributes:
        probability: (B,) mean probability in each bin that is not empty.
        frequency: (B,) how often it happened there.
        count: (B,) forecasts in it.
    """

    probability: Floats
    frequency: Floats
    count: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance of both, weighted by the counts."""
        if not self.count.sum():
            return math.nan
        off = np.abs(self.probability - self.frequency)
        return float((off * self.count).sum() / self.count.sum())


def reliability(probability: Floats, happened: Floats, bins: int = 10) -> Reliability:
    """Compare probabilities with frequencies in `bins` bins of equal width.

    Source: Naeini, Cooper and Hauskrecht (2015), AAAI, for the expected calibration error.
    """
    known = np.isfinite(happened) & np.isfinite(probability)
    given, outcome = probability[known], happened[known]
    at = np.minimum((given * bins).astype(np.int64), bins - 1)
    count = np.bincount(at, minlength=bins)
    full = count > 0
    means = [np.bincount(at, values, bins)[full] / count[full] for values in (given, outcome)]
    return Reliability(means[0], means[1], count[full])


def skill_interval(
    loss: Floats,
    reference: Floats,
    *,
    block: int = 5,
    draws: int = 1_000,
    level: float = 0.95,
    root: bool = False,
    seed: int = 1,
) -> tuple[float, float]:
    """Moving-block bootstrap range of the skill of a (S, N) loss, in percent.

    Blocks of target dates are drawn, since neighbours are alike. Source: Künsch (1989), Annals
    of Statistics 17(3).

    Args:
        loss: of the contestant.
        reference: of the reference.
        block: dates drawn together.
        draws: samples.
        level: of the range.
        root: whether the measure is the root of the mean loss, as RMSE is of the squares.
        seed: of the draws.
    """
    both = np.isfinite(loss) & np.isfinite(reference)
    sums = np.stack([np.where(both, values, 0.0).sum(axis=0) for values in (loss, reference)])
    dates = np.flatnonzero(both.any(axis=0))
    if len(dates) < MIN_DATES:
        return math.nan, math.nan
    length = min(block, len(dates))
    blocks = math.ceil(len(dates) / length)
    starts = np.random.default_rng(seed).integers(0, len(dates) - length + 1, (draws, blocks))
    drawn = (starts[:, :, np.newaxis] + np.arange(length)).reshape(draws, -1)[:, : len(dates)]
    mine, theirs = sums[:, dates][:, drawn].sum(axis=2)
    ratio = np.divide(mine, theirs, out=np.full(draws, np.nan), where=theirs > 0)
    skills = 100.0 * (1.0 - (np.sqrt(ratio) if root else ratio))
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = np.nanquantile(skills, tails) if np.isfinite(skills).any() else (math.nan,) * 2
    return float(low), float(high)
