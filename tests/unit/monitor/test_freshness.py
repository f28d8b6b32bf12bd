from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.commodity import Commodity
from canasta.monitor.freshness import EVENING, STANDSTILL, freshness

FRIDAY, MONDAY, WEDNESDAY = date(2025, 7, 25), date(2025, 7, 28), date(2025, 7, 30)


@pytest.mark.parametrize(
    ("newest", "now", "late"),
    [
        (FRIDAY, "2025-07-28T19:59", None),
        (FRIDAY, "2025-07-28T20:00", MONDAY),
        (MONDAY, "2025-07-28T23:00", None),
        (FRIDAY, "2025-07-29T09:00", MONDAY),
        (FRIDAY, "2025-07-26T23:00", None),
        (FRIDAY, "2025-07-27T23:00", None),
        (FRIDAY, "2025-07-30T12:00", MONDAY),
        (FRIDAY, "2025-07-30T20:30", WEDNESDAY),
    ],
)  # fmt: skip
def test_publication_is_late_from_the_evening_of_its_day(
    milk: Commodity, newest: date, now: str, late: date | None
) -> None:
    zoned = datetime.fromisoformat(now).replace(tzinfo=milk.time_zone)
    assert freshness(milk.publication_calendar, [newest], zoned).late == late


def test_holidays_and_good_friday_are_not_waited_for(milk: Commodity) -> None:
    calendar = milk.publication_calendar
    good_friday = datetime(2025, 4, 18, 22, tzinfo=milk.time_zone)
    assert freshness(calendar, [date(2025, 4, 16)], good_friday).late is None
    new_year = datetime(2025, 1, 1, 22, tzinfo=milk.time_zone)
    assert freshness(calendar, [date(2024, 12, 30)], new_year).late is None


def test_standstill_is_a_week_without_anything(milk: Commodity) -> None:
    calendar = milk.publication_calendar
    still = [
        freshness(calendar, [FRIDAY], datetime(2025, 7, day, 21, tzinfo=milk.time_zone))
        for day in range(28, 32)
    ]
    assert [one.stands_still for one in still] == [False] * 4
    found = freshness(calendar, [FRIDAY], datetime(2025, 8, 1, 21, tzinfo=milk.time_zone))
    assert found.stands_still
    assert found.missed == (MONDAY, WEDNESDAY, date(2025, 8, 1))


def test_empty_lake_is_late_for_nothing(milk: Commodity) -> None:
    now = datetime(2025, 7, 28, 23, tzinfo=milk.time_zone)
    assert freshness(milk.publication_calendar, [], now).late is None


@given(
    st.dates(date(2024, 1, 3), date(2025, 12, 31)),
    st.integers(0, 40),
    st.integers(0, 23),
)
def test_missed_days_are_those_that_a_count_by_hand_finds(
    milk: Commodity, newest: date, after: int, hour: int
) -> None:
    now = datetime(newest.year, newest.month, newest.day, hour, tzinfo=milk.time_zone)
    now += timedelta(days=after)
    found = freshness(milk.publication_calendar, [newest], now)
    by_hand = []
    for back in range(1, after + 1):
        day = newest + timedelta(days=back)
        passed = day < now.date() or hour >= EVENING.hour
        if milk.publication_calendar.is_expected(day) and passed:
            by_hand.append(day)
    assert list(found.missed) == by_hand
    assert found.stands_still == (len(by_hand) >= STANDSTILL)
