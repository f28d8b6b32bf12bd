"""Is this a sound .xlsx, and small enough to open? Asked before a workbook reader sees it.

An .xlsx is a zip of XML parts. What is read here with Python's zipfile is packed again, so that
a reader with other habits (which of two directories holds, which of two parts of one name) sees
these very parts and no others.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping

from canasta.errors import NotAWorkbook
from canasta.ingest import extent

UNPACKED_PER_BYTE = 4
"""The parts together may unpack to this many times the largest file that is accepted: 128 MiB for
milk, whose workbook unpacks to 6 MB after 18 months. Memory and time are bounded by it."""
MAX_PARTS = 1_000
"""Entries of the zip; the real one has about a dozen."""
ZIP_MAGIC = b"PK\x03\x04"
WORKBOOK = "xl/workbook.xml"

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # what the format (ISO 29500-2) allows
_NEEDED = re.compile(r"\[content_types\]\.xml|_rels/\.rels|xl/.*\.(xml|rels)")
_CHUNK = 1 << 20


def looks_zipped(content: bytes) -> bool:
    """Tell whether `content` begins as an .xlsx does."""
    return content.startswith(ZIP_MAGIC)


def repacked(content: bytes, max_bytes: int) -> bytes:
    """Check that `content` is a complete .xlsx of bearable size, and pack it again.

    Args:
        content: the bytes as received.
        max_bytes: the largest packed size; unpacked, UNPACKED_PER_BYTE times as much may come.

    Returns:
        A zip of the parts that a workbook's cells depend on, not compressed.

    Raises:
        NotAWorkbook: saying what came instead.
    """
    if not looks_zipped(content):
        raise NotAWorkbook(f"Expected an .xlsx workbook, got {_describe(content)}.")
    if len(content) > max_bytes:
        raise NotAWorkbook(f"Expected at most {max_bytes} bytes, got {len(content)}.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = dict(_parts(archive, max_bytes * UNPACKED_PER_BYTE))
    # Beside its own error zipfile raises, of directories that make no sense: NotImplementedError
    # (an unknown version), RuntimeError (an encrypted part), ValueError (a part that would begin
    # before the file, a name that is not in the encoding it claims).
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise NotAWorkbook(
            f"Expected a complete .xlsx workbook, got a damaged or truncated one "
            f"({len(content)} bytes: {str(error)[:200]})."
        ) from error
    extent.check(parts)
    return _packed(parts)


def _parts(archive: zipfile.ZipFile, max_unpacked: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each part that is needed."""
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > max_unpacked or len(entries) > MAX_PARTS:
        raise NotAWorkbook(
            f"Expected a workbook of at most {max_unpacked} bytes unpacked in at most "
            f"{MAX_PARTS} parts, got one that claims {unpacked} in {len(entries)}."
        )
    if WORKBOOK not in archive.namelist():
        raise NotAWorkbook("Expected an .xlsx workbook, got a zip of something else.")
    seen = set()
    for entry in entries:
        # Readers look for parts without regard to case, and take either slash.
        name = entry.filename.replace("\\", "/").lower()
        if name in seen:
            raise NotAWorkbook(f"Expected one part of each name, got two {name[:200]!r}.")
        seen.add(name)
        if _NEEDED.fullmatch(name):
            yield entry.filename, _read(archive, entry)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.compress_type not in _METHODS:
        raise NotAWorkbook(
            f"Expected parts compressed with deflate, got method {entry.compress_type}."
        )
    # Reading ends at the size that the directory claims and checks the sum: a lie is noticed.
    # In one step, whatever the claim, zipfile would unpack up to 2 GB first.
    with archive.open(entry) as part:
        return b"".join(iter(lambda: part.read(_CHUNK), b""))


def _packed(parts: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def _describe(content: bytes) -> str:
    start = content[:512].lstrip().lower()
    if not start:
        return "an empty file"
    if start.startswith((b"<", b"\xef\xbb\xbf<")):
        return f"an HTML or XML page of {len(content)} bytes"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "an old binary .xls file"
    return f"{len(content)} bytes that are no zip archive"
