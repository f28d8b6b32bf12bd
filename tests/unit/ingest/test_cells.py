import math
from datetime import date

import pytest

from canasta.ingest.cells import folded_text, number, text


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (27.4, 27.4),
        (27, 27.0),
        (0, 0.0),
        (0.0, 0.0),
        ("27,40", 27.4),
        ("27.40", 27.4),
        (" 27,40\N{NO-BREAK SPACE}", 27.4),
        ("$ 27.40", 27.4),
        ("0", 0.0),
        ("-3", -3.0),
        (274.0, 274.0),
    ],
)
def test_reads_numbers_however_they_are_written(cell: object, expected: float) -> None:
    assert number(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        *("N.d.", "ND", "n/d", "-", "", " ", "\N{NO-BREAK SPACE}", None, True),
        *(math.nan, math.inf, "27,40 (p)", "1,234.5", "#DIV/0!", date(2025, 7, 25)),
    ],
)
def test_everything_else_is_no_number(cell: object) -> None:
    assert number(cell) is None


def test_text_is_clean_but_never_respelled() -> None:
    assert text("Cd.Juárez\N{NO-BREAK SPACE} ") == "Cd.Juárez"
    assert text(None) == ""
    assert text(12) == "12"


def test_folded_text_compares_and_ignores_what_is_no_text() -> None:
    assert folded_text(" PROMEDIO  Aritmetico") == folded_text("Promedio aritmético")
    assert folded_text(12.5) == ""
