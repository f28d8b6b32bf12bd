import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canasta.forecast.outlook import HORIZONS, LEVELS
from canasta.forecast.panel import Floats, Panel
from tests.peers import layout
from tests.peers.exchange import ForecastsRefused, read_answer, read_forecasts, write_request
from tests.unit.peers.conftest import WINDOW, Write


def changed(path: Path, name: str, values: object) -> Path:
    """Rewrite a file with another column in the place of one."""
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.column_names.index(name), name, pa.array(values)), path)
    return path


def test_request_tells_the_whole_history_and_nothing_that_was_not_quoted(
    few: Panel, tmp_path: Path
) -> None:
    write_request(tmp_path, few, WINDOW, seed=4)
    rows = pq.read_table(tmp_path / layout.HISTORY).to_pylist()
    told = {(row["series"], row["date"]): row["price"] for row in rows}
    assert len(rows) == len(told) == few.prices.size
    for series, row in enumerate(few.prices):
        for day, price in zip(few.dates, row, strict=True):
            assert told[series, day] == (None if np.isnan(price) else price)


def test_request_tells_which_fit_serves_each_origin(few: Panel, tmp_path: Path) -> None:
    write_request(tmp_path, few, WINDOW, seed=4)
    rows = pq.read_table(tmp_path / layout.ORIGINS).to_pylist()
    columns = [(few.dates.index(row["origin"]), few.dates.index(row["refit"])) for row in rows]
    assert columns == [
        (60, 60), (61, 60), (62, 60), (63, 63), (64, 63), (65, 63), (66, 66), (67, 66)
    ]  # fmt: skip
    request = json.loads((tmp_path / layout.REQUEST).read_text())
    assert request == {"horizons": HORIZONS, "levels": list(LEVELS), "seed": 4}


def test_forecasts_are_read_in_whatever_order(few: Panel, drawn: Floats, write: Write) -> None:
    sd = np.abs(drawn - 20)
    quantiles = drawn[..., np.newaxis] + np.linspace(-1, 1, len(LEVELS))
    point = read_forecasts(write(drawn), few, WINDOW)
    assert point.is_point
    np.testing.assert_array_equal(point.mean, drawn)
    normal = read_forecasts(write(drawn, sd=sd), few, WINDOW)
    assert normal.sd is not None
    np.testing.assert_array_equal(normal.sd, sd)
    other = read_forecasts(write(drawn, quantiles=quantiles), few, WINDOW)
    assert other.quantiles is not None
    np.testing.assert_array_equal(other.quantiles, quantiles)


def test_every_peer_that_reports_is_read(
    few: Panel, drawn: Floats, write: Write, tmp_path: Path
) -> None:
    (tmp_path / layout.FORECASTS).mkdir()
    write(drawn).rename(tmp_path / layout.FORECASTS / "somebody.parquet")
    report = {"seconds": {"somebody": 1.5}, "versions": {"package": "1.0"}}
    (tmp_path / layout.REPORT).write_text(json.dumps(report))
    answer = read_answer(tmp_path, few, WINDOW)
    assert list(answer.forecasts) == ["somebody"]
    assert (answer.seconds, answer.versions) == ({"somebody": 1.5}, {"package": "1.0"})


def test_origin_that_was_not_asked_for_is_refused(few: Panel, drawn: Floats, write: Write) -> None:
    path = write(drawn)
    days = pq.read_table(path)["origin"].to_pylist()
    days[7] = date(2031, 1, 1)
    told = f"somebody forecasts from 2031-01-01, .* asked for, {few.dates[60]} to {few.dates[67]}"
    with pytest.raises(ForecastsRefused, match=told):
        read_forecasts(changed(path, "origin", days), few, WINDOW)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("horizon", 7, "somebody forecasts horizon 7; 6 were asked"),
        ("horizon", 0, "somebody forecasts horizon 0; 6 were asked"),
        ("series", 12, "somebody forecasts series 12; 12 were asked"),
    ],
)
def test_what_was_not_asked_for_is_refused(
    column: str, value: int, told: str, few: Panel, drawn: Floats, write: Write
) -> None:
    path = write(drawn)
    values = pq.read_table(path)[column].to_pylist()
    values[5] = value
    with pytest.raises(ForecastsRefused, match=told):
        read_forecasts(changed(path, column, values), few, WINDOW)


def test_a_forecast_given_twice_is_refused(few: Panel, drawn: Floats, write: Write) -> None:
    path = write(drawn)
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(3, 1)]), path)
    with pytest.raises(ForecastsRefused, match="the same price from the same origin twice"):
        read_forecasts(path, few, WINDOW)


def test_missing_column_is_refused(few: Panel, drawn: Floats, write: Write) -> None:
    path = write(drawn)
    pq.write_table(pq.read_table(path).drop_columns(["sd"]), path)
    with pytest.raises(ForecastsRefused, match=re.escape("somebody.parquet lacks sd")):
        read_forecasts(path, few, WINDOW)


def test_quantiles_at_other_levels_are_refused(few: Panel, drawn: Floats, write: Write) -> None:
    few_levels = drawn[..., np.newaxis] + np.linspace(-1, 1, 5)
    with pytest.raises(ForecastsRefused, match=f"each needs {len(LEVELS)}"):
        read_forecasts(write(drawn, quantiles=few_levels), few, WINDOW)


def test_quantiles_that_cross_are_refused(few: Panel, drawn: Floats, write: Write) -> None:
    crossing = drawn[..., np.newaxis] + np.linspace(1, -1, len(LEVELS))
    with pytest.raises(ForecastsRefused, match="do not ascend"):
        read_forecasts(write(drawn, quantiles=crossing), few, WINDOW)
