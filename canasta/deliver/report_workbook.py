"""The report as a formatted .xlsx: the table to filter, and a page that sums it up, in Spanish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from canasta import workbook_bytes
from canasta.commodity import Commodity
from canasta.deliver.report import BACKFILLED, TARGET, ModelName, PriceColumns, market_means
from canasta.forecast.outlook import Outlook
from canasta.labels import SIMULATED

TABLE, SUMMARY = "Predicciones", "Resumen"
type Value = str | int | float | date | None

ISO_DATE = "yyyy-mm-dd"
LONG_DATE = '[$-80A]dddd d" de "mmmm" de "yyyy'
"""80A is Spanish of Mexico: day and month in Spanish whatever the reader's language."""
PRICE = "#,##0.00"
FINE_PRICE = "#,##0.0000"
CHANGE = "+#,##0.0000;-#,##0.0000;0.0000"

LATE = f"Reporte elaborado después de su fecha ({BACKFILLED}), con lo que se sabía entonces"

INK, BAND, WARNING = "1F3A4D", "E8EEF2", "C62828"
HEADER_FONT = Font(bold=True, color="FFFFFF")
HEADER_FILL = PatternFill("solid", fgColor=INK)
RULE = Border(bottom=Side("thin", color="B0BEC5"))
PADDING = 4
"""Characters beside the longest text of a column: room for the filter's button."""
NARROWEST = 9
SUMMARY_WIDTHS = (26, 36, 10, 16, 16, 16, 16)
"""Of its columns; the second one holds the longest date that the format can write."""


def report_workbook(
    report: pd.DataFrame, commodity: Commodity, outlook: Outlook, model: ModelName
) -> bytes:
    """Render a daily report; equal reports give equal bytes.

    The first sheet holds the rows of the CSV under the same header, `fecha` as real dates; the
    second one says what they rest on, and the means of each market.

    Args:
        report: from `daily_report`.
        commodity: what is priced.
        outlook: what the report was made from.
        model: what forecast.
    """
    book = Workbook()
    table = book.active
    table.title = TABLE
    _fill_table(table, report, commodity)
    _fill_summary(book.create_sheet(SUMMARY), report, commodity, outlook, model)
    if model.simulated:
        for sheet in book.worksheets:
            sheet.sheet_properties.tabColor = WARNING
            sheet.oddHeader.center.text = SIMULATED
    return workbook_bytes.save(book)


def _fill_table(sheet: Worksheet, report: pd.DataFrame, commodity: Commodity) -> None:
    formats = _formats(commodity)
    names = [str(name) for name in report.columns]
    _write_row(sheet, 1, names, header=True)
    for row, values in enumerate(report.itertuples(index=False), start=2):
        typed = (_typed(name, value) for name, value in zip(names, values, strict=True))
        for cell, name in zip(_write_row(sheet, row, typed), names, strict=True):
            cell.number_format = formats.get(name, cell.number_format)
            if isinstance(cell.value, str):
                cell.alignment = Alignment(indent=1)  # off the number in the column before
    for column, name in enumerate(names, start=1):
        longest = max([len(name), *(len(str(value)) for value in report[name])])
        width = max(NARROWEST, longest + PADDING)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = f"{get_column_letter(len(commodity.keys.columns) + 1)}2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"
    _fit_width(sheet)


