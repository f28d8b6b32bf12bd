"""Labels and keys: how the names of series are cleaned and compared."""

from __future__ import annotations

import unicodedata

type Key = tuple[str, ...]
"""The labels of one series, in the order of the commodity's key columns."""

SIMULATED = "DATOS SIMULADOS"
"""What everything says that comes from simulated prices, for end users to read."""


def clean(label: str) -> str:
    """Trim, turn every white space (NBSP too) into single spaces, compose accents (NFC).

    The spelling is never changed: 'Cd.Juárez' stays 'Cd.Juárez'.
    """
    return unicodedata.normalize("NFC", " ".join(label.split()))


def folded(label: str) -> str:
    """Return `label` cleaned, without case and accents: for comparing, never for storing."""
    decomposed = unicodedata.normalize("NFD", clean(label).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
