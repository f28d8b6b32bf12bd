import csv
import io
import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.commodity import Commodity
from canasta.deliver.highlights import market_means
from canasta.deliver.report import (
    ModelName,
    daily_report,
    report_columns,
    report_name,
    to_csv_bytes,
)
from canasta.forecast.distribution import Distribution
from canasta.forecast.outlook import Outlook, outlook_of
from canasta.forecast.panel import Panel
from canasta.registry.panels import FORECASTS
from tests.outlooks import drawn_outlook
from tests.unit.deliver.conftest import ORIGIN, PRICES, TARGETS

COLUMNS = [
    "Estado", "Ciudad", "Tipo", "Canal", "día", "mes", "año", "dia_semana",
    "Precio_lag1", "Precio_mean7", "Precio_sugerido",
    "fecha", "horizonte", "Precio_medio", "prob_cambio", "direccion",
    "bajo_80", "alto_80", "bajo_95", "alto_95", "modelo", "version",
]  # fmt: skip
EARLIER_COLUMNS = COLUMNS[:11]


@pytest.fixture
def report(panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName) -> pd.DataFrame:
    return daily_report(panel, outlook, milk, model)


def test_the_columns_begin_with_the_earlier_systems(report: pd.DataFrame, milk: Commodity) -> None:
    assert list(report.columns) == COLUMNS == list(report_columns(milk))
    assert list(report.columns)[:11] == EARLIER_COLUMNS


def test_every_row_as_worked_out_by_hand(report: pd.DataFrame) -> None:
    assert report.to_numpy().tolist() == [
        ["Colima", "Colima", "Pasteurizada", "Tiendas", 4, 8, 2025, 0,
         27.0, 26.1429, 27.0, "2025-08-04", 1, 27.025, 0.1, "estable",
         27.0, 27.0, 26.5, 27.75, "xgboost", 3],
        ["Jalisco", "Guadalajara", "Pasteurizada", "Tiendas", 4, 8, 2025, 0,
         24.5, 22.5857, 23.5, "2025-08-04", 1, 23.9456, 0.75, "baja",
         23.5, 24.8, 23.5, 24.8, "xgboost", 3],
        ["Ávila, el Alto", "=Áurea", "Ultrapasteurizada", "Autoservicios", 4, 8, 2025, 0,
         30.2, 30.1667, 30.2, "2025-08-04", 1, 30.2, 0.0, "estable",
         30.2, 30.2, 30.2, 30.2, "xgboost", 3],
    ]  # fmt: skip


def test_a_report_of_two_horizons_begins_with_the_daily_one(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName, report: pd.DataFrame
) -> None:
    both = daily_report(panel, outlook, milk, model, horizons=2)
    pd.testing.assert_frame_equal(both[:3], report)
    assert both["horizonte"].tolist() == [1, 1, 1, 2, 2, 2]
    second = both[3:]
    assert second["fecha"].unique().tolist() == ["2025-08-06"]
    assert second["dia_semana"].unique().tolist() == [2]
    assert second["Precio_lag1"].tolist() == report["Precio_lag1"].tolist()
    assert second[COLUMNS[10:11] + COLUMNS[13:20]].to_numpy().tolist() == [
        [27.26, 27.1036, 0.7, "sube", 26.5, 27.26, 26.5, 27.26],
        [23.5, 24.0608, 0.7, "baja", 23.5, 24.8, 23.5, 24.8],
        [30.2, 30.2012, 0.3, "estable", 30.2, 30.2, 30.2, 30.2],
    ]


