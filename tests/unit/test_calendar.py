from datetime import date, timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from canasta.calendar import PublicationCalendar

MONDAY, WEDNESDAY, FRIDAY = 0, 2, 4
PLAIN = PublicationCalendar(frozenset({MONDAY, WEDNESDAY, FRIDAY}), frozenset())

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
calendars = st.builds(
    PublicationCalendar,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(days, max_size=40),
)


def slow_targets(
    calendar: PublicationCalendar, origin: date, as_of: date, count: int
) -> tuple[list[date], list[date]]:
    """What `targets` must return, day by day and literally as the rule is told."""
    dates: list[date] = []
    skipped: list[date] = []
    day = origin
    while len(dates) < count:
        day = day + timedelta(days=1)
        if day.weekday() in calendar.weekdays and day not in calendar.closed:
            days_past = (as_of - day).days
            (skipped if days_past >= 2 else dates).append(day)
    return dates, skipped


def test_expected_days_are_the_weekdays_that_are_not_closed() -> None:
    holiday = date(2024, 5, 1)
    calendar = PublicationCalendar(PLAIN.weekdays, frozenset({holiday}))
    week = [date(2024, 4, 29) + timedelta(days=n) for n in range(7)]
    assert [day for day in week if calendar.is_expected(day)] == [
        date(2024, 4, 29),
        date(2024, 5, 3),
    ]
    assert calendar.next_after(date(2024, 4, 29)) == date(2024, 5, 3)


def test_first_day_after_is_never_the_day_itself() -> None:
    assert PLAIN.next_after(date(2024, 4, 29)) == date(2024, 5, 1)


def test_a_late_date_is_waited_for_one_day_and_then_skipped() -> None:
    origin = date(2024, 4, 29)
    wednesday, friday, monday = date(2024, 5, 1), date(2024, 5, 3), date(2024, 5, 6)
    waiting = PLAIN.targets(origin, as_of=date(2024, 5, 2), count=2)
    given_up = PLAIN.targets(origin, as_of=date(2024, 5, 3), count=2)
    assert (waiting.dates, waiting.skipped) == ((wednesday, friday), ())
    assert (given_up.dates, given_up.skipped) == ((friday, monday), (wednesday,))


@given(calendars, days, st.integers(-10, 60), st.integers(1, 8))
def test_targets_equal_the_rule_told_day_by_day(
    calendar: PublicationCalendar, origin: date, lag: int, count: int
) -> None:
    as_of = origin + timedelta(days=lag)
    targets = calendar.targets(origin, as_of, count)
    assert (list(targets.dates), list(targets.skipped)) == slow_targets(
        calendar, origin, as_of, count
    )


@given(calendars, days)
def test_expected_days_are_ascending_and_miss_none(
    calendar: PublicationCalendar, start: date
) -> None:
    found = list(islice(calendar.expected_after(start), 10))
    between = (start + timedelta(days=n) for n in range(1, (found[-1] - start).days + 1))
    assert found == [day for day in between if calendar.is_expected(day)]
