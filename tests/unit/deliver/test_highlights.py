import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.deliver.highlights import (
    ENGLISH,
    SPANISH,
    biggest_moves,
    is_still,
    market_means,
    ranges_in_words,
)
from canasta.deliver.report import RANGE_80, RANGE_95, ModelName, daily_report
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from tests.outlooks import drawn_outlook
from tests.panels import simulated_panel


@pytest.fixture
def report(panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName) -> pd.DataFrame:
    return daily_report(panel, outlook, milk, model, horizons=2)


def test_market_means_are_plain_means_over_the_places(
    report: pd.DataFrame, milk: Commodity
) -> None:
    assert market_means(report, milk).to_numpy().tolist() == [
        ["Pasteurizada", "Tiendas", "2025-08-04", 2, 1, 25.75, 25.25, 25.4853, -0.2647],
        ["Pasteurizada", "Tiendas", "2025-08-06", 2, 0, 25.75, 25.38, 25.5822, -0.1678],
        ["Ultrapasteurizada", "Autoservicios", "2025-08-04", 1, 1, 30.2, 30.2, 30.2, 0.0],
        ["Ultrapasteurizada", "Autoservicios", "2025-08-06", 1, 1, 30.2, 30.2, 30.2012, 0.0012],
    ]


def test_the_biggest_moves_come_first_and_none_is_left_out_by_its_sign(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    moved = biggest_moves(daily_report(panel, outlook, milk, model), milk, count=5)
    assert moved["Estado"].tolist() == ["Jalisco", "Colima"]
    assert moved["move"].tolist() == [-0.5544, 0.025]


def test_of_many_horizons_the_farthest_tells_the_moves(
    report: pd.DataFrame, milk: Commodity
) -> None:
    moved = biggest_moves(report, milk, count=5)
    assert moved["horizonte"].tolist() == [2, 2]
    assert moved["move"].tolist() == [-0.4392, 0.1036]
    assert len(biggest_moves(report, milk, count=1)) == 1


def test_moves_are_the_biggest_of_all(milk: Commodity, model: ModelName) -> None:
    panel = simulated_panel(milk, 60)
    report = daily_report(panel, drawn_outlook(panel, seed=4), milk, model)
    move = (report["Precio_medio"] - report["Precio_lag1"]).abs()
    expected = sorted(move[move >= 0.005], reverse=True)[:7]
    found = biggest_moves(report, milk, count=7)["move"].abs()
    assert found.tolist() == pytest.approx(expected, abs=1e-9)


def test_a_range_reads_in_words(report: pd.DataFrame, milk: Commodity) -> None:
    assert ranges_in_words(report, milk, RANGE_80, SPANISH) == [
        "sin cambio esperado (90 %)", "23.50 a 24.80", "sin cambio esperado (100 %)",
        "26.50 a 27.26", "23.50 a 24.80", "sin cambio esperado (70 %)",
    ]  # fmt: skip
    assert ranges_in_words(report, milk, RANGE_95, ENGLISH)[:3] == [
        "26.50 to 27.75", "23.50 to 24.80", "no change expected (100 %)",
    ]  # fmt: skip


def test_what_may_change_is_never_called_certain(report: pd.DataFrame, milk: Commodity) -> None:
    rare = report.assign(prob_cambio=0.004)
    assert ranges_in_words(rare, milk, RANGE_80, SPANISH)[0] == "sin cambio esperado (>99 %)"


def test_a_range_of_no_width_elsewhere_is_a_change(report: pd.DataFrame, milk: Commodity) -> None:
    moved = report.assign(bajo_80=31.0, alto_80=31.0)
    assert not is_still(moved, milk, RANGE_80).any()
    assert set(ranges_in_words(moved, milk, RANGE_80, SPANISH)) == {"31.00 a 31.00"}
