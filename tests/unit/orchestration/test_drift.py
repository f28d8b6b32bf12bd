"""`make drift`, the pipeline's check and its performance report, on a lake on the disk."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.forecast.history import read_panel
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import open_lake
from canasta.labels import SIMULATED
from canasta.monitor.outcomes import outcomes_key
from canasta.monitor.verdict import FAILED, Severity, Verdict
from canasta.store import store_for
from orchestration import drift
from orchestration.__main__ import main
from orchestration.attempts import Attempts
from orchestration.drift import drift_verdict, keep_report
from orchestration.flows import watching
from orchestration.performance import keep_performance
from orchestration.tasks.watch import check_drift, keep_drift_report
from orchestration.workspace import Workspace, reading
from tests.drift_faults import FAULTS, faulty
from tests.drift_power import blocks_of
from tests.panels import simulated_panel

PUBLICATIONS = 112


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, milk: Commodity) -> tuple[Path, list[Block]]:
    """Simulated prices, in whose last publication all are 10 % higher. Leave it as it is."""
    folder = tmp_path_factory.mktemp("lake")
    raised = FAULTS["+10 % on the last publication"]
    panel = faulty(simulated_panel(milk, PUBLICATIONS), raised, PUBLICATIONS - 1)
    blocks = blocks_of(panel, 0, PUBLICATIONS, milk)
    lake = open_lake(store_for(str(folder)), milk, SourceKind.SIMULATED)
    for block in blocks:
        lake.add_publication(block.date, block.prices)
    return folder, blocks


@pytest.fixture
def days(
    lake: tuple[Path, list[Block]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The lake's days, in an environment where it is the lake."""
    folder, blocks = lake
    variables: Mapping[str, str] = {
        "LAKE_URL": str(folder),
        "MONITOR_DIR": str(tmp_path / "monitor"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
        "PREFECT_HOME": str(tmp_path / "prefect"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return [str(block.date) for block in blocks]


def watched(work: Workspace) -> tuple[Verdict, Attempts]:
    attempts = Attempts()
    panel = read_panel(work.lake, work.commodity, work.as_of)
    with pytest.MonkeyPatch.context() as patched:  # the functions themselves, without Prefect
        for made in (check_drift, keep_drift_report):
            patched.setattr(watching, made.fn.__name__, made.fn)
        return watching.watch_drift(work, panel, attempts), attempts


def test_an_alert_is_printed_and_kept(
    days: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", "--date", days[-1]]) == 0
    told = capsys.readouterr().out
    assert "✓ Drift: ALERT" in told
    assert any("changed-share" in line and "ALERT" in line for line in told.splitlines())
    page = tmp_path / "monitor" / "reports" / "drift" / f"{days[-1]}.html"
    assert f"Report    {page}" in told
    assert SIMULATED in page.read_text()
    (figures,) = page.parent.rglob("*.json")
    kept = json.loads(figures.read_text())
    assert kept["verdict"]["severity"] == "ALERT"
    assert (kept["source"], kept["backfilled"]) == ("simulated", False)


def test_of_an_old_day_what_is_named_is_there(
    days: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = tmp_path / "monitor" / "reports" / "drift"
    pages.mkdir(parents=True)
    for at in range(60):
        (pages / f"{date(2030, 1, 1) + timedelta(days=at)}.html").write_text("a later one")
    assert main(["drift", "--date", days[-1]]) == 0
    named = Path(capsys.readouterr().out.rpartition("Report    ")[2].strip())
    assert json.loads(named.read_text())["verdict"]["as_of"] == days[-1]


def test_the_day_before_is_as_usual_and_made_up_for(days: list[str], tmp_path: Path) -> None:
    verdict, attempts = watched(reading(days[-2]))
    assert verdict.severity is Severity.OK
    assert attempts.failed == []
    (figures,) = (tmp_path / "monitor").rglob("*.json")
    assert json.loads(figures.read_text())["backfilled"] is True


@pytest.mark.parametrize(("at", "severity"), [(-2, Severity.OK), (-1, Severity.ALERT)])
def test_a_report_that_cannot_be_kept_leaves_the_verdict_and_is_told(
    days: list[str], tmp_path: Path, at: int, severity: Severity
) -> None:
    (tmp_path / "monitor").write_text("a file where a folder should be")
    verdict, attempts = watched(reading(days[at]))
    assert verdict.severity is severity
    assert verdict.as_of == date.fromisoformat(days[at])
    assert not verdict.failure
    (failed,) = attempts.failed
    assert failed.step == "Drift report"
    assert failed.error.endswith("Error")
    assert not failed.reason, "nobody designed it: the log has it"


def test_why_a_check_failed_holds_no_foreign_text(
    days: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reading(days[-1])
    panel = read_panel(work.lake, work.commodity, work.as_of)

    def leak(*_given: object) -> Verdict:
        raise RuntimeError("connection failed: password=hunter2")

    monkeypatch.setattr(drift, "check_drift", leak)
    assert drift_verdict(work, panel).failure == "RuntimeError"


def test_checks_that_cannot_be_made_are_an_alert_that_is_kept(
    days: list[str], tmp_path: Path
) -> None:
    work = reading(days[-2])
    panel = read_panel(work.lake, work.commodity, work.as_of)
    attempts = Attempts()
    verdict = drift_verdict(work, panel.cut(0))
    assert verdict.severity is Severity.ALERT
    assert [check.name for check in verdict.checks] == [FAILED]
    assert verdict.failure
    assert verdict.as_of == work.as_of
    assert attempts.make("Drift report", lambda: keep_report(work, panel, verdict)[0], None)
    (figures,) = (tmp_path / "monitor").rglob("*.json")
    assert json.loads(figures.read_text())["verdict"]["failure"] == verdict.failure


def test_by_hand_the_error_is_told(
    days: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "monitor").write_text("a file where a folder should be")
    assert main(["drift", "--date", days[-2]]) == 1
    assert str(tmp_path / "monitor") in capsys.readouterr().err


def test_an_empty_lake_is_told(days: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "--date", "2020-01-01"]) == 1
    assert "LakeEmpty" in capsys.readouterr().err
    assert days


def test_before_any_outcome_there_is_no_performance_report(days: list[str]) -> None:
    assert keep_performance(reading(days[-1])) is None


def test_a_performance_report_that_cannot_be_made_is_logged(
    days: list[str], lake: tuple[Path, list[Block]], caplog: pytest.LogCaptureFixture
) -> None:
    broken = lake[0] / outcomes_key(date.fromisoformat(days[-1]))
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_bytes(b"no table")
    try:
        assert keep_performance(reading(days[-1])) is None
    finally:
        broken.unlink()
    assert "could not be made" in caplog.text
