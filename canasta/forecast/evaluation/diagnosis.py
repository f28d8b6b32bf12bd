"""Where a contestant of a back-test gains, where it fails, and how sure that is.

These are the numbers behind the pictures of the back-test's page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.metrics import (
    Comparison,
    Reliability,
    compare_mae,
    compare_rmse,
    covered,
    reliability,
    skill_interval,
)
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE

type Counts = NDArray[np.int64]

BINS = 10
"""Of equal width, by P(change)."""
BLOCK = 5
"""Target dates that the bootstrap draws together; at a farther horizon as many as it is long,
since forecasts that far ahead share their steps."""
MIN_BLOCKS = 3
"""Below so many blocks the draws are all alike, and their range would feign certainty."""
BEFORE, AFTER = 30, 6
"""Publications of a history that are shown before an origin and after it."""


class Measure(StrEnum):
    """What a skill is measured by."""

    RMSE = "rmse"
    """Of the mean, against the last price."""
    MAE = "mae"
    """Of the median, against the last price."""
    CRPS = "crps"
    """Of the distribution, against persistence's."""


@dataclass(frozen=True, slots=True)
class SkillAhead:
    """Skill of one contestant at one horizon, with its 95 % range, in percent.

    The range is NaN where there are too few dates for one.
    """

    horizon: int
    comparison: Comparison
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the ranges did where P(change) was about the same, in the B bins that hold forecasts.

    Attributes:
        probability: (B,) mean P(change).
        count: (B,) forecasts.
        share_80, share_95: (B,) how often the range held what came.
        width_80, width_95: (B,) mean width, in the unit.
    """

    probability: Floats
    count: Counts
    share_80: Floats
    share_95: Floats
    width_80: Floats
    width_95: Floats


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """One slice: what was scored in it, the share of it that moved, and the CRPS skill."""

    part: str
    forecasts: int
    moved: float
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Miss:
    """One forecast of the next publication, and what came. Prices are in the unit.

    Attributes:
        series, origin: row and column of the back-test.
        crps: the forecast's score.
        last: price at the origin.
        median, low, high: forecast price and its 95 % range.
        p_change: probability of another price than the last.
        came: the price that came, as it is known now.
    """

    series: int
    origin: int
    crps: float
    last: float
    median: float
    low: float
    high: float
    p_change: float
    came: float


@dataclass(frozen=True, slots=True)
class History:
    """A series' prices around an origin: dates, (T,) prices, and the origin's position."""

    dates: tuple[date, ...]
    prices: Floats
    at: int


def leader(backtest: Backtest) -> str | None:
    """Name the contestant whose CRPS of the next price is best, persistence aside.

    None where there is no other that was scored; of equals, the first.
    """
    skills = {
        name: backtest.compare(name, PERSISTENCE).skill
        for name in backtest.scored
        if name != PERSISTENCE and 1 in scored_horizons(backtest, name)
    }
    return max(skills, key=lambda name: np.nan_to_num(skills[name], nan=-math.inf), default=None)


def scored_horizons(backtest: Backtest, name: str) -> tuple[int, ...]:
    """Return the horizons at which a contestant forecast anything that came."""
    return tuple(h for h in backtest.horizons if np.isfinite(backtest.crps(name, None, h)).any())


def chance(comparison: Comparison) -> float:
    """Probability of so high a DM statistic if both were equally good; NaN without evidence.

    One-sided, from Student's t with n - 1 degrees of freedom (Harvey, Leybourne and Newbold 1997).
    """
    return float(student.sf(comparison.dm, comparison.origins - 1))


def skill_by_horizon(backtest: Backtest, name: str, measure: Measure) -> tuple[SkillAhead, ...]:
    """Compare a contestant at each horizon that it forecasts, with moving-block ranges."""
    return tuple(
        _skill_ahead(backtest, name, measure, horizon)
        for horizon in scored_horizons(backtest, name)
    )


def change_reliability(backtest: Backtest, name: str, horizon: int) -> Reliability:
    """Compare P(change) with how often prices changed."""
    return reliability(backtest.scored[name].p_change[horizon - 1], _moved(backtest, horizon), BINS)


def coverage_by_probability(backtest: Backtest, name: str, horizon: int) -> Coverage:
    """Tell how the 80 and 95 % ranges did in each bin of P(change).

    Most 80 % ranges are the last price alone and hold about 94 %: coverage over all cannot be
    80 %, and hides what the ranges of moving prices do.
    """
    made, came = backtest.scored[name], backtest.changes[horizon - 1]
    given = made.p_change[horizon - 1]
    known = np.isfinite(given) & np.isfinite(came)
    probability, actual = given[known], came[known]
    at = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(at, minlength=BINS)

    def mean(values: Floats) -> Floats:
        sums: Floats = np.bincount(at, values, BINS)[count > 0]
        return sums / count[count > 0]

    ends = [made.low_80, made.high_80, made.low_95, made.high_95]
    low_80, high_80, low_95, high_95 = (end[horizon - 1][known] for end in ends)
    return Coverage(
        probability=mean(probability),
        count=count[count > 0],
        share_80=mean(covered(low_80, high_80, actual)),
        share_95=mean(covered(low_95, high_95, actual)),
        width_80=mean(high_80 - low_80),
        width_95=mean(high_95 - low_95),
    )


def skill_by_slice(backtest: Backtest, name: str, horizon: int = 1) -> tuple[SliceRecord, ...]:
    """Compare a contestant with persistence in each slice, the worst first.

    Slices without a skill, because nothing moved or was forecast there, come last.
    """
    records = [_slice_record(backtest, name, part, horizon) for part in backtest.parts]
    return tuple(
        sorted(
            records,
            key=lambda record: (
                math.inf if math.isnan(record.comparison.skill) else record.comparison.skill,
                record.part,
            ),
        )
    )


def cumulative_gain(backtest: Backtest, name: str, horizon: int = 1) -> Floats:
    """CRPS saved up to each target date, in percent of all of persistence's: (N,).

    Over what both forecast; the last one is the skill. NaN where persistence erred nowhere.
    """
    loss, base = (backtest.crps(who, None, horizon) for who in (name, PERSISTENCE))
    both = np.isfinite(loss) & np.isfinite(base)
    saved, total = np.where(both, base - loss, 0.0).sum(axis=0), base[both].sum()
    gain: Floats = np.cumsum(saved)
    return 100 * gain / total if total > 0 else np.full_like(gain, np.nan)


def worst_misses(backtest: Backtest, name: str, count: int) -> tuple[Miss, ...]:
    """Return the `count` forecasts of the next price with the largest CRPS, the worst first.

    Fewer where fewer were scored; of equals, the first series, then the first date.
    """
    scores = backtest.crps(name)
    order = np.argsort(np.where(np.isfinite(scores), -scores, np.inf), axis=None, kind="stable")
    worst = order[: min(count, int(np.isfinite(scores).sum()))]
    places = zip(*np.unravel_index(worst, scores.shape), strict=True)
    return tuple(_miss(backtest, name, int(series), int(origin)) for series, origin in places)


def history_around(
    panel: Panel, series: int, origin: date, before: int = BEFORE, after: int = AFTER
) -> History:
    """Return the prices of row `series` from `before` publications before `origin` to `after`.

    Raises:
        ValueError: nothing was published on `origin`.
    """
    column = panel.dates.index(origin)
    first = max(column - before, 0)
    shown = slice(first, column + after + 1)
    return History(panel.dates[shown], panel.prices[series, shown], column - first)


def _skill_ahead(backtest: Backtest, name: str, measure: Measure, horizon: int) -> SkillAhead:
    comparison, loss, base = _against_the_last(backtest, name, measure, horizon)
    low, high = math.nan, math.nan
    block = max(BLOCK, horizon)
    if comparison.origins >= MIN_BLOCKS * block:
        low, high = skill_interval(loss, base, block=block, root=measure is Measure.RMSE)
    return SkillAhead(horizon, comparison, low, high)


def _against_the_last(
    backtest: Backtest, name: str, measure: Measure, horizon: int
) -> tuple[Comparison, Floats, Floats]:
    """Return the comparison by one measure, and the two losses behind it, (S, N)."""
    base = backtest.last_error(None, horizon)
    if measure is Measure.RMSE:
        error = backtest.mean_error(name, None, horizon)
        return compare_rmse(error, base, horizon), np.square(error), np.square(base)
    if measure is Measure.MAE:
        error = backtest.median_error(name, None, horizon)
        return compare_mae(error, base, horizon), np.abs(error), np.abs(base)
    loss, base = (backtest.crps(who, None, horizon) for who in (name, PERSISTENCE))
    return backtest.compare(name, PERSISTENCE, None, horizon), loss, base


def _moved(backtest: Backtest, horizon: int) -> Floats:
    changes = backtest.changes[horizon - 1]
    return np.where(np.isfinite(changes), changes != 0, np.nan)


def _slice_record(backtest: Backtest, name: str, part: str, horizon: int) -> SliceRecord:
    moved = backtest.of_part(_moved(backtest, horizon), part)
    scored = moved[np.isfinite(backtest.crps(name, part, horizon))]
    return SliceRecord(
        part,
        scored.size,
        float(scored.mean()) if scored.size else math.nan,
        backtest.compare(name, PERSISTENCE, part, horizon),
    )


def _miss(backtest: Backtest, name: str, series: int, origin: int) -> Miss:
    made, last = backtest.scored[name], float(backtest.last[series, origin])
    median, low, high = (
        last + float(change[0, series, origin])
        for change in (made.median, made.low_95, made.high_95)
    )
    return Miss(
        series=series,
        origin=origin,
        crps=float(made.crps[0, series, origin]),
        last=last,
        median=median,
        low=low,
        high=high,
        p_change=float(made.p_change[0, series, origin]),
        came=last + float(backtest.changes[0, series, origin]),
    )
