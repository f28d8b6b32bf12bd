"""Workbooks that went wrong, each made from a sound one and a number.

The zip's structure is damaged here, its bytes in workbook_parts.py, the XML within in
xml_mutations.py, and the cells in odd_cells.py.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence

from tests.unit.ingest.workbook_parts import (
    BYTES,
    SHEET,
    STRINGS,
    Dice,
    Mutation,
    packed,
    unpacked,
)
from tests.unit.ingest.xml_mutations import in_a_part, odd_dates

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
    with zipfile.ZipFile(doubled, "w") as archive:
        for part in parts:
            archive.writestr(zipfile.ZipInfo(part), parts[part])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the name is there already is the point
            archive.writestr(
                zipfile.ZipInfo(other), dice.pick([b"", b"<a/>", parts[name], parts[SHEET]])
            )
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
    text = b"<sst><si><t>" + b"x" * (1 << 10 + dice.below(11)) + b"</t></si></sst>"
    cells = b'<row><c t="s"><v>0</v></c></row>' * (1 << 5 + dice.below(9))
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


DEPTHS: Mapping[str, tuple[list[Mutation[bytes]], list[Mutation[bytes]]]] = {
    "bytes": (BYTES, BYTES),
    "zip": (FIELDS + STRUCTURE, FIELDS),
    "xml": ([*[in_a_part] * 7, odd_dates], [in_a_part]),
}
"""By depth: what may happen to a sound workbook, and then to the result."""


def mutated(depth: str, number: int, sound: Sequence[bytes]) -> bytes:
    """Return the workbook of this depth and number, made from one of `sound`."""
    dice = Dice(depth, number)
    first, second = DEPTHS[depth]
    content = dice.pick(first)(dice, dice.pick(sound))
    return dice.pick(second)(dice, content) if dice.below(2) else content
