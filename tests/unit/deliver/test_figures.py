"""The published digits: ordered, and the same wherever they are taken from."""

import io
import json
import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from canasta.calendar import PublicationCalendar
from canasta.commodity import Commodity
from canasta.deliver.figures import figures_of, recent_means
from canasta.deliver.forecasts import forecasts_bytes
from canasta.deliver.report import ModelName, daily_report, to_csv_bytes
from canasta.forecast.distribution import Distribution
from canasta.forecast.outlook import LEVELS, outlook_of
from canasta.forecast.panel import Panel
from canasta.registry.panels import PublishedPanel, read_panel, write_panel
from tests.outlooks import drawn_outlook
from tests.panels import simulated_panel
from tests.unit.deliver.conftest import ORIGIN, TARGETS

CALENDAR = PublicationCalendar(frozenset({0, 2, 4}), frozenset())
SIZES = st.floats(-9.0, 9.0, width=64)


@given(
    last=st.floats(15.0, 40.0),
    atoms=arrays.arrays(np.float64, 5, elements=SIZES).map(np.sort),
    weights=arrays.arrays(np.float64, 5, elements=st.floats(0.01, 1.0)),
)
def test_the_digits_keep_the_order_of_the_numbers(
    last: float, atoms: np.ndarray, weights: np.ndarray
) -> None:
    panel = Panel(("Ciudad",), ("Ciudad",), (("León",),), (ORIGIN,), np.array([[last]]), CALENDAR)
    change = Distribution(atoms[np.newaxis], (weights / weights.sum())[np.newaxis])
    figures = figures_of(panel, outlook_of(ORIGIN, TARGETS[:1], (), panel.prices[:, -1], [change]))
    ends = (*figures.range_95, *figures.range_80, figures.suggested)
    low_95, high_95, low_80, high_80, suggested = (float(end[0, 0]) for end in ends)
    assert low_95 <= low_80 <= suggested <= high_80 <= high_95
    assert figures.direction[0, 0] == np.sign(suggested - figures.last[0])
    if atoms[0] >= 0:
        assert figures.last[0] <= low_95
    assert 0 <= figures.p_change[0, 0] <= 1
    for price in (low_95, low_80, suggested, high_80, high_95, float(figures.last[0])):
        assert price == float(f"{price:.2f}")


@pytest.fixture(scope="module")
def market(milk: Commodity) -> Panel:
    panel = simulated_panel(milk, 60)
    prices = panel.prices.copy()
    prices[3, -40:] = np.nan  # a live series less
    return Panel(panel.columns, panel.product, panel.keys, panel.dates, prices, panel.calendar)


def test_report_panel_and_forecasts_agree_for_every_series_and_horizon(
    market: Panel, milk: Commodity
) -> None:
    outlook = drawn_outlook(market, seed=2)
    model = ModelName("xgboost", 7, simulated=True)
    columns = list(milk.keys.columns)

    csv = to_csv_bytes(daily_report(market, outlook, milk, model, horizons=6))
    report = pd.read_csv(io.BytesIO(csv)).set_index([*columns, "horizonte"])
    now = datetime(2025, 1, 1, tzinfo=UTC)
    table = pq.read_table(io.BytesIO(forecasts_bytes(market, outlook, milk, model, now)))
    levels = json.loads(table.schema.metadata[b"levels"])
    ref, content = write_panel(PublishedPanel(market, outlook, "f" * 64, 7))
    served = read_panel(_Shelf({ref.key: content}), ref)
    figures = figures_of(served.panel, served.outlook)

    assert len(report) == market.live.sum() * 6
    for at, kept in enumerate(table.to_pylist()):
        horizon, row = divmod(at, len(market.keys))
        key = (*(kept[name] for name in columns), kept["horizon"])
        assert key == (*market.keys[row], horizon + 1)
        if kept["mean"] is None:
            assert key not in report.index
            assert not market.live[row]
            assert set(kept["quantiles"]) == {None}
            continue
        line = report.loc[key]
        kept_at = dict(zip(levels, kept["quantiles"], strict=True))
        expected = {
            "Precio_lag1": round(kept["last_price"], 2),
            "Precio_sugerido": round(kept_at[0.5], 2),
            "Precio_medio": round(kept["mean"], 4),
            "prob_cambio": round(kept["p_change"], 4),
            "bajo_80": round(kept_at[0.1], 2),
            "alto_80": round(kept_at[0.9], 2),
            "bajo_95": round(kept_at[0.025], 2),
            "alto_95": round(kept_at[0.975], 2),
        }
        assert line[list(expected)].to_dict() == expected
        assert kept["p_change"] == kept["p_up"] + kept["p_down"]
        assert line["fecha"] == kept["target"].isoformat()
        cell = (row, horizon)
        assert {
            "Precio_lag1": figures.last[row],
            "Precio_sugerido": figures.suggested[cell],
            "Precio_medio": figures.mean[cell],
            "prob_cambio": figures.p_change[cell],
            "bajo_80": figures.range_80[0][cell],
            "alto_80": figures.range_80[1][cell],
            "bajo_95": figures.range_95[0][cell],
            "alto_95": figures.range_95[1][cell],
        } == expected


class _Shelf(dict[str, bytes]):
    def read(self, key: str) -> bytes:
        return self[key]


def test_the_levels_on_record_are_those_of_the_forecasts(
    market: Panel, milk: Commodity, model: ModelName
) -> None:
    content = forecasts_bytes(
        market, drawn_outlook(market), milk, model, datetime(2025, 1, 1, tzinfo=UTC)
    )
    schema = pq.read_schema(io.BytesIO(content))
    assert tuple(json.loads(schema.metadata[b"levels"])) == LEVELS


def test_a_recent_mean_takes_what_quotes_there_are() -> None:
    gap = math.nan
    prices = np.array([[1.0, gap, 2.0] + [3.0] * 6, [gap] * 9, [gap] * 8 + [5.0]])
    first, none, single = recent_means(prices).tolist()
    assert first == pytest.approx(20 / 7)
    assert math.isnan(none)
    assert single == 5.0
