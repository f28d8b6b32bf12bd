"""Workbooks that went wrong, each made from a sound one and a number: bytes, zip, XML, cells."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape

import numpy as np
import openpyxl
from hypothesis import strategies as st

from canasta.commodity import Commodity
from simulate_publication import Layout, render
from tests.unit.ingest.builders import publications

type Parts = dict[str, bytes]
type Mutation[T] = Callable[["Dice", T], T]
type Cell = str | float | bool | None
type Grid = list[list[Cell]]

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"


class Dice:
    """Repeatable choices: the same number gives the same ones on every machine."""

    def __init__(self, depth: str, number: int) -> None:
        self._draws = np.random.default_rng([zlib.crc32(depth.encode()), number])

    def below(self, stop: int) -> int:
        """A number from 0 to `stop` - 1; 0 where there is none."""
        return int(self._draws.integers(stop)) if stop > 0 else 0

    def pick[T](self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]

    def bytes(self, count: int) -> bytes:
        return self._draws.bytes(count)


def sound_workbooks(milk: Commodity) -> list[bytes]:
    """Three publications, as several libraries and layouts write them."""
    three = publications(3, milk)
    plain = render(three, milk)
    return [
        plain,
        render(three, milk, layout=Layout(date_cells=True, merged=False, decimal_comma=True)),
        _with_shared_strings(plain),
        _with_shared_strings(render(three, milk, layout=Layout(date_cells=True))),
    ]


def _with_shared_strings(content: bytes) -> bytes:
    book, saved = openpyxl.load_workbook(io.BytesIO(content)), io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def unpacked(content: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


# ---- bytes ------------------------------------------------------------------------------------


def _flip(dice: Dice, content: bytes) -> bytes:
    damaged = bytearray(content or b"?")
    for _ in range(1 + dice.below(8)):
        damaged[dice.below(len(damaged))] ^= 1 << dice.below(8)
    return bytes(damaged)


def _cut(dice: Dice, content: bytes) -> bytes:
    at = dice.below(len(content))
    return content[:at] + content[at + 1 + dice.below(200) :]


def _truncate(dice: Dice, content: bytes) -> bytes:
    return content[: dice.below(len(content))]


def _insert(dice: Dice, content: bytes) -> bytes:
    at = dice.below(len(content))
    return content[:at] + dice.bytes(1 + dice.below(40)) + content[at:]


def _repeat(dice: Dice, content: bytes) -> bytes:
    at, width = dice.below(len(content)), 1 + dice.below(300)
    return content[:at] + content[at : at + width] * (2 + dice.below(20)) + content[at + width :]


def _splice(dice: Dice, content: bytes) -> bytes:
    return content[: dice.below(len(content))] + content[dice.below(len(content)) :]


def _blank(dice: Dice, content: bytes) -> bytes:
    at, width = dice.below(len(content)), 1 + dice.below(64)
    return content[:at] + dice.pick([b"\0", b"\xff"]) * width + content[at + width :]


BYTES: list[Mutation[bytes]] = [_flip, _cut, _truncate, _insert, _repeat, _splice, _blank]

# ---- the zip's directory ----------------------------------------------------------------------

DIRECTORY, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
ODS_BOMB = (
    b'<office:document-content xmlns:office="o" xmlns:table="t"><office:body><office:spreadsheet>'
    b'<table:table table:name="x"><table:table-row table:number-rows-repeated="1000000">'
    b'<table:table-cell table:number-columns-repeated="16000" office:value-type="string"/>'
    b"</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
)


def _field(magic: bytes, offset: int, values: Sequence[bytes]) -> Mutation[bytes]:
    """Overwrite one field of one record of the directory, or of one local header."""

    def mutate(dice: Dice, content: bytes) -> bytes:
        found = [match.start() for match in re.finditer(re.escape(magic), content)]
        if not found:
            return content
        at, value = dice.pick(found) + offset, dice.pick(values)
        return content[:at] + value + content[at + len(value) :]

    return mutate


_SHORTS = [struct.pack("<H", value) for value in (0, 1, 8, 9, 12, 14, 93, 99, 0x800, 0x801, 65535)]
_LONGS = [struct.pack("<L", value) for value in (0, 1, 10, 0xFFFF, 1 << 28, 1 << 31, 0xFFFFFFFF)]
_NAMES = [
    *(b"../../../../etc/passwd", b"/xl/workbook.xml", b"xl\\workbook.xml", b"XL/WORKBOOK.XML"),
    *(b"\xff\xfe\xfd", b"", b"xl/workbook.bin", b"content.xml", b"a\0b", b"xl/" * 2000),
]


def _renamed(dice: Dice, content: bytes) -> bytes:
    parts = unpacked(content)
    old = dice.pick(list(parts))
    new = dice.pick(_NAMES).decode("latin-1") or "?"
    return packed({(new if name == old else name): part for name, part in parts.items()})


def _badly_named(dice: Dice, content: bytes) -> bytes:
    # Claims a UTF-8 name that is none, in directory and local header alike.
    name = dice.pick([b"xl/styles.xml", b"xl/theme/theme1.xml", b"docProps/app.xml"])
    damaged = content.replace(name, b"\xff" + name[1:])
    for magic, offset in ((DIRECTORY, 8), (LOCAL, 6)):
        damaged = _field(magic, offset, [struct.pack("<H", 0x800)])(dice, damaged)
    return damaged


def _without_part(dice: Dice, content: bytes) -> bytes:
    parts = unpacked(content)
    del parts[dice.pick(list(parts))]
    return packed(parts)


def _twice(dice: Dice, content: bytes) -> bytes:
    parts, doubled = unpacked(content), io.BytesIO()
    name = dice.pick(list(parts))
    other = dice.pick([name, name.upper(), name.replace("/", "\\"), f"{name}/", f"./{name}"])
    with zipfile.ZipFile(doubled, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.writestr(part, parts[part])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the name is there already is the point
            archive.writestr(other, dice.pick([b"", b"<a/>", parts[name], parts[SHEET]]))
    return doubled.getvalue()


def _otherwise_packed(dice: Dice, content: bytes) -> bytes:
    methods = [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    return packed(unpacked(content), dice.pick(methods))


def _many_parts(dice: Dice, content: bytes) -> bytes:
    more = {f"xl/{dice.below(3)}/{number}.xml": b"<a/>" for number in range(1 + dice.below(1500))}
    return packed({**unpacked(content), **more})


def _two_archives(dice: Dice, content: bytes) -> bytes:
    other = packed({"xl/workbook.xml": b"<workbook/>", "content.xml": ODS_BOMB})
    return content + other if dice.below(2) else other + content


def _archive_in_comment(dice: Dice, content: bytes) -> bytes:
    inner = packed({"xl/workbook.xml": b"<workbook/>"})
    if dice.below(2):
        inner = content[content.rfind(END) :]
    return content[:-2] + struct.pack("<H", len(inner)) + inner


def _other_format(dice: Dice, content: bytes) -> bytes:
    parts = unpacked(content)
    parts["xl/workbook.xml"] = dice.pick([b"<workbook", b"<workbook/>", b""])
    parts["mimetype"] = b"application/vnd.oasis.opendocument.spreadsheet"
    parts["META-INF/manifest.xml"] = b"<manifest/>"
    parts["content.xml"] = ODS_BOMB
    parts["xl/workbook.bin"] = dice.bytes(200)
    return packed(parts)


def _bomb(dice: Dice, content: bytes) -> bytes:
    bomb = packed({**unpacked(content), "xl/media/bomb.xml": bytes((1 + dice.below(8)) << 20)})
    lie = _field(DIRECTORY, 24, [struct.pack("<L", 10), struct.pack("<L", 1 << 20)])
    return lie(dice, bomb) if dice.below(2) else bomb


def _repeated_text(dice: Dice, content: bytes) -> bytes:
    """One long text that thousands of cells refer to."""
    parts = unpacked(content)
    text = b"<sst><si><t>" + b"x" * (1 << dice.below(21)) + b"</t></si></sst>"
    cells = b'<row><c t="s"><v>0</v></c></row>' * (1 << dice.below(13))
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", cells + b"</sheetData>")
    return packed({**parts, STRINGS: text})


FIELDS: list[Mutation[bytes]] = [
    *(_field(DIRECTORY, offset, _SHORTS) for offset in (4, 6, 8, 10, 28, 30, 32)),
    *(_field(DIRECTORY, offset, _LONGS) for offset in (16, 20, 24, 42)),
    *(_field(LOCAL, offset, _SHORTS) for offset in (4, 6, 8, 26, 28)),
    *(_field(LOCAL, offset, _LONGS) for offset in (14, 18, 22)),
    *(_field(END, offset, _SHORTS) for offset in (4, 6, 8, 10, 20)),
    *(_field(END, offset, _LONGS) for offset in (12, 16)),
]
STRUCTURE: list[Mutation[bytes]] = [
    *(_renamed, _badly_named, _without_part, _twice, _otherwise_packed, _many_parts),
    *(_two_archives, _archive_in_comment, _other_format, _bomb, _repeated_text),
] * 2

# ---- the parts' XML ---------------------------------------------------------------------------

ODD_NUMBERS = [
    *("0", "-1", "1e308", "-1e308", "1e309", "1e-400", "NaN", "inf", "-inf", "9" * 400, "", " "),
    *("0x1F", "1_000", "1,5", "٢٧", "2958465", "2958466", "-693594", "60", "0.5", "1e15", "1e300"),
    *("18446744073709551616", "9223372036854775807", "4294967296", "2147483648", "abc"),
]
REFERENCES = [
    *("A1", "a1", "XFD1048576", "xfd999999", "AAAA1", "A0", "A00000001", "A-1", "1A", "A", "7", ""),
    *("ZZZ9999999", "A4294967297", "A18446744073709551617", "ZZZZZZZZZZ1", "$A$1", "A1:B2", "Ñ5"),
    *("&#65;1", "C5", "F3", "XFD1", "A1048576"),
]
KINDS = ["s", "b", "e", "n", "str", "d", "inlineStr", "z", "", "S"]
ODD_VALUES = [*ODD_NUMBERS, *REFERENCES, *KINDS, "true", "hidden", "rId99", "../../x", "x" * 5000]
DOCTYPES = [
    b'<!DOCTYPE a [<!ENTITY a "x">]>',
    b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>',
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    b"<!DOCTYPE a",
]
INSERTIONS = [
    *(b"&d;", b"&amp;", b"&#0;", b"&#xFFFFFFFF;", b"&nada;", b"&", b"<", b">", b"]]>", b"\xff\xfe"),
    *(b"<![CDATA[27.5]]>", b"<!-- c -->", b"<!--", b"<?pi?>", b"<v>1</v>", b"<row/>", b"<c/>"),
    *(
        b"<x:c xmlns:x='y' r='A1'><x:v>1</x:v></x:c>",
        b"\0",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"_x000D_",
    ),
    *(
        "\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}".encode(),
        b"</row>",
        b"</c>",
        b"</sheetData>",
    ),
    *(b"<r><t>27</t></r><r><t>.5</t></r>", b"<is><t>N.d.</t></is>", b"<f>1/0</f>"),
    b"<a>" * 3000 + b"</a>" * 3000,
]
ROWS = [
    b'<row r="1"><c r="XFD1"><v>1</v></c></row>' + b"<row><c><v>1</v></c></row>" * 4000,
    b'<row r="1"><c r="xfd1048576"><v>1</v></c></row>',
    b'<row r="1048576"><c><v>1</v></c></row>' + b"<row><c><v>1</v></c></row>" * 3,
    b'<row r="9999999"><c r="A9999999"/></row>',
    b'<row r="4294967295"><c/></row>',
    b'<row r="5"><c r="B5" t="inlineStr"><is><t>Otra</t></is></c></row>',
    b'<row r="2"><c r="A2" t="d"><v>2025-06-31T25:61:00Z</v></c></row>',
    b'<row r="3"><c r="C3" t="e"><v>#N/A</v></c><c r="D3" t="b"><v>7</v></c></row>',
    b'<row r="40"><c r="A40" s="1"><v>-1e9</v></c><c r="B40" s="2"><v>1e18</v></c></row>',
    b'<row r="6"><c r="C6" t="str"><f>A1</f><v>27,5</v></c><c r="D6" t="s"><v>99999</v></c></row>',
]
TAG = re.compile(rb"<[^<>]+>")
ATTRIBUTE = re.compile(rb'\s([\w:]+)="([^"]*)"')
NUMBER = re.compile(rb"(?<=>)-?\d+(?:\.\d+)?(?=<)")


def _spot(dice: Dice, pattern: re.Pattern[bytes], xml: bytes) -> tuple[int, int]:
    """Where one match of `pattern` begins and ends; an arbitrary point where there is none."""
    found = [match.span() for match in pattern.finditer(xml)]
    at = dice.below(len(xml))
    return dice.pick(found) if found else (at, at)


def _replaced(pattern: re.Pattern[bytes], values: Sequence[bytes]) -> Mutation[bytes]:
    def mutate(dice: Dice, xml: bytes) -> bytes:
        for _ in range(1 + dice.below(3)):
            begin, end = _spot(dice, pattern, xml)
            xml = xml[:begin] + dice.pick(values) + xml[end:]
        return xml

    return mutate


def _attribute(dice: Dice, xml: bytes) -> bytes:
    found = [*ATTRIBUTE.finditer(xml)]
    if not found:
        return xml
    chosen = dice.pick(found)
    value = dice.pick(ODD_VALUES).encode()
    return xml[: chosen.start(2)] + value + xml[chosen.end(2) :]


def _attribute_everywhere(dice: Dice, xml: bytes) -> bytes:
    names = sorted({match[1] for match in ATTRIBUTE.finditer(xml)})
    if not names:
        return xml
    name, value = re.escape(dice.pick(names)), dice.pick(ODD_VALUES).encode()
    new = b"" if dice.below(2) else b' r="' + value + b'"'
    return re.sub(rb"\s" + name + rb'="[^"]*"', lambda _: new, xml)


def _inserted(dice: Dice, xml: bytes) -> bytes:
    _, at = _spot(dice, TAG, xml)
    return xml[:at] + dice.pick(INSERTIONS) + xml[at:]


def _tag_copied(dice: Dice, xml: bytes) -> bytes:
    (begin, end), (_, at) = _spot(dice, TAG, xml), _spot(dice, TAG, xml)
    return xml[:at] + xml[begin:end] + xml[at:]


def _tags_swapped(dice: Dice, xml: bytes) -> bytes:
    first, second = sorted([_spot(dice, TAG, xml), _spot(dice, TAG, xml)])
    middle = xml[first[1] : second[0]]
    one, two = xml[slice(*first)], xml[slice(*second)]
    return xml[: first[0]] + two + middle + one + xml[second[1] :]


def _stretch_repeated(dice: Dice, xml: bytes) -> bytes:
    first, second = sorted([_spot(dice, TAG, xml), _spot(dice, TAG, xml)])
    stretch = xml[first[0] : second[0]]
    return xml[: second[0]] + stretch * (1 + dice.below(4)) + xml[second[0] :]


def _doctype(dice: Dice, xml: bytes) -> bytes:
    at = xml.find(b"?>") + 2 if xml.startswith(b"<?") else 0
    return _inserted(dice, xml[:at] + dice.pick(DOCTYPES) + xml[at:])


def _encoded(dice: Dice, xml: bytes) -> bytes:
    text = xml.decode("utf-8", "replace")
    encoding = dice.pick(
        ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7"]
    )
    if dice.below(2):
        text = re.sub(r"<\?xml[^>]*\?>", f'<?xml version="1.0" encoding="{encoding}"?>', text)
    return text.encode(encoding, "replace")


def _rows_appended(dice: Dice, xml: bytes) -> bytes:
    rows = dice.pick(ROWS)
    return xml.replace(b"</sheetData>", rows + b"</sheetData>").replace(
        b"<sheetData>", b"<sheetData>" + (rows if dice.below(2) else b"")
    )


def _as_1904(dice: Dice, xml: bytes) -> bytes:
    xml = xml.replace(b"<workbookPr", b'<workbookPr date1904="1"')
    return xml.replace(
        b"<sheets>", b"<sheets>" + b'<sheet name="x" sheetId="9" r:id="rId1"/>' * (dice.below(200))
    )


XML_NUMBERS = _replaced(NUMBER, [number.encode() for number in ODD_NUMBERS])
XML: list[Mutation[bytes]] = [
    *(_attribute, _attribute, _attribute_everywhere, _inserted, _inserted, _tag_copied),
    *(_tags_swapped, _stretch_repeated, _doctype, _encoded, _rows_appended, _as_1904),
    _replaced(TAG, [b"", b"<a>", b"</c>", b"<row>", b"<c>", b"<si/>", b"<v/>"]),
    XML_NUMBERS,
    _replaced(re.compile(rb'(?<= r=")[^"]*'), [name.encode() for name in REFERENCES]),
    _replaced(re.compile(rb'(?<= t=")[^"]*'), [kind.encode() for kind in KINDS]),
    *BYTES,
]


def _in_a_part(dice: Dice, content: bytes) -> bytes:
    parts = unpacked(content)
    likely = [name for name in (SHEET, SHEET, STRINGS, "xl/workbook.xml") if name in parts]
    name = dice.pick([*likely, *parts])
    for _ in range(1 + dice.below(3)):
        parts[name] = dice.pick(XML)(dice, parts[name])
    return packed(parts)


def _odd_dates(dice: Dice, content: bytes) -> bytes:
    """Numbers formatted as dates, times or durations that are none."""
    parts = unpacked(content)
    formats = [b"14", b"18", b"21", b"22", b"45", b"46", b"47"]
    parts["xl/styles.xml"] = re.sub(
        rb'numFmtId="\d+"',
        lambda _: b'numFmtId="' + dice.pick(formats) + b'"',
        parts["xl/styles.xml"],
    )
    sheet = re.sub(rb' s="\d+"', b"", parts[SHEET])
    sheet = re.sub(rb'(<c r="\w+")(?= t="n"|>)', rb'\1 s="0"', sheet)
    parts[SHEET] = XML_NUMBERS(dice, sheet)
    if dice.below(2):
        parts["xl/workbook.xml"] = _as_1904(dice, parts["xl/workbook.xml"])
    return packed(parts)


DEPTHS: Mapping[str, tuple[list[Mutation[bytes]], list[Mutation[bytes]]]] = {
    "bytes": (BYTES, BYTES),
    "zip": (FIELDS + STRUCTURE, FIELDS),
    "xml": ([*[_in_a_part] * 7, _odd_dates], [_in_a_part]),
}
"""By depth: what may happen to a sound workbook, and then to the result."""


def mutated(depth: str, number: int, sound: Sequence[bytes]) -> bytes:
    """Return the workbook of this depth and number, made from one of `sound`."""
    dice = Dice(depth, number)
    first, second = DEPTHS[depth]
    content = dice.pick(first)(dice, dice.pick(sound))
    return dice.pick(second)(dice, content) if dice.below(2) else content


# ---- cells ------------------------------------------------------------------------------------

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
