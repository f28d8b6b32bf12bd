"""When drift asks for a search: once for whatever alerts, however long it does."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from canasta.ingest.lake import Lake
from canasta.monitor.archive import DRIFT, Archive, Report
from canasta.monitor.verdict import Check, Severity, Verdict, failed
from canasta.registry.decisions import Kind, Record, write_record
from canasta.store import Store
from orchestration.tasks.watch import drift_asks_for_a_search
from orchestration.workspace import Workspace, reading
from tests.unit.registry.builders import LINEAGE

DAYS = [date(2025, 3, 3) + timedelta(days=2 * at) for at in range(30)]
"""Of publications."""
EVERY = 10


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name, folder in (("LAKE_URL", "lake"), ("MONITOR_DIR", "monitor")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("RETRAIN_EVERY", str(EVERY))
    monkeypatch.setattr(Lake, "dates", lambda _: tuple(DAYS))
    return reading(str(DAYS[-1]))


def verdict(at: int, *named: str, severity: Severity = Severity.ALERT) -> Verdict:
    checks = tuple(Check(name, 1.0, 0.5, severity) for name in named)
    return Verdict(DAYS[at], severity if named else Severity.OK, checks)


_minutes: Iterator[int] = count()


def search(work: Workspace, at: int, *alerting: str, on_drift: bool = False) -> None:
    """Record a search of a publication that changed nothing."""
    when = datetime(2025, 5, 1, 12, next(_minutes), tzinfo=UTC)
    record = Record(
        Kind.SEARCH, when, "", DAYS[at], LINEAGE, {}, None, None, alerting, on_drift=on_drift
    )
    write_record(Store(str(work.store.url)), record)


def test_what_is_no_alert_asks_for_nothing(work: Workspace) -> None:
    assert not drift_asks_for_a_search(work, verdict(-1))
    assert not drift_asks_for_a_search(work, verdict(-1, "change", severity=Severity.WARNING))


def test_an_alert_that_no_search_saw_asks(work: Workspace) -> None:
    alert = verdict(-1, "change")
    assert drift_asks_for_a_search(work, alert)
    search(work, -3)
    assert drift_asks_for_a_search(work, alert)


def test_what_was_searched_on_is_answered_and_what_is_new_is_not(work: Workspace) -> None:
    search(work, -3, "change")
    assert not drift_asks_for_a_search(work, verdict(-1, "change"))
    assert drift_asks_for_a_search(work, verdict(-1, "change", "missing-share"))


def test_there_is_one_search_on_drift_within_a_cadence_whatever_alerts(work: Workspace) -> None:
    search(work, -EVERY, "change", on_drift=True)
    search(work, -2)
    assert not drift_asks_for_a_search(work, verdict(-1, "change", "missing-share"))


def test_an_answer_is_good_for_a_cadence(work: Workspace) -> None:
    search(work, -1 - EVERY, "change", on_drift=True)
    search(work, -2)
    assert drift_asks_for_a_search(work, verdict(-1, "change"))


def test_a_check_that_keeps_failing_asks_once_in_a_cadence(work: Workspace) -> None:
    """Its search is on record, whether or not the archive can be written."""
    asked = []
    for at in range(-EVERY, 0):
        work.as_of = DAYS[at]
        if drift_asks_for_a_search(work, failed(DAYS[at], "No space left on device")):
            asked.append(at)
            search(work, at, "check-failed", on_drift=True)
    assert asked == [-EVERY]


def test_what_lies_in_the_archive_changes_nothing(work: Workspace) -> None:
    search(work, -3)
    by_hand = {"run": "2025-05-01", "verdict": verdict(-3, "change").as_dict()}
    archive = Archive(work.monitor_dir, 60)
    archive.keep(Report(DRIFT, DAYS[-3], by_hand, None), {})
    torn = archive.folder / DRIFT / f"{DAYS[-3]:%Y}" / f"{DAYS[-3]}-00000000.json"
    torn.write_text("{")
    assert drift_asks_for_a_search(work, verdict(-1, "change"))
