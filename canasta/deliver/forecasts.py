"""Forecasts written down: what outcomes are scored against, whatever happens later."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa

from canasta.commodity import Commodity
from canasta.deliver.report import ModelName, check_belongs
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Floats, Panel
from canasta.ingest import tables


def forecasts_key(origin: date, version: int) -> str:
    """Return the key of the forecasts that `version` made from `origin`."""
    return f"forecasts/{origin:%Y/%m}/{origin}-{version}.parquet"


def forecasts_bytes(
    panel: Panel, outlook: Outlook, commodity: Commodity, model: ModelName, made_at: datetime
) -> bytes:
    """Encode all S series and H horizons as parquet, S × H rows, horizon by horizon.

    Columns: the key columns; `origin`, `target` (dates), `horizon`; `last_price`, `mean`,
    `median` (in the unit, as computed, null for a series that is not live; `last_price` null
    before its first quote); `model`, `version`, `made_at` (UTC).

    Raises:
        ValueError: `outlook` does not belong to `panel`, or `made_at` has no zone.
    """
    check_belongs(outlook, panel)
    if made_at.tzinfo is None:
        raise ValueError(f"made_at must carry a time zone, got {made_at.isoformat()}")
    series, horizons = outlook.mean.shape
    rows = series * horizons
    targets = [target for target in outlook.targets for _ in range(series)]
    return tables.encode(
        {
            **tables.label_arrays(panel.keys * horizons, commodity.keys.columns),
            "origin": pa.array([outlook.origin] * rows, pa.date32()),
            "target": pa.array(targets, pa.date32()),
            "horizon": pa.array(np.repeat(np.arange(1, horizons + 1), series), pa.int32()),
            "last_price": _nullable(np.tile(panel.filled[:, -1], horizons)),
            "mean": _nullable(outlook.mean.T.ravel()),
            "median": _nullable(outlook.median.T.ravel()),
            "model": pa.array([model.label] * rows, pa.string()),
            "version": pa.array([model.version] * rows, pa.int64()),
            "made_at": pa.array([made_at.astimezone(UTC)] * rows, pa.timestamp("us", "UTC")),
        }
    )


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)  # NaN becomes null
