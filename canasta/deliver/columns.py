"""Names of the daily report's columns and of what stands in them, in Spanish.

The one definition of them, for report, workbook and serving alike. They begin with the earlier
system's, in its order, so that existing readers keep working. NumPy and the standard library
alone: serving may import this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np

from canasta.forecast.recipe import PERSISTENCE
from canasta.labels import SIMULATED

DATE_PARTS = ("día", "mes", "año", "dia_semana")
"""The target date in parts; weekday 0 is Monday."""
TARGET, HORIZON, P_CHANGE, DIRECTION = "fecha", "horizonte", "prob_cambio", "direccion"
RANGE_80, RANGE_95 = ("bajo_80", "alto_80"), ("bajo_95", "alto_95")
MODEL, VERSION = "modelo", "version"
UP, SAME, DOWN = "sube", "estable", "baja"
DIRECTIONS = {1.0: UP, 0.0: SAME, -1.0: DOWN}
BACKFILLED = "backfilled"
"""Marks a report that was missing and was made up for later."""


class KeyNames(Protocol):
    """How a commodity's columns are named."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The key columns."""

    @property
    def price(self) -> str:
        """The price column."""


class Described(Protocol):
    """A commodity, as far as columns are named after it."""

    @property
    def keys(self) -> KeyNames:
        """The names of its columns."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """Which model forecast, and what people must know of how it did.

    Attributes:
        algorithm: as in its recipe.
        version: in the registry.
        simulated: whether the lake holds simulated publications.
        backfilled: whether the report was missing, and is made up for after its day.
    """

    algorithm: str
    version: int
    simulated: bool
    backfilled: bool = False

    @property
    def label(self) -> str:
        """The name for people: `xgboost`, or `xgboost (backfilled) (DATOS SIMULADOS)`."""
        marks = {BACKFILLED: self.backfilled, SIMULATED: self.simulated}
        return " ".join([self.algorithm, *(f"({mark})" for mark, holds in marks.items() if holds)])

    @property
    def is_persistence(self) -> bool:
        """Whether the last price is the forecast."""
        return self.algorithm == PERSISTENCE


@dataclass(frozen=True, slots=True)
class PriceColumns:
    """Names of the report's price columns.

    Attributes:
        last: the last quoted price.
        recent: the mean of the last seven quotes.
        suggested: the median of the forecast.
        mean: its mean.
    """

    last: str
    recent: str
    suggested: str
    mean: str

    @classmethod
    def of(cls, commodity: Described) -> PriceColumns:
        """Return the names for `commodity`, whose price column they begin with."""
        price = commodity.keys.price
        return cls(f"{price}_lag1", f"{price}_mean7", f"{price}_sugerido", f"{price}_medio")

    @property
    def all(self) -> tuple[str, ...]:
        """The four names, in the report's order."""
        return self.last, self.recent, self.suggested, self.mean


def report_columns(commodity: Described) -> tuple[str, ...]:
    """Return the columns of the report, in order."""
    price = PriceColumns.of(commodity)
    earlier = (*commodity.keys.columns, *DATE_PARTS, price.last, price.recent, price.suggested)
    forecast = (TARGET, HORIZON, price.mean, P_CHANGE, DIRECTION, *RANGE_80, *RANGE_95)
    return (*earlier, *forecast, MODEL, VERSION)


def decimals(value: object) -> str:
    """Write a float of the report: two decimals or more, as many as it takes to read it back."""
    return np.format_float_positional(cast("float", value), min_digits=2)
