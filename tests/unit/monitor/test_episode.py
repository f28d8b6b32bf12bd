from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from canasta.monitor.episode import QUIET, continued, is_news
from canasta.monitor.verdict import Check, Severity, Verdict, failed, worst

START = date(2025, 4, 28)
A, B = ("a", Severity.ALERT), ("b", Severity.ALERT)
A_LESS = ("a", Severity.WARNING)


def verdict(at: int, *named: tuple[str, Severity]) -> Verdict:
    checks = tuple(Check(name, 1.0, 0.5, severity) for name, severity in named)
    day = START + timedelta(days=at)
    return Verdict(day, worst(severity for _, severity in named), checks)


def told(verdicts: Iterable[Verdict]) -> list[bool]:
    known: list[str] = []
    found = []
    for one in verdicts:
        found.append(is_news(known, one))
        known = continued(known, one)
    return found


def test_a_check_that_flickers_is_told_once() -> None:
    days = [[A], [], [], [A], [A_LESS], [], [A], [], [], [A_LESS]]
    assert told(verdict(at, *named) for at, named in enumerate(days)) == [True] + [False] * 9


def test_what_is_new_within_an_episode_is_told() -> None:
    assert told([verdict(0, A), verdict(1, A, B), verdict(2, B)]) == [True, True, False]


def test_a_warning_that_becomes_an_alert_is_told() -> None:
    assert told([verdict(0, A_LESS), verdict(1, A)]) == [True, True]


def test_once_it_alerted_further_warnings_are_no_news() -> None:
    b_less = ("b", Severity.WARNING)
    assert told([verdict(0, A), verdict(1, A, b_less), verdict(2, A, B)]) == [True, False, True]
    could_not = failed(START, "the disk is full")
    assert told([could_not, verdict(1, b_less)]) == [True, True], "nobody looked at the market"


def test_an_episode_ends_after_publications_that_are_ok_in_a_row() -> None:
    calm = [verdict(at) for at in range(1, QUIET + 1)]
    again = verdict(QUIET + 1, A)
    assert told([verdict(0, A), *calm, again]) == [True, *[False] * QUIET, True]
    interrupted = [*calm[:-1], verdict(QUIET, A_LESS), *calm[:1], again]
    assert not any(told([verdict(0, A), *interrupted])[1:])


def test_runs_on_the_same_publication_count_once() -> None:
    hourly = [verdict(1)] * 24
    assert told([verdict(0, A), *hourly, verdict(2, A)])[-1] is False


def test_a_check_that_keeps_failing_is_told_once() -> None:
    days = [failed(START + timedelta(days=at), "the disk is full") for at in range(20)]
    assert told(days) == [True] + [False] * 19


@pytest.mark.parametrize("known", [["rubbish"], ["OK"]])
def test_a_state_that_others_wrote_stops_nothing(known: list[str]) -> None:
    assert is_news(continued(known, verdict(0)), verdict(1, A))
