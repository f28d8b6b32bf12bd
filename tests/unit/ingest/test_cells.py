import math
from datetime import date

import pytest

from canasta.ingest.cells import LONGEST, folded_text, number, text
from canasta.ingest.spanish_dates import find_date


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


def test_what_a_float_cannot_hold_is_no_number() -> None:
    assert number("9" * 250) == 1e250
    assert number("9" * 310) is None
    assert number("0" * LONGEST + "1") is None
    assert number(1e308) == 1e308


def test_of_a_very_long_text_only_the_beginning_is_looked_at() -> None:
    assert text("x" * 10**7) == "x" * LONGEST
    assert folded_text("É" * 10**7) == "e" * LONGEST
    # Composing these in full would take hours.
    accents = "a" + "\N{COMBINING ACUTE ACCENT}\N{COMBINING CEDILLA}" * 10**6
    assert len(text(accents)) < LONGEST
    assert find_date(accents) is None
    assert number(accents) is None


def test_text_is_clean_but_never_respelled() -> None:
    assert text("Cd.Juárez\N{NO-BREAK SPACE} ") == "Cd.Juárez"
    assert text(None) == ""
    assert text(12) == "12"


def test_folded_text_compares_and_ignores_what_is_no_text() -> None:
    assert folded_text(" PROMEDIO  Aritmetico") == folded_text("Promedio aritmético")
    assert folded_text(12.5) == ""
