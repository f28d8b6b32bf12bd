import io
import re
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from operator import methodcaller
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canasta.commodity import Commodity, load_commodity
from canasta.errors import NotAWorkbook
from canasta.ingest.block import Block
from canasta.ingest.workbook import Parsed, parse
from canasta.labels import Key
from simulate_publication import Layout, render, true_averages
from simulate_publication.catalogue import CITIES
from tests.unit.ingest.builders import COLUMNS, KEYS, changed, publications
from tests.unit.ingest.odd_cells import Cell, Grid, workbook_of
from tests.unit.ingest.workbook_parts import SHEET, packed, unpacked

MILK = load_commodity("milk")
INVENTED = (("Jalisco", "Tepatitlán"), ("Tercera Nación", "Ciudad Nueva"))
PLACES = [*(city.key for city in CITIES), *INVENTED]
prices = st.one_of(st.none(), st.just(0.0), st.integers(1, 9999).map(lambda cents: cents / 100))


@st.composite
def a_block(draw: st.DrawFn, day: date) -> Block:
    places = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=6, unique=True))
    places.sort(key=PLACES.index)
    cells: dict[Key, float | None] = {
        (*place, *column): draw(prices) for place in places for column in COLUMNS
    }
    return Block(day, cells, true_averages(cells, MILK))


@st.composite
def some_blocks(draw: st.DrawFn) -> list[Block]:
    days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
    dates = draw(st.lists(days, min_size=1, max_size=4, unique=True))
    return [draw(a_block(day)) for day in sorted(dates)]


FOOTERS = (
    "Fuente: SNIIM",
    "PROMEDIO simple de las ciudades",
    "Nota: precio promedio al consumidor por litro, sin IVA",
    "Cifras al 3 de enero de 2024",
    "n.d. No disponible",
    "\N{NO-BREAK SPACE}Datos  SIMULADOS: no son de SNIIM",
)
layouts = st.builds(
    Layout,
    sheet=st.sampled_from(["LECHE", "Hoja1", "leche (2)"]),
    rows_above=st.integers(0, 3),
    title=st.sampled_from([None, "LECHE. PRECIO PROMEDIO AL CONSUMIDOR POR LITRO (pesos)"]),
    title_column=st.integers(0, 5),
    date_column=st.integers(0, 5),
    date_cells=st.booleans(),
    date_case=st.sampled_from(["lower", "upper", "title"]),
    setiembre=st.booleans(),
    merged=st.booleans(),
    repeat_states=st.booleans(),
    averages=st.booleans(),
    footer=st.lists(st.sampled_from(FOOTERS), max_size=3).map(tuple),
    blank_rows=st.integers(0, 3),
    order=st.sampled_from(["newest-first", "oldest-first", "as-given"]),
    missing=st.sampled_from(["N.d.", "ND", "-", "", " "]),
    decimal_comma=st.booleans(),
    non_breaking=st.booleans(),
)


@settings(max_examples=150)
@given(blocks=some_blocks(), layout=layouts)
def test_reads_back_whatever_the_layout(blocks: list[Block], layout: Layout) -> None:
    parsed = parse(render(blocks, MILK, layout=layout), MILK)
    stated = blocks if layout.averages else [replace(block, averages=None) for block in blocks]
    assert parsed.blocks == stated
    assert parsed.simulated is (FOOTERS[-1] in layout.footer)
    assert [list(block.prices) for block in parsed.blocks] == [list(b.prices) for b in stated]
    assert parsed.broken == []


type Edit = Callable[[Any], object]


