import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from canasta.commodity import Commodity
from canasta.deliver.forecasts import forecasts_bytes, forecasts_key
from canasta.deliver.report import ModelName
from canasta.errors import ObjectCorrupt
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.monitor.written import LEVELS_KEY, WrittenForecasts, first_written
from canasta.store import Store
from tests.outlooks import drawn_outlook
from tests.panels import simulated_panel

PUBLICATIONS = 34
NOON = datetime(2025, 8, 1, 18, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def panel(milk: Commodity) -> Panel:
    return simulated_panel(milk, PUBLICATIONS)


@pytest.fixture(scope="module")
def outlook(panel: Panel) -> Outlook:
    return drawn_outlook(panel)


@pytest.fixture
def model() -> ModelName:
    return ModelName("xgboost", 3, simulated=False)


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "lake"))


@pytest.fixture
def content(panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName) -> bytes:
    return forecasts_bytes(panel, outlook, milk, model, NOON)


@pytest.mark.parametrize("horizon", [1, 2, 6])
def test_what_is_read_is_what_was_written(
    lake: Store, content: bytes, panel: Panel, outlook: Outlook, horizon: int
) -> None:
    lake.write_once(forecasts_key(panel.origin, 3), content)
    (read,) = first_written(lake, horizon)
    assert (read.origin, read.target) == (panel.origin, outlook.targets[horizon - 1])
    assert read.horizon == horizon
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
        lake.write_once(forecasts_key(panel.origin, version), made)
    earlier = panel.cut(30)
    before = replace(outlook, origin=earlier.origin)
    made = forecasts_bytes(earlier, before, milk, ModelName("xgboost", 1, simulated=False), NOON)
    lake.write_once(forecasts_key(earlier.origin, 1), made)
    found = first_written(lake, 1)
    assert [(one.origin, one.version) for one in found] == [(earlier.origin, 1), (panel.origin, 10)]
    aimed = WrittenForecasts(lake).aimed_at(outlook.targets[0])
    assert [(one.origin, one.version) for one in aimed] == [(panel.origin, 10), (earlier.origin, 1)]


def test_lake_without_forecasts_has_none(lake: Store) -> None:
    assert first_written(lake, 1) == []


def test_other_levels_and_broken_files_are_refused(lake: Store, content: bytes) -> None:
    table = pq.read_table(io.BytesIO(content))
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({LEVELS_KEY: "[0.5]"}), sink)
    refused = r"2025-08-01-3.parquet is not a file of forecasts"
    for broken in (sink.getvalue(), content[:-20], b"", b"no parquet"):
        lake.replace(forecasts_key(date(2025, 8, 1), 3), broken)
        with pytest.raises(ObjectCorrupt, match=refused):
            first_written(lake, 1)
        with pytest.raises(ObjectCorrupt, match=refused):
            WrittenForecasts(lake).aimed_at(date(2025, 8, 4))


def test_horizon_that_was_not_forecast_is_refused(lake: Store, content: bytes) -> None:
    lake.replace(forecasts_key(date(2025, 8, 1), 3), content)
    with pytest.raises(ObjectCorrupt, match="forecasts 7 publications ahead"):
        first_written(lake, 7)


def test_forecasts_are_found_by_the_publication_that_they_aim_at(
    lake: Store, panel: Panel, milk: Commodity, model: ModelName
) -> None:
    """From all origins but one; of one origin the next publication never came."""
    made = {}
    for count in (*range(20, 25), *range(26, PUBLICATIONS + 1)):
        known = panel.cut(count)
        late = known.origin + timedelta(days=5 if count == 30 else 0)
        made[known.origin] = drawn_outlook(known, seed=count, as_of=late)
        content = forecasts_bytes(known, made[known.origin], milk, model, NOON)
        lake.write_once(forecasts_key(known.origin, 3), content)
    written = WrittenForecasts(lake)
    assert written.origins == tuple(sorted(made))
    reached = {target for outlook in made.values() for target in outlook.targets}
    for target in sorted(reached | {panel.dates[3], panel.dates[-1] + timedelta(days=90)}):
        expected = [
            (origin, outlook.targets.index(target) + 1)
            for origin, outlook in sorted(made.items(), reverse=True)
            if target in outlook.targets
        ]
        aimed = written.aimed_at(target)
        assert [(one.origin, one.horizon) for one in aimed] == expected
        for one in aimed:
            quantiles = made[one.origin].quantiles[:, one.horizon - 1]
            assert np.array_equal(one.quantiles, quantiles, equal_nan=True)
