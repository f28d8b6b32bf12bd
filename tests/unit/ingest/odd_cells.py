"""Sheets in which anything may stand in a cell, as hypothesis draws them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import date
from html import escape

from hypothesis import strategies as st

from tests.unit.ingest.workbook_parts import SHEET, packed, unpacked

type Cell = str | float | bool | None
type Grid = list[list[Cell]]

_TITLE = "Leche: precio promedio al consumidor por litro"


def _grid() -> Grid:
    """One block as it should be, below another."""
    cities: Grid = [
        ["Jalisco", "Guadalajara", 25.5, 24.0, 27.25, "N.d."],
        ["Sonora", "Cd. Obregón", 24.0, 0.0, "26,40", 25.0],
        [None, "Hermosillo", 23.5, 24.5, None, 26.0],
        [None, "Promedio aritmético", 24.333333, 24.25, 26.825, 25.5],
        [None, "Promedio Ponderado por Población", 24.3, 24.2, 26.8, 25.5],
    ]
    header: Grid = [
        ["Estado", "Ciudad", "Pasteurizada", None, "Ultrapasteurizada", None],
        [None, None, "Tiendas", "Autoservicios", "Tiendas", "Autoservicios"],
    ]
    newer: Grid = [[_TITLE], ["25 de julio de 2025"], *header, *cities, ["Fuente: SNIIM"]]
    older: Grid = [[_TITLE], ["23 de julio de 2025"], *header, *cities]
    return [list(row) for row in newer + older]


ODD_TEXTS = [
    *(
        "31 de febrero de 2025",
        "0 de enero de 0000",
        "31/12/9999",
        "1 de enero de 0001",
        "29/02/2023",
    ),
    *("٢٥ de julio de ٢٠٢٥", "25 de julio de 20255", "1" + "." * 500, "1o" * 300),
    *("NaN", "inf", "-inf", "9" * 400, "1" * 5000, "-0", "0,0", "1e308", "$ -27,4", "27,40 *", "²"),
    *("#N/A", "#¡REF!", "N.d.", "ND", "-", "", " ", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}"),
    *("\N{RIGHT-TO-LEFT OVERRIDE}ocixéM", "مدينة مكسيكو", "e\N{COMBINING ACUTE ACCENT}" * 40),
    *("a" + "\N{COMBINING ACUTE ACCENT}\N{COMBINING CEDILLA}" * 3000, "x" * 100_000, "😀" * 2000),
    *("Promedio\N{ZERO WIDTH SPACE} aritmético", "PROMEDIO ARITMÉTICO", "promedio ponderado"),
    *(_TITLE.upper(), "Estado", "Ciudad", "Tiendas", "Ultrapasteurizada", "DATOS SIMULADOS", "\t"),
    *("\x01", "_x0000_", "\ufffe", "\U0010ffff", "ﬁ", "İ", "ß", "Å", "Cd.Juárez ", "=1+1", "'"),
]
odd_cells: st.SearchStrategy[Cell] = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-(10**20), 10**20).map(float),
    st.sampled_from([1e308, -1e308, 1.7976931348623157e308, 5e-324, 274.0, 0.0, -0.0]),
    st.text(max_size=30),
    st.dates().map(lambda day: f"{day.day} de {day:%m} de {day.year}"),
    st.dates(date(1, 1, 1)).map(lambda day: f"{day.day}/{day.month}/{day.year:04}"),
)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Two blocks in which cells were overwritten, and rows lost, doubled or moved."""
    grid = _grid()
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(grid) - 1))
        match draw(st.sampled_from(["cell", "cell", "cell", "column", "drop", "double", "move"])):
            case "cell":
                row = [*grid[at], *[None] * 8][:8]
                row[draw(st.integers(0, 7))] = draw(odd_cells)
                grid[at] = row
            case "column":
                column, value = draw(st.integers(2, 5)), draw(odd_cells)
                grid = [_with_price(row, column, value) for row in grid]
            case "drop":
                del grid[at]
                grid = grid or [[None]]
            case "double":
                grid.insert(draw(st.integers(0, len(grid))), list(grid[at]))
            case "move":
                grid.insert(draw(st.integers(0, len(grid) - 1)), grid.pop(at))
    return grid


def _with_price(row: list[Cell], column: int, value: Cell) -> list[Cell]:
    """The row with another value where it had a price."""
    priced = len(row) > column and isinstance(row[column], float)
    return [*row[:column], value, *row[column + 1 :]] if priced else row


def workbook_of(grid: Grid, sound: bytes) -> bytes:
    """`sound` with a sheet that holds `grid` instead."""
    rows = b"".join(_row_xml(row) for row in grid)
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = b'<worksheet xmlns="' + main + b'"><sheetData>' + rows + b"</sheetData></worksheet>"
    return packed({**unpacked(sound), SHEET: sheet}, zipfile.ZIP_STORED)


def _row_xml(row: Sequence[Cell]) -> bytes:
    return b"<row>" + b"".join(map(_cell_xml, row)) + b"</row>"


def _cell_xml(cell: Cell) -> bytes:
    match cell:
        case None:
            return b"<c/>"
        case bool():
            return b'<c t="b"><v>%d</v></c>' % cell
        case str():
            # What XML 1.0 cannot hold is left out, as any writer must.
            text = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", cell)
            return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'.encode()
        case _:
            return f"<c><v>{cell!r}</v></c>".encode()
