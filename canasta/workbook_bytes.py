"""openpyxl workbooks as bytes: equal workbooks give equal bytes.

openpyxl stamps the time of writing into the document's properties and into every entry of the
zip, so the properties are set and the archive is packed again, both with one fixed time.
"""

from __future__ import annotations

import zipfile
from datetime import datetime
from io import BytesIO

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

STAMP = datetime(2024, 1, 1)  # noqa: DTZ001  (openpyxl takes naive times as UTC)
"""The time that every workbook claims to be written at."""


def save(book: Workbook) -> bytes:
    """Return `book` as an .xlsx file; its times of creation and change are STAMP."""
    book.properties.created = book.properties.modified = STAMP
    loose, packed = BytesIO(), BytesIO()
    ExcelWriter(book, zipfile.ZipFile(loose, "w")).save()
    with zipfile.ZipFile(loose) as parts, zipfile.ZipFile(packed, "w") as archive:
        for name in parts.namelist():
            entry = zipfile.ZipInfo(name, STAMP.timetuple()[:6])
            archive.writestr(entry, parts.read(name), compress_type=zipfile.ZIP_DEFLATED)
    return packed.getvalue()
