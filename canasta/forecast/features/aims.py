"""The days that origins aim at: the h-th date on which the calendar expects a publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.features.rows import WEEKDAYS
from canasta.forecast.features.windows import Ints
from canasta.forecast.panel import Floats, Panel


@dataclass(frozen=True)
class Aim:
    """The day that each of T origins aims at: (T,) weekday, 0 is Monday, and days until then."""

    weekday: Ints
    gap: Ints

    def aiming_at(self, origin: date, target: date) -> Aim:
        """Return the same days, the newest origin, `origin`, aiming at `target`."""
        weekday, gap = self.weekday.copy(), self.gap.copy()
        weekday[-1], gap[-1] = target.weekday(), (target - origin).days
        return Aim(weekday, gap)

    def pick(self, tables: Floats) -> Floats:
        """Take from (…, 7, T) tables the weekday that each origin aims at: (…, T)."""
        return tables[..., self.weekday, np.arange(len(self.weekday))]

    @property
    def arrival(self) -> NDArray[np.bool_]:
        """(7, T): whether the step into a column was aimed at each weekday, if this is h = 1."""
        aimed = np.zeros((WEEKDAYS, len(self.weekday)), dtype=bool)
        aimed[:, 1:] = self.weekday[:-1] == np.arange(WEEKDAYS)[:, np.newaxis]
        return aimed


def aims_of(panel: Panel, horizons: int, targets: Sequence[date] | None = None) -> tuple[Aim, ...]:
    """Return the days that horizons 1, 2, …, `horizons` aim at, whatever came in truth.

    Args:
        panel: the history.
        horizons: how many.
        targets: the dates that the newest origin aims at, if not the next expected ones.

    Raises:
        ValueError: `targets` are not `horizons` dates.
    """
    expected = [list(islice(panel.calendar.expected_after(day), horizons)) for day in panel.dates]
    if targets is not None:
        if len(targets) != horizons:
            raise ValueError(f"expected {horizons} targets, one for each horizon: {targets}")
        expected[-1] = list(targets)
    return tuple(
        Aim(
            np.array([days[step].weekday() for days in expected], dtype=np.intp),
            np.array(
                [(days[step] - day).days for day, days in zip(panel.dates, expected, strict=True)],
                dtype=np.intp,
            ),
        )
        for step in range(horizons)
    )
