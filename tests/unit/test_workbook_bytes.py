import io
import zipfile
from datetime import datetime

from openpyxl import Workbook, load_workbook

from canasta.workbook_bytes import save


def a_book(*, write_only: bool = False) -> Workbook:
    book = Workbook(write_only=write_only)
    sheet = book.create_sheet("Leche")
    sheet.append(["Precio", 26.58])
    return book


def test_the_workbook_opens_with_its_content() -> None:
    for write_only in (False, True):
        sheet = load_workbook(io.BytesIO(save(a_book(write_only=write_only))))["Leche"]
        assert list(sheet.iter_rows(values_only=True)) == [("Precio", 26.58)]


def test_no_time_of_writing_is_left_in_it() -> None:
    book = a_book()
    book.properties.created = datetime(2031, 5, 6)  # noqa: DTZ001  (as openpyxl takes it)
    content = save(book)
    assert content == save(a_book())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(2024, 1, 1, 0, 0, 0)}
        properties = archive.read("docProps/core.xml").decode()
    assert properties.count("2024-01-01T00:00:00Z") == 2
