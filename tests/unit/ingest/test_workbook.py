import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from operator import methodcaller
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canasta.commodity import Commodity, load_commodity
from canasta.errors import NotAWorkbook
from canasta.ingest.block import Block
from canasta.ingest.workbook import parse
from canasta.labels import Key
from simulate_publication import Layout, render, true_averages
from simulate_publication.catalogue import CITIES
from tests.unit.ingest.builders import COLUMNS, KEYS, changed, publications

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


@settings(max_examples=150, deadline=None)
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
        file.writestr("xl/workbook.xml", "<workbook")
    with pytest.raises(NotAWorkbook, match="does not open"):
        parse(content.getvalue(), milk)
