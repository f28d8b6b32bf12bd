"""What a single cell of a price sheet says."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from canasta.labels import clean, folded

LONGEST = 300
"""Characters of a cell that are looked at: no title, date, label or number has more. Composing
accents takes time that grows with the square of the length."""

_NUMBER = re.compile(r"\$?\s*(-?\d+(?:[.,]\d+)?)")

# A cumulative sheet repeats a few hundred texts tens of thousands of times.
_clean = lru_cache(maxsize=4096)(clean)
_folded = lru_cache(maxsize=4096)(folded)


def text(cell: object) -> str:
    """Return the cell as a clean label; a cell without content gives an empty text.

    What stands beyond the first LONGEST characters is left out.
    """
    return "" if cell is None else _clean(str(cell)[:LONGEST])


def folded_text(cell: object) -> str:
    """Return a text cell cleaned, without case and accents, for comparing; else an empty text.

    What stands beyond the first LONGEST characters is left out.
    """
    return _folded(cell[:LONGEST]) if isinstance(cell, str) else ""


def number(cell: object) -> float | None:
    """Return the number that stands in a cell, or None where there is none.

    Text with a decimal comma or point ("27,40") is a number; "N.d.", "ND", "-", blanks, dates
    and everything else are none, and so is what a float cannot hold. Zeros stay zeros: what they
    mean is decided later.
    """
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return _finite(float(cell))
    found = _NUMBER.fullmatch(text(cell)) if _is_short(cell) else None
    return _finite(float(found[1].replace(",", "."))) if found else None


def _is_short(cell: object) -> bool:
    return isinstance(cell, str) and len(cell) <= LONGEST


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
