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


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return file.namelist()


def test_a_sound_workbook_is_packed_again_part_by_part(sound: bytes) -> None:
    again = archive.repacked(sound, LIMIT)
    with zipfile.ZipFile(io.BytesIO(sound)) as file, zipfile.ZipFile(io.BytesIO(again)) as copy:
        for name in copy.namelist():
            assert copy.read(name) == file.read(name)
        left_out = set(file.namelist()) - set(copy.namelist())
    assert left_out == {"docProps/app.xml", "docProps/core.xml"}


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
        archive.repacked(content, LIMIT)


def test_every_truncation_is_noticed(sound: bytes) -> None:
    for length in range(1, len(sound), 97):
        with pytest.raises(NotAWorkbook):
            archive.repacked(sound[:length], LIMIT)


def test_a_flipped_byte_in_a_part_is_noticed(sound: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(sound)) as file:
        part = max(file.infolist(), key=lambda found: found.compress_size)
    middle = part.header_offset + 30 + len(part.filename) + part.compress_size // 2
    damaged = bytearray(sound)
    damaged[middle] ^= 0xFF
    with pytest.raises(NotAWorkbook, match="damaged or truncated"):
        archive.repacked(bytes(damaged), LIMIT)


def test_a_larger_file_than_allowed_is_refused(sound: bytes) -> None:
    with pytest.raises(NotAWorkbook, match="at most 100 bytes"):
        archive.repacked(sound, 100)


def test_a_bomb_is_refused_by_what_its_directory_claims() -> None:
    bomb = zipped({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": bytes(9 * LIMIT)})
    assert len(bomb) < LIMIT / 50
    with pytest.raises(NotAWorkbook, match="unpacked"):
        archive.repacked(bomb, LIMIT)


def test_many_parts_are_refused() -> None:
    parts = {f"xl/{number}.xml": b"" for number in range(1_001)}
    with pytest.raises(NotAWorkbook, match="1000 parts, got one that claims 4 in 1002"):
        archive.repacked(zipped({"xl/workbook.xml": b"<a/>", **parts}), LIMIT)


def test_a_directory_that_lies_about_a_size_is_refused() -> None:
    bomb = bytearray(zipped({"xl/workbook.xml": bytes(9 * LIMIT)}))
    claimed = struct.pack("<L", 9 * LIMIT)
    while (at := bomb.find(claimed)) >= 0:
        bomb[at : at + 4] = struct.pack("<L", 10)
    with pytest.raises(NotAWorkbook, match="damaged"):
        archive.repacked(bytes(bomb), LIMIT)


def test_a_lie_about_a_size_is_noticed_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[int] = []
    read = zipfile.ZipExtFile.read

    def observed(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        steps.append(-1 if n is None else n)
        return read(self, n)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", observed)
    archive.repacked(zipped({"xl/workbook.xml": b"<a>" + b" " * 3_000_000 + b"</a>"}), LIMIT)
    assert len(steps) >= 3
    assert all(0 < step <= 1 << 20 for step in steps)


def overwritten(content: bytes, record: bytes, offset: int, value: bytes) -> bytes:
    """The zip with a field of the first such record replaced."""
    at = content.index(record) + offset
    return content[:at] + value + content[at + len(value) :]


DIRECTORY, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


@pytest.mark.parametrize(
    ("record", "offset", "value", "told"),
    [
        (END, 16, b"\xff\xff\xff\x7f", "negative seek"),  # parts before the file begins
        (DIRECTORY, 6, b"\xff\xff", "zip file version"),
        (DIRECTORY, 8, b"\x01\x00", "encrypted"),
        (DIRECTORY, 10, b"\x09\x00", "got method 9"),
    ],
)
def test_a_directory_that_makes_no_sense_is_refused(
    record: bytes, offset: int, value: bytes, told: str
) -> None:
    content = zipped({"xl/workbook.xml": b"<a/>"})
    with pytest.raises(NotAWorkbook, match=told):
        archive.repacked(overwritten(content, record, offset, value), LIMIT)


def test_a_name_that_is_not_in_its_encoding_is_refused() -> None:
    content = zipped({"xl/workbook.xml": b"<a/>", "xl/styles.xml": b"<a/>"})
    content = content.replace(b"xl/styles.xml", b"xl/\xfftyles.xml")
    last = content.rindex(DIRECTORY)
    damaged = content[:last] + overwritten(content[last:], DIRECTORY, 8, b"\x00\x08")
    with pytest.raises(NotAWorkbook, match=r"damaged.*can't decode"):
        archive.repacked(damaged, LIMIT)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_the_format_does_not_allow_is_refused(method: int) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as file:
        file.writestr("xl/workbook.xml", b"<a/>")
    with pytest.raises(NotAWorkbook, match="compressed with deflate, got method"):
        archive.repacked(content.getvalue(), LIMIT)


@pytest.mark.parametrize("other", ["XL/workbook.xml", "xl\\workbook.xml"])
def test_two_parts_that_a_reader_may_confuse_are_refused(other: str) -> None:
    with pytest.raises(NotAWorkbook, match=r"two 'xl/workbook\.xml'"):
        archive.repacked(zipped({"xl/workbook.xml": b"<a/>", other: b"<b/>"}), LIMIT)


def test_parts_of_another_format_are_not_handed_on() -> None:
    parts = {"xl/workbook.xml": b"<a/>", "content.xml": b"<b/>", "xl/workbook.bin": b"c"}
    assert names(archive.repacked(zipped(parts), LIMIT)) == ["xl/workbook.xml"]


def test_of_two_directories_one_is_read_and_handed_on(sound: bytes) -> None:
    """A second one in the comment: which of the two a reader follows differs."""
    inner = zipped({"xl/workbook.xml": b"<inner/>"})
    both = sound[:-2] + struct.pack("<H", len(inner)) + inner
    handed_on = archive.repacked(both, LIMIT)
    assert handed_on == archive.repacked(handed_on, LIMIT)
    assert END not in handed_on[: handed_on.rindex(END)]


def test_an_error_tells_no_more_than_it_must(sound: bytes) -> None:
    damaged = overwritten(sound, DIRECTORY, 46, b"\n" * 10)
    damaged = damaged.replace(b"docProps/app.xml", b"d" * 16)
    with pytest.raises(NotAWorkbook) as refusal:
        archive.repacked(damaged[:-40] + b"x" * 5000, LIMIT)
    assert len(str(refusal.value)) < 400
