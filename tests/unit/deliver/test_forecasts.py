import io
import json
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pyarrow as pa
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
        "Estado", "Ciudad", "Tipo", "Canal", "origin", "target", "horizon", "last_price",
        "mean", "p_change", "p_up", "p_down", "quantiles", "model", "version", "made_at",
    ]  # fmt: skip
    assert len(table) == 4 * 2
    rows = {(*row[:4], row[6]): row for row in table.itertuples(index=False, name=None)}
    for series, key in enumerate(panel.keys):
        for horizon, target in enumerate(TARGETS, start=1):
            row = rows[(*key, horizon)]
            assert row[4:6] == (ORIGIN, target)
            at = (series, horizon - 1)
            forecasts = (outlook.mean, outlook.p_change, outlook.p_up, outlook.p_down)
            np.testing.assert_array_equal(row[8:12], [one[at] for one in forecasts])
            np.testing.assert_array_equal(row[12], outlook.quantiles[at])
            assert row[13:15] == ("xgboost", 3)
            assert row[15] == datetime(2025, 8, 1, 18, 30, tzinfo=UTC)


def test_quantiles_are_lists_of_fixed_size_at_the_levels_in_the_metadata(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    content = forecasts_bytes(panel, outlook, milk, model, NOON_IN_MEXICO)
    schema = pq.read_schema(io.BytesIO(content))
    kind = schema.field("quantiles").type
    assert (kind.value_type, kind.list_size) == (pa.float64(), 61)
    levels = json.loads(schema.metadata[b"levels"])
    assert (len(levels), levels[0], levels[30], levels[60]) == (61, 0.001, 0.5, 0.999)
    colima, _, gone, _, *later = pq.read_table(io.BytesIO(content))["quantiles"].to_pylist()
    by_level = dict(zip(levels, colima, strict=True))
    assert [by_level[level] for level in (0.04, 0.05, 0.925, 0.95)] == [26.5, 27.0, 27.0, 27.75]
    assert gone == [None] * 61
    assert later[0][30] == pytest.approx(27.256)


def test_the_last_price_is_the_last_quote_over_gaps(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    content = forecasts_bytes(panel, outlook, milk, model, NOON_IN_MEXICO)
    table = pq.read_table(io.BytesIO(content)).to_pydict()
    assert table["last_price"] == [27.0, 24.5, None, 30.2] * 2
    assert table["mean"][2] is table["p_change"][2] is table["p_up"][2] is None
    assert table["mean"][:2] == pytest.approx([27.025, 23.9456])


def test_forecasts_of_another_panel_are_refused(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    with pytest.raises(ValueError, match="forecasts stand on 2025-08-01, the panel on 2025-07-30"):
        forecasts_bytes(panel.cut(10), outlook, milk, model, NOON_IN_MEXICO)


def test_a_time_without_zone_is_refused(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    with pytest.raises(ValueError, match="must carry a time zone"):
        forecasts_bytes(panel, outlook, milk, model, NOON_IN_MEXICO.replace(tzinfo=None))
