"""Which publication a request is about: from a day, month and year, or a date, to a horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from deployment.app.problems import ProblemError

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Asked:
    """The parts of a date as a request names them; None where it does not."""

    fecha: date | None = None
    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None

    @property
    def date(self) -> date | None:
        """The date that is meant; None where none is.

        Raises:
            ProblemError: it is incomplete, does not exist, or two dates disagree.
        """
        parts = {"día": self.day, "mes": self.month, "año": self.year}
        missing = [name for name, value in parts.items() if value is None]
        if len(missing) == len(parts):
            return self.fecha
        if missing:
            raise ProblemError(
                "partial-date",
                f"A date needs día, mes and año; {' and '.join(missing)} is missing. "
                "Add it, send fecha instead, or leave the date out for the next publication.",
            )
        named = _existing(self.day or 0, self.month or 0, self.year or 0)
        if self.fecha is not None and self.fecha != named:
            raise ProblemError(
                "contradicting-dates",
                f"día, mes and año say {named}, fecha says {self.fecha}. Send one of the two.",
            )
        return named


@dataclass(frozen=True)
class Aimed:
    """What a request is about.

    Attributes:
        horizon: publications ahead.
        warnings: what the asker should know.
    """

    horizon: int
    warnings: tuple[str, ...]


def aim(asked: Asked, origin: date, targets: Sequence[date]) -> Aimed:
    """Find the first publication expected on or after the date that is asked for.

    Args:
        asked: the date; without one, the next publication is meant.
        origin: the newest publication.
        targets: the dates of horizons 1, 2, …

    Raises:
        ProblemError: the date is none, is not ahead, or lies beyond the last target.
    """
    day = asked.date
    if day is None:
        return Aimed(1, weekday_warnings(asked, targets[0]))
    if day <= origin:
        raise ProblemError(
            "past-date",
            f"{day} is not ahead: the newest publication is of {origin}. Ask for a date from "
            f"{targets[0]} to {targets[-1]}, or leave the date out for the next publication.",
        )
    if day > targets[-1]:
        raise ProblemError(
            "beyond-horizon",
            f"{day} lies beyond the {len(targets)} publications that are forecast. The last "
            f"possible date is {targets[-1]}.",
            last_date=targets[-1].isoformat(),
        )
    horizon = next(h for h, target in enumerate(targets, start=1) if target >= day)
    target = targets[horizon - 1]
    moved = (
        ()
        if target == day
        else (
            f"date-moved: No publication is expected on {day}; this is the forecast for {target}.",
        )
    )
    return Aimed(horizon, moved + weekday_warnings(asked, day))


def weekday_warnings(asked: Asked, day: date) -> tuple[str, ...]:
    """Return a warning where the weekday that is asked for is not that of `day`."""
    weekday = asked.weekday
    if weekday is None or weekday == day.weekday():
        return ()
    return (
        f"weekday-ignored: dia_semana {weekday} ({WEEKDAYS[weekday]}) was ignored: {day} is a "
        f"{WEEKDAYS[day.weekday()]} ({day.weekday()}).",
    )


def existing(text: str) -> date:
    """Read a date in ISO form.

    Raises:
        ProblemError: there is no such date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ProblemError(
            "invalid-date", f"There is no date {text}: {error}. Send one as 2025-07-25."
        ) from None


def _existing(day: int, month: int, year: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise ProblemError(
            "invalid-date",
            f"There is no day {day} of month {month} in {year}: {error}. Correct the date.",
        ) from None
