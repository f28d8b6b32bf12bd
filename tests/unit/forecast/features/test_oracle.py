"""Features against a plain slow computation of each."""

from collections.abc import Iterable
from itertools import islice

import numpy as np
import pytest

from canasta.forecast.features.ahead import AHEAD_WEIGHT
from canasta.forecast.features.build import build, build_all
from canasta.forecast.features.pool import SLOPE_WEIGHT
from canasta.forecast.features.rows import AGE_EDGES, LONG_AGO, STEP_LIMIT
from canasta.forecast.features.standing import HAZARD_WEIGHT, LONG, MIDDLE, RATE_WEIGHT, SHORT
from canasta.forecast.features.weekdays import RECENT_WEIGHT, WEEKDAY_WEIGHT
from canasta.forecast.panel import Floats, Panel

HORIZONS = 6


class Slow:
    """The same features for one series and origin, from lists and loops, as documented."""

    def __init__(self, panel: Panel, series: int, column: int) -> None:
        self.panel, self.series, self.column = panel, series, column
        self.filled = panel.filled

    def steps(self, series: int, last: int) -> list[float | None]:
        """Change into each column 1..last; None where a price was not known."""
        row = self.filled[series]
        return [
            None
            if np.isnan(row[t - 1]) or np.isnan(row[t])
            else round(float(row[t] - row[t - 1]), 4)
            for t in range(1, last + 1)
        ]

    def same(self, *columns: str) -> list[int]:
        picked = [self.panel.columns.index(name) for name in columns]
        mine = [self.panel.keys[self.series][i] for i in picked]
        return [
            number for number, key in enumerate(self.panel.keys) if [key[i] for i in picked] == mine
        ]

    def market_rate(self) -> float:
        known = [
            step
            for series in self.same(*self.panel.product)
            for step in self.steps(series, self.column)
            if step is not None
        ]
        return (sum(step != 0 for step in known) + 1) / (len(known) + 6)

    def rate(self) -> float:
        known = [step for step in self.steps(self.series, self.column) if step is not None]
        moves = sum(step != 0 for step in known)
        return (moves + RATE_WEIGHT * self.market_rate()) / (len(known) + RATE_WEIGHT)

    def recent_rate(self, width: int) -> float:
        newest = self.steps(self.series, self.column)[-width:]
        return sum(step is not None and step != 0 for step in newest) / width

    def age(self, series: int | None = None, column: int | None = None) -> float:
        last = self.column if column is None else column
        steps = self.steps(self.series if series is None else series, last)
        for age, step in enumerate(reversed(steps)):
            if step:
                return min(age, LONG_AGO)
        return LONG_AGO

    def last_move(self) -> float:
        return next((step for step in reversed(self.steps(self.series, self.column)) if step), 0.0)

    def deviation(self, width: int, column: int | None = None) -> float:
        column = self.column if column is None else column
        row = self.filled[self.series, max(0, column - width + 1) : column + 1]
        known = row[~np.isnan(row)]
        return 0.0 if np.isnan(row[-1]) else float(row[-1] - known.mean())

    def spread(self) -> float:
        prices = self.filled[self.same(*self.panel.product), self.column]
        own = self.filled[self.series, self.column]
        return 0.0 if np.isnan(own) else float(own - np.nanmean(prices))

    def aim(self, column: int, horizon: int = 1) -> int:
        after = self.panel.calendar.expected_after(self.panel.dates[column])
        return next(islice(after, horizon - 1, None)).weekday()

    def on_day(self, series: int, horizon: int, since: int = 0) -> list[bool]:
        """Whether each step since a column moved, on the weekday that the horizon aims at."""
        day, steps = self.aim(self.column, horizon), self.steps(series, self.column)
        return [
            step != 0
            for t, step in enumerate(steps)
            if step is not None and self.aim(t) == day and t + 1 >= since
        ]

    def weekday_rate(self, horizon: int = 1) -> float:
        moved = self.on_day(self.series, horizon)
        return (sum(moved) + WEEKDAY_WEIGHT * self.rate()) / (len(moved) + WEEKDAY_WEIGHT)

    def recent_weekday_rate(self, width: int, horizon: int) -> float:
        moved = self.on_day(self.series, horizon, self.column - width + 1)
        ever = self.weekday_rate(horizon)
        return (sum(moved) + RECENT_WEIGHT * ever) / (len(moved) + RECENT_WEIGHT)

    def city_weekday_rates(self, width: int, horizon: int) -> tuple[float, float]:
        """Over the whole history, and over the newest `width` publications."""
        city = self.same(*[name for name in self.panel.columns if name not in self.panel.product])
        everyone = range(len(self.panel.keys))

        def known(series: Iterable[int]) -> list[bool]:
            steps = [step for s in series for step in self.steps(s, self.column)]
            return [step != 0 for step in steps if step is not None]

        overall, own = known(everyone), known(city)
        rate = (sum(overall) + 1) / (len(overall) + 6)
        rate = (sum(own) + RATE_WEIGHT * rate) / (len(own) + RATE_WEIGHT)
        ever = [moved for s in city for moved in self.on_day(s, horizon)]
        rate = (sum(ever) + WEEKDAY_WEIGHT * rate) / (len(ever) + WEEKDAY_WEIGHT)
        since = self.column - width + 1
        late = [moved for s in city for moved in self.on_day(s, horizon, since)]
        return rate, (sum(late) + RECENT_WEIGHT * rate) / (len(late) + RECENT_WEIGHT)

    def any_rate(self, horizon: int) -> float:
        still = [1 - self.weekday_rate(step) for step in range(1, horizon + 1)]
        return 1 - float(np.prod(still))

    def spans(self, series: int, horizon: int) -> list[tuple[int, float]]:
        """Origin and size of each known change over `horizon` publications."""
        row = self.filled[series]
        return [
            (t, round(float(row[t + horizon] - row[t]), 4))
            for t in range(self.column - horizon + 1)
            if not np.isnan(row[t])
        ]

    def ahead_rate(self, horizon: int) -> float:
        market = [span for s in self.same(*self.panel.product) for span in self.spans(s, horizon)]
        rate = (sum(size != 0 for _, size in market) + 3) / (len(market) + 6)
        own = self.spans(self.series, horizon)
        moved = sum(size != 0 for _, size in own)
        return (moved + AHEAD_WEIGHT * rate) / (len(own) + AHEAD_WEIGHT)

    def ahead_reversion(self, width: int, horizon: int) -> float:
        def sums(series: int) -> tuple[float, float]:
            other = Slow(self.panel, series, self.column)
            spans = other.spans(series, horizon)
            deviations = [other.deviation(width, t) for t, _ in spans]
            cut = [min(max(size, -STEP_LIMIT), STEP_LIMIT) for _, size in spans]
            cross = sum(d * c for d, c in zip(deviations, cut, strict=True))
            return cross, sum(d * d for d in deviations)

        everyone = [sums(series) for series in range(len(self.panel.keys))]
        pooled = sum(c for c, _ in everyone) / (sum(s for _, s in everyone) + 1.0)
        cross, square = everyone[self.series]
        return (cross + SLOPE_WEIGHT * pooled) / (square + SLOPE_WEIGHT) * self.deviation(width)

    def reversion(self, width: int) -> float:
        def sums(series: int) -> tuple[float, float]:
            other = Slow(self.panel, series, self.column)
            cross = square = 0.0
            for t, step in enumerate(other.steps(series, self.column)):
                if step is not None:
                    deviation = other.deviation(width, t)
                    cross += deviation * min(max(step, -STEP_LIMIT), STEP_LIMIT)
                    square += deviation**2
            return cross, square

        everyone = [sums(series) for series in range(len(self.panel.keys))]
        pooled = sum(c for c, _ in everyone) / (sum(s for _, s in everyone) + 1.0)
        cross, square = everyone[self.series]
        return (cross + SLOPE_WEIGHT * pooled) / (square + SLOPE_WEIGHT) * self.deviation(width)

    def hazard_own(self) -> float:
        def age_class(age: float) -> int:
            return int(sum(age >= edge for edge in AGE_EDGES))

        mine = age_class(self.age())

        def tally(series: int) -> tuple[int, int]:
            moves = trials = 0
            for t, step in enumerate(self.steps(series, self.column)):
                if step is not None and age_class(self.age(series, t)) == mine:
                    trials += 1
                    moves += step != 0
            return moves, trials

        market = [tally(series) for series in self.same(*self.panel.product)]
        rate = self.market_rate()
        hazard = (sum(m for m, _ in market) + 15 * rate) / (sum(n for _, n in market) + 15)
        expected = min(hazard * self.rate() / rate, 1.0)
        moves, trials = tally(self.series)
        return (moves + HAZARD_WEIGHT * expected) / (trials + HAZARD_WEIGHT)


