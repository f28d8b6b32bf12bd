from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.deliver.publish import (
    Published,
    PublishedHorizons,
    edition_key,
    publish_horizons,
    publish_report,
    report_key,
)
from canasta.deliver.report import ModelName, daily_report, to_csv_bytes
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.store import Store

NOW = datetime(2025, 8, 1, 19, tzinfo=UTC)
TARGET = date(2025, 8, 4)
PLAIN = "predicciones/2025-08-04/predicciones_2025-08-04"
EDITION_3 = "predicciones/2025-08-04/ediciones/2025-08-01-3"
FORECASTS_3 = "forecasts/2025/08/2025-08-01-3.parquet"

KINDS = (".csv", ".xlsx")

type Publish = Callable[[Outlook, ModelName], Published]


@pytest.fixture
def publish(tmp_path: Path, panel: Panel, milk: Commodity) -> Publish:
    times = iter(NOW + timedelta(hours=hour) for hour in range(100))

    def run(outlook: Outlook, model: ModelName) -> Published:
        lake = Store(str(tmp_path / "lake"))
        return publish_report(lake, tmp_path / "reports", panel, outlook, milk, model, next(times))

    return run


@pytest.fixture
def publish_ahead(
    tmp_path: Path, panel: Panel, outlook: Outlook, milk: Commodity, model: ModelName
) -> Callable[[int], PublishedHorizons]:
    lake = Store(str(tmp_path / "lake"))
    return lambda horizons: publish_horizons(
        lake, tmp_path / "reports", panel, outlook, milk, model, horizons
    )


