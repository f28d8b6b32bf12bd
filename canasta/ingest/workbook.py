"""A SNIIM workbook's bytes -> its blocks.

The layout as parsed stands in docs/workbook.md. Only what is proven of it is relied on; sheet
names, positions, merged cells, footers, blank rows and the order of blocks do not matter.
"""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from canasta.commodity import Commodity, WorkbookLayout
from canasta.errors import NotAWorkbook
from canasta.ingest import archive, sheet_header
from canasta.ingest.block import Block
from canasta.ingest.cells import folded_text, number, text
from canasta.ingest.extent import MAX_CELLS
from canasta.ingest.keys import column_key, series_key
from canasta.ingest.layout import describe
from canasta.ingest.sheet_header import Row, Unreadable
from canasta.labels import SIMULATED, Key, folded

MAX_SHEETS = 50
"""Worksheets that are read; the real workbook has one."""
LONGEST_LABEL = 100
"""Characters of a state's or city's name; the longest real ones have about 20."""


@dataclass(frozen=True, slots=True)
class BrokenBlock:
    """A block that cannot be read, while its neighbours may be fine.

    Attributes:
        date: its date, or None where that is what cannot be read.
        reason: what was expected and what came.
        sha256: hash of its cells: the same block repeated has the same one.
    """

    date: date | None
    reason: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a workbook holds.

    Attributes:
        blocks: at most one a date, ascending.
        broken: what cannot be read.
        simulated: whether it says anywhere that its prices are simulated.
        layout: how its newest block looks, as `layout.describe` says it.
    """

    blocks: list[Block]
    broken: list[BrokenBlock]
    simulated: bool = False
    layout: tuple[str, ...] = ()


def parse(content: bytes, commodity: Commodity) -> Parsed:
    """Read every block of every sheet.

    Args:
        content: the bytes of an .xlsx file.
        commodity: whose layout, keys and aggregates to expect.

    Returns:
        The blocks by date. Two equal blocks of one date are one; two that differ are broken.

    Raises:
        NotAWorkbook: the bytes are no complete .xlsx of bearable size, or hold no block.
    """
    sound = archive.repacked(content, commodity.source.max_bytes)
    found: list[Block | BrokenBlock] = []
    newest: tuple[date, Sequence[Row]] = (date.min, ())
    simulated = False
    for rows in _sheets(sound, _width(commodity.workbook)):
        segments = list(sheet_header.segments(rows, commodity.workbook))
        blocks = [_read(segment, commodity) for segment in segments]
        for block, segment in zip(blocks, segments, strict=True):
            if isinstance(block, Block) and block.date > newest[0]:
                newest = block.date, segment
        found += [block for block in blocks if block is not None]
        simulated = simulated or _is_simulated(rows)
    if not found:
        raise NotAWorkbook(
            "Expected a workbook with blocks titled "
            f"“{commodity.workbook.title_contains}”, got one without any."
        )
    merged = _merged(found, simulated=simulated)
    return replace(merged, layout=describe(newest[1], commodity.workbook))


def _sheets(content: bytes, width: int) -> Iterator[list[Row]]:
    """Yield the rows of each sheet, each at least `width` cells wide."""
    padding = [""] * width
    cells = 0
    with _reading(), CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        for name in _worksheets(book):
            # The empty area too, so that the first cell of a row is column A.
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            cells += sum(map(len, rows))
            if cells > MAX_CELLS:  # several sheets may show one part
                raise NotAWorkbook(f"Expected sheets of at most {MAX_CELLS} cells together.")
            yield [[*row, *padding][: max(width, len(row))] for row in rows]


@contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever the workbook reader cannot read into NotAWorkbook."""
    try:
        yield
    except (CalamineError, OverflowError) as error:  # the latter: a duration of a million years
        raise _unopened(error) from error
    except BaseException as error:
        # A panic of the Rust code beneath is no Exception, and its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise _unopened(error) from error


def _unopened(error: BaseException) -> NotAWorkbook:
    return NotAWorkbook(
        f"Expected an .xlsx workbook, got one that does not open: {str(error)[:200]}"
    )


def _worksheets(book: CalamineWorkbook) -> list[str]:
    """Return the worksheets' names; what is listed twice is read once."""
    sheets = (sheet.name for sheet in book.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet)
    names = list(dict.fromkeys(sheets))
    if len(names) > MAX_SHEETS:
        raise NotAWorkbook(f"Expected at most {MAX_SHEETS} worksheets, got {len(names)}.")
    return names


def _is_simulated(rows: Sequence[Row]) -> bool:
    mark = folded(SIMULATED)
    return any(folded_text(cell).startswith(mark) for row in rows for cell in row)


