import math
from datetime import date, timedelta

import pytest

from canasta.deliver.monitor.pictures import drift_picture, nearness, skill_picture
from canasta.monitor.trailing import trailing
from canasta.monitor.verdict import Check, Severity, Verdict, failed
from tests.unit.deliver.monitor.made_up import verdict
from tests.unit.monitor.test_live import outcomes

DAY = date(2025, 1, 6)


def test_nearness_is_the_way_from_the_usual_to_the_threshold() -> None:
    values = [0.2, 0.2, 0.35, 0.5, 0.1]
    found = nearness([verdict(DAY + timedelta(days=at), value) for at, value in enumerate(values)])
    assert found == pytest.approx([0, 0, 50, 100, 0])


def test_checks_without_a_threshold_say_nothing() -> None:
    young = Verdict(DAY, Severity.OK, (Check("changed-share", 0.2, math.nan, Severity.OK),))
    assert math.isnan(nearness([young])[0])
    assert math.isnan(nearness([failed(DAY, "no prices")])[0])
    assert drift_picture([young, failed(DAY, "no prices")]) is None


def test_an_alarm_is_drawn_within_the_picture_however_large() -> None:
    days = [DAY + timedelta(days=at) for at in range(3)]
    drawn = drift_picture(
        [verdict(days[0], 0.2), verdict(days[1], 0.2), verdict(days[2], 90.0, Severity.ALERT)]
    )
    assert drawn is not None
    assert "la última, a 29933 %" in drawn
    assert "la más cercana de 3 publicaciones llegó a 200 %" in drawn


def test_a_change_of_champion_is_a_line_of_its_own() -> None:
    found = trailing(outcomes(0.1), 7)
    assert found is not None
    without, outside, within = (
        skill_picture(found, changes).count("<path")
        for changes in ([], [found.targets[0]], [found.targets[6]])
    )
    assert outside == without
    assert within == without + 1
