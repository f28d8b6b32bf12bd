"""When drift asks for a search: once for whatever alerts, however long it does."""

import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

import pytest

from canasta.monitor.archive import DRIFT, Archive, Report
from canasta.monitor.verdict import Check, Severity, Verdict
from canasta.registry.decisions import Kind, Record, write_record
from canasta.store import Store
from orchestration.tasks.watch import drift_asks_for_a_search
from orchestration.workspace import Workspace, reading
from tests.unit.registry.builders import LINEAGE

MONDAY, WEDNESDAY, FRIDAY = date(2025, 4, 28), date(2025, 4, 30), date(2025, 5, 2)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name, folder in (("LAKE_URL", "lake"), ("MONITOR_DIR", "monitor")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    return reading("2025-05-02")


def verdict(day: date, *alerting: str, severity: Severity = Severity.ALERT) -> Verdict:
    checks = tuple(Check(name, 1.0, 0.5, severity) for name in alerting)
    return Verdict(day, severity if alerting else Severity.OK, checks)


def keep(work: Workspace, found: Verdict) -> None:
    """Put a verdict into the archive."""
    content = {"run": found.as_of.isoformat(), "verdict": found.as_dict()}
    Archive(work.monitor_dir, 60).keep(Report(DRIFT, found.as_of, content, None), {})


_minutes: Iterator[int] = count()


def search(work: Workspace, origin: date) -> None:
    """Record a search of a publication that changed nothing."""
    when = datetime(2025, 5, 1, 12, next(_minutes), tzinfo=UTC)
    record = Record(Kind.SEARCH, when, "", origin, LINEAGE, {}, None, None)
    write_record(Store(str(work.store.url)), record)


def test_what_is_no_alert_asks_for_nothing(work: Workspace) -> None:
    assert not drift_asks_for_a_search(work, verdict(FRIDAY))
    warning = verdict(FRIDAY, "change", severity=Severity.WARNING)
    assert not drift_asks_for_a_search(work, warning)


def test_an_alert_asks_once_and_not_again_on_the_same_publication(work: Workspace) -> None:
    alert = verdict(WEDNESDAY, "change")
    assert drift_asks_for_a_search(work, alert)
    search(work, MONDAY)
    assert drift_asks_for_a_search(work, alert)
    keep(work, alert)
    search(work, WEDNESDAY)
    assert not drift_asks_for_a_search(work, alert)


def test_what_goes_on_was_answered_and_what_is_new_is_not(work: Workspace) -> None:
    keep(work, verdict(WEDNESDAY, "change"))
    search(work, WEDNESDAY)
    assert not drift_asks_for_a_search(work, verdict(FRIDAY, "change"))
    assert drift_asks_for_a_search(work, verdict(FRIDAY, "change", "missing-share"))


def test_an_alert_whose_search_was_put_off_still_asks(work: Workspace) -> None:
    """MLflow did not answer on Wednesday: nothing was searched since Monday, when all was well."""
    keep(work, verdict(MONDAY))
    search(work, MONDAY)
    keep(work, verdict(WEDNESDAY, "change"))
    assert drift_asks_for_a_search(work, verdict(FRIDAY, "change"))


def test_without_an_archive_whatever_alerts_is_new(work: Workspace) -> None:
    search(work, WEDNESDAY)
    assert drift_asks_for_a_search(work, verdict(FRIDAY, "change"))


def test_a_check_that_could_not_be_made_is_an_alert_like_others(work: Workspace) -> None:
    found = Verdict(FRIDAY, Severity.ALERT, (Check("failed", math.nan, math.nan, Severity.ALERT),))
    search(work, WEDNESDAY)
    assert drift_asks_for_a_search(work, found)
    assert json.loads(json.dumps(found.as_dict()))["checks"][0]["value"] is None
