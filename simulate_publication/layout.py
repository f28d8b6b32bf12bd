"""How a workbook may look: the known layout, and everything about it that may vary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from canasta.labels import SIMULATED

MONTHS = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything about a workbook that SNIIM might do one way or another.

    The defaults are the file as it is known or, where it is not, its likeliest form.

    Attributes:
        sheet: name of the only sheet.
        rows_above: text rows above the first block.
        title: the title of every block; None: the commodity's.
        title_column, date_column: where title and date stand (0 is A).
        date_cells: dates as real date cells instead of Spanish text.
        date_case: how the month is written: "25 de julio de 2025", "25 de JULIO de 2025".
        setiembre: "setiembre" for September.
        merged: title, date and header cells merged, or merely empty after the first.
        repeat_states: the state on every row, not on its first city's only.
        averages: whether the two rows of averages stand below the cities.
        footer: one row for each text, below each block.
        blank_rows: empty rows between blocks.
        order: of the blocks, by date or as given.
        missing: what stands where there is no price; "" leaves the cell blank.
        decimal_comma: numbers as text with a comma, "27,40".
        non_breaking: NBSP for each space in states and cities, and one behind.
    """

    sheet: str = "LECHE"
    rows_above: int = 0
    title: str | None = None
    title_column: int = 0
    date_column: int = 0
    date_cells: bool = False
    date_case: Literal["lower", "upper", "title"] = "lower"
    setiembre: bool = False
    merged: bool = True
    repeat_states: bool = False
    averages: bool = True
    footer: tuple[str, ...] = ("Fuente: SNIIM, con información de precios al consumidor.",)
    blank_rows: int = 0
    order: Literal["newest-first", "oldest-first", "as-given"] = "newest-first"
    missing: str = "N.d."
    decimal_comma: bool = False
    non_breaking: bool = False


SNIIM = Layout()
"""The layout of the real file, as far as it is known."""
SIMULATION = Layout(
    footer=(f"{SIMULATED}: estos precios no fueron publicados por ninguna fuente oficial.",)
)
"""The same, saying below each block that its prices are simulated."""


def spanish_date(day: date, layout: Layout = SNIIM) -> str:
    """Write `day` as SNIIM does: "25 de julio de 2025"."""
    month = MONTHS[day.month - 1]
    if layout.setiembre:
        month = month.replace("septiembre", "setiembre")
    cased = {"lower": month, "upper": month.upper(), "title": month.title()}[layout.date_case]
    return f"{day.day} de {cased} de {day.year}"
