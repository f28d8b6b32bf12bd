"""`make reproduce` in a house that has lived: what comes out the same, and what is told if not."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from canasta.commodity import Commodity
from canasta.forecast.history import read_panel
from canasta.forecast.training import Trainer
from canasta.ingest import tables
from canasta.ingest.block import Block
from canasta.ingest.intake import ingest
from canasta.ingest.lake import Lake
from canasta.ingest.price_files import daily_key
from canasta.parameters import read_parameters
from canasta.registry.bundle import Bundle, read_bundle
from orchestration.__main__ import main
from simulate_publication import publish_files, simulate, true_averages
from simulate_publication.layout import SIMULATION
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House

DAY = date.fromisoformat(FirstRun.DAY)
LATER = date(2024, 10, 11)
PARAMETERS = read_parameters()
LEARNT = [f"horizon {horizon}" for horizon in range(1, 7)]
FORECASTS = "forecasts of 185 live series"


def compared(said: str) -> dict[str, bool]:
    """What the table lists, and whether it says that it is equal."""
    rows = re.findall(r"^  (\S.*?)  +\S{1,12}  +\S{1,12}  +(yes|NO) ", said, re.MULTILINE)
    return {what: equal == "yes" for what, equal in rows}


def everything(house: House) -> dict[str, Any]:
    database = (house.folder / "mlflow.db").read_bytes()
    return {**house.hashes(), "mlflow.db": database, "runs": house.mlflow_runs()}


def test_champion_comes_out_the_same_and_nothing_is_stored(
    at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(at_home)
    assert main(["reproduce"]) == 0
    said = capsys.readouterr().out
    assert (
        "Version   3 of milk-price-predictor, xgboost, fitted on 2024-01-03 to 2024-10-09" in said
    )
    assert compared(said) == dict.fromkeys([*LEARNT, FORECASTS, "forecasts as published"], True)
    assert "Version 3 comes out the same, bit for bit." in said
    assert "another" not in said, "commit, lock file and Python are those of the first run"
    assert everything(at_home) == before


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("version", "listed"),
    [
        ("1", [FORECASTS]),
        ("2", [*LEARNT, FORECASTS]),
    ],
)
def test_so_does_every_version(
    version: str, listed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", version]) == 0
    assert compared(capsys.readouterr().out) == dict.fromkeys(listed, True)


@pytest.fixture
def corrected(at_home: House, milk: Commodity) -> House:
    """The publication of LATER came, and corrects prices that the versions were fitted on."""
    *earlier, newest = simulate(milk, 1, LATER)
    old = earlier[50]
    prices = {key: price and price + 0.25 for key, price in old.prices.items()}
    some = {**old.prices, **dict(list(prices.items())[:40])}
    earlier[50] = Block(old.date, some, true_averages(some, milk))
    folder = at_home.folder / "publications"
    publish_files(folder, [*earlier, newest], milk, layout=SIMULATION)
    lake = Lake(at_home.lake, milk)
    summary = ingest(lake, folder.as_uri(), LATER, PARAMETERS.quality)
    assert [revision.block_date for revision in summary.revised] == [old.date]
    assert lake.dates()[-1] == LATER
    return at_home


@pytest.mark.usefixtures("corrected")
def test_later_publications_and_corrections_change_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["reproduce", "3"]) == 0
    said = capsys.readouterr().out
    assert list(compared(said).values()) == [True] * 8
    assert f"fitted on 2024-01-03 to {DAY} as known on {DAY}" in said


def change_a_price(house: House, milk: Commodity) -> None:
    key, columns = daily_key(DAY), milk.keys.columns
    names = [*columns, milk.keys.price]
    table = {
        name: column.to_pylist()
        for name, column in tables.read(house.lake.read(key), names, key).items()
    }
    *labels, prices = (table[name] for name in names)
    cells = dict(zip(zip(*labels, strict=True), prices, strict=True))
    changed = next(series for series, price in cells.items() if price)
    cells[changed] += 0.5
    house.lake.replace(key, tables.publication_bytes(DAY, cells, columns, milk.keys.price))


def lose_a_publication(house: House, _milk: Commodity) -> None:
    Path(house.lake.location(daily_key(date(2024, 10, 4)))).unlink()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (change_a_price, rf"1 price differs: Aguascalientes, .* on {DAY} was [\d.]+, is [\d.]+\."),
        (lose_a_publication, r"The publication of 2024-10-04 can no longer be found\."),
    ],
)
def test_changed_lake_is_told_with_what_differs(
    harm: Any, told: str, at_home: House, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    harm(at_home, milk)
    before = everything(at_home)
    assert main(["reproduce"]) == 1
    said = capsys.readouterr()
    assert "NotReproducible: " in said.err
    assert f"that version 3 was fitted on: simulated prices up to {DAY}" in said.err
    assert re.search(told, said.err)
    assert "Restore the lake from a backup" in said.err
    assert compared(said.out) == {}
    assert everything(at_home) == before


def test_another_lake_is_told(
    at_home: House,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LAKE_URL", str(tmp_path / "other"))
    assert main(["reproduce", "3"]) == 1
    said = capsys.readouterr().err
    assert "This lake never published forecasts from it: what differs cannot be told." in said
    assert "set LAKE_URL to the lake that the version comes from" in said
    assert main(["reproduce"]) == 1
    assert "NoChampion" in capsys.readouterr().err
    assert at_home.pointer.title.version == 3


@pytest.mark.usefixtures("at_home")
def test_unknown_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "99"]) == 1
    said = capsys.readouterr().err
    assert "UnknownVersion: milk-price-predictor has no version 99; known: 1, 2, 3." in said


@pytest.fixture
def apart(at_home: House, first_run: FirstRun) -> House:
    """The house whose MLflow keeps artifacts in it, not in the folder that it was copied from."""
    places = {
        "experiments": "artifact_location",
        "runs": "artifact_uri",
        "logged_models": "artifact_location",
    }
    database = sqlite3.connect(at_home.folder / "mlflow.db")
    with database:
        for table, column in places.items():
            database.execute(
                f"update {table} set {column} = replace({column}, ?, ?)",  # noqa: S608 - our words
                (str(first_run.house.folder), str(at_home.folder)),
            )
    database.close()
    return at_home


def register(house: House, milk: Commodity, seed: int, stated: Mapping[str, Any]) -> int:
    """Register the champion's recipe fitted with `seed`; its lineage says what is `stated`."""
    champion: Bundle = read_bundle(house.lake, house.pointer.title.bundle)
    trainer = Trainer.of(read_panel(Lake(house.lake, milk), milk, DAY), PARAMETERS.fit, seed)
    fitted = trainer.fit(champion.predictor.recipe, len(trainer.panel.dates) - 1)
    claimed = replace(
        champion,
        predictor=fitted.predictor,
        lineage=replace(champion.lineage, **stated),
    )
    with house.tracking.run("by hand", {}, {}) as run:
        return run.register(fitted, claimed)


