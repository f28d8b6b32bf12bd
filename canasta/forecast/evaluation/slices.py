"""Whether some series are served worse than others: measures by group, each against a reference.

Pure: of a back-test, or of forecasts that were written down, beside what came.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.stats import t as student

from canasta.commodity import Commodity
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.metrics import (
    Comparison,
    compare_losses,
    compare_mae,
    compare_rmse,
    covered,
)
from canasta.forecast.features.windows import Ints
from canasta.forecast.panel import Floats
from canasta.forecast.recipe import PERSISTENCE
from canasta.labels import Key

WORSE_DM = -1.64
"""A skill below zero counts as worse where its DM statistic is below this: one-sided, 5 %."""

MEASURES = ("rmse", "mae", "crps")
"""The measures that a group is compared by, by the names of Slice's attributes."""

type Groups = Mapping[str, tuple[str, ...]]
"""By the name of a grouping, such as a key column, the group of each of S series."""


@dataclass(frozen=True)
class Losses:
    """Forecasts of S series from N origins over one horizon, beside what came: all (S, N).

    NaN where nothing can be scored. In the unit.

    Attributes:
        horizon: publications.
        mean_error: forecast mean less what came.
        median_error: forecast median less what came.
        last_error: the last price less what came, the reference of both.
        crps: of the forecast distribution.
        base_crps: of the reference's.
        inside_80, inside_95: 1 where the range held what came, 0 where it did not.
    """

    horizon: int
    mean_error: Floats
    median_error: Floats
    last_error: Floats
    crps: Floats
    base_crps: Floats
    inside_80: Floats
    inside_95: Floats

    @classmethod
    def of(cls, backtest: Backtest, name: str, horizon: int = 1) -> Losses:
        """Return those of one contestant of a back-test; the reference is persistence."""
        made, came = backtest.scored[name], backtest.changes[horizon - 1]
        at = horizon - 1
        return cls(
            horizon=horizon,
            mean_error=backtest.mean_error(name, horizon=horizon),
            median_error=backtest.median_error(name, horizon=horizon),
            last_error=backtest.last_error(horizon=horizon),
            crps=backtest.crps(name, horizon=horizon),
            base_crps=backtest.crps(PERSISTENCE, horizon=horizon),
            inside_80=covered(made.low_80[at], made.high_80[at], came),
            inside_95=covered(made.low_95[at], made.high_95[at], came),
        )

    @property
    def count(self) -> int:
        """Number of forecasts that can be scored."""
        return int(np.isfinite(self.crps).sum())

    def of_rows(self, rows: Ints) -> Losses:
        """Return those of some series."""
        arrays = (field.name for field in fields(self) if field.name != "horizon")
        return Losses(self.horizon, *(getattr(self, name)[rows] for name in arrays))


@dataclass(frozen=True)
class Slice:
    """How one group of series is served.

    Attributes:
        grouping: what it is a group of, such as a key column.
        group: its name.
        count: forecasts scored.
        rmse: of the mean against the last price.
        mae: of the median against the last price.
        crps: of the distribution against the reference's.
        coverage_80, coverage_95: shares of what came that lay in the range.
    """

    grouping: str
    group: str
    count: int
    rmse: Comparison
    mae: Comparison
    crps: Comparison
    coverage_80: float
    coverage_95: float

    @property
    def worse(self) -> tuple[str, ...]:
        """The MEASURES by which the reference serves this group better, beyond chance."""
        return tuple(name for name in MEASURES if is_worse(getattr(self, name)))


def is_worse(comparison: Comparison) -> bool:
    """Tell whether a contestant is behind its reference; NaN is no evidence."""
    return comparison.skill < 0 and comparison.dm < WORSE_DM


def by_group(backtest: Backtest, name: str, groups: Groups, horizon: int = 1) -> tuple[Slice, ...]:
    """Measure one contestant of a back-test in each group of each grouping, in their order.

    Args:
        backtest: of S series.
        name: of the contestant.
        groups: by grouping, the S names of the series' groups; see `groups_of`.
        horizon: publications.
    """
    return slices(Losses.of(backtest, name, horizon), groups)


def slices(losses: Losses, groups: Groups) -> tuple[Slice, ...]:
    """Measure each group of each grouping, in their order; a group without a score is left out."""
    found = []
    for grouping, labels in groups.items():
        for group in sorted(set(labels)):
            rows = np.flatnonzero([label == group for label in labels])
            part = losses.of_rows(rows)
            if part.count:
                found.append(measured(part, grouping, group))
    return tuple(found)


def measured(losses: Losses, grouping: str, group: str) -> Slice:
    """Measure all of `losses`, of which some can be scored, under the name of a group."""
    return Slice(
        grouping=grouping,
        group=group,
        count=losses.count,
        rmse=compare_rmse(losses.mean_error, losses.last_error, losses.horizon),
        mae=compare_mae(losses.median_error, losses.last_error, losses.horizon),
        crps=compare_losses(losses.crps, losses.base_crps, losses.horizon),
        coverage_80=float(np.nanmean(losses.inside_80)),
        coverage_95=float(np.nanmean(losses.inside_95)),
    )


def groups_of(keys: Sequence[Key], commodity: Commodity) -> dict[str, tuple[str, ...]]:
    """Return the groupings of S series: by place, by each product column, by slice.

    For milk: Estado, Tipo, Canal, and Tipo × Canal × region.
    """
    at = {column: commodity.keys.columns.index(column) for column in commodity.keys.columns}
    single = (commodity.keys.region, *commodity.keys.slices)
    groups = {column: tuple(key[at[column]] for key in keys) for column in single}
    together = " × ".join([*commodity.keys.slices, "region"])
    return {**groups, together: tuple(commodity.slice_of(key) for key in keys)}


def worse_by_chance(found: Iterable[Slice]) -> float:
    """Expected number of `worse` verdicts if both served every group equally well.

    Each comparison is read against t with n - 1 degrees of freedom. Groups overlap and measures
    agree, so such verdicts come in clusters: the mean is told, not the spread.
    """
    tests = (getattr(one, name) for one in found for name in MEASURES)
    return sum(
        float(student.cdf(WORSE_DM, test.origins - 1))
        for test in tests
        if not (math.isnan(test.dm) or math.isnan(test.skill))
    )
