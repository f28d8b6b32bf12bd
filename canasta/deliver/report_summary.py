"""The workbook's page that says what the report rests on, and each market's means, in Spanish."""

from __future__ import annotations

from datetime import date

import pandas as pd
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from canasta.commodity import Commodity
from canasta.deliver import highlights
from canasta.deliver.highlights import SERIES, STILL, is_still, market_means
from canasta.deliver.report import (
    BACKFILLED,
    HORIZON,
    P_CHANGE,
    RANGE_80,
    TARGET,
    ModelName,
    PriceColumns,
)
from canasta.deliver.report_style import (
    CHANGE,
    FINE_PRICE,
    ISO_DATE,
    LABEL_FONT,
    LONG_DATE,
    PRICE,
    SUBTITLE_FONT,
    TITLE_FONT,
    Value,
    fit_width,
    set_widths,
    write_note,
    write_row,
    write_table,
    write_warning,
)
from canasta.forecast.outlook import Outlook

WIDTHS = (26, 36, 14, 10, 14, 16, 16, 16, 16)
"""Of its columns; the second one holds the longest date that the format can write."""
MARKETS_HEIGHT = 30

LATE = f"Reporte elaborado después de su fecha ({BACKFILLED}), con lo que se sabía entonces"
CHANGE_SHOWN = "Cambio"


def fill_summary(
    sheet: Worksheet, report: pd.DataFrame, commodity: Commodity, outlook: Outlook, model: ModelName
) -> None:
    """Say what the report rests on, and the means of each market."""
    sheet.sheet_view.showGridLines = False
    set_widths(sheet, WIDTHS)
    row = 1
    [title] = write_row(sheet, row, [f"{commodity.title}: precios sugeridos"])
    title.font = TITLE_FONT
    if model.simulated:
        row += 1
        write_warning(sheet, row, len(WIDTHS))
    for name, value in _facts(report, commodity, outlook, model):
        row += 1
        label, cell = write_row(sheet, row, [name, value])
        label.font = LABEL_FONT
        cell.alignment = Alignment(horizontal="left")
        if isinstance(value, date):
            cell.number_format = LONG_DATE
    _write_markets(sheet, row + 2, report, commodity)
    fit_width(sheet)


def _facts(
    report: pd.DataFrame, commodity: Commodity, outlook: Outlook, model: ModelName
) -> list[tuple[str, Value]]:
    return [
        ("Última publicación", outlook.origin),
        *_targets(report, outlook),
        ("Unidad", commodity.unit),
        *_series(report, commodity),
        ("Modelo", model.label),
        ("Versión", model.version),
        ("Campeón", _champion(model)),
        *_notices(outlook, model),
    ]


def _targets(report: pd.DataFrame, outlook: Outlook) -> list[tuple[str, Value]]:
    first: list[tuple[str, Value]] = [("Fecha de la predicción", outlook.targets[0])]
    horizons = report[HORIZON].max() if len(report) else 1
    return first if horizons == 1 else [*first, ("Última fecha", outlook.targets[horizons - 1])]


def _series(report: pd.DataFrame, commodity: Commodity) -> list[tuple[str, Value]]:
    next_one = report[report[HORIZON] == 1]
    still = int(is_still(next_one, commodity, RANGE_80).sum())
    told = f"{still} de ellas: todo su rango del 80 % es el precio actual"
    return [("Series", len(next_one)), ("Sin cambio esperado", told)]


def _champion(model: ModelName) -> str:
    if model.is_persistence:
        return "Persistencia: ningún modelo ha mostrado superar al último precio"
    return f"El modelo {model.algorithm}; la persistencia (el último precio) es la referencia"


def _notices(outlook: Outlook, model: ModelName) -> list[tuple[str, Value]]:
    notices: list[tuple[str, Value]] = [("Nota", LATE)] if model.backfilled else []
    missed = outlook.skipped
    if missed:
        told = f"{len(missed)} publicaciones esperadas no llegaron, la última del {missed[-1]}"
        notices.append(("Aviso", told))
    return notices


def _write_markets(sheet: Worksheet, top: int, report: pd.DataFrame, commodity: Commodity) -> None:
    price, slices = PriceColumns.of(commodity), commodity.keys.slices
    [title] = write_row(sheet, top, [f"Promedio nacional por {' × '.join(slices)}"])
    title.font = SUBTITLE_FONT
    shown = {
        TARGET: ("Fecha", ISO_DATE),
        SERIES: ("Series", "0"),
        STILL: ("Sin cambio esperado", "0"),
        price.last: ("Precio actual", PRICE),
        price.suggested: ("Precio sugerido", PRICE),
        price.mean: ("Media esperada", FINE_PRICE),
        highlights.CHANGE: (CHANGE_SHOWN, CHANGE),
    }
    means = market_means(report, commodity)[[*slices, *shown]]
    means = means.rename(columns={name: head for name, (head, _) in shown.items()})
    sheet.row_dimensions[top + 1].height = MARKETS_HEIGHT
    last = write_table(sheet, top + 1, means, dict(shown.values()), CHANGE_SHOWN)
    for line, note in enumerate(_notes(price), start=last + 2):
        write_note(sheet, line, note)


def _notes(price: PriceColumns) -> tuple[str, ...]:
    return (
        "Promedios simples de las series; Cambio = Media esperada - Precio actual.",
        "Sin cambio esperado: cuántas series tienen en su rango del 80 % sólo el precio actual.",
        f"{price.last}: último precio publicado. {price.recent}: promedio de los últimos siete.",
        f"{price.suggested}: mediana de la predicción. {price.mean}: su media, que incluye los "
        "cambios poco probables.",
        f"{P_CHANGE}: probabilidad de que el precio cambie. bajo y alto: extremos del rango en "
        "que caerá con al menos 80 o 95 % de probabilidad.",
    )