def test_version_that_was_not_made_as_it_says_is_told(
    apart: House, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    number = register(apart, milk, seed=8, stated={"seed": 1, "git_commit": "c0ffee"})
    assert main(["reproduce", str(number)]) == 1
    said = capsys.readouterr()
    assert compared(said.out) == dict.fromkeys([*LEARNT, FORECASTS], False)
    assert "bit for bit" not in said.out
    assert (
        f"NotReproducible: Version {number}, fitted again, does not come out the same: "
        f"{', '.join([*LEARNT, FORECASTS])}. Check out its commit"
    ) in said.err


def test_other_code_and_libraries_are_told_and_tried(
    apart: House, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"git_commit": "c0ffee-dirty", "lock_sha256": "0" * 64, "python": "3.12.0"}
    number = register(apart, milk, seed=8, stated={"seed": 8, **other})
    assert main(["reproduce", str(number)]) == 0
    said = capsys.readouterr().out
    assert "Warning   another commit: c0ffee-dirty then, " in said
    assert "Warning   another Pipfile.lock: 000000000000 then, " in said
    assert "Warning   another Python: 3.12.0 then, " in said
    assert "Warning   the code had changes then that no commit holds" in said
    assert f"Version {number} comes out the same, bit for bit." in said


def test_changed_files_in_mlflow_are_refused(
    apart: House, capsys: pytest.CaptureFixture[str]
) -> None:
    (model,) = (apart.folder / "mlartifacts").rglob(
        f"{apart.pointer.title.run_id}/artifacts/bundle/model.json"
    )
    model.write_text(model.read_text().replace('"seed": 1', '"seed": 2'))
    assert main(["reproduce"]) == 1
    said = capsys.readouterr().err
    assert "ObjectCorrupt: MLflow's files of version 3 are not those that were registered" in said
    assert "(bundle/model.json has SHA-256" in said
    assert f"Restore the artifacts of its run {apart.pointer.title.run_id}" in said
