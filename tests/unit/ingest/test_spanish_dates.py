from datetime import date, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.ingest.spanish_dates import find_date
from simulate_publication.layout import Layout, spanish_date


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("25 de julio de 2025", date(2025, 7, 25)),
        ("Viernes 25 de JULIO del 2025", date(2025, 7, 25)),
        (
            "25\N{NO-BREAK SPACE}de\N{NO-BREAK SPACE}julio\N{NO-BREAK SPACE}de 2025",
            date(2025, 7, 25),
        ),
        ("3 de setiembre de 2025", date(2025, 9, 3)),
        ("3 de SETIEMBRE de 2025", date(2025, 9, 3)),
        ("1o. de enero, 2025", date(2025, 1, 1)),
        ("1ro de enero de 2025", date(2025, 1, 1)),
        ("25-jul-2025", date(2025, 7, 25)),
        ("25/07/2025", date(2025, 7, 25)),
        (datetime(2025, 7, 25, 0, 0), date(2025, 7, 25)),  # noqa: DTZ001  (as sheets give them)
        (date(2025, 7, 25), date(2025, 7, 25)),
        ("31 de junio de 2025", None),
        ("31/06/2025", None),
        ("125 de julio de 2025", None),
        ("25 de julio", None),
        ("25 de brumario de 2025", None),
        ("Fuente: SNIIM", None),
        (45863.0, None),
        ("", None),
        (None, None),
    ],
)
def test_finds_the_date_of_a_cell(cell: object, expected: date | None) -> None:
    assert find_date(cell) == expected


@given(
    day=st.dates(date(1000, 1, 1), date(9999, 12, 31)),
    case=st.sampled_from(["lower", "upper", "title"]),
    setiembre=st.booleans(),
)
def test_reads_every_date_that_the_publisher_writes(
    day: date, case: Literal["lower", "upper", "title"], setiembre: bool
) -> None:
    layout = Layout(date_case=case, setiembre=setiembre)
    assert find_date(f"Precios al {spanish_date(day, layout)}") == day
