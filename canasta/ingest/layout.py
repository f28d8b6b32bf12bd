"""How a block of a workbook looks: what should stay the same from one publication to the next.

The parser relies on little of it. A change is worth a look all the same, before one comes that
the parser cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from canasta.commodity import WorkbookLayout
from canasta.ingest.cells import folded_text, number
from canasta.ingest.sheet_header import Row, find_header
from canasta.ingest.spanish_dates import find_date
from canasta.labels import folded

LONGEST, MOST = 80, 60
"""Characters of a cell, and lines, that are kept."""


def describe(rows: Sequence[Row], layout: WorkbookLayout) -> tuple[str, ...]:
    """Describe a block: a line for each cell of its head, its columns, its rows of averages.

    Of wording only letters count: neither case nor accents, digits, prices, dates, nor how many
    cities there are; new and vanished ones are told otherwise. Footers come and go.

    Args:
        rows: from a block's title to the next one.
        layout: what its columns are.
    """
    header = find_header(rows, layout)
    if header is None:
        return ()
    head, body = rows[: header + 1], rows[header + 1 :]
    prices = sorted({at for row in body for at, cell in enumerate(row) if _is_price(cell)})
    lines = (
        f"numbers in {', '.join(_letter(at) for at in prices)}"[:LONGEST],
        *_averages(body, layout),
        *(line for at, row in enumerate(head, start=1) for line in _cells(f"row {at}", row)),
    )
    return lines[:MOST]


def differences(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Return what is gone and what is new, marked by a sign."""
    old, new = list(before), list(after)
    gone = [f"− {line}" for line in old if line not in new]
    return gone + [f"+ {line}" for line in new if line not in old]


def _averages(body: Sequence[Row], layout: WorkbookLayout) -> Iterator[str]:
    """Yield the labels of the rows from the checksum's on that hold a number in a price column."""
    columns = [column.column for column in layout.price_columns]
    began = False
    for row in body:
        label = folded_text(row[layout.city_column]) or folded_text(row[layout.state_column])
        began = began or folded(layout.checksum_row) in label
        if began and label and any(_is_price(row[column]) for column in columns):
            yield f"average: {_words(label)}"


def _cells(where: str, row: Row) -> Iterator[str]:
    for at, cell in enumerate(row):
        is_date = find_date(cell) is not None
        text = _date(cell) if is_date else _words(folded_text(cell))
        if text:
            yield f"{where}, {_letter(at)}: {text}"


def _date(cell: object) -> str:
    return "a date in words" if isinstance(cell, str) else "a date"


def _words(text: str) -> str:
    return re.sub(r"\d+", "#", text)[:LONGEST]


def _is_price(cell: object) -> bool:
    return number(cell) is not None


def _letter(column: int) -> str:
    return chr(ord("A") + column) if column < 26 else str(column + 1)  # noqa: PLR2004 # A to Z
