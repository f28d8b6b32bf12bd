"""The lake's tables read together: by publication, or as one array of all series and dates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canasta.commodity import Commodity
from canasta.ingest.revisions import Revision
from canasta.labels import Key, clean, folded

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]
type Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class History:
    """All accepted prices as of a day.

    Attributes:
        keys: S keys, sorted, labels clean.
        dates: T publication dates, ascending.
        prices: (S, T), in the commodity's unit; NaN where not quoted.
    """

    keys: tuple[Key, ...]
    dates: tuple[date, ...]
    prices: Floats


@dataclass(frozen=True)
class Quotes:
    """Prices in long form: one element of `series`, `days` and `prices` for each cell.

    Attributes:
        keys: the keys that `series` counts.
        series: (N,) index into `keys`.
        days: (N,) publication dates, datetime64[D].
        prices: (N,) NaN where not quoted. Where a cell comes twice, the later one holds.
    """

    keys: tuple[Key, ...]
    series: Integers
    days: Days
    prices: Floats

    def revised(self, revisions: Iterable[Revision]) -> Quotes:
        """Return the quotes with `revisions`, in that order, of the dates that are there."""
        present = set(np.unique(self.days).tolist())
        rows = [
            (key, revision.block_date, new)
            for revision in revisions
            if revision.block_date in present
            for key, (_, new) in revision.changes.items()
        ]
        keys = tuple(dict.fromkeys([*self.keys, *(key for key, _, _ in rows)]))
        index = {key: at for at, key in enumerate(keys)}
        return Quotes(
            keys,
            np.append(self.series, np.array([index[key] for key, _, _ in rows], np.int64)),
            np.append(self.days, np.array([day for _, day, _ in rows], "datetime64[D]")),
            np.append(self.prices, np.array([new for _, _, new in rows], np.float64)),
        )

    def until(self, last: date, without: Collection[date] = ()) -> Quotes:
        """Return the quotes of publications on or before `last`, but for those of some dates."""
        kept = self.days <= np.datetime64(last)
        kept &= ~np.isin(self.days, np.array(sorted(without), "datetime64[D]"))
        listed, series = np.unique(self.series[kept], return_inverse=True)
        keys = tuple(self.keys[at] for at in listed)
        return Quotes(keys, series, self.days[kept], self.prices[kept])

    def first_listed(self) -> tuple[date, ...]:
        """Return, for each key, the date of the first publication that lists it."""
        first = np.full(len(self.keys), self.days.max())
        np.minimum.at(first, self.series, self.days)
        return tuple(first.tolist())

    def by_date(self) -> dict[date, dict[Key, float | None]]:
        """Return the cells of each publication, dates ascending; None where not quoted."""
        cells: dict[date, dict[Key, float | None]] = {
            day: {} for day in np.unique(self.days).tolist()
        }
        quoted = np.isfinite(self.prices).tolist()
        rows = zip(self.days.tolist(), self.series.tolist(), self.prices.tolist(), strict=True)
        for (day, series, price), present in zip(rows, quoted, strict=True):
            cells[day][self.keys[series]] = price if present else None
        return cells

    def history(self) -> History:
        """Return the quotes as one array."""
        order = sorted(range(len(self.keys)), key=self.keys.__getitem__)
        row = np.empty(len(order), np.int64)
        row[order] = np.arange(len(order))
        dates, column = np.unique(self.days, return_inverse=True)
        prices = np.full((len(order), len(dates)), np.nan)
        prices[row[self.series], column] = self.prices
        return History(tuple(self.keys[at] for at in order), tuple(dates.tolist()), prices)


def combine(
    tables: Sequence[Mapping[str, Any]], days: Sequence[Days], commodity: Commodity
) -> Quotes:
    """Put the tables of the lake together, as this or the earlier system wrote them.

    Labels are cleaned, zeros are no quotes, and rows that are no series (aggregates) go.

    Args:
        tables: pyarrow arrays by column name; later tables hold over earlier ones.
        days: the date of each row, for each table.
        commodity: whose key columns, price column and aggregates hold.
    """
    columns = commodity.keys.columns
    coded = [_codes([table[name] for table in tables]) for name in columns]
    shape = [len(labels) for labels, _ in coded]
    flat = np.ravel_multi_index([codes for _, codes in coded], shape)
    distinct, inverse = np.unique(flat, return_inverse=True)
    at = zip(*(codes.tolist() for codes in np.unravel_index(distinct, shape)), strict=True)
    found = [
        tuple(labels[code] for (labels, _), code in zip(coded, codes, strict=True)) for codes in at
    ]
    keys = tuple(dict.fromkeys(found))
    index = {key: at for at, key in enumerate(keys)}
    series = np.array([index[key] for key in found], np.int64)[inverse]
    stated = [table[commodity.keys.price].cast(pa.float64()) for table in tables]
    prices = pa.chunked_array(stated, pa.float64()).to_numpy().astype(np.float64)
    quotes = Quotes(keys, series, np.concatenate(days), np.where(prices == 0, np.nan, prices))
    return _without_aggregates(quotes, commodity)


def _codes(arrays: Sequence[Any]) -> tuple[list[str], Integers]:
    """Return the clean labels of one column and, for each row, which one it holds."""
    strings = [array.cast(pa.string()).fill_null("") for array in arrays]
    encoded = pa.chunked_array(strings, pa.string()).combine_chunks().dictionary_encode()
    labels = [clean(label) for label in encoded.dictionary.to_pylist()]
    return labels, encoded.indices.to_numpy().astype(np.int64)


def _without_aggregates(quotes: Quotes, commodity: Commodity) -> Quotes:
    marks = [folded(aggregate) for aggregate in commodity.keys.aggregates]
    is_series = [
        not any(mark in folded(label) for mark in marks for label in key) for key in quotes.keys
    ]
    kept = np.array(is_series)[quotes.series]
    keys = tuple(key for key, keep in zip(quotes.keys, is_series, strict=True) if keep)
    renumbered = np.cumsum(is_series) - 1
    return Quotes(keys, renumbered[quotes.series[kept]], quotes.days[kept], quotes.prices[kept])
