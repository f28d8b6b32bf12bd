import json
import math
from datetime import date

import pytest

from canasta.monitor.verdict import (
    FAILED,
    Check,
    Severity,
    Verdict,
    alerting,
    failed,
    verdict_of,
    worst,
)

DAY = date(2025, 4, 30)


def verdict(**severities: Severity) -> Verdict:
    checks = tuple(Check(name, 0.5, 0.4, severity) for name, severity in severities.items())
    return Verdict(DAY, worst(severities.values()), checks)


def test_the_worst_severity_counts() -> None:
    assert worst([]) is Severity.OK
    assert worst([Severity.OK, Severity.WARNING]) is Severity.WARNING
    assert worst([Severity.ALERT, Severity.WARNING, Severity.OK]) is Severity.ALERT


def test_a_verdict_is_told_in_json_as_promised() -> None:
    told = Verdict(DAY, Severity.OK, (Check("change-window", 0.25, math.nan, Severity.OK),))
    assert json.loads(json.dumps(told.as_dict(), allow_nan=False)) == {
        "as_of": "2025-04-30",
        "severity": "OK",
        "checks": [
            {"name": "change-window", "value": 0.25, "threshold": None, "severity": "OK"},
        ],
    }


@pytest.mark.parametrize(
    "told", [verdict(a=Severity.ALERT, b=Severity.OK), verdict(), failed(DAY, "a disk is full")]
)
def test_what_is_told_is_read_again(told: Verdict) -> None:
    again = verdict_of(json.loads(json.dumps(told.as_dict())))
    assert again.as_dict() == told.as_dict()
    assert again.failure == told.failure


def test_checks_that_could_not_be_made_are_an_alert() -> None:
    told = failed(DAY, "a disk is full")
    assert told.severity is Severity.ALERT
    assert [check.name for check in told.checks] == [FAILED]
    assert told.as_dict()["failure"] == "a disk is full"


def test_what_alerts_is_named() -> None:
    now = verdict(a=Severity.ALERT, b=Severity.ALERT, c=Severity.WARNING, d=Severity.OK)
    assert alerting(now) == ("a", "b")
    assert alerting(verdict(c=Severity.WARNING)) == ()
