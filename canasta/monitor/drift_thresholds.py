"""Thresholds learnt from what a quantity was before, for a false-alarm rate that is asked for.

No threshold is set by hand. Each function takes the past of one quantity and the probability
with which an undisturbed day may pass the threshold, and returns the threshold. The rates are
far below one over the length of any past, so each needs a tail that goes on beyond what was
seen; how well it does is measured on real prices (docs/drift.md).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from canasta.forecast.panel import Floats

NORMAL_MAD = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""


def tail_bound(past: Floats, rate: float, tail: float, step: float) -> float:
    """Return what is exceeded with probability `rate`, by peaks over threshold.

    Beyond the (1 − tail)-quantile the excesses are taken for exponential, the middle of the
    generalised Pareto distributions that excesses tend to (Pickands, Annals of Statistics 3,
    1975; for alarms: Siffer et al., KDD 2017). Their scale comes from their median: until half
    of them are faults of the past, those do not hide the next one.

    Args:
        past: (N,) earlier values, finite, on a scale where the tail is light.
        rate: below `tail`.
        tail: share of the past that makes the tail.
        step: the quantity's resolution there: the least scale, for a past that hardly varies.
    """
    start = float(np.quantile(past, 1 - tail))
    excesses = past[past > start] - start
    scale = float(np.median(excesses)) / math.log(2) if excesses.size else 0.0
    return start + max(scale, step) * math.log(tail / rate)


def window_bound(scores: Floats, rate: float, independent: float, chance: float) -> float:
    """Return what the next window's score exceeds with probability `rate`.

    The one-sided prediction bound of a normal sample, from median and median absolute
    deviation. Overlapping windows are worth few independent ones: with those few, Student's t
    makes the bound wide, and it narrows as the history grows.

    Args:
        scores: (N,) of past windows.
        rate: a probability.
        independent: past windows that do not overlap, above 1.
        chance: the standard deviation that chance alone gives a score: the least spread.
    """
    centre = float(np.median(scores))
    spread = NORMAL_MAD * float(np.median(np.abs(scores - centre)))
    quantile = float(stats.t.isf(rate, independent - 1))
    return centre + quantile * max(spread, chance) * math.sqrt(1 + 1 / independent)


def count_bound(past: Floats, of: int, rate: float) -> int:
    """Return the least count, of `of`, whose probability is at most `rate`; `of` + 1 for none.

    For what hardly ever happens, and leaves no distribution to look at: the predictive
    beta-binomial distribution after `past`, from Jeffreys' prior.

    Args:
        past: (N,) earlier counts, each of `of`.
        of: what could be counted at most.
        rate: a probability.
    """
    seen, missed = float(past.sum()), float((of - past).sum())
    counts = np.arange(1, of + 1)
    reached = stats.betabinom.sf(counts - 1, of, seen + 0.5, max(missed, 0.0) + 0.5)
    rare = counts[reached <= rate]
    return int(rare[0]) if rare.size else of + 1
