"""Blocks -> a cumulative SNIIM workbook, byte for byte the same for the same content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from canasta.commodity import Commodity, PriceColumn
from canasta.ingest.block import Block
from canasta.ingest.keys import column_key, column_of
from canasta.labels import Key
from canasta.workbook_bytes import save
from simulate_publication.catalogue import CITIES, UNKNOWN_POPULATION
from simulate_publication.layout import SNIIM, Layout, spanish_date

__all__ = ["Layout", "render", "true_averages"]

type Cell = str | float | datetime | None
type Row = list[Cell]
type Span = tuple[int, int, int]
"""Row within its section, first and last column; all from 0."""
type Table = dict[tuple[str, str], dict[int, float | None]]
"""Price by sheet column, by (state, city)."""

WRITTEN = {city.key: (city.written_state, city.written_name) for city in CITIES}
POPULATIONS = {city.key: city.population for city in CITIES}
NBSP = "\N{NO-BREAK SPACE}"
AVERAGE_DECIMALS = 10
"""openpyxl writes 16 significant digits; averages rounded to these come back unchanged."""


def render(blocks: Sequence[Block], commodity: Commodity, *, layout: Layout = SNIIM) -> bytes:
    """Render `blocks` as one cumulative workbook.

    Cities come in SNIIM's order and spelling, unknown ones after them in the order given; a
    block may lack cities. The checksum row holds the block's own `averages` where it states
    them, else the true ones. Numbers keep 16 significant digits.

    Returns:
        The bytes of an xlsx file; equal blocks and layout give equal bytes.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(layout.sheet)
    merges: list[str] = []
    top = 1
    for rows, spans in _sections(blocks, commodity, layout):
        for row in rows:
            sheet.append(row)
        merges += [_reference(top + row, first, last) for row, first, last in spans]
        top += len(rows)
    # openpyxl's own collection of ranges has no fixed order and searches itself on each add.
    sheet.merged_cells = merges
    return save(book)


def true_averages(
    prices: Mapping[Key, float | None], commodity: Commodity
) -> Mapping[Key, float | None]:
    """Return the mean of the quoted cells (numeric, not 0) of each price column.

    Keyed as `Block.averages` is; None for a column without a quote.
    """
    means = _means(_table(prices, commodity), population_weighted=False)
    return {key: means.get(column) for key, column in _columns_by_labels(commodity).items()}


def _sections(
    blocks: Sequence[Block], commodity: Commodity, layout: Layout
) -> Iterator[tuple[list[Row], list[Span]]]:
    """Yield the sheet from top to bottom: rows, and the spans to merge among them."""
    yield [[f"Aviso {number}"] for number in range(1, layout.rows_above + 1)], []
    gap: list[Row] = [[] for _ in range(layout.blank_rows)]
    for position, block in enumerate(_ordered(blocks, layout)):
        if position:
            yield gap, []
        head, spans = _head(block.date, commodity, layout)
        footer: list[Row] = [[text] for text in layout.footer]
        table = _table(block.prices, commodity)
        cities = _city_rows(table, commodity, layout)
        averages = _average_rows(block, table, commodity, layout)
        yield [*head, *cities, *averages, *footer], spans


def _ordered(blocks: Sequence[Block], layout: Layout) -> Sequence[Block]:
    if layout.order == "as-given":
        return blocks
    newest_first = layout.order == "newest-first"
    return sorted(blocks, key=lambda block: block.date, reverse=newest_first)


def _head(day: date, commodity: Commodity, layout: Layout) -> tuple[list[Row], list[Span]]:
    sheet = commodity.workbook
    title = layout.title or f"{sheet.title_contains} de {commodity.title.lower()}"
    stated = datetime(day.year, day.month, day.day) if layout.date_cells else None  # noqa: DTZ001
    cells: list[dict[int, Cell]] = [
        {layout.title_column: title},
        {layout.date_column: stated or spanish_date(day, layout)},
    ]
    last = max(price.column for price in sheet.price_columns)
    spans = [(0, layout.title_column, last), (1, layout.date_column, last)]
    state, city, *carried = key_columns(commodity)
    for name in carried:
        columns = _header_columns(name, sheet.price_columns)
        spans += [(len(cells), first, last) for _, first, last in columns]
        cells.append({first: label for label, first, _ in columns})
    cells[2] |= {sheet.state_column: state, sheet.city_column: city}
    wide = [span for span in spans if span[1] < span[2]]
    return [_row(row) for row in cells], wide if layout.merged else []


