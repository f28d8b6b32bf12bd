"""How the key of a series is put together from a row and a price column, and taken apart."""

from __future__ import annotations

from canasta.commodity import Commodity, PriceColumn
from canasta.labels import Key


def series_key(state: str, city: str, column: PriceColumn, commodity: Commodity) -> Key:
    """Return the key of the cell where a city's row meets a price column.

    State and city fill the key columns that the price column does not fix, in that order.
    """
    row = iter((state, city))
    labels = column.labels
    return tuple(labels[name] if name in labels else next(row) for name in commodity.keys.columns)


def column_key(column: PriceColumn, commodity: Commodity) -> Key:
    """Return the labels that a price column fixes, in the order of the key columns."""
    return tuple(column.labels[name] for name in _column_names(commodity))


def column_of(key: Key, commodity: Commodity) -> Key:
    """Return the part of a series' key that its price column fixes."""
    fixed = _column_names(commodity)
    named = zip(commodity.keys.columns, key, strict=True)
    return tuple(label for name, label in named if name in fixed)


def _column_names(commodity: Commodity) -> tuple[str, ...]:
    fixed = commodity.workbook.price_columns[0].labels
    return tuple(name for name in commodity.keys.columns if name in fixed)
