"""Forecasts read back as they were written down, the first of each origin."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from canasta.deliver.forecasts import LEVELS_KEY, QUANTILES
from canasta.errors import ObjectCorrupt
from canasta.forecast.outlook import LEVELS
from canasta.forecast.panel import Floats
from canasta.labels import Key
from canasta.store import Store

FOLDER = "forecasts"
"""Of the lake, in which forecasts are written down."""

_COLUMNS = ("origin", "target", "last_price", "mean", "p_change", QUANTILES, "version", "made_at")


@dataclass(frozen=True)
class Written:
    """The forecasts of one horizon that one file holds, of R series.

    Attributes:
        origin, target: of them.
        version: of the model that made them.
        made_at: when, in UTC.
        keys: R keys.
        last: (R,) last prices, in the unit; NaN before the first quote.
        mean: (R,) means of the forecast price; NaN of a series that was not live.
        p_change: (R,) probabilities of another price.
        quantiles: (R, 61) prices at LEVELS.
    """

    origin: date
    target: date
    version: int
    made_at: datetime
    keys: tuple[Key, ...]
    last: Floats
    mean: Floats
    p_change: Floats
    quantiles: Floats


def first_written(lake: Store, horizon: int) -> list[Written]:
    """Read the first forecast that was written down from each origin, the oldest origin first.

    Files of the first layout, which held no distribution, are left out.

    Raises:
        ObjectCorrupt: a file cannot be read, or its quantiles are taken at other levels.
    """
    keys = [key for key in lake.keys(FOLDER) if key.endswith(".parquet")]
    files = zip(keys, lake.read_all(keys), strict=True)
    first: dict[date, Written] = {}
    for key, content in files:
        written = _read(content, key, horizon)
        if written is None:
            continue
        known = first.get(written.origin)
        if known is None or written.made_at < known.made_at:
            first[written.origin] = written
    return [first[origin] for origin in sorted(first)]


def _read(content: bytes, key: str, horizon: int) -> Written | None:
    try:
        table = pq.read_table(io.BytesIO(content))
        if QUANTILES not in table.column_names and "median" in table.column_names:
            return None
        labels = table.column_names[: table.column_names.index("origin")]
        levels = json.loads(table.schema.metadata[LEVELS_KEY.encode()])
        rows = table.filter(pc.equal(table["horizon"], horizon))
        found = {name: rows[name] for name in _COLUMNS}
        quantiles = _doubles(pc.list_flatten(rows[QUANTILES])).reshape(len(rows), -1)
        return Written(
            **{name: found[name][0].as_py() for name in ("origin", "target", "version", "made_at")},
            keys=_keys(rows, labels, levels),
            last=_doubles(found["last_price"]),
            mean=_doubles(found["mean"]),
            p_change=_doubles(found["p_change"]),
            quantiles=quantiles,
        )
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise ObjectCorrupt(
            f"{key} is not a file of forecasts {horizon} publications ahead as this release "
            f"writes them: {error}. Restore it from a backup of the lake."
        ) from error


def _keys(rows: pa.Table, labels: Sequence[str], levels: Sequence[float]) -> tuple[Key, ...]:
    if tuple(levels) != LEVELS:
        raise ValueError("its quantiles are taken at other levels")
    return tuple(zip(*(rows[name].to_pylist() for name in labels), strict=True))


def _doubles(values: pa.ChunkedArray) -> Floats:
    doubles: Floats = np.asarray(values.to_numpy(), dtype=np.float64)  # null becomes NaN
    return doubles
