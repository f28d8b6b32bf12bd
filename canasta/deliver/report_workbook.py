"""The report as a formatted .xlsx: the table to filter, and two pages to read, in Spanish."""

from __future__ import annotations

from datetime import date

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import DataBarRule, FormulaRule
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from canasta import workbook_bytes
from canasta.commodity import Commodity
from canasta.deliver.highlights import SPANISH, ranges_in_words
from canasta.deliver.report import (
    DIRECTION,
    P_CHANGE,
    RANGE_80,
    RANGE_95,
    TARGET,
    ModelName,
    PriceColumns,
)
from canasta.deliver.report_movers import fill_movers
from canasta.deliver.report_style import (
    ARROWS,
    BAND_FILL,
    FINE_PRICE,
    ISO_DATE,
    PERCENT,
    PRICE,
    WARNING,
    Value,
    align,
    fit_width,
    mark_direction,
    set_widths,
    write_header,
    write_row,
)
from canasta.deliver.report_summary import fill_summary
from canasta.forecast.outlook import Outlook
from canasta.labels import SIMULATED

TABLE, MOVERS, SUMMARY = "Predicciones", "Movimientos", "Resumen"
IN_WORDS = "rango_80"
"""The one column that the CSV lacks: the 80 % range for people to read."""

PADDING = 3
"""Characters beside the longest text of a column: room for the filter's button."""
NARROWEST = 7
BAR = "F3C98B"


def report_workbook(
    report: pd.DataFrame, commodity: Commodity, outlook: Outlook, model: ModelName
) -> bytes:
    """Render a report; equal reports give equal bytes.

    The first sheet holds the rows of the CSV under the same header, `fecha` as real dates, and
    after them the 80 % range in words; the second one the biggest expected moves; the third one
    says what they rest on, and the means of each market.

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
    fill_movers(book.create_sheet(MOVERS), report, commodity, model)
    fill_summary(book.create_sheet(SUMMARY), report, commodity, outlook, model)
    if model.simulated:
        for sheet in book.worksheets:
            sheet.sheet_properties.tabColor = WARNING
            sheet.oddHeader.center.text = SIMULATED
    return workbook_bytes.save(book)


def _fill_table(sheet: Worksheet, report: pd.DataFrame, commodity: Commodity) -> None:
    shown = report.assign(**{IN_WORDS: ranges_in_words(report, commodity, RANGE_80, SPANISH)})
    formats = _formats(commodity)
    names = [str(name) for name in shown.columns]
    write_header(sheet, 1, shown)
    for row, values in enumerate(shown.itertuples(index=False), start=2):
        typed = (_typed(name, value) for name, value in zip(names, values, strict=True))
        for cell, name in zip(write_row(sheet, row, typed), names, strict=True):
            _format(cell, name, formats)
    set_widths(sheet, (_width(shown, name) for name in names))
    sheet.freeze_panes = f"{get_column_letter(len(commodity.keys.columns) + 1)}2"
    sheet.auto_filter.ref = sheet.dimensions
    _colour(sheet, names)
    sheet.print_title_rows = "1:1"
    fit_width(sheet)


def _colour(sheet: Worksheet, names: list[str]) -> None:
    """Band the rows, and draw the probabilities as bars; both stay right when rows are sorted."""
    last, bottom = get_column_letter(len(names)), max(2, sheet.max_row)
    bands = FormulaRule(["MOD(ROW(),2)=1"], fill=BAND_FILL)
    sheet.conditional_formatting.add(f"A2:{last}{bottom}", bands)
    column = get_column_letter(names.index(P_CHANGE) + 1)
    bars = DataBarRule("num", 0, "num", 1, BAR)
    sheet.conditional_formatting.add(f"{column}2:{column}{bottom}", bars)


def _format(cell: Cell, name: str, formats: dict[str, str]) -> None:
    cell.number_format = formats.get(name, cell.number_format)
    align(cell)
    if name == DIRECTION:
        cell.number_format = ARROWS[cell.value]
        mark_direction(cell, cell.value)


def _width(shown: pd.DataFrame, name: str) -> int:
    longest = max([len(name), *(len(str(value)) for value in shown[name])])
    return max(NARROWEST, longest + PADDING)


def _typed(name: str, value: Value) -> Value:
    return date.fromisoformat(str(value)) if name == TARGET else value


def _formats(commodity: Commodity) -> dict[str, str]:
    price = PriceColumns.of(commodity)
    plain = (price.last, price.recent, price.suggested, *RANGE_80, *RANGE_95)
    return {
        **dict.fromkeys(plain, PRICE),
        price.mean: FINE_PRICE,
        P_CHANGE: PERCENT,
        TARGET: ISO_DATE,
    }
