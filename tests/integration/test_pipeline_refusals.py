"""Runs that cannot be done: they say why in a sentence, and change nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import closing
from datetime import date

import pytest

from canasta.commodity import Commodity
from canasta.ingest.identity import IDENTITY
from canasta.ingest.lake import Lake
from canasta.ingest.lock import FolderLock
from canasta.ingest.price_files import daily_key
from canasta.labels import SIMULATED
from simulate_publication import publish_files, simulate
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import Ended, House

HTML = b"<!DOCTYPE html><html><body>Archivo no encontrado</body></html>"


def closed_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def assert_refused(ended: Ended, error: str, *parts: str, code: int = 1) -> None:
    assert ended.code == code, ended.told()
    assert ended.err.startswith(f"\n{error}: "), ended.err
    assert ended.err.count("\n") == 2, "one sentence in a line of its own"
    assert "Traceback" not in ended.told()
    assert [part for part in parts if part not in ended.err] == []


@pytest.mark.parametrize(
    ("day", "variables", "error", "parts"),
    [
        ("nonsense", {}, "SettingsError", ["'nonsense' is no date", "YYYY-MM-DD"]),
        (
            "2024-10-08", {}, "NoChampion",
            ["Nobody was champion on 2024-10-07", "the publication of 2024-10-09", "make backfill"],
        ),
        (FirstRun.DAY, {"MAX_EVALS": "many"}, "SettingsError", ["MAX_EVALS"]),
        (
            FirstRun.DAY, {"LAKE_URL": "foo://x"}, "SettingsError",
            ["LAKE_URL: expected a folder, file:///folder or s3://bucket/prefix"],
        ),
        (
            FirstRun.DAY, {"PUBLICATION_URL": "/published"}, "SettingsError",
            ["PUBLICATION_URL: ", "write a local folder as file:///folder"],
        ),
        (
            FirstRun.DAY, {"REPORTS_DIR": "s3://bucket/reports"}, "SettingsError",
            ["REPORTS_DIR: expected a local folder"],
        ),
    ],
)  # fmt: skip
def test_run_that_cannot_be_done_says_why_and_changes_nothing(
    day: str, variables: dict[str, str], error: str, parts: list[str], lived_in: House
) -> None:
    before = lived_in.hashes()
    assert_refused(lived_in.daily(day, **variables), error, *parts)
    assert lived_in.hashes() == before


def test_real_publication_does_not_enter_a_simulated_lake(lived_in: House, milk: Commodity) -> None:
    before = lived_in.hashes()
    source = lived_in.folder / "sniim"
    [file] = publish_files(source, simulate(milk, 1, date(2024, 10, 11)), milk)
    ended = lived_in.daily("2024-10-11", PUBLICATION_URL=source.as_uri())
    assert_refused(
        ended, "LakeMismatch",
        "holds milk prices of source kind simulated", f"{file.path.as_uri()} holds milk prices of "
        "source kind sniim", "Set LAKE_URL=", f"with PUBLICATION_URL={source.as_uri()}",
    )  # fmt: skip
    kept = {key: value for key, value in lived_in.hashes().items() if key not in before}
    assert sorted(key.split("/")[0] for key in kept) == ["raw", "refused"]


def test_simulated_run_does_not_claim_an_earlier_system_s_lake(
    house: House, milk: Commodity
) -> None:
    block = simulate(milk, 1, date(2024, 1, 3))[0]
    Lake(house.lake, milk).add_publication(block.date, block.prices)
    assert_refused(house.daily("2024-02-21"), "LakeMismatch", "source kind sniim", "simulated")
    assert house.lake.keys("daily") == [daily_key(block.date)]
    assert not house.lake.exists(IDENTITY)


def test_simulated_publication_says_so_whatever_way_it_comes(house: House) -> None:
    day, published = "2024-02-21", (house.folder / "publications").as_uri()
    told = subprocess.run(
        [sys.executable, "-m", "simulate_publication", "write", "--until", day],
        env=house.environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "Leche21022024.xlsx" in told.stdout
    ended = house.daily(day, PUBLICATION_URL=published)
    assert ended.code == 0, ended.told()
    assert SIMULATED in ended.out
    assert set(house.report("2024-02-23")["modelo"]) == {f"persistence ({SIMULATED})"}


def test_second_run_meanwhile_says_so_and_exits_75(lived_in: House) -> None:
    before = lived_in.hashes()
    folder = lived_in.lake.folder
    assert folder is not None
    with FolderLock(folder):
        ended = lived_in.daily(FirstRun.DAY)
    assert_refused(ended, "RunInProgress", "Another run is writing into", code=75)
    assert lived_in.hashes() == before


def test_day_before_the_first_publication_is_an_error_that_names_it(house: House) -> None:
    ended = house.daily("2024-01-02")
    assert_refused(ended, "NoPublication", "begins on 2024-01-03", "Choose a later DATE")
    assert house.lake.keys("daily") == []


@pytest.mark.slow  # it is asked patiently
def test_unreachable_source_is_one_message(house: House) -> None:
    url = f"http://127.0.0.1:{closed_port()}/SNIIM"
    ended = house.daily(FirstRun.DAY, PUBLICATION_URL=url)
    assert_refused(ended, "SourceUnreachable", url, "check PUBLICATION_URL")
    assert "✗ Ingest" in ended.out


def test_page_in_place_of_a_workbook_is_kept_and_the_next_file_completes(
    house: House, milk: Commodity
) -> None:
    source, day = house.folder / "sniim", "2024-02-21"
    source.mkdir()
    (source / "Leche21022024.xlsx").write_bytes(HTML)
    url = source.as_uri()

    ended = house.daily(day, PUBLICATION_URL=url)

    assert_refused(ended, "NotAWorkbook")
    assert [house.lake.read(key) for key in house.lake.keys("raw")] == [HTML]
    assert house.lake.keys("daily") == []

    publish_files(source, simulate(milk, 1, date.fromisoformat(day)), milk)
    ended = house.daily(day, PUBLICATION_URL=url)

    assert ended.code == 0, ended.told()
    assert len(house.lake.keys("daily")) == 21
    assert len(house.lake.keys("raw")) == 2
    assert SIMULATED not in ended.out


def test_report_is_written_though_mlflow_is_down(lived_in: House) -> None:
    """The pointer is the truth: MLflow is needed for learning, not for forecasting."""
    before = lived_in.hashes()
    report = lived_in.reports / f"predicciones_{FirstRun.TARGET}.csv"
    report.unlink()
    down = f"http://127.0.0.1:{closed_port()}"
    ended = lived_in.daily(FirstRun.DAY, MLFLOW_TRACKING_URI=down)
    assert ended.code == 0, ended.told()
    assert "Check the registry: MLflow does not answer; its aliases will follow" in ended.out
    assert report.is_file()
    assert lived_in.hashes() == before


def test_search_that_is_due_waits_for_mlflow_and_the_report_does_not(lived_in: House) -> None:
    down = f"http://127.0.0.1:{closed_port()}"
    champion, decisions = lived_in.pointer.title, len(lived_in.decisions())
    ended = lived_in.daily("2024-10-11", MLFLOW_TRACKING_URI=down, RETRAIN_EVERY="1")
    assert ended.code == 0, ended.told()
    assert "the search is put off: MLflow at" in ended.out
    assert "Search" not in ended.out
    assert lived_in.pointer.title == champion
    assert [record["kind"] for record in lived_in.decisions()[decisions:]] == ["panel"]
    assert (lived_in.reports / "predicciones_2024-10-14.csv").is_file()


def test_search_that_is_asked_for_is_refused_before_it_begins_while_mlflow_is_down(
    lived_in: House,
) -> None:
    before = lived_in.hashes()
    down = f"http://127.0.0.1:{closed_port()}"
    ended = lived_in.run("retrain", "--date", FirstRun.DAY, MLFLOW_TRACKING_URI=down)
    assert_refused(ended, "RegistryUnavailable", down, "correct MLFLOW_TRACKING_URI")
    assert "Search" not in ended.out
    assert lived_in.hashes() == before
