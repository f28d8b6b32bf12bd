"""Alerts are right by promtool's own tests, and each says what it means and what to do."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from canasta.commodity import Commodity
from canasta.parameters import read_parameters
from canasta.settings import ROOT
from orchestration.schedule import PIPELINE_HOURS
from tests.alert_rules import ALERTS, CONFIG, Alert, alerts, metrics_in
from tests.prometheus_server import promtool

CASES = sorted(Path(__file__).parent.glob("alerts_*_test.yml"))
EACH = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def cases(alert: Alert) -> list[dict[str, Any]]:
    """promtool's tests whose every question is on one alert."""
    tests = [test for file in CASES for test in yaml.safe_load(file.read_text())["tests"]]
    return [test for test in tests if names(test) == {alert.name}]


def names(test: dict[str, Any]) -> set[str]:
    return {asked["alertname"] for asked in test["alert_rule_test"]}


def fires(test: dict[str, Any]) -> bool:
    return any(asked["exp_alerts"] for asked in test["alert_rule_test"])


def expr(name: str) -> str:
    (found,) = [alert.expr for alert in alerts() if alert.name == name]
    return found


def test_prometheus_accepts_configuration_and_rules() -> None:
    done = promtool("check", "config", str(CONFIG))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_each_alert_fires_and_stays_quiet_as_is_written(file: Path) -> None:
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


@EACH
def test_an_alert_has_a_case_in_which_it_fires_and_one_in_which_it_could_and_does_not(
    alert: Alert,
) -> None:
    found = cases(alert)
    assert any(fires(test) for test in found)
    quiet = [test for test in found if not fires(test)]
    assert quiet
    for test in quiet:
        written = {one["series"].partition("{")[0] for one in test["input_series"]}
        assert alert.metrics <= written, "nothing could fire on nothing"


@EACH
def test_an_alert_says_what_is_wrong_how_grave_it_is_and_which_command_helps(alert: Alert) -> None:
    assert alert.labels.keys() == {"severity"}
    assert alert.labels["severity"] in {"critical", "warning"}
    assert alert.annotations.keys() == {"summary", "description", "runbook"}
    for text in alert.annotations.values():
        assert text.endswith((".", ": {{ $value }}."))
    named = re.findall(r"`make ([a-z-]+)", alert.annotations["runbook"])
    assert named
    assert set(named) <= TARGETS


def test_alerts_have_names_of_their_own() -> None:
    found = [alert.name for alert in alerts()]
    assert len(set(found)) == len(found) > 0


def test_the_silent_pipeline_is_held_against_its_schedule(milk: Commodity) -> None:
    """The expression counts with these days, this hour and this zone."""
    assert (tuple(milk.calendar.weekdays), PIPELINE_HOURS) == ((0, 2, 4), "13-22")
    told_at = time(int(PIPELINE_HOURS.partition("-")[0]) + 3)
    for month in (1, 7):
        local = datetime.combine(date(2026, month, 7), told_at, ZoneInfo(milk.calendar.time_zone))
        midnight = datetime(2026, month, 7, tzinfo=UTC)
        assert (local - midnight).total_seconds() == 79200
    assert expr("CanastaPipelineSilent").count("time() - 79200") == 2


def test_no_planned_break_is_a_late_publication(milk: Commodity) -> None:
    calendar, day = milk.publication_calendar, date(2020, 1, 1)
    evening = time(int(PIPELINE_HOURS.partition("-")[2]))
    longest = timedelta()
    while day.year < 2032:
        due = calendar.next_after(day)
        there = datetime.combine(due, evening, ZoneInfo(milk.calendar.time_zone))
        longest = max(longest, there - datetime(day.year, day.month, day.day, tzinfo=UTC))
        day = due
    (days,) = re.findall(r"> ([\d.]+) \* 86400", expr("CanastaPublicationLate"))
    assert longest < timedelta(days=float(days)) < longest + timedelta(hours=3)


def test_a_champion_is_told_on_as_many_publications_as_it_is_judged_by() -> None:
    least = read_parameters().live.least
    assert f">= {least}" in expr("CanastaChampionFails")


def test_what_compose_mounts_is_what_prometheus_reads() -> None:
    services = yaml.safe_load((ROOT / "deployment" / "compose.yaml").read_text())["services"]
    config = yaml.safe_load(CONFIG.read_text())
    assert config["rule_files"] == [ALERTS.name]
    mounted = services["prometheus"]["volumes"]
    for name in (CONFIG.name, *config["rule_files"]):
        assert f"./{name}:/etc/prometheus/{name}:ro" in mounted
    targets = [
        target
        for job in config["scrape_configs"]
        for one in job["static_configs"]
        for target in one["targets"]
    ]
    assert {target.partition(":")[0] for target in targets} <= services.keys()


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("up == 0", {"up"}),
        ('sum by (job) (rate(a_total{x="b{c"}[5m])) / on (job) sum(d) > 1e3', {"a_total", "d"}),
        ("a > on () group_left (b) (c % 2 == bool 0) unless min_over_time(d[1m]) == 1", {*"acd"}),
        ("absent(a:b) or day_of_week(vector(time() - 79200)) == 0", {"a:b"}),
    ],
)
def test_names_of_metrics_are_told_from_the_rest_of_promql(asked: str, named: set[str]) -> None:
    assert metrics_in(asked) == named