def edited(content: bytes, *edits: Edit) -> bytes:
    """The workbook after changes to its sheet, made with another library than reads it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for edit in edits:
        edit(book.worksheets[0])
    changed_book = io.BytesIO()
    book.save(changed_book)
    return changed_book.getvalue()


def put(cell: str, value: object) -> Edit:
    def edit(sheet: Any) -> None:
        sheet[cell] = value

    return edit


@pytest.fixture
def two(milk: Commodity) -> list[Block]:
    return publications(2, milk)


@pytest.fixture
def content(two: list[Block], milk: Commodity) -> bytes:
    """Rows 1 to 10 hold the newer block: title, date, two of header, three cities, averages."""
    return render(two, milk, layout=Layout(merged=False))


@pytest.mark.parametrize(
    ("edit", "dated", "told"),
    [
        (put("A2", "31 de junio de 2025"), False, "no date"),
        (put("A2", None), False, "no date"),
        (put("D4", "Mercados"), True, "no header row"),
        (lambda sheet: sheet.insert_cols(3), True, "no header row"),
        (put("C3", "Ultrapasteurizada"), True, "C is headed “Ultrapasteurizada”"),
        (
            lambda sheet: (put("C4", "Autoservicios")(sheet), put("D4", "Tiendas")(sheet)),
            True,
            "C is",
        ),
        (put("B6", None), True, "prices but no city"),
        (put("B7", "Cd. Obregón"), True, "two rows for Sonora, Cd. Obregón"),
        (put("A5", None), True, "Guadalajara has no state"),
        (lambda sheet: sheet.delete_rows(5, 3), True, "no city row"),
    ],
)
def test_a_block_that_cannot_be_read_leaves_its_neighbours(
    edit: Edit, dated: bool, told: str, content: bytes, two: list[Block], milk: Commodity
) -> None:
    def only_the_newer(sheet: Any) -> None:
        # insert_cols shifts both blocks: put the older one on a sheet of its own first.
        older = sheet.parent.create_sheet("antes")
        for row in sheet.iter_rows(min_row=11, values_only=True):
            older.append(row)
        sheet.delete_rows(11, sheet.max_row)
        edit(sheet)

    parsed = parse(edited(content, only_the_newer), milk)
    assert parsed.blocks == two[:1]
    [broken] = parsed.broken
    assert broken.date == (two[1].date if dated else None)
    assert told in broken.reason


def test_the_same_broken_block_has_the_same_hash_wherever_it_stands(
    two: list[Block], milk: Commodity
) -> None:
    ruin = put("B6", None)
    alone = parse(edited(render(two[1:], milk), ruin), milk).broken
    below = parse(edited(render(two[1:], milk, layout=Layout(rows_above=1)), put("B7", None)), milk)
    assert alone[0].sha256 == below.broken[0].sha256
    other = parse(edited(render(two[:1], milk), ruin), milk).broken
    assert other[0].sha256 != alone[0].sha256


def test_cells_of_other_kinds_are_no_prices(
    content: bytes, two: list[Block], milk: Commodity
) -> None:
    damaged = edited(content, put("C5", "#DIV/0!"), put("D5", date(2025, 6, 2)), put("E5", True))
    unreadable = dict.fromkeys(KEYS[:3])
    assert parse(damaged, milk).blocks[-1].prices == {**two[1].prices, **unreadable}


def test_a_stray_blank_row_inside_a_block_does_not_matter(
    content: bytes, two: list[Block], milk: Commodity
) -> None:
    for row in (2, 3, 4, 6, 8, 9):
        moved = edited(content, methodcaller("insert_rows", row))
        assert parse(moved, milk).blocks == two


def test_types_repeated_over_each_column_do_not_matter(
    content: bytes, two: list[Block], milk: Commodity
) -> None:
    repeated = edited(content, put("D3", "Pasteurizada"), put("F3", "ULTRAPASTEURIZADA "))
    assert parse(repeated, milk).blocks == two


def test_an_unknown_wording_over_the_types_does_not_matter(
    content: bytes, two: list[Block], milk: Commodity
) -> None:
    reworded = edited(content, put("C3", "Leche pasteurizada"), put("E3", "UHT"))
    assert parse(reworded, milk).blocks == two


def test_equal_blocks_of_one_date_are_one(two: list[Block], milk: Commodity) -> None:
    parsed = parse(render([two[0], two[1], two[1]], milk), milk)
    assert parsed.blocks == two
    assert parsed.broken == []


def test_unequal_blocks_of_one_date_are_both_refused(two: list[Block], milk: Commodity) -> None:
    key = next(iter(two[1].prices))
    other = changed(two[1], {key: 99.0}, milk)
    parsed = parse(render([two[0], two[1], other], milk), milk)
    assert parsed.blocks == two[:1]
    [broken] = parsed.broken
    assert broken.date == two[1].date
    assert "2 blocks of one date that differ, the first two in 1 prices" in broken.reason
    swapped = parse(render([two[0], other, two[1]], milk, layout=Layout(order="as-given")), milk)
    assert swapped.broken[0].sha256 == broken.sha256


def test_blocks_of_all_sheets_are_read(content: bytes, two: list[Block], milk: Commodity) -> None:
    def split(sheet: Any) -> None:
        other = sheet.parent.create_sheet("2024")
        for row in sheet.iter_rows(min_row=11, values_only=True):
            other.append(row)
        sheet.delete_rows(11, sheet.max_row)
        sheet.parent.create_sheet("vacía")

    assert parse(edited(content, split), milk).blocks == two


def test_a_workbook_without_blocks_is_none_of_ours(milk: Commodity) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Precio del huevo"])
    content = io.BytesIO()
    book.save(content)
    with pytest.raises(NotAWorkbook, match="Precio promedio al consumidor por litro"):
        parse(content.getvalue(), milk)


def test_a_page_instead_of_a_workbook_says_so(milk: Commodity) -> None:
    with pytest.raises(NotAWorkbook, match="HTML"):
        parse(b"<html><body>Error</body></html>", milk)


def test_a_zip_that_only_looks_like_a_workbook_says_so(milk: Commodity) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(NotAWorkbook, match="does not open"):
        parse(content.getvalue(), milk)


def with_part(content: bytes, name: str, old: str, new: str) -> bytes:
    """The workbook with one of its XML parts written otherwise."""
    parts = unpacked(content)
    assert re.search(old.encode(), parts[name])
    return packed({**parts, name: re.sub(old.encode(), new.encode(), parts[name])})


@pytest.mark.parametrize(
    ("days", "told"),
    [("-1e300", "out of bounds"), ("1e9", "days=1000000000")],
    ids=["the reader panics", "Python has no such duration"],
)
def test_a_duration_of_a_million_years_says_that_it_does_not_open(
    days: str, told: str, content: bytes, milk: Commodity
) -> None:
    styled = with_part(content, "xl/styles.xml", 'numFmtId="0"', 'numFmtId="46"')
    absurd = with_part(styled, SHEET, r'<c r="C5"[^>]*><v>[^<]*', f'<c r="C5" s="0"><v>{days}')
    with pytest.raises(NotAWorkbook, match=f"does not open: .*{told}"):
        parse(absurd, milk)


def test_an_interruption_is_passed_on(
    content: bytes, milk: Commodity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("canasta.ingest.workbook._worksheets", interrupted)
    with pytest.raises(KeyboardInterrupt):
        parse(content, milk)


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="XFD1"><v>1</v></c></row>' + "<row><c><v>1</v></c></row>" * 400,
        '<row r="99"><c r="xfd999999"><v>1</v></c></row>',
    ],
    ids=["cells without references", "a reference in lower case"],
)
def test_a_sheet_that_would_ask_for_terabytes_is_refused(
    rows: str, content: bytes, milk: Commodity
) -> None:
    with pytest.raises(NotAWorkbook, match="at most 5000000 cells"):
        parse(with_part(content, SHEET, "</sheetData>", f"{rows}</sheetData>"), milk)


def sheets_showing_one_part(content: bytes, count: int) -> bytes:
    listed = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="rId1"/>' for n in range(9, 9 + count))
    return with_part(content, "xl/workbook.xml", "<sheets>", f"<sheets>{listed}")


def test_sheets_that_show_one_part_add_up(
    content: bytes, two: list[Block], milk: Commodity
) -> None:
    assert parse(sheets_showing_one_part(content, 20), milk).blocks == two
    with pytest.raises(NotAWorkbook, match="at most 50 worksheets, got 101"):
        parse(sheets_showing_one_part(content, 100), milk)
    far = '<row r="160"><c r="XFD160"><v>1</v></c></row></sheetData>'
    wide = sheets_showing_one_part(with_part(content, SHEET, "</sheetData>", far), 1)
    with pytest.raises(NotAWorkbook, match="5000000 cells together"):
        parse(wide, milk)


def test_a_sheet_listed_twice_by_name_is_read_once(
    content: bytes, two: list[Block], milk: Commodity
) -> None:
    twice = with_part(content, "xl/workbook.xml", "(<sheets>)(<sheet .*?>)", r"\1\2\2")
    assert parse(twice, milk).blocks == two


def test_a_number_that_no_float_holds_is_no_price(
    content: bytes, two: list[Block], milk: Commodity
) -> None:
    absurd = edited(content, put("C5", "9" * 310))
    assert parse(absurd, milk).blocks[-1].prices == {**two[1].prices, KEYS[0]: None}


@pytest.mark.parametrize("cell", ["A5", "B6"])
def test_a_name_of_endless_length_breaks_its_block(
    cell: str, content: bytes, two: list[Block], milk: Commodity
) -> None:
    parsed = parse(edited(content, put(cell, "x" * 30_000)), milk)
    assert parsed.blocks == two[:1]
    [broken] = parsed.broken
    assert "name of more than 100 characters" in broken.reason
    assert len(broken.reason) < 100


def test_ten_thousand_unequal_blocks_of_one_date_take_no_longer_than_as_many_dates(
    milk: Commodity,
) -> None:
    """Compared pair by pair, they would take ten times as long."""
    header: list[Cell] = [None, None, "Tiendas", "Autoservicios", "Tiendas", "Autoservicios"]
    sound = render(publications(1, milk), milk)

    def parsed(days: Sequence[date]) -> tuple[Parsed, float]:
        grid: Grid = []
        for price, day in enumerate(days):
            grid += [["Precio promedio al consumidor por litro"], [f"{day:%d/%m/%Y}"], header]
            grid.append(["Jalisco", "Guadalajara", float(price)])
        content = workbook_of(grid, sound)
        began = time.process_time()
        return parse(content, milk), time.process_time() - began

    same, for_same = parsed([date(2025, 7, 25)] * 10_000)
    others, for_others = parsed([date(2000, 1, 1) + timedelta(days=n) for n in range(10_000)])
    assert "10000 blocks of one date that differ" in same.broken[0].reason
    assert len(others.blocks) == 10_000
    assert for_same < 4 * for_others
