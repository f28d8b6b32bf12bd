"""How much a workbook reader would allocate for the parts of an .xlsx, found without doing so.

A reader allocates the whole rectangle between the first cell and the farthest, and a copy of a
shared text for each cell that refers to it: a few kilobytes may ask for terabytes, which ends
the process and cannot be caught. Each part is therefore read once as a stream, by expat: cells
are placed as the reader places them, with a reference (`r="C5"`) or, without one, by counting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

from canasta.errors import NotAWorkbook

MAX_CELLS = 5_000_000
"""Cells in the rectangle that one sheet spans; the real one has 0.1 million."""
MAX_ROWS = 1_048_576
"""Rows of a sheet, by Excel's specification."""
MAX_TEXT = 100_000_000
"""Bytes of text that the cells of one sheet may take from shared texts; the real one: 2 million."""
MAX_DEPTH = 100
"""Elements within one another; a sheet has about six."""

_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")
_ROW = re.compile(r"[1-9][0-9]{0,6}")


def check(parts: Mapping[str, bytes]) -> None:
    """Check that every part is well-formed XML, and every sheet of bearable size.

    Args:
        parts: XML by name.

    Raises:
        NotAWorkbook: a part is no XML in UTF-8, or declares a document type, which Office files
            never do; a cell's reference is none; a sheet is too large.
    """
    extents = [measured(name, xml) for name, xml in parts.items()]
    longest = max((extent.longest_text for extent in extents), default=0)
    for extent in extents:
        if extent.text_cells * longest > MAX_TEXT:
            raise NotAWorkbook(
                f"Expected sheets with at most {MAX_TEXT} bytes of text, got {extent.name} with "
                f"{extent.text_cells} texts of up to {longest} bytes."
            )


class Extent:
    """What one part asks for, counted while expat reads it.

    Attributes:
        name: of the part, for messages.
        rows, columns: of the rectangle from A1 to the farthest cell.
        text_cells: cells that refer to a shared text.
        longest_text: bytes of the longest shared text, its markup included.
    """

    def __init__(self, name: str, parser: expat.XMLParserType) -> None:
        self.name = name[:200]
        self.rows = self.columns = self.text_cells = self.longest_text = 0
        self._row = self._column = self._depth = self._text_began = 0
        self._parser = parser
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotAWorkbook(f"Expected XML at most {MAX_DEPTH} deep, {self.name} is deeper.")
        match name.rpartition(":")[2]:
            case "c":
                self._place(attributes)
            case "row" if "r" in attributes:
                self._row = _row_number(attributes["r"]) - 1
            case "si":
                self._text_began = self._parser.CurrentByteIndex

    def _end(self, name: str) -> None:
        self._depth -= 1
        match name.rpartition(":")[2]:
            case "row":
                self._row, self._column = self._row + 1, 0
            case "si":
                length = self._parser.CurrentByteIndex - self._text_began
                self.longest_text = max(self.longest_text, length)

    def _place(self, attributes: dict[str, str]) -> None:
        row = self._row + 1
        if "r" in attributes:
            row, self._column = _position(attributes["r"])
        self._column += 1
        self.rows, self.columns = max(self.rows, row), max(self.columns, self._column)
        self.text_cells += attributes.get("t") == "s"
        if self.rows > MAX_ROWS or self.rows * self.columns > MAX_CELLS:
            raise NotAWorkbook(
                f"Expected sheets of at most {MAX_CELLS} cells, got {self.name} with "
                f"{self.rows} rows and {self.columns} columns or more."
            )

    def _refuse_doctype(self, *_: object) -> None:
        raise NotAWorkbook("Expected parts without a document type, got one that declares one.")


def measured(name: str, xml: bytes) -> Extent:
    """Read one part and count what it asks for.

    Raises:
        NotAWorkbook: see `check`.
    """
    if b"\0" in xml:  # never in UTF-8, always in UTF-16, which expat would follow
        raise NotAWorkbook(f"Expected a workbook of XML in UTF-8, got {name[:200]} with zeros.")
    parser = expat.ParserCreate("utf-8")  # whatever encoding the part declares
    extent = Extent(name, parser)
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise NotAWorkbook(
            f"Expected a workbook of well-formed XML in UTF-8, got {extent.name} with: {error}."
        ) from error
    return extent


def _row_number(text: str) -> int:
    if _ROW.fullmatch(text) is None:
        raise NotAWorkbook(f"Expected rows numbered from 1, got {text[:20]!r}.")
    return int(text)


def _position(reference: str) -> tuple[int, int]:
    """Return row, from 1, and column, from 0, of a reference such as C5."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise NotAWorkbook(f"Expected cells with references such as C5, got {reference[:20]!r}.")
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), column - 1