@pytest.mark.parametrize("horizons", [0, 3])
def test_a_report_beyond_the_forecasts_is_refused(
    horizons: int, panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    with pytest.raises(ValueError, match="from 1 to 2, which is as far as the forecasts reach"):
        daily_report(panel, outlook, milk, model, horizons)


def test_the_mean_takes_seven_quotes_over_gaps_not_seven_publications(
    report: pd.DataFrame,
) -> None:
    for row in report.to_dict("records"):
        key = (row["Estado"], row["Ciudad"], row["Tipo"], row["Canal"])
        quotes = [price for price in PRICES[key] if not math.isnan(price)]
        assert row["Precio_mean7"] == round(math.fsum(quotes[-7:]) / len(quotes[-7:]), 4)
        assert row["Precio_lag1"] == quotes[-1]


def test_a_series_that_is_not_live_is_absent(report: pd.DataFrame) -> None:
    jalisco = report[report["Estado"] == "Jalisco"]
    assert jalisco["Tipo"].tolist() == ["Pasteurizada"]


def test_a_quoted_series_without_forecast_is_absent(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    mean = outlook.mean.copy()
    mean[0] = np.nan
    report = daily_report(panel, replace(outlook, mean=mean), milk, model)
    assert report["Estado"].tolist() == ["Jalisco", "Ávila, el Alto"]
    assert report["Precio_medio"].tolist() == [23.9456, 30.2]


def test_a_new_city_has_no_row_before_thirty_quotes_and_a_vanished_one_none_after_thirty_misses(
    milk: Commodity, model: ModelName
) -> None:
    days = tuple(date(2025, 1, 1) + timedelta(days=day) for day in range(140))
    quotes = {"Nueva": 29, "Reciente": 30, "Siempre": 140}
    prices = {city: [math.nan] * (140 - count) + [25.0] * count for city, count in quotes.items()}
    prices |= {"Tardía": [25.0] * 111 + [math.nan] * 29, "Ida": [25.0] * 110 + [math.nan] * 30}
    panel = Panel(
        columns=milk.keys.columns,
        product=milk.keys.slices,
        keys=tuple(("Jalisco", city, "Pasteurizada", "Tiendas") for city in sorted(prices)),
        dates=days,
        prices=np.array([prices[city] for city in sorted(prices)]),
        calendar=milk.publication_calendar,
    )
    report = daily_report(panel, drawn_outlook(panel), milk, model)
    assert report["Ciudad"].tolist() == ["Reciente", "Siempre", "Tardía"]


def test_rows_come_by_key_whatever_the_panels_order(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName, report: pd.DataFrame
) -> None:
    turned = replace(panel, keys=panel.keys[::-1], prices=panel.prices[::-1])
    forecasts = replace(outlook, **{name: getattr(outlook, name)[::-1] for name in FORECASTS})
    pd.testing.assert_frame_equal(daily_report(turned, forecasts, milk, model), report)


def test_without_any_live_series_only_the_header_stands(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    nothing = replace(outlook, mean=np.full_like(outlook.mean, np.nan))
    report = daily_report(panel, nothing, milk, model)
    assert to_csv_bytes(report).decode() == ",".join(COLUMNS) + "\n"


def test_simulated_prices_are_called_so_in_every_row(
    panel: Panel, outlook: Outlook, milk: Commodity
) -> None:
    report = daily_report(panel, outlook, milk, ModelName("xgboost", 3, simulated=True))
    assert set(report["modelo"]) == {"xgboost (DATOS SIMULADOS)"}


def test_another_commodity_names_its_own_columns(corn: Commodity, model: ModelName) -> None:
    panel = Panel(
        columns=corn.keys.columns,
        product=corn.keys.slices,
        keys=(("Blanco", "Abasto"),),
        dates=(ORIGIN,),
        prices=np.array([[9.75]]),
        calendar=corn.publication_calendar,
    )
    change = Distribution(np.array([[0.0, 0.5]]), np.array([[0.9, 0.1]]))
    outlook = outlook_of(ORIGIN, TARGETS[:1], (), panel.prices[:, -1], [change])
    report = daily_report(panel, outlook, corn, model)
    assert list(report.columns)[:2] == ["Grano", "Central"]
    assert report[["Costo_lag1", "Costo_mean7", "Costo_sugerido", "Costo_medio"]].iloc[
        0
    ].tolist() == [9.75, 9.75, 9.75, 9.8]
    assert market_means(report, corn).to_dict("records") == [
        {
            "Grano": "Blanco", "fecha": "2025-08-04", "series": 1, "still": 1, "change": 0.05,
            "Costo_lag1": 9.75, "Costo_sugerido": 9.75, "Costo_medio": 9.8,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("fault", ["origin", "shape"])
def test_forecasts_of_another_panel_are_refused(
    fault: str, panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    wrong = (
        replace(outlook, origin=date(2025, 7, 30))
        if fault == "origin"
        else replace(outlook, mean=outlook.mean[:2])
    )
    with pytest.raises(ValueError, match=r"forecasts (stand on 2025-07-30|must have shape)"):
        daily_report(panel, wrong, milk, model)


def test_the_csv_to_the_byte(report: pd.DataFrame) -> None:
    content = to_csv_bytes(report)
    assert content.split(b"\n")[0] == ",".join(COLUMNS).encode()
    assert (
        content.split(b"\n")[3]
        == (
            '"Ávila, el Alto",=Áurea,Ultrapasteurizada,Autoservicios,4,8,2025,0,'
            "30.20,30.1667,30.20,2025-08-04,1,30.20,0.00,estable,30.20,30.20,30.20,30.20,xgboost,3"
        ).encode()
    )
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"xgboost,3\n")


def test_pandas_reads_back_the_same_frame_with_its_defaults(report: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        pd.read_csv(io.BytesIO(to_csv_bytes(report))), report, check_exact=True
    )


def test_any_csv_reader_can_read_it(report: pd.DataFrame) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv_bytes(report).decode("utf-8"))))
    assert [float(row["Precio_medio"]) for row in rows] == report["Precio_medio"].tolist()
    assert [row["Ciudad"] for row in rows] == report["Ciudad"].tolist()


@given(st.lists(st.floats(0.01, 100_000).map(lambda price: round(price, 4)), min_size=1))
def test_prices_survive_the_csv_without_noise(prices: list[float]) -> None:
    content = to_csv_bytes(pd.DataFrame({"price": prices}))
    assert pd.read_csv(io.BytesIO(content))["price"].tolist() == prices
    for written in content.decode().splitlines()[1:]:
        assert 2 <= len(written.partition(".")[2]) <= 4


def test_equal_reports_have_equal_bytes(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName, report: pd.DataFrame
) -> None:
    assert to_csv_bytes(daily_report(panel, outlook, milk, model)) == to_csv_bytes(report)


def test_the_file_is_named_by_its_target() -> None:
    assert report_name(date(2025, 8, 4)) == "predicciones_2025-08-04.csv"
    assert report_name(date(2025, 8, 4), horizons=6) == "predicciones_2025-08-04_h6.csv"
    assert report_name(date(2025, 8, 4), ".xlsx") == "predicciones_2025-08-04.xlsx"
