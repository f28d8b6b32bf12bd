"""The lake's parquet files: one publication, or the changed cells of one, as bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from canasta.errors import ObjectCorrupt
from canasta.ingest.quality import Cells
from canasta.labels import Key

DATE = "Fecha"
"""The date column of every table."""


def publication_bytes(day: date, cells: Cells, columns: Sequence[str], price: str) -> bytes:
    """Encode one publication as the lake keeps it; equal cells give equal bytes.

    Args:
        day: the publication's date.
        cells: clean prices, in the order of the sheet.
        columns: names of the key columns.
        price: name of the price column.
    """
    stamp = pa.array([datetime(day.year, day.month, day.day)] * len(cells), pa.timestamp("us"))  # noqa: DTZ001  (the contract: a date without zone)
    prices = pa.array(list(cells.values()), pa.float64())
    return encode({DATE: stamp, **label_arrays(list(cells), columns), price: prices})


def label_arrays(keys: Sequence[Key], columns: Sequence[str]) -> dict[str, Any]:
    """Return one string array for each key column."""
    return {
        name: pa.array([key[at] for key in keys], pa.string()) for at, name in enumerate(columns)
    }


def schema(columns: Sequence[str], price: str) -> Any:
    """Return the Arrow schema of a publication; `columns` and `price` as above."""
    labels = [(name, pa.string()) for name in columns]
    return pa.schema([(DATE, pa.timestamp("us")), *labels, (price, pa.float64())])


def encode(arrays: dict[str, Any]) -> bytes:
    """Write the arrays as one parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays), sink, compression="snappy")
    return sink.getvalue()


def read(content: bytes, columns: Sequence[str], where: str) -> dict[str, Any]:
    """Read the named columns of a parquet file as pyarrow arrays.

    Raises:
        ObjectCorrupt: the bytes are no parquet file, hold no row, or lack a column; the message
            names `where`.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        missing = sorted(set(columns) - set(file.schema_arrow.names))
        table = None if missing else file.read(columns=list(columns), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise ObjectCorrupt(f"{where} is no readable parquet file: {error}") from error
    if table is None:
        raise ObjectCorrupt(
            f"{where} lacks the columns {', '.join(missing)}; expected {', '.join(columns)}."
        )
    if not table.num_rows:
        raise ObjectCorrupt(f"{where} holds no row.")
    return {name: table.column(name).combine_chunks() for name in columns}
