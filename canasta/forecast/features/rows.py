"""What the prices of a series say by themselves, at every origin.

Sums of prices are taken over integers (ten-thousandths of the unit, held in float64): they
are exact, whatever the order of addition, so one row alone gives the bits of the whole panel.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.features.windows import Ints, latest, running, within
from canasta.forecast.panel import Floats, carried_forward

SCALE = 1e4
"""Prices are summed as integers of 1/SCALE of the unit."""

WEEKDAYS = 7
LONG_AGO = 60.0
"""Ages, in publications, are counted up to here."""

AGE_EDGES = np.array([1, 2, 3, 4, 6, 10, 20, 40])
"""Lower edges of the age classes after class 0 (changed in this very publication)."""

AGE_CLASSES = len(AGE_EDGES) + 1
MEAN_WINDOWS = (3, 5, 10, 20)
"""Windows, in publications, of the mean prices to which a price may return."""

REVERSION_WINDOWS = (5, 20)
"""The windows for which the speed of that return is learnt."""

STEP_LIMIT = 2.0
"""Changes are cut at this size, in the unit, where slopes and means are learnt from them."""


class Rows:
    """Own history of R series over T publications, and what is counted from it.

    Args:
        prices: (R, T), NaN where not quoted.
        arrival: (7, T), whether the step into a column was aimed at each weekday.
    """

    def __init__(self, prices: Floats, arrival: NDArray[np.bool_]) -> None:
        self.arrival = arrival
        self.price = carried_forward(prices)
        self.known = np.isfinite(self.price)
        self.quoted = np.isfinite(prices).astype(np.float64)
        self.units = np.where(self.known, np.rint(self.price * SCALE), 0.0)
        both = np.zeros(prices.shape, dtype=bool)
        both[:, 1:] = self.known[:, 1:] & self.known[:, :-1]
        self.trials = both.astype(np.float64)
        self.step_units = np.zeros(prices.shape)
        self.step_units[:, 1:] = np.where(both[:, 1:], np.diff(self.units, axis=1), 0.0)
        self.moved = (self.step_units != 0.0).astype(np.float64)

    @cached_property
    def step(self) -> Floats:
        """(R, T) change since the publication before, in the unit."""
        return self.step_units / SCALE

    @cached_property
    def last_move(self) -> Ints:
        """(R, T) column of the newest change; -1 before the first."""
        return latest(self.moved > 0)

    @cached_property
    def age(self) -> Floats:
        """(R, T) publications since the newest change, at most LONG_AGO."""
        age = np.arange(self.moved.shape[1]) - self.last_move
        return np.where(self.last_move >= 0, np.minimum(age, LONG_AGO), LONG_AGO)

    @cached_property
    def age_class(self) -> Ints:
        """(R, T) class of the age, by AGE_EDGES."""
        return np.digitize(self.age, AGE_EDGES)

    @cached_property
    def arrival_age(self) -> NDArray[np.bool_]:
        """(R, A, T): whether the step into a column began in each age class."""
        began = np.full(self.age_class.shape, -1, dtype=np.intp)
        began[:, 1:] = self.age_class[:, :-1]
        classes: NDArray[np.bool_] = (
            began[:, np.newaxis, :] == np.arange(AGE_CLASSES)[:, np.newaxis]
        )
        return classes

    @cached_property
    def moves_so_far(self) -> Floats:
        """(R, T) number of changes up to each origin."""
        return running(self.moved)

    @cached_property
    def trials_so_far(self) -> Floats:
        """(R, T) number of steps between known prices up to each origin."""
        return running(self.trials)

    @cached_property
    def moves_by_weekday(self) -> Floats:
        """(R, 7, T) changes so far by weekday."""
        return running(self.moved[:, np.newaxis, :] * self.arrival)

    @cached_property
    def trials_by_weekday(self) -> Floats:
        """(R, 7, T) steps so far by weekday."""
        return running(self.trials[:, np.newaxis, :] * self.arrival)

    @cached_property
    def steps_by_weekday(self) -> Floats:
        """(R, 7, T) sum of the changes so far by weekday, each cut at STEP_LIMIT, in the unit."""
        steps = np.clip(self.step, -STEP_LIMIT, STEP_LIMIT)
        return running(steps[:, np.newaxis, :] * self.arrival)

    @cached_property
    def moves_by_age(self) -> Floats:
        """(R, A, T) changes so far by age class."""
        return running(self.moved[:, np.newaxis, :] * self.arrival_age)

    @cached_property
    def trials_by_age(self) -> Floats:
        """(R, A, T) steps so far by age class."""
        return running(self.trials[:, np.newaxis, :] * self.arrival_age)

    @cached_property
    def deviation(self) -> dict[int, Floats]:
        """By window, (R, T): price minus the mean of the newest publications, in the unit."""
        total, count = running(self.units), running(self.known.astype(np.float64))
        return {
            width: np.where(
                self.known,
                self.price - within(total, width) / np.maximum(within(count, width), 1.0) / SCALE,
                0.0,
            )
            for width in MEAN_WINDOWS
        }

    @cached_property
    def reversion(self) -> dict[int, tuple[Floats, Floats]]:
        """By window, (R, T) sums so far of deviation × next change and of deviation²."""
        return {width: self._reversion(width) for width in REVERSION_WINDOWS}

    def _reversion(self, width: int) -> tuple[Floats, Floats]:
        before = np.zeros_like(self.step)
        before[:, 1:] = self.deviation[width][:, :-1]
        before *= self.trials
        step = np.clip(self.step, -STEP_LIMIT, STEP_LIMIT)
        return running(before * step), running(np.square(before))
