"""How the report's workbook looks: colours, number formats, and rows written in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import pandas as pd
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from canasta.deliver.report import DOWN, SAME, UP
from canasta.labels import SIMULATED

type Value = str | int | float | date | None

ISO_DATE = "yyyy-mm-dd"
LONG_DATE = '[$-80A]dddd d" de "mmmm" de "yyyy'
"""80A is Spanish of Mexico: day and month in Spanish whatever the reader's language."""
PRICE = "#,##0.00"
FINE_PRICE = "#,##0.0000"
PERCENT = "0.0 %"
CHANGE = '"▲ "+#,##0.0000;"▼ "-#,##0.0000;"= "0.0000'
ARROWS = {UP: '"▲ "@', DOWN: '"▼ "@', SAME: '"= "@'}
"""By direction: an arrow that is shown and is no part of the cell's text."""

INK, GREY, BAND, WARNING = "1F3A4D", "607D8B", "E8EEF2", "C62828"
COLOURS = {UP: "B45309", DOWN: "1D4ED8", SAME: GREY}
"""By direction: orange and blue, which colour-blind readers tell apart."""
FAMILY = "Calibri"
"""Of every font: one that is left without a name is drawn in a serif."""
TITLE_FONT = Font(name=FAMILY, bold=True, size=16, color=INK)
SUBTITLE_FONT = Font(name=FAMILY, bold=True, size=13, color=INK)
LABEL_FONT = Font(name=FAMILY, bold=True)
NOTE_FONT = Font(name=FAMILY, italic=True, color=GREY)
WARNING_FONT = Font(name=FAMILY, bold=True, size=14, color="FFFFFF")
HEADER_FONT = Font(name=FAMILY, bold=True, color="FFFFFF")
MARGINS = PageMargins(left=0.4, right=0.4, top=0.7, bottom=0.4, header=0.3, footer=0.2)
"""Of a printed page, in inches; what a header says stands above the table."""
HEADER_FILL = PatternFill("solid", fgColor=INK)
BAND_FILL = PatternFill("solid", fgColor=BAND, bgColor=BAND)
"""Cells take the first colour, Excel's conditional formats the second."""
WARNING_FILL = PatternFill("solid", fgColor=WARNING)
RULE = Border(bottom=Side("thin", color="B0BEC5"))


def write_row(sheet: Worksheet, row: int, values: Iterable[Value]) -> Sequence[Cell]:
    """Write `values` from the first column on; a label that begins with = is no formula."""
    cells = [sheet.cell(row, column, value) for column, value in enumerate(values, start=1)]
    for cell in cells:
        if isinstance(cell.value, str):
            cell.data_type = "s"
    return cells


def write_header(sheet: Worksheet, row: int, rows: pd.DataFrame) -> None:
    """Write the names of the columns of `rows`, each aligned as what stands below it."""
    for cell in write_row(sheet, row, [str(name) for name in rows.columns]):
        figures = pd.api.types.is_numeric_dtype(rows[cell.value])
        cell.font, cell.fill = HEADER_FONT, HEADER_FILL
        side = {"horizontal": "right"} if figures else {"horizontal": "left", "indent": 1}
        cell.alignment = Alignment(vertical="center", wrap_text=True, **side)


def align(cell: Cell) -> None:
    """Put text off the number in the column before."""
    if isinstance(cell.value, str | date):
        cell.alignment = Alignment(horizontal="left", indent=1)


def write_note(sheet: Worksheet, row: int, text: str) -> None:
    """Write a sentence that runs on over the columns beside it."""
    [cell] = write_row(sheet, row, [text])
    cell.font = NOTE_FONT


def write_warning(sheet: Worksheet, row: int, columns: int) -> None:
    """Say across so many columns that the prices are simulated."""
    text = f"{SIMULATED}: estos precios no fueron publicados por ninguna fuente oficial"
    filler = [None] * (columns - 1)  # empty, so that the text runs on over them
    for cell in write_row(sheet, row, [text, *filler]):
        cell.fill, cell.font = WARNING_FILL, WARNING_FONT
    sheet.row_dimensions[row].height = 24


def write_table(
    sheet: Worksheet, top: int, rows: pd.DataFrame, formats: Mapping[str, str], change: str
) -> int:
    """Write a table to read, its header in row `top`; return the row of its last line.

    Args:
        sheet: where to.
        top: row of the header.
        rows: the lines, under the header to show.
        formats: number formats by column; columns of ISO_DATE hold dates in ISO form.
        change: the column whose sign is shown by arrow and colour.
    """
    write_header(sheet, top, rows)
    line, directed = top, list(rows.columns).index(change)
    for line, values in enumerate(rows.to_dict("records"), start=top + 1):
        typed = [_typed(value, formats.get(str(name))) for name, value in values.items()]
        cells = write_row(sheet, line, typed)
        for cell, name in zip(cells, values, strict=True):
            align(cell)
            cell.border = RULE
            cell.number_format = formats.get(str(name), cell.number_format)
            if (line - top) % 2 == 0:
                cell.fill = BAND_FILL
        mark_direction(cells[directed], _sign(values[change]))
    return line


def mark_direction(cell: Cell, direction: str) -> None:
    """Colour a cell by `direction`: sube, estable or baja."""
    cell.font = Font(name=FAMILY, color=COLOURS[direction], bold=direction != SAME)


def set_widths(sheet: Worksheet, widths: Iterable[float]) -> None:
    """Set the widths of the first columns, in characters."""
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def fit_width(sheet: Worksheet) -> None:
    """Print across one landscape page, on as many pages as it takes downwards."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = MARGINS
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _typed(value: Value, number_format: str | None) -> Value:
    return date.fromisoformat(str(value)) if number_format == ISO_DATE else value


def _sign(change: float) -> str:
    return SAME if change == 0 else UP if change > 0 else DOWN
