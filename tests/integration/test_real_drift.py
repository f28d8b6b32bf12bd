"""On the real history: drift alarms for faults, soon, and for little else; see docs/drift.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.forecast.panel import Panel
from canasta.monitor.verdict import Severity
from canasta.parameters import Parameters, read_parameters
from canasta.settings import ROOT
from tests.drift_faults import FAULTS, WINDOWS, Fault, onsets
from tests.drift_power import (
    FROM,
    SOON,
    few_rows,
    first_at,
    ingest_rows,
    noticed,
    power_rows,
    quiet,
    quiet_rows,
    through_ingest,
)
from tests.panels import real_panel

pytestmark = pytest.mark.real_data

PAGE = ROOT / "docs" / "drift.md"


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return read_parameters()


@pytest.fixture(scope="module")
def panel(milk: Commodity, real_data_dir: Path) -> Panel:
    return real_panel(milk, real_data_dir)


def table(heading: str) -> list[str]:
    """The rows of the first table below a heading of the page, without its head."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2]
    rows = re.findall(r"^\|.*\|$", section.partition("\n## ")[0], re.MULTILINE)
    return [row for row in rows[2:] if row]


def test_undisturbed_publications_do_not_alarm(panel: Panel, parameters: Parameters) -> None:
    verdicts = quiet(panel, parameters)
    assert len(verdicts) > 80
    alerts = sum(verdict.severity is Severity.ALERT for verdict in verdicts)
    assert alerts <= 0.05 * len(verdicts)
    assert table("False alarms") == quiet_rows(verdicts)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_faults_alarm_soon(panel: Panel, parameters: Parameters, fault: Fault) -> None:
    starts = onsets(len(panel.dates), first_at(panel, FROM))
    assert len(set(starts)) == WINDOWS
    counts = [noticed(panel, fault, parameters, start, Severity.ALERT) for start in starts]
    assert sum(count is not None and count <= SOON for count in counts) >= WINDOWS - 1


def test_a_published_fault_is_held_back_and_alarms_when_it_comes_through(
    panel: Panel, milk: Commodity
) -> None:
    start = onsets(len(panel.dates), first_at(panel, FROM))[4]
    faults = {name: FAULTS[name] for name in ("+10 % for 30 days", "frozen 30 days")}
    found = through_ingest(panel, faults, [start], milk)
    for name, (followed,) in found.items():
        assert followed.quarantined, name
        # Two later files that repeat it release a block: then it is in the history.
        assert followed.alerted == 3, name


@pytest.mark.slow
def test_the_page_states_what_is_measured(
    panel: Panel, parameters: Parameters, milk: Commodity
) -> None:
    assert table("What it notices") == power_rows(panel, parameters)
    starts = onsets(len(panel.dates), first_at(panel, FROM))
    followed = ingest_rows(through_ingest(panel, FAULTS, starts, milk))
    assert table("In the publication itself") == followed
    assert table("Small markets") == few_rows(milk, parameters)
