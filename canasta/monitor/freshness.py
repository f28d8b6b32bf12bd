"""What should have come by now, and did not. Pure: from the calendar and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile

from canasta.calendar import PublicationCalendar

EVENING = time(20)
"""Local time by which a publication is there on its day; the real hour is not known."""
STANDSTILL = 3
"""Expected publications, a week, that may be missed before that is news of its own."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How the lake stands to the calendar.

    Attributes:
        newest: its newest publication, accepted or not; None: it is empty.
        missed: expected dates after it whose evening has passed, ascending.
    """

    newest: date | None
    missed: tuple[date, ...]

    @property
    def late(self) -> date | None:
        """The last expected date that has passed without a publication; None: none has."""
        return self.missed[-1] if self.missed else None

    @property
    def stands_still(self) -> bool:
        """Whether nothing has come for so long that something must be wrong."""
        return len(self.missed) >= STANDSTILL


def freshness(calendar: PublicationCalendar, known: Sequence[date], now: datetime) -> Freshness:
    """Hold what came against what was expected by now.

    Args:
        calendar: the days on which a publication is expected.
        known: dates of which a publication was written into the lake, accepted or quarantined.
        now: the time, in the zone of the calendar.
    """
    if not known:
        return Freshness(None, ())
    newest, last = max(known), _last_evening(now)
    due = takewhile(lambda day: day <= last, calendar.expected_after(newest))
    return Freshness(newest, tuple(due))


def last_due(calendar: PublicationCalendar, now: datetime) -> date:
    """Return the last day whose evening has passed and on which a publication was expected.

    Args:
        calendar: the days on which one is expected.
        now: the time, in the zone of the calendar.
    """
    day = _last_evening(now)
    while not calendar.is_expected(day):
        day -= DAY
    return day


def _last_evening(now: datetime) -> date:
    return now.date() if now.time() >= EVENING else now.date() - DAY
