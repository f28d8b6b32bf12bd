"""The workbook's page of the biggest expected moves, in Spanish."""

from __future__ import annotations

import pandas as pd
from openpyxl.worksheet.worksheet import Worksheet

from canasta.commodity import Commodity
from canasta.deliver.highlights import MOVE, SPANISH, biggest_moves, ranges_in_words
from canasta.deliver.report import P_CHANGE, RANGE_80, RANGE_95, TARGET, ModelName, PriceColumns
from canasta.deliver.report_style import (
    CHANGE,
    FINE_PRICE,
    PERCENT,
    PRICE,
    TITLE_FONT,
    fit_width,
    set_widths,
    write_note,
    write_row,
    write_table,
    write_warning,
)

MOST = 20
"""Moves that are listed."""
FIRST_ROW = 4
LABEL_WIDTH, FIGURE_WIDTH, WORDS_WIDTH = 22, 15, 28

EXPECTED, P_SHOWN = "Movimiento esperado", "Probabilidad de cambio"
SHOWN_80, SHOWN_95 = "Rango del 80 %", "Rango del 95 %"


def fill_movers(
    sheet: Worksheet, report: pd.DataFrame, commodity: Commodity, model: ModelName
) -> None:
    """List the biggest expected moves on the last date, with their probabilities and ranges."""
    [title] = write_row(sheet, 1, ["Mayores movimientos esperados"])
    title.font = TITLE_FONT
    write_note(sheet, 2, _note(report))
    moves, formats = _moves(report, commodity), _formats(commodity)
    if model.simulated:
        write_warning(sheet, FIRST_ROW - 1, len(moves.columns))
    last = write_table(sheet, FIRST_ROW, moves, formats, EXPECTED)
    if last == FIRST_ROW:
        write_note(sheet, last + 1, "Ninguno: se espera que cada precio quede como está.")
    labels = len(commodity.keys.columns)
    set_widths(sheet, [LABEL_WIDTH] * labels + [FIGURE_WIDTH] * len(formats) + [WORDS_WIDTH] * 2)
    sheet.row_dimensions[FIRST_ROW].height = 30
    sheet.freeze_panes = f"A{FIRST_ROW + 1}"
    sheet.sheet_view.showGridLines = False
    fit_width(sheet)


def _moves(report: pd.DataFrame, commodity: Commodity) -> pd.DataFrame:
    moved = biggest_moves(report, commodity, MOST)
    words = {
        SHOWN_80: ranges_in_words(moved, commodity, RANGE_80, SPANISH),
        SHOWN_95: ranges_in_words(moved, commodity, RANGE_95, SPANISH),
    }
    named = moved.rename(columns=_names(commodity)).assign(**words)
    return named[[*commodity.keys.columns, *_names(commodity).values(), *words]]


def _names(commodity: Commodity) -> dict[str, str]:
    price = PriceColumns.of(commodity)
    return {
        price.last: "Precio actual",
        price.suggested: "Precio sugerido",
        price.mean: "Media esperada",
        MOVE: EXPECTED,
        P_CHANGE: P_SHOWN,
    }


def _formats(commodity: Commodity) -> dict[str, str]:
    formats = (PRICE, PRICE, FINE_PRICE, CHANGE, PERCENT)
    return dict(zip(_names(commodity).values(), formats, strict=True))


def _note(report: pd.DataFrame) -> str:
    day = f" para el {report[TARGET].max()}" if len(report) else ""
    return f"A lo más {MOST}{day}. {EXPECTED} = Media esperada - Precio actual."
