import numpy as np
import pytest

from canasta.forecast.features.aims import aims_of
from canasta.forecast.panel import Panel


def test_horizon_h_aims_at_the_hth_expected_date(panel: Panel) -> None:
    aims = aims_of(panel, 6)
    for column in (0, 17, 60, 129):
        target = origin = panel.dates[column]
        for aim in aims:
            target = panel.calendar.next_after(target)
            assert aim.weekday[column] == target.weekday()
            assert aim.gap[column] == (target - origin).days


def test_given_targets_are_the_newest_origins_alone(panel: Panel) -> None:
    dates = [panel.calendar.next_after(panel.origin), panel.dates[0]]
    expected, given = aims_of(panel, 2), aims_of(panel, 2, dates)
    assert np.array_equal(given[0].gap, expected[0].gap)
    assert np.array_equal(given[1].gap[:-1], expected[1].gap[:-1])
    assert given[1].gap[-1] == (panel.dates[0] - panel.origin).days
    assert given[1].weekday[-1] == panel.dates[0].weekday()


def test_targets_of_other_count_are_refused(panel: Panel) -> None:
    with pytest.raises(ValueError, match="expected 2 targets"):
        aims_of(panel, 2, [panel.origin])


def test_a_step_arrives_on_the_weekday_that_its_origin_aimed_at(panel: Panel) -> None:
    (aim,) = aims_of(panel, 1)
    arrival = aim.arrival
    assert not arrival[:, 0].any()
    for column in range(1, len(panel.dates)):
        day = panel.calendar.next_after(panel.dates[column - 1]).weekday()
        assert np.flatnonzero(arrival[:, column]).tolist() == [day]


def test_pick_takes_the_weekday_aimed_at(panel: Panel) -> None:
    aim = aims_of(panel, 3)[2]
    tables = np.arange(2.0 * 7 * len(panel.dates)).reshape(2, 7, len(panel.dates))
    picked = aim.pick(tables)
    for column in (0, 50, 129):
        assert picked[:, column].tolist() == tables[:, aim.weekday[column], column].tolist()