def _read(rows: Sequence[Row], commodity: Commodity) -> Block | BrokenBlock | None:
    """Read one block from the rows between its title and the next; None: a mere mention."""
    layout = commodity.workbook
    header = sheet_header.find_header(rows, layout)
    day = sheet_header.find_day(rows, header)
    if header is None and not sheet_header.has_prices(rows, layout):
        return None
    if header is None:
        columns = sheet_header.expected(layout)
        return BrokenBlock(day, f"no header row for the columns {columns}", _hash(rows))
    if day is None:
        return BrokenBlock(None, "no date between the title and the header", _hash(rows))
    try:
        sheet_header.check_columns(rows[: header + 1], layout)
        return _read_body(day, rows[header + 1 :], commodity)
    except Unreadable as problem:
        return BrokenBlock(day, str(problem), _hash(rows))


@dataclass
class _Body:
    """What has been read of a block so far."""

    state: str = ""
    prices: dict[Key, float | None] = field(default_factory=dict)
    averages: dict[Key, float | None] | None = None


def _read_body(day: date, rows: Sequence[Row], commodity: Commodity) -> Block:
    body = _Body()
    averages_began = False
    for row in rows:
        if _is_aggregate(row, commodity):
            averages_began = True
            _read_averages(row, body, commodity)
        elif not averages_began:
            # Whatever follows the averages and is none of them is a footer.
            _read_city(row, body, commodity)
    if not body.prices:
        raise Unreadable("no city row below the header")
    return Block(day, body.prices, body.averages)


def _is_aggregate(row: Row, commodity: Commodity) -> bool:
    return any(_names(row, aggregate, commodity) for aggregate in commodity.keys.aggregates)


def _names(row: Row, aggregate: str, commodity: Commodity) -> bool:
    layout = commodity.workbook
    labels = (row[column] for column in (layout.state_column, layout.city_column))
    return any(folded_text(aggregate) in folded_text(label) for label in labels)


def _read_averages(row: Row, body: _Body, commodity: Commodity) -> None:
    layout = commodity.workbook
    if body.averages is None and _names(row, layout.checksum_row, commodity):
        body.averages = {
            column_key(price, commodity): number(row[price.column])
            for price in layout.price_columns
        }


def _read_city(row: Row, body: _Body, commodity: Commodity) -> None:
    layout = commodity.workbook
    body.state = text(row[layout.state_column]) or body.state
    city = text(row[layout.city_column])
    if max(len(body.state), len(city)) > LONGEST_LABEL:
        raise Unreadable(f"a name of more than {LONGEST_LABEL} characters")
    cells = [(price, number(row[price.column])) for price in layout.price_columns]
    if not city:
        if any(price is not None for _, price in cells):
            raise Unreadable(f"a row of {body.state or 'no state'} has prices but no city")
        return
    if not body.state:
        raise Unreadable(f"the row of {city} has no state")
    for column, price in cells:
        key = series_key(body.state, city, column, commodity)
        if key in body.prices:
            raise Unreadable(f"two rows for {body.state}, {city}")
        body.prices[key] = price


def _width(layout: WorkbookLayout) -> int:
    prices = [column.column for column in layout.price_columns]
    return max(layout.state_column, layout.city_column, *prices) + 1


def _merged(found: Sequence[Block | BrokenBlock], *, simulated: bool) -> Parsed:
    """Keep one block a date: equal ones are one, unequal ones are broken."""
    copies: dict[date, dict[Hashable, Block]] = defaultdict(dict)
    broken = {block.sha256: block for block in found if isinstance(block, BrokenBlock)}
    for block in found:
        if isinstance(block, Block):
            copies[block.date].setdefault(_stated(block), block)
    same_days = [list(copies[day].values()) for day in sorted(copies)]
    blocks = [same_day[0] for same_day in same_days if len(same_day) == 1]
    unequal = [_contradictory(same_day) for same_day in same_days if len(same_day) > 1]
    return Parsed(blocks, [*broken.values(), *unequal], simulated)


def _stated(block: Block) -> Hashable:
    """Return what two copies of one block have in common."""
    averages = block.averages
    return _cells(block.prices), None if averages is None else _cells(averages)


def _cells(prices: Mapping[Key, float | None]) -> Hashable:
    return frozenset(prices.items())


def _contradictory(blocks: Sequence[Block]) -> BrokenBlock:
    first, second = blocks[:2]
    keys = first.prices.keys() | second.prices.keys()
    differing = sum(first.prices.get(key) != second.prices.get(key) for key in keys)
    reason = f"{len(blocks)} blocks of one date that differ, the first two in {differing} prices"
    return BrokenBlock(first.date, reason, _hash(sorted(repr(block) for block in blocks)))


def _hash(cells: object) -> str:
    return hashlib.sha256(repr(cells).encode()).hexdigest()
