import io
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from python_calamine import CalamineWorkbook

from canasta.commodity import load_commodity
from canasta.errors import NotAWorkbook
from canasta.ingest import extent
from simulate_publication import render
from tests.unit.ingest.builders import publications
from tests.unit.ingest.workbook_parts import packed, unpacked

MILK = load_commodity("milk")
SOUND = render(publications(1, MILK), MILK)
SHEET = "xl/worksheets/sheet1.xml"


def check(*rows: bytes, strings: bytes = b"") -> None:
    sheet = b"<worksheet><sheetData>" + b"".join(rows) + b"</sheetData></worksheet>"
    extent.check({SHEET: sheet, "xl/sharedStrings.xml": b"<sst>" + strings + b"</sst>"})


FAR = b'<row r="1"><c r="XFD1"/></row>'


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row>',
        b"<row r='1'><c r='XFD1'/></row><row r='1048576'><c/></row>",
        b'<x:row xmlns:x="y" spans="1" r = "1048576"><x:c /></x:row>' + FAR,
        b'<row r="1"><c r="xfd1048576"/></row>',
        b'<row r="1"><c r="&#88;FD1048576"/></row>',
        FAR + b"<row><c/></row>" * 400,
        b"<row>" + b"<c/>" * 16_384 + b"</row>" + b"<row><c/></row>" * 400,
        b'<row r="1048576"/><row><c/></row>',
        b'<row r="9999999"><c/></row>',
    ],
    ids=lambda rows: rows[:40].decode(),
)
def test_a_rectangle_that_would_fill_the_memory_is_refused(rows: bytes) -> None:
    with pytest.raises(NotAWorkbook, match=r"5000000 cells, got .*sheet1\.xml with \d+ row"):
        check(rows)


numbers = st.none() | st.integers(1, 30)
cells = st.lists(st.tuples(numbers, numbers, st.booleans()), max_size=4)


@given(st.lists(st.tuples(numbers, cells), max_size=5))
def test_no_reader_places_a_cell_outside_the_rectangle(
    rows: list[tuple[int | None, list[tuple[int | None, int | None, bool]]]],
) -> None:
    """The oracle is the reader itself, on sheets that are harmless."""

    def cell(row: int | None, column: int | None, lower: bool) -> str:
        name = f"{get_column_letter(column or 1)}{row}"
        reference = f' r="{name.lower() if lower else name}"' if row and column else ""
        return f"<c{reference}><v>1</v></c>"

    sheet = "".join(
        f"<row{f' r={quoteattr(str(number))}' if number else ''}>"
        + "".join(cell(*place) for place in places)
        + "</row>"
        for number, places in rows
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>'.encode()
    content = packed({**unpacked(SOUND), SHEET: xml})
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        read = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    found = extent.measured(SHEET, xml)
    assert (found.rows, found.columns) == (len(read), max(map(len, read), default=0))


def test_a_large_but_bearable_sheet_passes() -> None:
    check(b'<row r="1"><c r="A1"/></row><row r="1048576"><c r="D1048576"/></row>')
    check(FAR + b"<row><c/></row>" * 300)


@given(
    st.lists(st.tuples(st.integers(1, 4_000), st.integers(1, 4_000)), min_size=1, max_size=8),
    st.booleans(),
)
def test_the_rectangle_is_that_of_the_farthest_cells(
    places: list[tuple[int, int]], lower: bool
) -> None:
    def reference(row: int, column: int) -> str:
        letters = get_column_letter(column)
        return f"{letters.lower() if lower else letters}{row}"

    rows = [f'<row r="{r}"><c r="{reference(r, c)}"/></row>'.encode() for r, c in places]
    fits = max(r for r, _ in places) * max(c for _, c in places) <= extent.MAX_CELLS
    if fits:
        check(*rows)
    else:
        with pytest.raises(NotAWorkbook, match="cells"):
            check(*rows)


@pytest.mark.parametrize(
    "reference", ["", "A", "1", "A0", "A-1", "$A$1", "A1:B2", "AAAA1", "A99999999", "Ñ5", "A１"]
)
def test_a_reference_that_is_none_is_refused(reference: str) -> None:
    with pytest.raises(NotAWorkbook, match="references such as C5"):
        check(f'<row r="1"><c r="{reference}"/></row>'.encode())


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "1e9", "99999999999999999999"])
def test_a_row_number_that_is_none_is_refused(number: str) -> None:
    with pytest.raises(NotAWorkbook, match="numbered from 1"):
        check(f'<row r="{number}"/>'.encode())


def test_a_long_text_that_many_cells_repeat_is_refused() -> None:
    cells = b'<row><c t="s"><v>0</v></c></row>' * 2_000
    check(cells, strings=b"<si><t>" + b"x" * 40_000 + b"</t></si>")
    with pytest.raises(NotAWorkbook, match="2000 texts of up to 60"):
        check(cells, strings=b"<si><t>" + b"x" * 60_000 + b"</t></si>")


@pytest.mark.parametrize(
    "doctype",
    [
        b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    ],
)
def test_a_document_type_is_refused(doctype: bytes) -> None:
    with pytest.raises(NotAWorkbook, match="without a document type"):
        extent.check({SHEET: b'<?xml version="1.0"?>' + doctype + b"<a>1</a>"})


@pytest.mark.parametrize(
    "xml",
    [
        *(b"", b"text", b"<a>", b"<a></b>", b"<a>&nada;</a>", b"<a>\xff</a>", b"<a>\0</a>"),
        *("<a>ñ</a>".encode("latin-1"), "<a/>".encode("utf-16-le"), b"<a/><b/>"),
        b'<a r="1" r="2"/>',
    ],
)
def test_what_is_no_xml_in_utf_8_is_refused(xml: bytes) -> None:
    with pytest.raises(NotAWorkbook, match=r"XML in UTF-8, got .*sheet1\.xml"):
        extent.check({SHEET: xml})


def test_a_declared_encoding_does_not_matter() -> None:
    xml = '<?xml version="1.0" encoding="utf-16"?><a>ñ</a>'
    extent.check({SHEET: xml.encode()})
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        with pytest.raises(NotAWorkbook, match="UTF-8"):
            extent.check({SHEET: mark + xml.encode(encoding)})


def test_depth_is_bounded() -> None:
    extent.check({SHEET: b"<a>" * 100 + b"</a>" * 100})
    with pytest.raises(NotAWorkbook, match="100 deep"):
        extent.check({SHEET: b"<a>" * 101 + b"</a>" * 101})