@pytest.mark.parametrize(("series", "column"), [(3, 45), (60, 20), (110, 70), (200, 33)])
def test_against_slow_oracle(panel: Panel, series: int, column: int) -> None:
    features = build(panel.cut(column + 1))
    fast = dict(zip(features.names, features.values[series, column], strict=True))
    slow = Slow(panel, series, column)
    city = slow.same("Estado", "Ciudad")
    others: Floats = np.array(
        [slow.steps(s, column)[-1] or 0.0 for s in city if s != series], dtype=np.float64
    )
    expected = {
        "rate": slow.rate(),
        "market_rate": slow.market_rate(),
        "rate_6": slow.recent_rate(SHORT),
        "rate_15": slow.recent_rate(MIDDLE),
        "rate_40": slow.recent_rate(LONG),
        "age": slow.age(),
        "last_move": slow.last_move(),
        "deviation_5": slow.deviation(5),
        "deviation_20": slow.deviation(20),
        "spread": slow.spread(),
        "weekday_rate": slow.weekday_rate(),
        "reversion_5": slow.reversion(5),
        "hazard_own": slow.hazard_own(),
        "city_moves": float(np.count_nonzero(others)),
        "city_step": float(others.sum()),
        "price": float(np.nan_to_num(panel.filled[series, column])),
        "weekday": slow.aim(column),
    }
    for name, value in expected.items():
        assert fast[name] == pytest.approx(value, rel=1e-5, abs=1e-6), name


