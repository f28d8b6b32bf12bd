"""Which verdicts of the archive the page shows."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import open_lake
from canasta.monitor.archive import DRIFT, Archive, Report
from canasta.monitor.verdict import Check, Severity, Verdict, failed
from canasta.store import store_for
from orchestration import monitor
from orchestration.drift import archive_of
from orchestration.monitor import facts_of
from orchestration.workspace import Workspace, reading

DAY = date(2025, 7, 25)


@pytest.fixture
def work(tmp_path: Path, milk: Commodity, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    open_lake(store_for(str(tmp_path / "lake")), milk, SourceKind.SNIIM)
    monkeypatch.setenv("LAKE_URL", str(tmp_path / "lake"))
    monkeypatch.setenv("MONITOR_DIR", str(tmp_path / "monitor"))
    return reading()


def verdict(day: date, value: float, severity: Severity = Severity.OK) -> Verdict:
    return Verdict(day, severity, (Check("changed-share", value, 0.4, severity),))


def keep(
    archive: Archive, found: Verdict, *, source: str = "sniim", backfilled: bool = False
) -> Path:
    """Keep a verdict as a run does."""
    content = {"run": str(DAY), "source": source, "backfilled": backfilled}
    report = Report(DRIFT, found.as_of, {**content, "verdict": found.as_dict()}, None)
    return archive.keep(report, {})


def shown(work: Workspace) -> list[Verdict]:
    return list(facts_of(work).drift)


def test_of_verdicts_made_on_one_day_the_last_one_is_shown(work: Workspace) -> None:
    archive = archive_of(work)
    last = []
    for at in range(20):  # of some pairs the digests ascend, of others they descend
        day = DAY + timedelta(days=at)
        keep(archive, failed(day, f"No space left on device {at}"))
        last.append(verdict(day, 0.15 + at / 1000))
        keep(archive, last[-1])
    assert shown(work) == last


def test_what_comes_back_is_shown_again(work: Workspace) -> None:
    usual, odd = verdict(DAY, 0.15), verdict(DAY, 0.6, Severity.ALERT)
    for found in (usual, odd, usual):
        keep(archive_of(work), found)
        assert shown(work) == [found]


def test_a_made_up_verdict_is_the_last_choice_and_another_lake_s_is_none(work: Workspace) -> None:
    archive, made_up = archive_of(work), verdict(DAY, 0.2)
    keep(archive, made_up, backfilled=True)
    assert shown(work) == [made_up]
    usual = verdict(DAY, 0.3)
    keep(archive, usual)
    keep(archive, verdict(DAY, 0.4), backfilled=True)
    keep(archive, verdict(DAY, 0.5, Severity.ALERT), source="simulated")
    keep(archive, verdict(DAY + timedelta(days=2), 0.5), source="simulated")
    assert shown(work) == [usual]


def test_no_more_is_read_than_is_shown(
    work: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(monitor, "YEAR", 3)
    archive = archive_of(work)
    found = [verdict(DAY + timedelta(days=at), 0.1) for at in range(6)]
    paths = [keep(archive, one) for one in found]
    paths[0].write_text("{")  # it would be told of, were it read
    paths[1].write_text("{")
    keep(archive, verdict(DAY + timedelta(days=8), 0.5), source="simulated")
    assert shown(work) == found[-3:]
    assert not caplog.records


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "{}",
        "[]",
        '{"source": "sniim", "backfilled": false, "verdict": []}',
        '{"source": "sniim", "backfilled": false, "verdict": {"as_of": 1, "checks": []}}',
        '{"source": "sniim", "backfilled": false, "verdict": {"as_of": "x", "checks": []}}',
    ],
)
def test_a_file_that_is_no_verdict_is_left_out_and_told(
    work: Workspace, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    archive, found = archive_of(work), verdict(DAY, 0.15)
    path = keep(archive, found).with_name(f"{DAY}-002-00000000.json")
    path.write_text(content)
    (archive.folder / DRIFT / f"{DAY} copia.html").write_text("x")
    facts = facts_of(work)
    assert facts.drift == (found,)
    assert facts.reports[DRIFT] == {}
    told = [record.getMessage() for record in caplog.records]
    assert sum(str(path) in line for line in told) == 1
    assert sum("copia.html" in line for line in told) == 1
    facts_of(work)
    assert len(caplog.records) == len(told)
