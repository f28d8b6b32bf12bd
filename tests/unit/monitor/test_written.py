import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from canasta.commodity import Commodity
from canasta.deliver.forecasts import LEVELS_KEY, forecasts_bytes, forecasts_key
from canasta.deliver.report import ModelName
from canasta.deliver.written import first_written
from canasta.errors import ObjectCorrupt
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.store import Store
from tests.unit.deliver.conftest import ORIGIN, TARGETS

NOON = datetime(2025, 8, 1, 18, 0, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "lake"))


@pytest.fixture
def content(panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName) -> bytes:
    return forecasts_bytes(panel, outlook, milk, model, NOON)


@pytest.mark.parametrize("horizon", [1, 2])
def test_what_is_read_is_what_was_written(
    lake: Store, content: bytes, panel: Panel, outlook: Outlook, horizon: int
) -> None:
    lake.write_once(forecasts_key(ORIGIN, 3), content)
    (read,) = first_written(lake, horizon)
    assert (read.origin, read.target) == (ORIGIN, TARGETS[horizon - 1])
    assert (read.version, read.made_at, read.keys) == (3, NOON, panel.keys)
    at = horizon - 1
    for found, made in (
        (read.last, panel.filled[:, -1]),
        (read.mean, outlook.mean[:, at]),
        (read.p_change, outlook.p_change[:, at]),
        (read.quantiles, outlook.quantiles[:, at]),
    ):
        assert np.array_equal(found, made, equal_nan=True)


def test_of_each_origin_the_first_counts_whatever_its_version(
    lake: Store, panel: Panel, outlook: Outlook, milk: Commodity
) -> None:
    """Version 10 was written before 9 here, and sorts before it, too; 2 came last."""
    hours = {10: 1, 9: 2, 2: 3}
    for version, hour in hours.items():
        model = ModelName("xgboost", version, simulated=False)
        made_at = NOON + timedelta(hours=hour)
        made = forecasts_bytes(panel, outlook, milk, model, made_at)
        lake.write_once(forecasts_key(ORIGIN, version), made)
    earlier = panel.cut(10)
    before = replace(outlook, origin=earlier.origin)
    made = forecasts_bytes(earlier, before, milk, ModelName("xgboost", 1, simulated=False), NOON)
    lake.write_once(forecasts_key(earlier.origin, 1), made)
    found = first_written(lake, 1)
    assert [(one.origin, one.version) for one in found] == [(earlier.origin, 1), (ORIGIN, 10)]


def test_lake_without_forecasts_has_none(lake: Store) -> None:
    assert first_written(lake, 1) == []


def test_other_levels_and_broken_files_are_refused(lake: Store, content: bytes) -> None:
    table = pq.read_table(io.BytesIO(content))
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({LEVELS_KEY: "[0.5]"}), sink)
    for broken in (sink.getvalue(), content[:-20], b"", b"no parquet"):
        lake.replace(forecasts_key(date(2025, 8, 1), 3), broken)
        with pytest.raises(ObjectCorrupt, match=r"2025-08-01-3.parquet is not a file of forecasts"):
            first_written(lake, 1)


def test_horizon_that_was_not_forecast_is_refused(lake: Store, content: bytes) -> None:
    lake.replace(forecasts_key(ORIGIN, 3), content)
    with pytest.raises(ObjectCorrupt, match="forecasts 3 publications ahead"):
        first_written(lake, 3)
