import io
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook

from canasta.commodity import Commodity
from canasta.deliver.report import ModelName, daily_report, to_csv_bytes
from canasta.deliver.report_workbook import report_workbook
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel

SIMULATED = ModelName("xgboost", 3, simulated=True)


def rendered(panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName) -> bytes:
    return report_workbook(daily_report(panel, outlook, milk, model), milk, outlook, model)


def opened(panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName) -> Any:
    return load_workbook(io.BytesIO(rendered(panel, outlook, milk, model)))


def facts(book: Any) -> dict[str, Any]:
    rows = book["Resumen"].iter_rows(max_col=2, values_only=True)
    return {name: value for name, value in rows if name is not None}


def texts(book: Any) -> list[str]:
    cells = [value for row in book["Resumen"].iter_rows(values_only=True) for value in row]
    return [cell for cell in cells if isinstance(cell, str)]


@pytest.mark.parametrize("simulated", [False, True])
def test_the_table_holds_what_the_csv_holds(
    simulated: bool, panel: Panel, outlook: Outlook, milk: Commodity
) -> None:
    model = ModelName("xgboost", 3, simulated=simulated)
    content = to_csv_bytes(daily_report(panel, outlook, milk, model))
    header, *rows = opened(panel, outlook, milk, model)["Predicciones"].iter_rows(values_only=True)
    table = pd.DataFrame(rows, columns=list(header))
    table["fecha"] = [day.date().isoformat() for day in table["fecha"]]
    in_csv = pd.read_csv(io.BytesIO(content))
    # Excel knows no integers beside floats: 27.0 comes back as 27.
    pd.testing.assert_frame_equal(table.astype(in_csv.dtypes), in_csv, check_exact=True)


def test_the_table_can_be_filtered_and_its_header_stays(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    sheet = opened(panel, outlook, milk, model)["Predicciones"]
    assert sheet.auto_filter.ref == "A1:P4"
    assert sheet.freeze_panes == "E2"
    assert sheet.column_dimensions["C"].width > len("Ultrapasteurizada")
    formats = {
        cell.value: below.number_format for cell, below in zip(sheet[1], sheet[2], strict=True)
    }
    assert formats["Precio_sugerido"] == formats["Precio_lag1"] == "#,##0.00"
    assert formats["Precio_medio"] == "#,##0.0000"
    assert formats["fecha"] == "yyyy-mm-dd"
    assert formats["día"] == "General"


def test_a_label_like_a_formula_stays_text(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    cell = opened(panel, outlook, milk, model)["Predicciones"]["B4"]
    assert (cell.value, cell.data_type) == ("=Áurea", "s")


def test_the_summary_says_what_the_report_rests_on(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    told = facts(opened(panel, outlook, milk, model))
    assert told["Última publicación"].date() == date(2025, 8, 1)
    assert told["Fecha de la predicción"].date() == date(2025, 8, 4)
    assert (told["Modelo"], told["Versión"], told["Series"]) == ("xgboost", 3, 3)
    assert told["Unidad"] == "MXN por litro"
    assert told["Campeón"].startswith("El modelo xgboost")


def test_the_summary_says_when_persistence_is_champion(
    panel: Panel, outlook: Outlook, milk: Commodity
) -> None:
    told = facts(opened(panel, outlook, milk, ModelName("persistence", 1, simulated=False)))
    assert told["Campeón"] == "Persistencia: ningún modelo ha mostrado superar al último precio"


def test_the_summary_warns_of_publications_that_did_not_come(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    assert "Aviso" not in facts(opened(panel, outlook, milk, model))
    missed = (date(2025, 8, 4), date(2025, 8, 6))
    late = replace(outlook, targets=(date(2025, 8, 8), date(2025, 8, 11)), skipped=missed)
    told = facts(opened(panel, late, milk, model))
    assert told["Aviso"] == "2 publicaciones esperadas no llegaron, la última del 2025-08-06"


def test_the_summary_holds_the_national_means(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    rows = list(opened(panel, outlook, milk, model)["Resumen"].iter_rows(values_only=True))
    top = next(at for at, row in enumerate(rows) if row[0] == "Tipo")
    assert rows[top + 1 : top + 3] == [
        ("Pasteurizada", "Tiendas", 2, 25.75, 25.75, 25.7706, 0.0206),
        ("Ultrapasteurizada", "Autoservicios", 1, 30.2, 30.2, 30.2, 0),
    ]


def test_simulated_prices_are_called_so_where_nobody_can_miss_it(
    panel: Panel, outlook: Outlook, milk: Commodity
) -> None:
    book = opened(panel, outlook, milk, SIMULATED)
    band = book["Resumen"]["A2"]
    assert band.value.startswith("DATOS SIMULADOS")
    assert band.fill.fgColor.rgb == "00C62828"
    assert band.font.bold
    for sheet in book.worksheets:
        assert sheet.oddHeader.center.text == "DATOS SIMULADOS"


def test_published_prices_are_not_called_simulated(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    book = opened(panel, outlook, milk, model)
    assert not [text for text in texts(book) if "SIMULADOS" in text]
    assert not [sheet for sheet in book.worksheets if sheet.oddHeader.center.text]


def test_equal_reports_have_equal_bytes(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    content = rendered(panel, outlook, milk, model)
    assert rendered(panel, outlook, milk, model) == content
    assert load_workbook(io.BytesIO(content)).properties.created == datetime(2024, 1, 1)  # noqa: DTZ001  (openpyxl reads naive times)
