"""What a single cell of a price sheet says."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from canasta.labels import clean, folded

_NUMBER = re.compile(r"\$?\s*(-?\d+(?:[.,]\d+)?)")

# A cumulative sheet repeats a few hundred texts tens of thousands of times.
_clean = lru_cache(maxsize=4096)(clean)
_folded = lru_cache(maxsize=4096)(folded)


def text(cell: object) -> str:
    """Return the cell as a clean label; a cell without content gives an empty text."""
    return "" if cell is None else _clean(str(cell))


def folded_text(cell: object) -> str:
    """Return a text cell cleaned, without case and accents, for comparing; else an empty text."""
    return _folded(cell) if isinstance(cell, str) else ""


def number(cell: object) -> float | None:
    """Return the number that stands in a cell, or None where there is none.

    Text with a decimal comma or point ("27,40") is a number; "N.d.", "ND", "-", blanks, dates
    and everything else are none. Zeros stay zeros: what they mean is decided later.
    """
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return float(cell) if math.isfinite(cell) else None
    found = _NUMBER.fullmatch(_clean(cell)) if isinstance(cell, str) else None
    return float(found[1].replace(",", ".")) if found else None
