"""What an operator does at the command line: promote, roll back, look, compare."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from canasta.commodity import Commodity
from canasta.ingest.intake import ingest
from canasta.ingest.lake import Lake
from canasta.ingest.quality import cleaned
from orchestration.__main__ import main
from simulate_publication import publish_files, simulate
from simulate_publication.layout import SIMULATION
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House
from tests.unit.ingest.builders import LIMITS, with_wrong_average

DAY = FirstRun.DAY


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


@pytest.fixture
def with_a_faulty_publication(at_home: House, milk: Commodity) -> House:
    """The publication of 2024-10-11 states an average that its cities do not give."""
    day, published = date(2024, 10, 11), at_home.folder / "publications"
    *earlier, newest = simulate(milk, 1, day)
    publish_files(published, [*earlier, with_wrong_average(newest)], milk, layout=SIMULATION)
    summary = ingest(Lake(at_home.lake, milk), published.as_uri(), day, LIMITS)
    assert [block.block_date for block in summary.quarantined] == [day]
    return at_home


@pytest.mark.usefixtures("with_a_faulty_publication")
def test_quarantined_publication_is_listed_with_its_reasons_and_enters_when_accepted(
    at_home: House, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    before = at_home.hashes()
    assert main(["quarantine", "--date", "2024-10-11"]) == 0
    said = capsys.readouterr().out
    assert "Waiting   2024-10-11, first seen in the file of 2024-10-11: checksum-mismatch:" in said
    assert "“Promedio aritmético” of Pasteurizada, Tiendas states" in said
    assert "later files that repeat it, 2 at least; or `make quarantine ACCEPT=2024-10-11`." in said
    assert at_home.hashes() == before

    assert main(["quarantine", "--accept", "2024-10-11", "--date", "2024-10-11"]) == 0
    assert "Accepted  2024-10-11, first seen" in capsys.readouterr().out
    newest = simulate(milk, 1, date(2024, 10, 11))[-1]
    assert Lake(at_home.lake, milk).cells(date.max)[newest.date] == cleaned(newest.prices, milk)

    assert main(["quarantine"]) == 0
    assert "no publication is quarantined" in capsys.readouterr().out
    ended = at_home.daily("2024-10-11")
    assert ended.code == 0, ended.told()
    assert (at_home.reports / "predicciones_2024-10-14.csv").is_file()


@pytest.mark.usefixtures("with_a_faulty_publication")
def test_listed_is_what_would_replace_an_accepted_copy(
    at_home: House, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    day = date(2024, 10, 11)
    prices = simulate(milk, 1, day)[-1].prices
    corrected = {key: price and price + 0.25 for key, price in prices.items()}
    Lake(at_home.lake, milk).add_publication(day, corrected)
    assert main(["quarantine"]) == 0
    assert "The lake holds another copy of it" in capsys.readouterr().out


@pytest.mark.usefixtures("with_a_faulty_publication")
@pytest.mark.parametrize(
    ("accepted", "message"),
    [
        ("soon", "ACCEPT='soon' is no date; write it as YYYY-MM-DD."),
        ("2024-10-09", "No publication of 2024-10-09 is quarantined; `make quarantine` lists"),
    ],
)
def test_publication_that_does_not_wait_cannot_be_accepted(
    accepted: str, message: str, at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    before = at_home.hashes()
    assert main(["quarantine", "--accept", accepted]) == 1
    assert message in capsys.readouterr().err
    assert at_home.hashes() == before


def test_status_of_an_empty_lake_says_how_to_fill_it(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["status"]) == 0
    assert "empty; `make daily` fills it" in capsys.readouterr().out


def test_backtest_compares_on_the_dates_asked_for_and_stores_its_figures_alone(
    at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    before = at_home.hashes()
    assert main(["backtest", "--from", "2024-10-07"]) == 0
    said = capsys.readouterr().out
    overall, by_slice = said.split("CRPS skill % (DM) by slice")
    rows = [
        re.findall(r"^  (\S+) +(?:\d\.\d{4}|–) ", table, re.MULTILINE)
        for table in overall.split("publications ahead")
    ]
    models = ["persistence", "random-forest", "xgboost", "champion"]
    assert rows == [[*models, "earlier-forest", "earlier-xgboost"], *[models] * 5]
    assert "Targets 2024-10-07 to 2024-10-09, 2 origins" in said
    assert "…" not in overall.split("Next publication")[1] + by_slice, "no figure is cut off"
    assert "The gate on this evidence: No conclusion (2 origins; 30 needed)" in said

    figures = json.loads((at_home.reports / "backtest.json").read_text())
    assert figures["window"] == {"from": "2024-10-07", "to": "2024-10-09", "origins": 2}
    assert sorted(figures["models"]) == sorted(rows[0])
    assert list(figures["models"]["xgboost"]) == ["1", "2", "3", "4", "5", "6"]
    printed = re.search(r"^  xgboost +(\d\.\d{4}) +([+-]\d+\.\d\d) ", overall, re.MULTILINE)
    assert printed is not None
    known = figures["models"]["xgboost"]["1"]
    assert printed.groups() == (f"{known['rmse']:.4f}", f"{known['rmse_skill']:+.2f}")
    after = at_home.hashes()
    assert after.keys() - before.keys() == {"backtest.json", "backtest.html"}
    assert {key: after[key] for key in before} == before
    assert not [*at_home.reports.rglob("*.npz")], "what an interruption would have left"


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
