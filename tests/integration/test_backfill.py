"""`make backfill`: the past replayed equals the past as it was lived, and stays by itself."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.errors import LakeMismatch, NoPublication
from canasta.ingest.identity import Identity, SourceKind, read_identity, write_identity
from canasta.labels import SIMULATED
from orchestration.backfill import backfill
from orchestration.workspace import reading, writing
from simulate_publication import publish_files, simulate
from tests.integration.pipeline_setting import House
from tests.integration.test_pipeline_backdated import everything

DAYS = ("2024-01-03", "2024-01-05", "2024-01-08")
"""The first publications of the simulated market."""
OFTEN = {"RETRAIN_EVERY": "2"}
SAME = ("daily", "raw", "received", "outcomes", "panels", "predicciones")
"""What is a function of publications, settings and seed, and names no kind of lake."""


@pytest.fixture
def replaying(house: House) -> House:
    """The same house, with a replay lake beside its own."""
    return replace(house, lake_url=str(house.folder / "lake-replay"), variables=OFTEN)


def forecasts(house: House) -> dict[str, pd.DataFrame]:
    """The forecasts of a house by key, but for the time when they were made."""
    return {
        key: pd.read_parquet(house.lake.location(key)).drop(columns="made_at")
        for key in house.lake.keys("forecasts")
    }


@pytest.mark.slow
def test_replay_equals_the_days_as_they_were_lived_though_it_stopped_twice(
    house: House, replaying: House
) -> None:
    for day in DAYS:
        lived = house.daily(day, **OFTEN)
        assert lived.code == 0, lived.told()
    live = everything(house)
    span = ("backfill", "--from", "2024-01-01", "--to")

    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
        stopped = replaying.run(*span, DAYS[-1], MLFLOW_TRACKING_URI=nobody)
    assert stopped.code == 1, stopped.told()
    assert f"✗ Replay {DAYS[0]}" in stopped.out
    assert "Stopped there. The same command goes on from that day" in stopped.out
    assert stopped.err.startswith("\nRegistryUnavailable: ")
    assert len(replaying.lake.keys("daily")) == 1, "it stopped between its steps"
    first = replaying.run(*span, DAYS[1])
    rest = replaying.run(*span, DAYS[-1])

    assert (first.code, rest.code) == (0, 0), first.told() + rest.told()
    assert first.steps == [f"Replay {day}" for day in DAYS[:2]]
    assert rest.steps == [f"Replay {day}" for day in DAYS[2:]]
    assert f"new publication: {DAYS[1]}; persistence, version 1, stays the champion" in first.out
    assert f"days up to {DAYS[1]} had been done before" in rest.out
    assert replaying.hashes(*SAME) == house.hashes(*SAME)
    assert [record["kind"] for record in replaying.decisions()] == [
        record["kind"] for record in house.decisions()
    ]
    made = forecasts(replaying)
    for key, expected in forecasts(house).items():
        pd.testing.assert_frame_equal(made.pop(key), expected, check_exact=True)
    assert made == {}

    assert read_identity(replaying.lake) == Identity(
        "milk", SourceKind.REPLAY, SourceKind.SIMULATED
    )
    reports = house.reports / "replay"
    assert sorted(path.name for path in reports.glob("*.csv")) == sorted(
        path.name for path in house.reports.glob("*.csv")
    )
    told = pd.read_csv(reports / "predicciones_2024-01-10.csv")
    assert set(told["modelo"]) == {f"persistence ({SIMULATED})"}
    assert replaying.pointer.title.model_name == "milk-price-predictor-replay"
    assert house.tracking.aliases() == {"champion": 1}, "the live ones"
    after = everything(house)
    touched = {path for path in live if after[path] != live[path]}
    assert touched == {"mlflow.db"}, "where both kinds of versions stand"


@pytest.fixture
def at_home(replaying: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The replaying house, whose variables stand in this process's own environment."""
    for name, value in replaying.environment.items():
        monkeypatch.setenv(name, value)
    return replaying


@pytest.mark.parametrize("kind", [SourceKind.SIMULATED, SourceKind.SNIIM])
def test_lake_that_is_live_is_refused(kind: SourceKind, at_home: House) -> None:
    write_identity(at_home.lake, Identity("milk", kind))
    with pytest.raises(LakeMismatch, match=f"kind {kind}, .*Set LAKE_URL=.*/lake-replay"):
        backfill(*DAYS[:2])
    assert read_identity(at_home.lake) == Identity("milk", kind)


@pytest.mark.parametrize("source", ["", "file:///nowhere"])
def test_nothing_but_a_replay_feeds_a_replay_lake(
    source: str, at_home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLICATION_URL", source)
    write_identity(at_home.lake, Identity("milk", SourceKind.REPLAY))
    with pytest.raises(LakeMismatch, match="is a replay lake: only `make backfill"), writing():
        pytest.fail("it was opened")
    assert read_identity(at_home.lake) == Identity("milk", SourceKind.REPLAY)


def test_what_is_done_on_a_replay_lake_by_hand_stays_on_it(at_home: House) -> None:
    identity = Identity("milk", SourceKind.REPLAY, SourceKind.SIMULATED)
    write_identity(at_home.lake, identity)
    with writing(from_source=False) as work:
        assert work.registry.tracking.model_name == "milk-price-predictor-replay"
    work = reading()
    assert work.registry.tracking.model_name == "milk-price-predictor-replay"
    assert work.reports_dir == at_home.reports / "replay"
    assert work.simulated


def test_without_lake_url_a_replay_has_a_default_of_its_own(
    at_home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = at_home.folder / "default"
    monkeypatch.setenv("LAKE_URL", "")
    monkeypatch.setattr("orchestration.workspace.REPLAY_LAKE", default)
    with writing(replay=True) as work:
        assert work.store.folder == default
    assert not (at_home.folder / "lake-replay").exists()


def test_source_that_holds_the_newest_file_alone_cannot_be_replayed(
    at_home: House, milk: Commodity, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = at_home.folder / "sniim"
    publish_files(source, simulate(milk, 1, date(2024, 3, 1)), milk)
    monkeypatch.setenv("PUBLICATION_URL", source.as_uri())
    with pytest.raises(
        NoPublication, match=r"2024-01-03 .*`make simulate HISTORY=.* ARGS=--every`"
    ):
        backfill("2024-01-03", "2024-03-01")
    assert at_home.lake.keys("raw") == []