def _header_columns(name: str, prices: Sequence[PriceColumn]) -> list[tuple[str, int, int]]:
    """Return label, first and last column of each run of price columns that share a label."""
    runs = groupby(((price.labels[name], price.column) for price in prices), itemgetter(0))
    columns = [(label, [column for _, column in run]) for label, run in runs]
    return [(label, run[0], run[-1]) for label, run in columns]


def _city_rows(table: Table, commodity: Commodity, layout: Layout) -> list[Row]:
    sheet = commodity.workbook
    rows: list[Row] = []
    above = ""
    for city, prices in table.items():
        state, name = WRITTEN.get(city, city)
        cells: dict[int, Cell] = {sheet.city_column: _label(name, layout)}
        if city[0] != above or layout.repeat_states:
            cells[sheet.state_column] = _label(state, layout)
        cells |= {column: _price(prices.get(column), layout) for column in _columns(commodity)}
        rows.append(_row(cells))
        above = city[0]
    return rows


def _average_rows(block: Block, table: Table, commodity: Commodity, layout: Layout) -> list[Row]:
    """Return the checksum row and the weighted one, in the order the commodity names them."""
    if not layout.averages:
        return []
    columns = _columns_by_labels(commodity)
    stated = true_averages(block.prices, commodity) if block.averages is None else block.averages
    plain = {columns[labels]: mean for labels, mean in stated.items()}
    weighted = _means(table, population_weighted=True)
    rows: list[Row] = []
    for name in commodity.keys.aggregates:
        means = plain if name == commodity.workbook.checksum_row else weighted
        quoted = {column: mean for column, mean in means.items() if mean is not None}
        cells: dict[int, Cell] = {commodity.workbook.city_column: name}
        cells |= {column: _price(mean, layout) for column, mean in quoted.items()}
        rows.append(_row(cells))
    return rows


def _table(prices: Mapping[Key, float | None], commodity: Commodity) -> Table:
    """Return the prices city by city, in the order of the sheet."""
    state, city = (commodity.keys.columns.index(name) for name in key_columns(commodity)[:2])
    columns = _columns_by_labels(commodity)
    table: Table = {}
    for key, price in prices.items():
        table.setdefault((key[state], key[city]), {})[columns[column_of(key, commodity)]] = price
    known = {place: table[place] for place in WRITTEN if place in table}
    return known | table


def _means(table: Table, *, population_weighted: bool) -> Mapping[int, float]:
    """Return the mean of the quoted prices of each column that has any."""
    sums: dict[int, tuple[float, float]] = {}
    for city, prices in table.items():
        weight = POPULATIONS.get(city, UNKNOWN_POPULATION) if population_weighted else 1
        for column, price in prices.items():
            if price:  # neither None nor 0, which is no quote either
                total, weights = sums.get(column, (0.0, 0.0))
                sums[column] = total + weight * price, weights + weight
    return {
        column: round(total / weights, AVERAGE_DECIMALS)
        for column, (total, weights) in sums.items()
    }


def key_columns(commodity: Commodity) -> list[str]:
    """Return the key columns: state, city, then those that the sheet's columns carry."""
    carried = commodity.workbook.price_columns[0].labels
    return [name for name in commodity.keys.columns if name not in carried] + [
        name for name in commodity.keys.columns if name in carried
    ]


def _columns(commodity: Commodity) -> list[int]:
    return [price.column for price in commodity.workbook.price_columns]


def _columns_by_labels(commodity: Commodity) -> Mapping[Key, int]:
    return {
        column_key(price, commodity): price.column for price in commodity.workbook.price_columns
    }


def _label(text: str, layout: Layout) -> str:
    return f"{text} ".replace(" ", NBSP) if layout.non_breaking else text


def _price(value: float | None, layout: Layout) -> Cell:
    if value is None:
        return layout.missing or None
    if not layout.decimal_comma:
        return value
    short = f"{value:.2f}"
    return (short if float(short) == value else repr(value)).replace(".", ",")


def _row(cells: Mapping[int, Cell]) -> Row:
    return [cells.get(column) for column in range(max(cells) + 1)]


def _reference(row: int, first: int, last: int) -> str:
    return f"{get_column_letter(first + 1)}{row}:{get_column_letter(last + 1)}{row}"
