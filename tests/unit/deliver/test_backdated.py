import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.deliver.backdated import BackDated, backdated_lines, publish_missing
from canasta.deliver.report import ModelName, daily_report, to_csv_bytes
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.labels import SIMULATED
from canasta.store import Store
from tests.unit.deliver.test_publish import held

MODEL = ModelName("xgboost", 3, simulated=True, backfilled=True)
PLAIN = "lake/predicciones/2025-08-04/predicciones_2025-08-04"
EDITION = "lake/predicciones/2025-08-04/ediciones/2025-08-01-3-backfilled"
IN_REPORTS = "reports/predicciones_2025-08-04"
ALL = {f"{stem}{suffix}" for stem in (PLAIN, EDITION, IN_REPORTS) for suffix in (".csv", ".xlsx")}

type Publish = Callable[[Outlook], BackDated]


@pytest.fixture
def publish(tmp_path: Path, panel: Panel, milk: Commodity) -> Publish:
    lake = Store(str(tmp_path / "lake"))
    return lambda outlook: publish_missing(lake, tmp_path / "reports", panel, outlook, milk, MODEL)


def test_a_missing_report_is_written_and_marked_and_no_forecasts_are(
    publish: Publish, outlook: Outlook, panel: Panel, milk: Commodity, tmp_path: Path
) -> None:
    made = publish(outlook)
    found = held(tmp_path)
    assert set(found) == ALL
    assert {str(Path(place).relative_to(tmp_path)) for place in made.written} == ALL
    expected = to_csv_bytes(daily_report(panel, outlook, milk, MODEL))
    assert {found[f"{stem}.csv"] for stem in (PLAIN, EDITION, IN_REPORTS)} == {expected}
    report = pd.read_csv(io.BytesIO(expected))
    assert set(report["modelo"]) == {f"xgboost (backfilled) ({SIMULATED})"}
    assert made.report == str(tmp_path / f"{IN_REPORTS}.csv")
    book = openpyxl.load_workbook(io.BytesIO(found[f"{IN_REPORTS}.xlsx"]))
    facts = {row[0]: row[1] for row in book["Resumen"].iter_rows(values_only=True)}
    assert "después de su fecha (backfilled)" in str(facts["Nota"])


def test_doing_it_again_writes_nothing(publish: Publish, outlook: Outlook, tmp_path: Path) -> None:
    publish(outlook)
    before = held(tmp_path)
    assert publish(replace(outlook, mean=outlook.mean + 1)).written == ()
    assert held(tmp_path) == before


@pytest.mark.parametrize("place", [PLAIN, IN_REPORTS])
def test_a_report_that_was_published_stands_wherever_it_lies(
    place: str, publish: Publish, outlook: Outlook, tmp_path: Path
) -> None:
    path = tmp_path / f"{place}.csv"
    path.parent.mkdir(parents=True)
    path.write_text("published before")
    made = publish(outlook)
    assert (made.written, made.report) == ((), str(path))
    assert held(tmp_path) == {f"{place}.csv": b"published before"}


@pytest.mark.parametrize("left", range(6))
def test_what_a_killed_run_left_is_completed(
    left: int, publish: Publish, outlook: Outlook, tmp_path: Path
) -> None:
    made = publish(outlook)
    whole = held(tmp_path)
    for place in made.written[left:]:
        Path(place).unlink()
    publish(outlook)
    assert held(tmp_path) == whole


def test_the_lines_say_that_nothing_live_was_changed(publish: Publish, outlook: Outlook) -> None:
    as_of, newest = date(2025, 8, 2), date(2025, 8, 8)
    first, missing, *places = backdated_lines(publish(outlook), as_of, newest)
    assert first.startswith(
        "Back-dated to 2025-08-02; the lake reaches to 2025-08-08. Nothing live"
    )
    assert "for 2025-08-04 was missing. From 2025-08-01, by xgboost (backfilled)" in missing
    assert len(places) == 6
    _, again = backdated_lines(publish(outlook), as_of, newest)
    assert again.startswith("The report for 2025-08-04 was published before: ")
