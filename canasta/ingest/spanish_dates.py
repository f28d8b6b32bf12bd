"""Dates as a Spanish sheet writes them."""

from __future__ import annotations

import re
from datetime import date, datetime

from canasta.ingest.cells import folded_text

_NAMES = (
    ("enero", "ene"),
    ("febrero", "feb"),
    ("marzo", "mar"),
    ("abril", "abr"),
    ("mayo", "may"),
    ("junio", "jun"),
    ("julio", "jul"),
    ("agosto", "ago"),
    ("septiembre", "setiembre", "sept", "sep", "set"),
    ("octubre", "oct"),
    ("noviembre", "nov"),
    ("diciembre", "dic"),
)
_MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names}
_IN_WORDS = re.compile(
    r"\b(?P<day>\d{1,2})\W*(?:(?:o|ro|er)\b\W*)?(?:de\b\W*)?"
    rf"(?P<month>{'|'.join(_MONTHS)})\b\W*(?:del?\b\W*)?(?P<year>\d{{4}})\b"
)
_IN_FIGURES = re.compile(r"\b(?P<day>\d{1,2})[/-](?P<month>\d{1,2})[/-](?P<year>\d{4})\b")


def find_date(cell: object) -> date | None:
    """Return the date that a cell holds, or None.

    Known are real dates, and texts that contain "25 de julio de 2025" (any case, any spacing,
    "setiembre", "del", abbreviated months) or "25/07/2025". An impossible date such as
    "31 de junio" is none.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    return _in_text(folded_text(cell))


def _in_text(text: str) -> date | None:
    found = _IN_WORDS.search(text) or _IN_FIGURES.search(text)
    if found is None:
        return None
    month = found["month"]
    try:
        return date(int(found["year"]), _MONTHS.get(month) or int(month), int(found["day"]))
    except ValueError:
        return None
