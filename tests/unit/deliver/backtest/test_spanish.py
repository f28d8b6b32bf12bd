import math
from datetime import date

import pytest

from canasta.deliver.backtest.spanish import (
    contestant,
    figure,
    long_date,
    percent,
    short_date,
    short_day,
    short_month,
)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "0 %"),
        (0.004, "<1 %"),
        (0.006, "1 %"),
        (0.5, "50 %"),
        (0.994, "99 %"),
        (0.996, ">99 %"),
        (1.0, "100 %"),
        (math.nan, "–"),
    ],
)
def test_a_share_is_certain_only_where_it_is(share: float, expected: str) -> None:
    assert percent(share) == expected


def test_numbers_have_a_true_minus_sign() -> None:
    assert figure(-1.25, "+.1f") == "−1.2"
    assert figure(math.nan, ".2f") == "–"


def test_dates() -> None:
    day = date(2025, 1, 3)
    assert (long_date(day), short_day(day), short_month(day)) == (
        "3 de enero de 2025",
        "3 ene",
        "ene 25",
    )
    assert short_date(day) == "3 ene 2025"


def test_contestants_have_names_and_strangers_keep_theirs() -> None:
    assert contestant("random-forest") == "Bosque aleatorio"
    assert contestant("AutoETS") == "AutoETS"
