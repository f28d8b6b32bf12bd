import io
import math
from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pyarrow.parquet as pq
import pytest

from canasta.commodity import Commodity
from canasta.deliver.forecasts import forecasts_bytes, forecasts_key
from canasta.deliver.report import ModelName
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from tests.unit.deliver.conftest import ORIGIN, TARGETS

NOON_IN_MEXICO = datetime(2025, 8, 1, 12, 30, tzinfo=timezone(timedelta(hours=-6)))


def test_the_key_names_origin_and_version() -> None:
    assert forecasts_key(date(2025, 8, 1), 3) == "forecasts/2025/08/2025-08-01-3.parquet"


def test_all_series_and_horizons_are_on_record(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    content = forecasts_bytes(panel, outlook, milk, model, NOON_IN_MEXICO)
    table = pd.read_parquet(io.BytesIO(content))
    assert list(table.columns) == [
        "Estado", "Ciudad", "Tipo", "Canal", "origin", "target", "horizon",
        "last_price", "mean", "median", "model", "version", "made_at",
    ]  # fmt: skip
    assert len(table) == 4 * 2
    rows = {(*row[:4], row[6]): row for row in table.itertuples(index=False, name=None)}
    for series, key in enumerate(panel.keys):
        for horizon, target in enumerate(TARGETS, start=1):
            row = rows[(*key, horizon)]
            assert row[4:6] == (ORIGIN, target)
            expected = (outlook.mean[series, horizon - 1], outlook.median[series, horizon - 1])
            for recorded, forecast in zip(row[8:10], expected, strict=True):
                assert recorded == forecast or (math.isnan(recorded) and math.isnan(forecast))
            assert row[10:12] == ("xgboost", 3)
            assert row[12] == datetime(2025, 8, 1, 18, 30, tzinfo=UTC)


def test_the_last_price_is_the_last_quote_over_gaps(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    content = forecasts_bytes(panel, outlook, milk, model, NOON_IN_MEXICO)
    table = pq.read_table(io.BytesIO(content)).to_pydict()
    assert table["last_price"] == [27.0, 24.5, None, 30.2] * 2
    assert table["mean"][:4] == [27.05123456, 24.49, None, 30.2]


def test_a_time_without_zone_is_refused(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    with pytest.raises(ValueError, match="must carry a time zone"):
        forecasts_bytes(panel, outlook, milk, model, NOON_IN_MEXICO.replace(tzinfo=None))
