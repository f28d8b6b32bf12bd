"""Runs as of a past day: what is missing is made up for, and nothing live is changed."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from canasta.ingest.lake import Lake
from canasta.labels import SIMULATED
from simulate_publication import publish_files, simulate, true_averages
from simulate_publication.layout import SIMULATION
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House
from tests.unit.ingest.builders import with_wrong_average

DAY, TARGET = FirstRun.DAY, FirstRun.TARGET
LATER = "2024-10-11"
CORRECTED = ("Jalisco", "Guadalajara", "Pasteurizada", "Autoservicios")
"""A series whose price of DAY the file of LATER states otherwise, by a peso."""
PLAIN = f"lake/predicciones/{TARGET}/predicciones_{TARGET}"
EDITION = f"lake/predicciones/{TARGET}/ediciones/{DAY}-3-backfilled"
IN_REPORTS = f"reports/predicciones_{TARGET}"


def everything(house: House) -> dict[str, str]:
    """SHA-256 by path of all that the house holds: lake, MLflow with its artifacts, reports."""
    files = (path for path in house.folder.rglob("*") if path.is_file())
    return {
        path.relative_to(house.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if "prefect" not in path.parts
    }


def corrected(block: Block, milk: Commodity) -> Block:
    if block.date != date.fromisoformat(DAY):
        return block
    prices = {**block.prices, CORRECTED: (block.prices[CORRECTED] or 0) + 1}
    return Block(block.date, prices, true_averages(prices, milk))


@pytest.fixture(scope="module")
def gone_on(
    first_run: FirstRun, milk: Commodity, tmp_path_factory: pytest.TempPathFactory
) -> House:
    """The house after a publication that corrects the one before, and with another champion."""
    folder = tmp_path_factory.mktemp("gone-on") / "house"
    shutil.copytree(first_run.house.folder, folder)
    house = replace(first_run.house, folder=folder)
    blocks = simulate(milk, 1, date.fromisoformat(LATER))
    stated = [corrected(block, milk) for block in blocks]
    publish_files(folder / "publications", stated, milk, layout=SIMULATION)
    for command in (("daily",), ("promote", "2")):
        ended = house.run(*command, "--date", LATER)
        assert ended.code == 0, ended.told()
    assert len(house.lake.keys("revisions")) == 1
    assert house.pointer.title.version == 2
    now = Lake(house.lake, milk).cells(date.max)[date.fromisoformat(DAY)]
    assert now[CORRECTED] == corrected(blocks[-2], milk).prices[CORRECTED]
    return house


@pytest.fixture
def house(gone_on: House, tmp_path: Path) -> House:
    """A copy of it, to change at will."""
    folder = tmp_path / "copy"
    shutil.copytree(gone_on.folder, folder)
    return replace(gone_on, folder=folder)


def test_day_whose_report_is_there_changes_nothing_at_all(house: House) -> None:
    before = everything(house)
    ended = house.daily(DAY)
    assert ended.code == 0, ended.told()
    assert ended.steps == [
        "Read the history", "Forecast with the champion then", "Missing report", "Missing outcomes"
    ]  # fmt: skip
    assert (
        f"Back-dated to {DAY}; the lake reaches to {LATER}. Nothing live was changed" in ended.out
    )
    assert f"The report for {TARGET} was published before: " in ended.out
    assert everything(house) == before


def test_missing_report_is_made_up_for_by_the_champion_of_then_from_what_was_known_then(
    house: House,
) -> None:
    published = house.report(TARGET)
    for stem in (PLAIN, IN_REPORTS):
        for suffix in (".csv", ".xlsx"):
            (house.folder / f"{stem}{suffix}").unlink()
    before = everything(house)

    ended = house.run("report", "--date", DAY)

    assert ended.code == 0, ended.told()
    assert f"The report for {TARGET} was missing. From {DAY}, by xgboost" in ended.out
    after = everything(house)
    assert set(after) - set(before) == {
        f"{stem}{suffix}" for stem in (PLAIN, EDITION, IN_REPORTS) for suffix in (".csv", ".xlsx")
    }
    assert {path: after[path] for path in before} == before
    made = house.report(TARGET)
    assert set(made["modelo"]) == {f"xgboost (backfilled) ({SIMULATED})"}
    # The correction was first seen after that day: the price then is the one published then.
    pd.testing.assert_frame_equal(
        made.drop(columns="modelo"), published.drop(columns="modelo"), check_exact=True
    )
    again = house.daily(DAY)
    assert again.code == 0, again.told()
    assert everything(house) == after


def test_day_before_a_file_that_was_held_back_is_past_too(house: House, milk: Commodity) -> None:
    """Its block is in quarantine, yet what it says of earlier ones is known since."""
    blocks = simulate(milk, 1, date(2024, 10, 14))
    stated = [corrected(block, milk) for block in blocks[:-1]]
    wrong = with_wrong_average(blocks[-1])
    publish_files(house.folder / "publications", [*stated, wrong], milk, layout=SIMULATION)
    ended = house.daily("2024-10-14")
    assert "Ingest: quarantined; the newest accepted" in ended.out, ended.told()
    before = everything(house)
    ended = house.daily("2024-10-12")
    assert ended.code == 0, ended.told()
    assert "Back-dated to 2024-10-12; the lake reaches to 2024-10-14" in ended.out
    assert everything(house) == before


def test_search_as_of_the_past_is_refused(house: House) -> None:
    before = everything(house)
    ended = house.run("retrain", "--date", DAY)
    assert ended.code == 1
    assert f"\nSettingsError: DATE={DAY} lies before what the lake knows" in ended.err
    assert "`make backfill FROM=… TO=…` replays the past, searches included" in ended.err
    assert everything(house) == before
