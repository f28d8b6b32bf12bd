"""A run that was cut short after it had scored is made up for by the next, and only once."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from canasta.monitor.archive import PERFORMANCE
from canasta.monitor.outcomes import outcomes_key
from canasta.registry.steps import Basis
from orchestration.attempts import Attempts
from orchestration.drift import archive_of
from orchestration.flows import watching
from orchestration.performance import is_missing
from orchestration.tasks.watch import judge_champion, report_performance, score_outcomes
from orchestration.workspace import Workspace, reading
from simulate_publication import simulate
from tests.published_lake import PublishedLake


@pytest.fixture(scope="module")
def blocks(milk: Commodity) -> Sequence[Block]:
    return simulate(milk, 3, date(2024, 7, 1))[:23]


@pytest.fixture
def house(
    tmp_path: Path, milk: Commodity, blocks: Sequence[Block], monkeypatch: pytest.MonkeyPatch
) -> PublishedLake:
    """Two publications of it are scored; of the newest nothing is."""
    house = PublishedLake(tmp_path / "lake", milk)
    house.come(*blocks[:19])
    house.live(blocks[19:22], lambda _: 1)
    house.come(blocks[22])
    monkeypatch.setenv("LAKE_URL", str(house.folder))
    monkeypatch.setenv("MONITOR_DIR", str(tmp_path / "monitor"))
    return house


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days of the runs that logged outcomes; all else is done, without Prefect."""
    days: list[date] = []
    for made in (score_outcomes, report_performance, judge_champion):
        monkeypatch.setattr(watching, made.fn.__name__, made.fn)
    monkeypatch.setattr(watching, "log_outcomes", lambda work: days.append(work.as_of))
    return days


def watch(house: PublishedLake, day: date) -> Workspace:
    """Watch what comes of forecasts, as a run of its own does."""
    work, attempts = reading(str(day)), Attempts()
    basis: Basis = SimpleNamespace()  # type: ignore[assignment] # nobody is champion
    watching.watch_outcomes(work, house.panel(day), basis, attempts)
    assert attempts.failed == []
    return work


def written(house: PublishedLake) -> dict[str, bytes]:
    files = (path for path in house.folder.parent.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


def test_a_second_run_writes_nothing(
    house: PublishedLake, blocks: Sequence[Block], logged: list[date]
) -> None:
    newest = blocks[22].date
    work = watch(house, newest)
    assert logged == [newest]
    assert archive_of(work).has(PERFORMANCE, newest)
    before = written(house)
    watch(house, newest)
    assert logged == [newest]
    assert written(house) == before


def test_a_run_that_ended_once_it_had_scored_is_made_up_for(
    house: PublishedLake, blocks: Sequence[Block], logged: list[date]
) -> None:
    earlier, newest = blocks[21].date, blocks[22].date
    work = watch(house, earlier)
    assert list(archive_of(work).pages(PERFORMANCE)) == [earlier]
    assert house.score(newest)
    watch(house, newest)
    assert logged == [earlier, newest]
    assert list(archive_of(work).pages(PERFORMANCE)) == [earlier, newest]
    assert watch(house, newest).as_of == newest
    assert logged == [earlier, newest]


def test_where_nothing_is_scored_nothing_is_missing(
    tmp_path: Path, milk: Commodity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_URL", str(PublishedLake(tmp_path / "empty", milk).folder))
    assert not is_missing(reading())


def test_outcomes_that_cannot_be_read_stop_nothing(
    house: PublishedLake, blocks: Sequence[Block], caplog: pytest.LogCaptureFixture
) -> None:
    (house.folder / outcomes_key(blocks[21].date)).write_bytes(b"no table")
    assert not is_missing(reading(str(blocks[22].date)))
    assert "is not known" in caplog.text