def held(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_first_run_writes_everything(
    publish: Publish, outlook: Outlook, panel: Panel, milk: Commodity, model: ModelName,
    tmp_path: Path,
) -> None:  # fmt: skip
    published = publish(outlook, model)
    lake, reports = held(tmp_path / "lake"), held(tmp_path / "reports")
    assert set(lake) == {
        FORECASTS_3, f"{PLAIN}.csv", f"{PLAIN}.xlsx", f"{EDITION_3}.csv", f"{EDITION_3}.xlsx",
    }  # fmt: skip
    assert set(reports) == {"predicciones_2025-08-04.csv", "predicciones_2025-08-04.xlsx"}
    report = to_csv_bytes(daily_report(panel, outlook, milk, model))
    assert lake[f"{PLAIN}.csv"] == lake[f"{EDITION_3}.csv"] == report
    assert reports["predicciones_2025-08-04.csv"] == report
    assert reports["predicciones_2025-08-04.xlsx"] == lake[f"{PLAIN}.xlsx"]
    assert len(published.written) == len(lake) + len(reports)
    assert {Path(place).is_file() for place in published.written} == {True}
    assert (published.csv.name, published.csv.read_bytes()) == (f"{Path(PLAIN).name}.csv", report)
    assert published.workbook.is_file()
    assert Path(published.forecasts).is_file()


def test_the_keys_are_the_ones_that_are_written() -> None:
    assert report_key(TARGET) == f"{PLAIN}.csv"
    assert edition_key(date(2025, 8, 1), TARGET, 3, ".xlsx") == f"{EDITION_3}.xlsx"


def test_a_report_of_more_horizons_lies_beside_the_daily_one(
    publish: Publish, publish_ahead: Callable[[int], PublishedHorizons], panel: Panel,
    outlook: Outlook, milk: Commodity, model: ModelName, tmp_path: Path,
) -> None:  # fmt: skip
    publish(outlook, model)
    before = held(tmp_path)
    made = publish_ahead(2)
    after = held(tmp_path)
    assert {name: after[name] for name in before} == before
    stems = (f"lake/{PLAIN}_h2", f"lake/{EDITION_3}_h2", "reports/predicciones_2025-08-04_h2")
    assert set(after) - set(before) == {f"{stem}{kind}" for stem in stems for kind in KINDS}
    assert {Path(place).relative_to(tmp_path).as_posix() for place in made.written} == set(
        after
    ) - set(before)
    expected = to_csv_bytes(daily_report(panel, outlook, milk, model, horizons=2))
    assert {after[f"{stem}.csv"] for stem in stems} == {expected}
    assert made.csv.read_bytes() == expected
    assert made.workbook.read_bytes() == after[f"{stems[0]}.xlsx"]
    assert publish_ahead(2).written == ()


def test_horizons_that_no_such_report_has_are_refused_before_anything_is_written(
    publish_ahead: Callable[[int], PublishedHorizons], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="use publish_report"):
        publish_ahead(1)
    with pytest.raises(ValueError, match="from 1 to 2"):
        publish_ahead(3)
    assert held(tmp_path) == {}


def test_a_second_run_writes_nothing(
    publish: Publish, outlook: Outlook, model: ModelName, tmp_path: Path
) -> None:
    publish(outlook, model)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert publish(outlook, model).written == ()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_was_published_stands_even_where_the_numbers_changed_since(
    publish: Publish, outlook: Outlook, model: ModelName, tmp_path: Path
) -> None:
    publish(outlook, model)
    before = held(tmp_path)
    assert publish(replace(outlook, mean=outlook.mean + 1), model).written == ()
    assert held(tmp_path) == before


def test_a_lost_report_comes_back_as_it_was(
    publish: Publish, outlook: Outlook, model: ModelName, tmp_path: Path
) -> None:
    published = publish(outlook, model)
    before = held(tmp_path)
    published.csv.unlink()
    again = publish(replace(outlook, mean=outlook.mean + 1), model)
    assert again.written == (str(published.csv),)
    assert held(tmp_path) == before


def test_a_new_version_takes_over_and_nothing_is_lost(
    publish: Publish, outlook: Outlook, model: ModelName, tmp_path: Path
) -> None:
    publish(outlook, model)
    old = held(tmp_path / "lake")
    published = publish(outlook, replace(model, version=4))
    new = held(tmp_path / "lake")
    assert published.csv.read_bytes() == new[f"{PLAIN}.csv"] != old[f"{PLAIN}.csv"]
    assert b",xgboost,4\n" in new[f"{PLAIN}.csv"]
    for kept in (FORECASTS_3, f"{EDITION_3}.csv", f"{EDITION_3}.xlsx"):
        assert new[kept] == old[kept]
    assert new[f"{EDITION_3}.csv"] == old[f"{PLAIN}.csv"]
    assert "forecasts/2025/08/2025-08-01-4.parquet" in new


def test_going_back_to_a_version_puts_its_report_back(
    publish: Publish, outlook: Outlook, model: ModelName, tmp_path: Path
) -> None:
    publish(outlook, model)
    reports = held(tmp_path / "reports")
    publish(outlook, replace(model, version=4))
    publish(outlook, model)
    assert held(tmp_path / "reports") == reports


def test_a_target_given_up_leads_to_a_report_for_the_next_one(
    publish: Publish, outlook: Outlook, model: ModelName, tmp_path: Path
) -> None:
    publish(outlook, model)
    before = held(tmp_path)
    later = replace(
        outlook, targets=(date(2025, 8, 6), date(2025, 8, 8)), skipped=(date(2025, 8, 4),)
    )
    published = publish(later, model)
    assert published.csv.name == "predicciones_2025-08-06.csv"
    after = held(tmp_path)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("steps", range(7))
def test_a_run_killed_between_two_writes_is_completed_by_the_next(
    steps: int, publish: Publish, outlook: Outlook, model: ModelName, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    whole = Store.replace
    done: list[str] = []

    def dying(self: Store, key: str, content: bytes) -> None:
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(key)
        whole(self, key, content)

    monkeypatch.setattr(Store, "replace", dying)
    with pytest.raises(KeyboardInterrupt):
        publish(outlook, model)
    monkeypatch.undo()
    assert len(publish(outlook, model).written) == 7 - steps
    assert len(held(tmp_path)) == 7
