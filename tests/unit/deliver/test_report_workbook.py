import io
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from canasta.commodity import Commodity
from canasta.deliver.report import ModelName, daily_report, to_csv_bytes
from canasta.deliver.report_workbook import report_workbook
from canasta.forecast.distribution import Distribution
from canasta.forecast.outlook import Outlook, outlook_of
from canasta.forecast.panel import Panel

SIMULATED = ModelName("xgboost", 3, simulated=True)


def rendered(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName, horizons: int = 1
) -> bytes:
    report = daily_report(panel, outlook, milk, model, horizons)
    return report_workbook(report, milk, outlook, model)


def opened(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName, horizons: int = 1
) -> Any:
    return load_workbook(io.BytesIO(rendered(panel, outlook, milk, model, horizons)))


def facts(book: Any) -> dict[str, Any]:
    rows = book["Resumen"].iter_rows(max_col=2, values_only=True)
    return {name: value for name, value in rows if name is not None}


def texts(book: Any) -> list[str]:
    cells = [value for row in book["Resumen"].iter_rows(values_only=True) for value in row]
    return [cell for cell in cells if isinstance(cell, str)]


@pytest.mark.parametrize("simulated", [False, True])
@pytest.mark.parametrize("horizons", [1, 2])
def test_the_table_holds_what_the_csv_holds_and_a_range_in_words(
    simulated: bool, horizons: int, panel: Panel, outlook: Outlook, milk: Commodity
) -> None:
    model = ModelName("xgboost", 3, simulated=simulated)
    content = to_csv_bytes(daily_report(panel, outlook, milk, model, horizons))
    sheet = opened(panel, outlook, milk, model, horizons)["Predicciones"]
    header, *rows = sheet.iter_rows(values_only=True)
    table = pd.DataFrame(rows, columns=list(header))
    table["fecha"] = [day.date().isoformat() for day in table["fecha"]]
    in_words = table.pop("rango_80").tolist()
    in_csv = pd.read_csv(io.BytesIO(content))
    # Excel knows no integers beside floats: 27.0 comes back as 27.
    pd.testing.assert_frame_equal(table.astype(in_csv.dtypes), in_csv, check_exact=True)
    assert in_words[:3] == [
        "sin cambio esperado (90 %)", "23.50 a 24.80", "sin cambio esperado (100 %)",
    ]  # fmt: skip


