"""Real history, as parquet files of published prices -> blocks to render again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from math import isnan
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from canasta.commodity import Commodity
from canasta.errors import SimulationError
from canasta.ingest.block import Block
from canasta.ingest.identity import IDENTITY, read_identity
from canasta.labels import Key, clean, folded
from canasta.store import Store
from simulate_publication.workbook import key_columns, true_averages

DATE_COLUMN = "Fecha"

type Quote = tuple[date, Key, float | None]


def read_history(folder: Path, commodity: Commodity) -> list[Block]:
    """Read every `*.parquet` in `folder` and its subfolders, oldest publication first.

    The files hold Fecha, the commodity's key columns and its price column, with labels and
    zeros as published. Labels come out clean, zeros stay 0.0, missing prices become None,
    and rows of averages are dropped: each block carries the true averages of its prices.

    Raises:
        SimulationError: the folder is missing or holds no such file, or simulated prices, a file
            cannot be read or lacks a column, or two rows state different prices for one series
            and date.
    """
    _refuse_simulated(folder)
    quotes: dict[date, dict[Key, float | None]] = defaultdict(dict)
    for path in _files(folder):
        for day, key, price in _quotes(path, commodity):
            if quotes[day].setdefault(key, price) != price:
                raise SimulationError(
                    f"{path} states {price} for {'/'.join(key)} on {day}, and another row of "
                    f"this history states {quotes[day][key]}. Keep one of the two."
                )
    return [_block(day, quotes[day], commodity) for day in sorted(quotes)]


def _refuse_simulated(folder: Path) -> None:
    """Refuse what a lake says is simulated: rendered as SNIIM's, it would pass for real prices."""
    below = (path.parent for path in folder.rglob(IDENTITY))
    for place in (*below, folder.resolve(), *folder.resolve().parents):
        lake = read_identity(Store(str(place)))
        if lake is not None and lake.simulated:
            raise SimulationError(
                f"{folder}: the lake at {place} holds simulated prices, and HISTORY is for real "
                "ones. Leave HISTORY out: `make simulate` renders the simulated market."
            )


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.parquet"))
    if not files:
        what = "holds no *.parquet file" if folder.is_dir() else "is not a folder"
        raise SimulationError(
            f"{folder} {what}. HISTORY must name a folder of published prices in parquet files."
        )
    return files


def _quotes(path: Path, commodity: Commodity) -> Iterator[Quote]:
    """Yield date, key and price of each row of `path` that is a series."""
    columns = [DATE_COLUMN, *commodity.keys.columns, commodity.keys.price]
    days, *labels, prices = _read(path, columns)
    city = commodity.keys.columns.index(key_columns(commodity)[1])
    aggregates = {folded(name) for name in commodity.keys.aggregates}
    for day, *names, price in zip(days, *labels, prices, strict=True):
        key = tuple(clean(name) for name in names)
        if folded(key[city]) not in aggregates:
            yield day, key, None if price is None or isnan(price) else price


def _read(path: Path, columns: list[str]) -> list[list[object]]:
    types = [pa.date32(), *[pa.string()] * (len(columns) - 2), pa.float64()]
    try:
        table = pq.read_table(path, columns=columns).select(columns)
        table = table.cast(pa.schema(list(zip(columns, types, strict=True))))
    except (pa.ArrowException, OSError, KeyError) as error:
        raise SimulationError(
            f"{path} is no file of published prices, with the columns {', '.join(columns)}: {error}"
        ) from error
    for name in columns[:-1]:
        if table[name].null_count:
            raise SimulationError(f"{path} has a row without {name}. Every price needs its labels.")
    return [column.to_pylist() for column in table.columns]


def _block(day: date, prices: dict[Key, float | None], commodity: Commodity) -> Block:
    return Block(day, prices, true_averages(prices, commodity))