def _fit_width(sheet: Worksheet) -> None:
    """Print across one landscape page, on as many pages as it takes downwards."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _fill_summary(
    sheet: Worksheet, report: pd.DataFrame, commodity: Commodity, outlook: Outlook, model: ModelName
) -> None:
    sheet.sheet_view.showGridLines = False
    for column, width in enumerate(SUMMARY_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    row = 1
    [title] = _write_row(sheet, row, [f"{commodity.title}: precios sugeridos"])
    title.font = Font(bold=True, size=16, color=INK)
    if model.simulated:
        row += 1
        _write_warning(sheet, row)
    for name, value in _facts(report, commodity, outlook, model):
        row += 1
        label, cell = _write_row(sheet, row, [name, value])
        label.font = Font(bold=True)
        cell.alignment = Alignment(horizontal="left")
        if isinstance(value, date):
            cell.number_format = LONG_DATE
    _write_markets(sheet, row + 2, report, commodity)
    _fit_width(sheet)


def _write_warning(sheet: Worksheet, row: int) -> None:
    text = f"{SIMULATED}: estos precios no fueron publicados por ninguna fuente oficial"
    filler = [None] * (len(SUMMARY_WIDTHS) - 1)  # empty, so that the text runs on over them
    for cell in _write_row(sheet, row, [text, *filler]):
        cell.fill = PatternFill("solid", fgColor=WARNING)
        cell.font = Font(bold=True, size=14, color="FFFFFF")
    sheet.row_dimensions[row].height = 24


def _facts(
    report: pd.DataFrame, commodity: Commodity, outlook: Outlook, model: ModelName
) -> list[tuple[str, Value]]:
    facts: list[tuple[str, Value]] = [
        ("Última publicación", outlook.origin),
        ("Fecha de la predicción", outlook.targets[0]),
        ("Unidad", commodity.unit),
        ("Series", len(report)),
        ("Modelo", model.label),
        ("Versión", model.version),
        ("Campeón", _champion(model)),
    ]
    if model.backfilled:
        facts.append(("Nota", LATE))
    missed = outlook.skipped
    if missed:
        notice = f"{len(missed)} publicaciones esperadas no llegaron, la última del {missed[-1]}"
        facts.append(("Aviso", notice))
    return facts


def _champion(model: ModelName) -> str:
    if model.is_persistence:
        return "Persistencia: ningún modelo ha mostrado superar al último precio"
    return f"El modelo {model.algorithm}; la persistencia (el último precio) es la referencia"


def _write_markets(sheet: Worksheet, top: int, report: pd.DataFrame, commodity: Commodity) -> None:
    price = PriceColumns.of(commodity)
    slices = commodity.keys.slices
    means = market_means(report, commodity)
    [title] = _write_row(sheet, top, [f"Promedio nacional por {' × '.join(slices)}"])
    title.font = Font(bold=True, size=13, color=INK)
    heads = [*slices, "Series", "Precio actual", "Precio sugerido", "Media esperada", "Cambio"]
    _write_row(sheet, top + 1, heads, header=True)
    formats = ["General"] * (len(slices) + 1) + [PRICE, PRICE, FINE_PRICE, CHANGE]
    row = top + 1
    for row, values in enumerate(means.itertuples(index=False), start=top + 2):
        for cell, shown in zip(_write_row(sheet, row, values), formats, strict=True):
            cell.number_format = shown
            cell.border = RULE
    for line, note in enumerate(_notes(price), start=row + 2):
        [cell] = _write_row(sheet, line, [note])
        cell.font = Font(italic=True, color="607D8B")


def _notes(price: PriceColumns) -> tuple[str, ...]:
    return (
        "Promedios simples de las series; Cambio = Media esperada - Precio actual.",
        f"{price.last}: último precio publicado. {price.recent}: promedio de los últimos siete.",
        f"{price.suggested}: mediana de la predicción. {price.mean}: su media, que incluye los "
        "cambios poco probables.",
    )


def _write_row(
    sheet: Worksheet, row: int, values: Iterable[Value], *, header: bool = False
) -> Sequence[Cell]:
    cells = [sheet.cell(row, column, value) for column, value in enumerate(values, start=1)]
    for cell in cells:
        if isinstance(cell.value, str):
            cell.data_type = "s"  # a label that begins with = is no formula
        if header:
            cell.font, cell.fill = HEADER_FONT, HEADER_FILL
            cell.alignment = Alignment(vertical="center")
    return cells


def _typed(name: str, value: Value) -> Value:
    return date.fromisoformat(str(value)) if name == TARGET else value


def _formats(commodity: Commodity) -> dict[str, str]:
    price = PriceColumns.of(commodity)
    plain = dict.fromkeys((price.last, price.recent, price.suggested), PRICE)
    return {**plain, price.mean: FINE_PRICE, TARGET: ISO_DATE}
