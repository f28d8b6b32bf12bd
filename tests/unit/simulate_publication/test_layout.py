from datetime import date

import pytest

from simulate_publication import Layout
from simulate_publication.layout import spanish_date


@pytest.mark.parametrize(
    ("day", "layout", "text"),
    [
        (date(2025, 7, 25), Layout(), "25 de julio de 2025"),
        (date(2024, 9, 4), Layout(), "4 de septiembre de 2024"),
        (date(2024, 9, 4), Layout(setiembre=True), "4 de setiembre de 2024"),
        (date(2024, 9, 4), Layout(setiembre=True, date_case="upper"), "4 de SETIEMBRE de 2024"),
        (date(2024, 1, 3), Layout(date_case="title"), "3 de Enero de 2024"),
    ],
)
def test_dates_are_written_in_spanish(day: date, layout: Layout, text: str) -> None:
    assert spanish_date(day, layout) == text