def test_the_table_can_be_filtered_and_its_header_stays(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    sheet = opened(panel, outlook, milk, model)["Predicciones"]
    assert sheet.auto_filter.ref == "A1:W4"
    assert sheet.freeze_panes == "E2"
    assert sheet.column_dimensions["C"].width > len("Ultrapasteurizada")
    formats = {
        cell.value: below.number_format for cell, below in zip(sheet[1], sheet[2], strict=True)
    }
    prices = ("Precio_lag1", "Precio_sugerido", "bajo_80", "alto_80", "bajo_95", "alto_95")
    assert {formats[name] for name in prices} == {"#,##0.00"}
    assert formats["Precio_medio"] == "#,##0.0000"
    assert formats["prob_cambio"] == "0.0 %"
    assert formats["fecha"] == "yyyy-mm-dd"
    assert formats["día"] == "General"


def test_a_direction_has_an_arrow_and_a_colour_and_keeps_its_word(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    sheet = opened(panel, outlook, milk, model, horizons=2)["Predicciones"]
    at = [cell.value for cell in sheet[1]].index("direccion")
    shown = {
        row[at].value: (row[at].number_format, row[at].font.color.rgb)
        for row in sheet.iter_rows(min_row=2)
    }
    assert shown == {
        "sube": ('"▲ "@', "00B45309"),
        "baja": ('"▼ "@', "001D4ED8"),
        "estable": ('"= "@', "00607D8B"),
    }


def test_bands_and_bars_span_the_rows(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    sheet = opened(panel, outlook, milk, model)["Predicciones"]
    rules = {str(ranges.sqref): ranges.rules[0] for ranges in sheet.conditional_formatting}
    assert {span: rule.type for span, rule in rules.items()} == {
        "A2:W4": "expression",
        "O2:O4": "dataBar",
    }
    assert rules["A2:W4"].dxf.fill.bgColor.rgb == "00E8EEF2"


def test_every_font_has_a_name(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    for sheet in opened(panel, outlook, milk, model):
        cells = (cell for row in sheet.iter_rows() for cell in row)
        assert {cell.font.name for cell in cells} == {"Calibri"}


def test_the_movers_stand_with_probability_and_ranges(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    sheet = opened(panel, outlook, milk, model)["Movimientos"]
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    assert rows[0] == (
        "Estado", "Ciudad", "Tipo", "Canal", "Precio actual", "Precio sugerido",
        "Media esperada", "Movimiento esperado", "Probabilidad de cambio",
        "Rango del 80 %", "Rango del 95 %",
    )  # fmt: skip
    assert [row[1:2] + row[4:] for row in rows[1:]] == [
        ("Guadalajara", 24.5, 23.5, 23.9456, -0.5544, 0.75, "23.50 a 24.80", "23.50 a 24.80"),
        ("Colima", 27, 27, 27.025, 0.025, 0.1, "sin cambio esperado (90 %)", "26.50 a 27.75"),
    ]
    assert sheet.freeze_panes == "A5"
    assert sheet["H5"].font.color.rgb == "001D4ED8"
    assert sheet["H6"].font.color.rgb == "00B45309"
    assert "2025-08-04" in sheet["A2"].value


def test_of_many_horizons_the_last_date_tells_the_movers(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    book = opened(panel, outlook, milk, model, horizons=2)
    assert "2025-08-06" in book["Movimientos"]["A2"].value
    assert [book["Movimientos"][f"H{row}"].value for row in (5, 6)] == [-0.4392, 0.1036]
    told = facts(book)
    assert told["Última fecha"].date() == date(2025, 8, 6)
    assert told["Series"] == 3
    assert "Última fecha" not in facts(opened(panel, outlook, milk, model))


def test_when_nothing_moves_the_movers_say_so(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    nothing = Distribution.certain(np.zeros(len(panel.keys)))
    still = outlook_of(outlook.origin, outlook.targets[:1], (), panel.filled[:, -1], [nothing])
    sheet = opened(panel, still, milk, model)["Movimientos"]
    assert sheet["A5"].value.startswith("Ninguno")


def test_a_report_without_rows_is_a_workbook(
    panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> None:
    empty = replace(outlook, mean=np.full_like(outlook.mean, np.nan))
    book = opened(panel, empty, milk, model)
    assert [sheet.title for sheet in book] == ["Predicciones", "Movimientos", "Resumen"]
    assert facts(book)["Series"] == 0


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
    book = opened(panel, outlook, milk, model)
    assert facts(book)["Sin cambio esperado"].startswith("2 de ellas")
    rows = list(book["Resumen"].iter_rows(values_only=True))
    top = next(at for at, row in enumerate(rows) if row[0] == "Tipo")
    day = datetime(2025, 8, 4)  # noqa: DTZ001  (openpyxl reads naive times)
    assert rows[top + 1 : top + 3] == [
        ("Pasteurizada", "Tiendas", day, 2, 1, 25.75, 25.25, 25.4853, -0.2647),
        ("Ultrapasteurizada", "Autoservicios", day, 1, 1, 30.2, 30.2, 30.2, 0),
    ]


def test_simulated_prices_are_called_so_where_nobody_can_miss_it(
    panel: Panel, outlook: Outlook, milk: Commodity
) -> None:
    book = opened(panel, outlook, milk, SIMULATED)
    band = book["Resumen"]["A2"]
    assert band.value.startswith("DATOS SIMULADOS")
    assert band.fill.fgColor.rgb == "00C62828"
    assert band.font.bold
    assert book["Movimientos"]["A3"].value.startswith("DATOS SIMULADOS")
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