@pytest.mark.parametrize(
    ("series", "column", "horizon"), [(3, 45, 6), (60, 20, 2), (110, 70, 1), (200, 33, 4)]
)
def test_what_is_aimed_at_against_slow_oracle(
    panel: Panel, series: int, column: int, horizon: int
) -> None:
    features = build_all(panel.cut(column + 1), horizon)[-1]
    fast = dict(zip(features.names, features.values[series, column], strict=True))
    slow = Slow(panel, series, column)
    ever, late = slow.city_weekday_rates(12, horizon)
    expected = {
        "weekday": slow.aim(column, horizon),
        "weekday_rate": slow.weekday_rate(horizon),
        "weekday_rate_12": slow.recent_weekday_rate(12, horizon),
        "weekday_rate_30": slow.recent_weekday_rate(30, horizon),
        "city_weekday_rate": ever,
        "city_weekday_rate_12": late,
    }
    if horizon > 1:
        expected["any_rate"] = slow.any_rate(horizon)
        expected["ahead_rate"] = slow.ahead_rate(horizon)
        expected["ahead_reversion_5"] = slow.ahead_reversion(5, horizon)
        expected["ahead_reversion_20"] = slow.ahead_reversion(20, horizon)
    for name, value in expected.items():
        assert fast[name] == pytest.approx(value, rel=1e-5, abs=1e-6), name
