"""How messages write days, prices, series and where they come from; see also `spanish`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from canasta.deliver.backtest.spanish import MONTHS, figure
from canasta.deliver.messages.markup import bold
from canasta.deliver.messages.message import Message
from canasta.labels import SIMULATED, Key

WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
REPLAY = "REPASO DEL PASADO: no es de hoy"
"""Marks what a replay tells, which looks like the news of its day."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What every message of a lake says of itself first.

    Attributes:
        simulated: its prices are simulated.
        replay: the past is replayed on it.
    """

    simulated: bool
    replay: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """The marks that hold, for people."""
        marks = {SIMULATED: self.simulated, REPLAY: self.replay}
        return tuple(mark for mark, holds in marks.items() if holds)

    def message(self, key: str, lines: Sequence[str]) -> Message:
        """Return a message of these lines of HTML, with the marks above them."""
        return Message(key, "\n".join([*(f"⚠ {bold(mark)}" for mark in self.shown), *lines]))


def day(when: date) -> str:
    """Write a date as `viernes 25 de julio`."""
    return f"{WEEKDAYS[when.weekday()]} {when.day} de {MONTHS[when.month - 1]}"


def full_day(when: date) -> str:
    """Write a date as `viernes 25 de julio de 2025`."""
    return f"{day(when)} de {when.year}"


def price(value: float) -> str:
    """Write a price: two decimals."""
    return figure(value, ".2f")


def change(value: float) -> str:
    """Write a change of a price with its sign; one that rounds to nothing in words."""
    shown = figure(value, "+.2f")
    return "sin cambio" if shown.strip("+−") == "0.00" else shown


def counted(count: int, one: str, many: str) -> str:
    """Write a count with its noun: `1 precio`, `3 precios`."""
    return f"{count} {one if count == 1 else many}"


def series(key: Key, place_at: int) -> str:
    """Name a series shortly: its city, then what is sold there; the state goes without saying."""
    return ", ".join(key[place_at:])
