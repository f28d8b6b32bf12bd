"""Publication days and horizons: pure date arithmetic, standard library only.

Which days are holidays is decided in `canasta.commodity`; here they are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

GRACE = timedelta(days=2)
"""An expected date this far past without a file is no longer waited for."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The dates that horizons 1, 2, … aim at, and the expected dates given up on the way."""

    dates: tuple[date, ...]
    skipped: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class PublicationCalendar:
    """The days on which a publication is expected.

    `weekdays` counts from 0, Monday; `closed` holds the holidays among them.
    """

    weekdays: frozenset[int]
    closed: frozenset[date]

    def is_expected(self, day: date) -> bool:
        """Tell whether a publication is expected on `day`."""
        return day.weekday() in self.weekdays and day not in self.closed

    def expected_after(self, day: date) -> Iterator[date]:
        """Yield the expected days after `day`, without end."""
        while True:
            day += timedelta(days=1)
            if self.is_expected(day):
                yield day

    def next_after(self, day: date) -> date:
        """Return the first expected day after `day`."""
        return next(self.expected_after(day))

    def targets(self, origin: date, as_of: date, count: int) -> Targets:
        """Return the `count` expected dates after `origin` that can still come as of `as_of`.

        An expected date two or more days past without a file is skipped: it is listed in
        `skipped`, and the horizons count on from the next expected date.
        """
        dates: list[date] = []
        skipped: list[date] = []
        for day in self.expected_after(origin):
            if day + GRACE <= as_of:
                skipped.append(day)
                continue
            dates.append(day)
            if len(dates) == count:
                return Targets(tuple(dates), tuple(skipped))
        raise AssertionError("expected_after never ends")
