"""What may go wrong in the XML of a workbook's parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.unit.ingest.workbook_parts import (
    BYTES,
    SHEET,
    STRINGS,
    Dice,
    Mutation,
    packed,
    unpacked,
)

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
    *(_tags_swapped, _stretch_repeated, _doctype, _encoded, *[_rows_appended] * 3, _as_1904),
    _replaced(TAG, [b"", b"<a>", b"</c>", b"<row>", b"<c>", b"<si/>", b"<v/>"]),
    XML_NUMBERS,
    _replaced(re.compile(rb'(?<= r=")[^"]*'), [name.encode() for name in REFERENCES]),
    _replaced(re.compile(rb'(?<= t=")[^"]*'), [kind.encode() for kind in KINDS]),
    *BYTES,
]


def in_a_part(dice: Dice, content: bytes) -> bytes:
    parts = unpacked(content)
    likely = [name for name in (SHEET, SHEET, STRINGS, "xl/workbook.xml") if name in parts]
    name = dice.pick([*likely, *parts])
    for _ in range(1 + dice.below(3)):
        parts[name] = dice.pick(XML)(dice, parts[name])
    return packed(parts)


def odd_dates(dice: Dice, content: bytes) -> bytes:
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
