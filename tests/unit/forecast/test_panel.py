import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.calendar import PublicationCalendar
from canasta.errors import TooLittleHistory
from canasta.forecast.panel import LIVE_WINDOW, MIN_QUOTES, Panel

NAN = math.nan


def panel_of(*prices: list[float]) -> Panel:
    return Panel(
        columns=("Ciudad",),
        product=(),
        keys=tuple((f"{row:03}",) for row in range(len(prices))),
        dates=tuple(date(2025, 1, 1) + timedelta(days=day) for day in range(len(prices[0]))),
        prices=np.array(prices),
        calendar=PublicationCalendar(frozenset(range(7)), frozenset()),
    )


def lives(*prices: list[float]) -> list[bool]:
    return [bool(live) for live in panel_of(*prices).live]


def test_a_new_city_goes_live_with_its_thirtieth_quote() -> None:
    def history(quotes: int) -> list[bool]:
        old, new = [25.0] * 200, [NAN] * (200 - quotes) + [24.0] * quotes
        return lives(old, new)

    assert MIN_QUOTES == 30
    assert history(1) == history(29) == [True, False]
    assert history(30) == history(31) == [True, True]


def test_quotes_count_wherever_they_stand() -> None:
    every_other = [24.0 if column % 2 else NAN for column in range(60)]
    assert lives([*[NAN] * 40, *every_other]) == [True]
    assert lives([*[NAN] * 40, *every_other[:-1], NAN]) == [False]


@pytest.mark.parametrize(
    ("publications", "quotes", "live"),
    [
        *((1, 1, True), (1, 0, False), (2, 1, True), (3, 1, True), (4, 1, False), (4, 2, True)),
        *((20, 9, False), (20, 10, True), (59, 28, False), (59, 29, True)),
        *((60, 29, False), (60, 30, True), (61, 30, True), (500, 29, False), (500, 30, True)),
    ],
)
def test_in_a_short_history_half_of_the_publications_are_enough(
    publications: int, quotes: int, live: bool
) -> None:
    assert lives([NAN] * (publications - quotes) + [25.0] * quotes) == [live]


def test_a_city_vanishes_after_thirty_publications_without_a_quote() -> None:
    assert LIVE_WINDOW == 30
    assert lives([25.0] * 100 + [NAN] * 29) == [True]
    assert lives([25.0] * 100 + [NAN] * 30) == [False]


def test_a_city_that_returns_needs_no_new_past() -> None:
    assert lives([25.0] * 100 + [NAN] * 40 + [26.0]) == [True]


def test_a_renamed_city_vanishes_under_one_name_and_goes_live_under_the_other() -> None:
    """For 30 publications: the old one is still, and the new one is not yet forecast."""
    renamed = panel_of([25.0] * 100 + [NAN] * 40, [NAN] * 100 + [25.0] * 40)
    assert [renamed.cut(100 + more).live.tolist() for more in (0, 1, 29, 30, 31)] == [
        *([True, False],) * 3,
        *([False, True],) * 2,
    ]


@given(
    quoted=st.lists(st.lists(st.booleans(), min_size=75, max_size=75), min_size=1, max_size=4),
    count=st.integers(1, 75),
)
def test_live_as_counted_by_hand(quoted: list[list[bool]], count: int) -> None:
    panel = panel_of(*[[25.0 if quote else NAN for quote in row] for row in quoted]).cut(count)
    for row, live in zip(quoted, panel.live, strict=True):
        past = row[:count]
        enough = 30 if count >= 60 else count // 2
        assert bool(live) is (True in past[-30:] and past.count(True) >= enough)


def test_a_series_never_quoted_is_not_live_however_short_the_history() -> None:
    assert lives([NAN], [1.0]) == [False, True]
    assert panel_of([], []).live.tolist() == [False, False]


def test_filled_carries_prices_over_gaps_and_not_before_the_first() -> None:
    filled = panel_of([NAN, 1.0, NAN, NAN, 2.0, NAN]).filled
    np.testing.assert_array_equal(filled, [[NAN, 1.0, 1.0, 1.0, 2.0, 2.0]])


def test_cut_leaves_what_came_first() -> None:
    panel = panel_of([1.0, 2.0, 3.0])
    assert panel.cut(2).dates == panel.dates[:2]
    assert panel.cut(2).prices.tolist() == [[1.0, 2.0]]
    assert panel.cut(2).origin == date(2025, 1, 2)
    with pytest.raises(TooLittleHistory, match="make daily"):
        _ = panel.cut(0).origin


def test_parts_that_do_not_fit_are_refused() -> None:
    panel = panel_of([1.0, 2.0])
    with pytest.raises(ValueError, match="expected"):
        replace(panel, prices=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="ascend"):
        replace(panel, dates=panel.dates[::-1])
