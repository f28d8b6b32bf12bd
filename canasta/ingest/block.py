"""One publication as the source states it: labels clean, cells untouched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from canasta.labels import Key


@dataclass(frozen=True, slots=True)
class Block:
    """One dated block of prices, as published.

    `prices` follows the order of the sheet, city by city; a cell is the number that stands
    there (0.0 and implausible ones included) or None where there is none. `averages` holds
    the checksum row by the labels of each price column (for milk `(Tipo, Canal)`), None where
    blank; it is None altogether where the block has no such row.
    """

    date: date
    prices: Mapping[Key, float | None]
    averages: Mapping[Key, float | None] | None
