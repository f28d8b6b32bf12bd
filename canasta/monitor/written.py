"""Forecasts read back as they were written down, the first of each origin."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from canasta.errors import ObjectCorrupt
from canasta.forecast.outlook import HORIZONS, LEVELS
from canasta.forecast.panel import Floats
from canasta.labels import Key
from canasta.store import Store

FOLDER = "forecasts"
"""Of the lake, in which forecasts are written down."""

QUANTILES = "quantiles"
"""Column of a file of forecasts that holds the quantiles, a list in each row."""

LEVELS_KEY = "levels"
"""Key of the schema's metadata that holds the levels of QUANTILES, as a JSON list."""

KEPT = 2 * HORIZONS
"""Files held in memory: as many origins aim at one publication, and the next shares most."""

_COLUMNS = ("origin", "target", "last_price", "mean", "p_change", QUANTILES, "version", "made_at")


@dataclass(frozen=True)
class Written:
    """The forecasts of one horizon that one file holds, of R series.

    Attributes:
        origin, target: of them.
        horizon: publications between the two, as it was counted then.
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
    horizon: int
    version: int
    made_at: datetime
    keys: tuple[Key, ...]
    last: Floats
    mean: Floats
    p_change: Floats
    quantiles: Floats


class WrittenForecasts:
    """The first forecasts from each origin, found by the publication that they aim at.

    Args:
        lake: with the forecasts; those written after this was made are not looked at.

    Raises:
        LakeUnreachable: it does not answer.
    """

    def __init__(self, lake: Store) -> None:
        by_origin = _by_origin(lake)
        self.origins = tuple(sorted(by_origin))
        """Of all files, ascending."""

        @lru_cache(maxsize=KEPT)
        def first_of(origin: date) -> tuple[Written, ...] | None:
            return _first_of(lake, by_origin[origin])

        self._first_of: Callable[[date], tuple[Written, ...] | None] = first_of

    def aimed_at(self, target: date) -> list[Written]:
        """Return the forecasts of one publication, of whatever horizon, the newest origin first.

        Raises:
            ObjectCorrupt: a file cannot be read, or its quantiles are taken at other levels.
        """
        found: list[Written] = []
        for origin in reversed([origin for origin in self.origins if origin < target]):
            forecasts = self._first_of(origin)
            # An earlier origin reaches no farther; files of the first layout are the earliest.
            if forecasts is None or max(one.target for one in forecasts) < target:
                break
            found += [one for one in forecasts if one.target == target]
        return found


def first_written(lake: Store, horizon: int) -> list[Written]:
    """Read the first forecast that was written down from each origin, the oldest origin first.

    Files of the first layout, which held no distribution, are left out.

    Raises:
        ObjectCorrupt: a file cannot be read, or its quantiles are taken at other levels.
    """
    keys = [key for keys in _by_origin(lake).values() for key in keys]
    files = zip(keys, lake.read_all(keys), strict=True)
    first: dict[date, Written] = {}
    for key, content in files:
        written = _read(content, key, horizon)
        if written is None:
            continue
        (one,) = written
        known = first.get(one.origin)
        if known is None or one.made_at < known.made_at:
            first[one.origin] = one
    return [first[origin] for origin in sorted(first)]


def _by_origin(lake: Store) -> dict[date, list[str]]:
    """Return the keys of all files, `forecasts/YYYY/MM/<origin>-<version>.parquet`, by origin."""
    found: dict[date, list[str]] = defaultdict(list)
    for key in lake.keys(FOLDER):
        if key.endswith(".parquet"):
            found[date.fromisoformat(key.rpartition("/")[2][: len("YYYY-MM-DD")])].append(key)
    return found


def _first_of(lake: Store, keys: Sequence[str]) -> tuple[Written, ...] | None:
    """Return all horizons of the file that was written first; None for one of the first layout."""
    files = zip(keys, lake.read_all(keys), strict=True)
    read = [_read(content, key) for key, content in files]
    whole = [written for written in read if written is not None]
    return min(whole, key=lambda written: written[0].made_at, default=None)


def _read(content: bytes, key: str, horizon: int | None = None) -> tuple[Written, ...] | None:
    """Return one horizon, or all; None for a file of the first layout."""
    ahead = "" if horizon is None else f" {horizon} publications ahead"
    try:
        table = pq.read_table(io.BytesIO(content))
        if QUANTILES not in table.column_names and "median" in table.column_names:
            return None
        horizons = pc.unique(table["horizon"]).to_pylist() if horizon is None else [horizon]
        return tuple(_of_horizon(table, one) for one in sorted(horizons))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise ObjectCorrupt(
            f"{key} is not a file of forecasts{ahead} as this release writes them: {error}. "
            f"{_repair(key)}"
        ) from error


def _repair(key: str) -> str:
    """Say what to do about a file; another one of its origin must not count in its place."""
    all_of_origin = key[: key.rindex("/") + 1 + len("YYYY-MM-DD")]
    return (
        f"Restore it from a backup of the lake; or, if there is none, move all {all_of_origin}-* "
        "out of the lake: what was forecast from that publication then stays unscored."
    )


def _of_horizon(table: pa.Table, horizon: int) -> Written:
    labels = table.column_names[: table.column_names.index("origin")]
    levels = json.loads(table.schema.metadata[LEVELS_KEY.encode()])
    rows = table.filter(pc.equal(table["horizon"], horizon))
    found = {name: rows[name] for name in _COLUMNS}
    quantiles = _doubles(pc.list_flatten(rows[QUANTILES])).reshape(len(rows), -1)
    return Written(
        **{name: found[name][0].as_py() for name in ("origin", "target", "version", "made_at")},
        horizon=horizon,
        keys=_keys(rows, labels, levels),
        last=_doubles(found["last_price"]),
        mean=_doubles(found["mean"]),
        p_change=_doubles(found["p_change"]),
        quantiles=quantiles,
    )


def _keys(rows: pa.Table, labels: Sequence[str], levels: Sequence[float]) -> tuple[Key, ...]:
    if tuple(levels) != LEVELS:
        raise ValueError("its quantiles are taken at other levels")
    return tuple(zip(*(rows[name].to_pylist() for name in labels), strict=True))


def _doubles(values: pa.ChunkedArray) -> Floats:
    doubles: Floats = np.asarray(values.to_numpy(), dtype=np.float64)  # null becomes NaN
    return doubles
