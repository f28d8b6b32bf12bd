"""Forecasts written down: what outcomes are scored against, whatever happens later."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from canasta.commodity import Commodity
from canasta.deliver.report import ModelName
from canasta.forecast.outlook import LEVELS, Outlook
from canasta.forecast.panel import Floats, Panel
from canasta.ingest import tables
from canasta.monitor.written import FOLDER, LEVELS_KEY, QUANTILES
from canasta.registry.panels import check_belongs


def forecasts_key(origin: date, version: int) -> str:
    """Return the key of the forecasts that `version` made from `origin`."""
    return f"{FOLDER}/{origin:%Y/%m}/{origin}-{version}.parquet"


def forecasts_bytes(
    panel: Panel, outlook: Outlook, commodity: Commodity, model: ModelName, made_at: datetime
) -> bytes:
    """Encode all S series and H horizons as parquet, S × H rows, horizon by horizon.

    Columns: the key columns; `origin`, `target` (dates), `horizon`; `last_price`, `mean` (in the
    unit, as computed), `p_change`, `p_up`, `p_down` (0 to 1), `quantiles` (prices, a list of
    61 at the levels in the schema's metadata); `model`, `version`, `made_at` (UTC). Of a series
    that is not live, mean, probabilities and each quantile are null; `last_price` is null before
    the first quote.

    Raises:
        ValueError: `outlook` does not belong to `panel`, or `made_at` has no zone.
    """
    check_belongs(outlook, panel)
    if made_at.tzinfo is None:
        raise ValueError(f"made_at must carry a time zone, got {made_at.isoformat()}")
    series, horizons = outlook.mean.shape
    rows = series * horizons
    targets = [target for target in outlook.targets for _ in range(series)]
    table = pa.table(
        {
            **tables.label_arrays(panel.keys * horizons, commodity.keys.columns),
            "origin": pa.array([outlook.origin] * rows, pa.date32()),
            "target": pa.array(targets, pa.date32()),
            "horizon": pa.array(np.repeat(np.arange(1, horizons + 1), series), pa.int32()),
            "last_price": _nullable(np.tile(panel.filled[:, -1], horizons)),
            "mean": _by_horizon(outlook.mean),
            "p_change": _by_horizon(outlook.p_change),
            "p_up": _by_horizon(outlook.p_up),
            "p_down": _by_horizon(outlook.p_down),
            QUANTILES: _lists(outlook.quantiles),
            "model": pa.array([model.label] * rows, pa.string()),
            "version": pa.array([model.version] * rows, pa.int64()),
            "made_at": pa.array([made_at.astimezone(UTC)] * rows, pa.timestamp("us", "UTC")),
        }
    )
    return _encoded(table.replace_schema_metadata({LEVELS_KEY: json.dumps(LEVELS)}))


def _by_horizon(values: Floats) -> pa.Array:
    return _nullable(values.T.ravel())


def _lists(quantiles: Floats) -> pa.Array:
    # Each quantile is null, never the list: pyarrow 25 writes a null list of fixed size that it
    # then refuses to read ("Expected all lists to be of size=61").
    values = _nullable(quantiles.transpose(1, 0, 2).ravel())
    return pa.FixedSizeListArray.from_arrays(values, len(LEVELS))


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)  # NaN becomes null


def _encoded(table: pa.Table) -> bytes:
    # A dictionary helps labels, not prices; without one the quantiles of milk take a quarter less.
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", use_dictionary=texts)
    return sink.getvalue()
