from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deployment.app.dates import Asked, aim, existing
from deployment.app.problems import ProblemError

ORIGIN = date(2025, 4, 30)
TARGETS = tuple(date(2025, 5, day) for day in (2, 5, 7, 9, 12, 14))


def kind(asked: Asked) -> str:
    with pytest.raises(ProblemError) as refused:
        aim(asked, ORIGIN, TARGETS)
    return refused.value.problem.kind.slug


@given(st.dates(date(2025, 4, 1), date(2025, 6, 1)), st.none() | st.integers(0, 6))
def test_date_finds_the_first_target_not_before_it(day: date, weekday: int | None) -> None:
    asked = Asked(fecha=day, weekday=weekday)
    if day <= ORIGIN:
        assert kind(asked) == "past-date"
    elif day > TARGETS[-1]:
        assert kind(asked) == "beyond-horizon"
    else:
        aimed = aim(asked, ORIGIN, TARGETS)
        ahead = day
        while ahead not in TARGETS:
            ahead += timedelta(days=1)
        moved = ["date-moved"] if ahead != day else []
        ignored = ["weekday-ignored"] if weekday not in (None, day.weekday()) else []
        assert aimed.horizon == TARGETS.index(ahead) + 1
        assert [warning.split(":")[0] for warning in aimed.warnings] == moved + ignored


@given(st.dates())
def test_parts_and_iso_form_are_the_same_date(day: date) -> None:
    parts = Asked(day=day.day, month=day.month, year=day.year)
    assert parts.date == Asked(fecha=existing(day.isoformat())).date == day


@given(st.dates(), st.dates())
def test_two_dates_that_differ_contradict(one: date, other: date) -> None:
    assume(one != other)
    assert kind(Asked(one, other.day, other.month, other.year)) == "contradicting-dates"


@given(st.tuples(*[st.none() | st.integers(1, 12)] * 3))
def test_some_parts_without_the_others_are_partial(parts: tuple[int | None, ...]) -> None:
    assume(None in parts and any(parts))
    assert kind(Asked(None, *parts)) == "partial-date"


def test_last_possible_date_is_told() -> None:
    with pytest.raises(ProblemError, match="2025-05-14") as refused:
        aim(Asked(fecha=date(2025, 5, 15)), ORIGIN, TARGETS)
    assert refused.value.problem.extra == {"last_date": "2025-05-14"}
