"""Is this a sound .xlsx, and small enough to open? Asked before a workbook reader sees it.

An .xlsx is a zip of XML parts. Two things make a small file fill the memory: parts that unpack
to far more than they weigh, and a cell far from the others (`XFD1048576`), since readers
allocate the whole rectangle between.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from canasta.errors import NotAWorkbook

UNPACKED_PER_BYTE = 8
"""The parts together may unpack to this many times the largest file that is accepted; the real
workbook unpacks to about seven times its own size."""
MAX_CELLS = 5_000_000
"""Cells in the rectangle that one sheet spans; the real one has 0.1 million."""
ZIP_MAGIC = b"PK\x03\x04"

_REFERENCE = re.compile(rb"\sr\s*=\s*[\"']\s*([A-Z]{1,3})(\d{1,7})\s*[\"']")
_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]*?\br\s*=\s*[\"']\s*(\d{1,7})\s*[\"']")


def looks_zipped(content: bytes) -> bool:
    """Tell whether `content` begins as an .xlsx does."""
    return content.startswith(ZIP_MAGIC)


def check(content: bytes, max_bytes: int) -> None:
    """Check that `content` is a complete .xlsx of bearable size.

    Args:
        content: the bytes as received.
        max_bytes: the largest packed size; unpacked, UNPACKED_PER_BYTE times as much may come.

    Raises:
        NotAWorkbook: saying what came instead.
    """
    if not looks_zipped(content):
        raise NotAWorkbook(f"Expected an .xlsx workbook, got {_describe(content)}.")
    if len(content) > max_bytes:
        raise NotAWorkbook(f"Expected at most {max_bytes} bytes, got {len(content)}.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(archive, max_bytes * UNPACKED_PER_BYTE)
    # The last two are zipfile's: an unknown compression method, an encrypted part.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise NotAWorkbook(
            f"Expected a complete .xlsx workbook, got a damaged or truncated one "
            f"({len(content)} bytes: {error})."
        ) from error


def _check_parts(archive: zipfile.ZipFile, max_unpacked: int) -> None:
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if unpacked > max_unpacked:
        raise NotAWorkbook(
            f"Expected a workbook of at most {max_unpacked} bytes unpacked, "
            f"got one that claims {unpacked}."
        )
    if "xl/workbook.xml" not in archive.namelist():
        raise NotAWorkbook("Expected an .xlsx workbook, got a zip of something else.")
    for part in parts:
        # Reading ends at the size the directory claims and checks the sum: a lie is noticed.
        _check_spread(part.filename, archive.read(part))


def _check_spread(name: str, xml: bytes) -> None:
    rows = cols = 0
    for letters, row in _REFERENCE.findall(xml):
        rows = max(rows, int(row))
        cols = max(cols, _column(letters))
    rows = max([rows, *map(int, _ROW.findall(xml))])
    if rows * cols > MAX_CELLS:
        raise NotAWorkbook(
            f"Expected sheets of at most {MAX_CELLS} cells, got {name} with {rows} rows "
            f"and {cols} columns."
        )


def _column(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - ord("A") + 1
    return index


def _describe(content: bytes) -> str:
    start = content[:512].lstrip().lower()
    if not start:
        return "an empty file"
    if start.startswith((b"<", b"\xef\xbb\xbf<")):
        return f"an HTML or XML page of {len(content)} bytes"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "an old binary .xls file"
    return f"{len(content)} bytes that are no zip archive"
