"""What an operator does at the command line: promote, roll back, look, compare."""

from __future__ import annotations

import re

import pytest

from orchestration.__main__ import main
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House

DAY = FirstRun.DAY


@pytest.fixture
def at_home(lived_in: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The house whose variables stand in this process's own environment."""
    for name, value in lived_in.environment.items():
        monkeypatch.setenv(name, value)
    return lived_in


def test_promoted_version_is_live_until_it_is_rolled_back(
    at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    before = at_home.pointer
    assert main(["promote", "2", "--date", DAY]) == 0
    assert "Champion  version 2 of milk-price-predictor, random-forest" in capsys.readouterr().out
    promoted = at_home.pointer
    assert promoted.title.version == 2
    assert promoted.panel != before.panel
    assert at_home.tracking.aliases()["champion"] == 2

    assert main(["rollback", "--date", DAY]) == 0
    assert "Champion  version 3 of milk-price-predictor, xgboost" in capsys.readouterr().out
    assert at_home.pointer.title == before.title
    assert at_home.pointer.panel == before.panel
    assert at_home.tracking.aliases()["champion"] == 3
    assert [record["kind"] for record in at_home.decisions()] == ["search", "promote", "rollback"]

    assert main(["rollback"]) == 1
    assert "there is none to go back to. `make promote VERSION=…`" in capsys.readouterr().err


def test_unknown_version_is_refused_and_nothing_changes(
    at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    before = at_home.hashes()
    assert main(["promote", "99"]) == 1
    assert "milk-price-predictor has no version 99; known: 1, 2, 3." in capsys.readouterr().err
    assert at_home.hashes() == before


def test_report_of_a_version_promoted_by_hand_is_that_versions(at_home: House) -> None:
    assert main(["promote", "2"]) == 0
    told = at_home.run("report", "--date", "2024-10-09")
    assert told.code == 0, told.told()
    report = at_home.report("2024-10-11")
    assert set(report["version"]) == {2}
    assert set(report["modelo"]) == {"random-forest (DATOS SIMULADOS)"}
    editions = at_home.lake.keys("predicciones/2024-10-11/ediciones")
    assert [key.rsplit("-", 1)[1] for key in editions] == ["2.csv", "2.xlsx", "3.csv", "3.xlsx"]


@pytest.mark.usefixtures("at_home")
def test_status_says_what_is_live(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "History   116 publications, 2024-01-03 to 2024-10-09" in said
    assert "Champion  version 3 of milk-price-predictor, xgboost" in said
    assert "forecasts from 2024-10-09" in said


def test_status_of_an_empty_lake_says_how_to_fill_it(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["status"]) == 0
    assert "empty; `make daily` fills it" in capsys.readouterr().out


def test_backtest_compares_on_the_dates_asked_for_and_stores_nothing(
    at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    before = at_home.hashes()
    assert main(["backtest", "--from", "2024-10-07"]) == 0
    said = capsys.readouterr().out
    rows = re.findall(r"^  (\S+) +\d\.\d{4} ", said, re.MULTILINE)
    assert rows == [
        "persistence", "random-forest", "xgboost", "champion", "earlier-forest", "earlier-xgboost"
    ]  # fmt: skip
    assert "Targets 2024-10-07 to 2024-10-09, 2 origins" in said
    assert "…" not in said.split("RMSE skill % (DM) by slice")[1], "no figure is cut off"
    assert at_home.hashes() == before


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("bound", "message"),
    [
        (["--from", "soon"], "'soon' is no date; write it as YYYY-MM-DD."),
        (["--from", "2030-01-01"], "the history allows target dates from 2024-06-03 to 2024-10-09"),
    ],
)
def test_backtest_of_dates_that_cannot_be_used_says_why(
    bound: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backtest", *bound]) == 1
    assert message in capsys.readouterr().err


def test_file_in_the_place_of_a_folder_is_named(
    at_home: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = at_home.folder / "taken"
    taken.touch()
    monkeypatch.setenv("LAKE_URL", str(taken))
    assert main(["rollback"]) == 1
    told = capsys.readouterr().err
    assert str(taken) in told
    assert "Traceback" not in told
