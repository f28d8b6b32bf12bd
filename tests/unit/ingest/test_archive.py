import io
import struct
import zipfile

import pytest

from canasta.commodity import Commodity
from canasta.errors import NotAWorkbook
from canasta.ingest import archive
from simulate_publication import render
from tests.unit.ingest.builders import publications

LIMIT = 1_000_000


def zipped(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return content.getvalue()


@pytest.fixture
def sound(milk: Commodity) -> bytes:
    return render(publications(2, milk), milk)


def test_a_sound_workbook_passes(sound: bytes) -> None:
    archive.check(sound, LIMIT)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<!DOCTYPE html><html>404</html>", "an HTML or XML page"),
        (b"\n  <html>", "an HTML or XML page"),
        (b"", "an empty file"),
        (b"  \n", "an empty file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old binary .xls"),
        (b"Estado,Ciudad\n", "no zip archive"),
        (zipped({"word/document.xml": b"<a/>"}), "a zip of something else"),
    ],
)
def test_tells_what_came_instead(content: bytes, told: str) -> None:
    with pytest.raises(NotAWorkbook, match=told):
        archive.check(content, LIMIT)


def test_every_truncation_is_noticed(sound: bytes) -> None:
    for length in range(1, len(sound), 97):
        with pytest.raises(NotAWorkbook):
            archive.check(sound[:length], LIMIT)


def test_a_flipped_byte_in_a_part_is_noticed(sound: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(sound)) as file:
        part = max(file.infolist(), key=lambda found: found.compress_size)
    middle = part.header_offset + 30 + len(part.filename) + part.compress_size // 2
    damaged = bytearray(sound)
    damaged[middle] ^= 0xFF
    with pytest.raises(NotAWorkbook, match="damaged or truncated"):
        archive.check(bytes(damaged), LIMIT)


def test_a_larger_file_than_allowed_is_refused(sound: bytes) -> None:
    with pytest.raises(NotAWorkbook, match="at most 100 bytes"):
        archive.check(sound, 100)


def test_a_bomb_is_refused_by_what_its_directory_claims() -> None:
    bomb = zipped({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": bytes(9 * LIMIT)})
    assert len(bomb) < LIMIT / 50
    with pytest.raises(NotAWorkbook, match="unpacked"):
        archive.check(bomb, LIMIT)


def test_a_directory_that_lies_about_a_size_is_refused() -> None:
    bomb = bytearray(zipped({"xl/workbook.xml": bytes(9 * LIMIT)}))
    claimed = struct.pack("<L", 9 * LIMIT)
    while (at := bomb.find(claimed)) >= 0:
        bomb[at : at + 4] = struct.pack("<L", 10)
    with pytest.raises(NotAWorkbook, match="damaged"):
        archive.check(bytes(bomb), LIMIT)


@pytest.mark.parametrize(
    "sheet",
    [
        b'<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row>',
        b"<row r='1'><c r='XFD1'/></row><row r='1048576'><c/></row>",
        b'<x:row x:spans="1" r = "1048576"><x:c r="XFD1"/></x:row>',
    ],
)
def test_a_cell_far_from_the_others_is_refused(sheet: bytes) -> None:
    parts = {"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": sheet}
    with pytest.raises(NotAWorkbook, match="1048576 rows and 16384 columns"):
        archive.check(zipped(parts), LIMIT)
