"""The peers' side: read a request, let every peer forecast from every origin, write it down.

    .venv-peers/bin/python -m tests.peers.forecast FOLDER

Nothing of Canasta is imported: a peer knows the prices up to its origin and nothing else. Prices
that were not quoted are filled forward, as these libraries need it. Peers are fitted where the
request says so, and once more where a series appears that they have not seen.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.peers import layout
from tests.peers.local import local_peers
from tests.peers.pooled import pooled_peers
from tests.peers.request import Forecast, History, Origin, Request, rolling

PACKAGES = ("mlforecast", "lightgbm", "statsforecast", "pandas", "numpy")


def main(folder: Path) -> None:
    """Answer the request that lies in `folder`."""
    request = Request(**json.loads((folder / layout.REQUEST).read_text(encoding="utf-8")))
    history = _read_history(folder)
    origins = _read_origins(folder, history)
    (folder / layout.FORECASTS).mkdir(exist_ok=True)
    seconds = {}
    for peer in (*pooled_peers(request), *local_peers(request)):
        begun = time.perf_counter()
        tables = [
            _table(peer.name, history, origin, made)
            for origin, made in rolling(peer, history, origins)
        ]
        seconds[peer.name] = time.perf_counter() - begun
        pq.write_table(pa.concat_tables(tables), folder / layout.FORECASTS / f"{peer.name}.parquet")
        print(f"  {peer.name}: {seconds[peer.name]:.1f} s", flush=True)
    report = {"seconds": seconds, "versions": {name: version(name) for name in PACKAGES}}
    (folder / layout.REPORT).write_text(json.dumps(report, indent=2), encoding="utf-8")


def _read_history(folder: Path) -> History:
    table = pd.read_parquet(folder / layout.HISTORY)
    prices = table.pivot(index="series", columns="date", values="price").ffill(axis=1)
    return History(
        series=prices.index.to_numpy(dtype=np.int64),
        dates=tuple(sorted(set(table["date"]))),
        prices=prices.to_numpy(dtype=np.float64),
    )


def _read_origins(folder: Path, history: History) -> list[Origin]:
    table = pd.read_parquet(folder / layout.ORIGINS)
    column = {day: at for at, day in enumerate(history.dates)}
    pairs = zip(table["origin"], table["refit"], strict=True)
    return [(column[origin], column[refit]) for origin, refit in pairs]


def _table(name: str, history: History, origin: int, made: Forecast) -> pa.Table:
    """Lay a forecast out in the columns of layout.COLUMNS."""
    rows, horizons = made.mean.shape
    count = rows * horizons
    nothing = pa.nulls(count, pa.float64())
    no_quantiles = pa.nulls(count, pa.list_(pa.float64()))
    columns = (
        [name] * count,
        [history.dates[origin]] * count,
        np.repeat(made.series, horizons),
        np.tile(np.arange(1, horizons + 1), rows),
        made.mean.ravel(),
        nothing if made.sd is None else made.sd.ravel(),
        no_quantiles if made.quantiles is None else _lists(made.quantiles),
    )
    return pa.table(dict(zip(layout.COLUMNS, columns, strict=True)))


def _lists(quantiles: np.ndarray) -> pa.Array:
    values = quantiles.reshape(-1, quantiles.shape[-1])
    ends = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.ListArray.from_arrays(ends, values.ravel())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
