import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.labels import clean, folded


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Aguascalientes ", "Aguascalientes"),
        ("\u00a0Veracruz\u00a0", "Veracruz"),
        ("Cd.Juárez", "Cd.Juárez"),  # beside 'Cd. Obregón': never respelled
        ("San  Luis\tRío\n Colorado", "San Luis Río Colorado"),
        ("Me\u0301rida", "Mérida"),
        ("  ", ""),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MÉRIDA", "merida"),
        (" Nuevo  León", "nuevo leon"),
        ("Michoacán", "Michoaca\u0301n"),
        ("CANCÚN", "Cancún"),
    ],
)
def test_folded_makes_equal(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("Cd.Juárez", "Cd. Juárez"), ("Tienda", "Tiendas")])
def test_folded_keeps_apart(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(st.text())
def test_clean_is_idempotent_composed_and_trimmed(label: str) -> None:
    cleaned = clean(label)
    assert clean(cleaned) == cleaned
    assert cleaned == cleaned.strip()
    assert unicodedata.is_normalized("NFC", cleaned)


@given(st.text())
def test_folded_looks_through_cleaning(label: str) -> None:
    assert folded(clean(label)) == folded(label)


@given(st.text(alphabet=st.characters(max_codepoint=0x24F)))
def test_folded_looks_through_case_and_is_idempotent_in_latin_letters(label: str) -> None:
    assert folded(folded(label)) == folded(label)
    assert folded(label.lower()) == folded(label)
