"""Where the blocks of a sheet begin, and what their heads say: date and columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise

from canasta.commodity import WorkbookLayout
from canasta.ingest.cells import folded_text, number, text
from canasta.ingest.spanish_dates import find_date
from canasta.labels import folded

type Row = Sequence[object]
"""The cells of one sheet row, column A first."""

DATE_ROWS = 6
"""Where a block has no header row, its date is looked for in this many rows from its title."""


class Unreadable(Exception):
    """A block cannot be read; the message says what was expected and what came."""


def segments(rows: Sequence[Row], layout: WorkbookLayout) -> Iterator[Sequence[Row]]:
    """Yield the rows from each title up to the next one, or to the end of the sheet."""
    title = folded(layout.title_contains)
    tops = [at for at, row in enumerate(rows) if any(title in folded_text(cell) for cell in row)]
    for top, end in pairwise([*tops, len(rows)]):
        yield rows[top:end]


def find_header(rows: Sequence[Row], layout: WorkbookLayout) -> int | None:
    """Return the index of the row that names every price column, or None.

    Where several rows in a run do so, it is the last: prices begin below it.
    """
    values = _label_values(layout)
    found: int | None = None
    for at, row in enumerate(rows):
        if _names_columns(row, layout, values):
            found = at
        elif found is not None:
            break
    return found


def find_day(rows: Sequence[Row], header: int | None) -> date | None:
    """Return the first date above the header row, or None."""
    head = rows[: DATE_ROWS if header is None else header]
    dates = (find_date(cell) for row in head for cell in row)
    return next((day for day in dates if day is not None), None)


def check_columns(head: Sequence[Row], layout: WorkbookLayout) -> None:
    """Check that no price column carries a label that belongs to another one.

    A blank header cell carries on the label to its left, as merged cells do. Labels that are
    nobody's are let pass: only the meaning of the columns is proven, not every wording.

    Args:
        head: the rows from the title to the header row.
        layout: the labels expected of each column.

    Raises:
        Unreadable: a column is labelled as another one.
    """
    for name, values in _label_values(layout).items():
        for row in head:
            carried = ""
            for column in layout.price_columns:
                carried = folded_text(row[column.column]) or carried
                if carried in values and carried != folded(column.labels[name]):
                    letter = chr(ord("A") + column.column)
                    raise Unreadable(
                        f"column {letter} is headed “{values[carried]}”, "
                        f"expected “{column.labels[name]}”"
                    )


def has_prices(rows: Sequence[Row], layout: WorkbookLayout) -> bool:
    """Tell whether a number stands anywhere in the price columns."""
    columns = [column.column for column in layout.price_columns]
    return any(number(row[column]) is not None for row in rows for column in columns)


def expected(layout: WorkbookLayout) -> str:
    """Say how the price columns should be headed, for messages."""
    names = (
        f"{chr(ord('A') + c.column)} {'/'.join(c.labels.values())}" for c in layout.price_columns
    )
    return ", ".join(names)


def _label_values(layout: WorkbookLayout) -> Mapping[str, Mapping[str, str]]:
    """Return, for each key column that the header carries, its labels by folded text."""
    names = layout.price_columns[0].labels
    return {
        name: {folded(c.labels[name]): text(c.labels[name]) for c in layout.price_columns}
        for name in names
    }


def _names_columns(
    row: Row, layout: WorkbookLayout, values: Mapping[str, Mapping[str, str]]
) -> bool:
    cells = [folded_text(row[column.column]) for column in layout.price_columns]
    return any(all(cell in known for cell in cells) for known in values.values())
