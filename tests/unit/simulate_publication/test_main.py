"""The command line, in process; once as a user starts it."""

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import httpx
import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.ingest.workbook import parse
from simulate_publication import render, simulate
from simulate_publication.__main__ import main
from simulate_publication.layout import SIMULATION
from simulate_publication.misbehaviour import listing
from simulate_publication.publisher import ORIGIN
from simulate_publication.server import open_server


@pytest.fixture(autouse=True)
def publications(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "publications"
    monkeypatch.setenv("PUBLICATIONS", str(folder))
    monkeypatch.setenv("SEED", "5")
    return folder


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "prices"
    folder.mkdir()
    labels = {"Estado": "Colima", "Ciudad": "Colima", "Tipo": "Pasteurizada", "Canal": "Tiendas"}
    rows = [{"Fecha": pd.Timestamp(2023, 3, day), **labels, "Precio": 20.0 + day} for day in (1, 3)]
    pd.DataFrame(rows).to_parquet(folder / "a.parquet")
    return folder


def test_write_simulates_with_the_settings(
    publications: Path, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["write", "--until", "2024-01-06"]) == 0
    path = publications / "Leche05012024.xlsx"
    assert path.read_bytes() == render(simulate(milk, 5, date(2024, 1, 5)), milk, layout=SIMULATION)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert str(path) in said
    assert "1 of 1 workbooks written" in said
    assert "2 publications, 2024-01-03 to 2024-01-05; milk, seed 5" in said


def test_writing_again_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    main(["write", "--until", "2024-01-05"])
    assert main(["write", "--until", "2024-01-05"]) == 0
    assert "0 of 1 workbooks written" in capsys.readouterr().out.splitlines()[1]


def test_options_win_over_settings(tmp_path: Path, milk: Commodity) -> None:
    out = tmp_path / "elsewhere"
    assert (
        main(["write", "--until", "2024-01-10", "--out", str(out), "--seed", "8", "--every"]) == 0
    )
    assert len(list(out.glob("*.xlsx"))) == 4
    expected = render(simulate(milk, 8, date(2024, 1, 8)), milk, layout=SIMULATION)
    assert (out / "Leche08012024.xlsx").read_bytes() == expected


def test_the_last_workbooks(publications: Path) -> None:
    assert main(["write", "--until", "2024-01-10", "--last", "2"]) == 0
    assert len(list(publications.glob("*.xlsx"))) == 2


def test_real_history_is_rendered_up_to_the_date(
    publications: Path, history: Path, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["write", "--history", str(history), "--until", "2023-03-02"]) == 0
    [path] = publications.glob("*.xlsx")
    assert path.name == "Leche01032023.xlsx"
    assert not parse(path.read_bytes(), milk).simulated
    assert f"history from {history}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--history", "/nowhere"], "/nowhere is not a folder"),
        (["--until", "2024-01-02"], "no publication on or before 2024-01-02"),
    ],
)
def test_what_cannot_be_done_says_so_and_exits_1(
    arguments: list[str], message: str, publications: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["write", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert not publications.exists()


def test_two_markets_do_not_mix(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["write", "--until", "2024-01-05"])
    assert main(["write", "--history", str(history)]) == 1
    assert "Two markets do not mix" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--last", "0"], ["--seed", "-1"], ["--until", "yesterday"]])
def test_malformed_options_are_refused(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["write", *option])
    assert option[0] in capsys.readouterr().err


def test_a_bad_setting_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMMODITY", "gold")
    assert main(["write"]) == 1
    assert "gold" in capsys.readouterr().err


def test_serving_a_missing_folder_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve"]) == 1
    assert "make simulate" in capsys.readouterr().err


def test_workbooks_that_do_not_say_that_they_are_simulated_are_not_served(
    publications: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["write", "--until", "2024-01-05"])
    (publications / ORIGIN).write_text('{"commodity": "milk", "seed": 5, "history": null}')
    assert main(["serve"]) == 1
    assert "Write them again with `make simulate`" in capsys.readouterr().err


def test_serving_on_a_taken_port_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_server(tmp_path) as server:
        port = str(server.server_port)
        assert main(["serve", "--folder", str(tmp_path), "--port", port]) == 1
    assert f"Port {port}" in capsys.readouterr().err


def test_the_ways_to_misbehave_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--misbehave", "list"]) == 0
    assert capsys.readouterr().out == f"{listing()}\n"


def test_an_unknown_way_to_misbehave_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--misbehave", "kindly"]) == 1
    assert "'kindly'" in capsys.readouterr().err


def test_a_misbehaving_publisher_says_what_it_does(publications: Path) -> None:
    main(["write", "--until", "2024-01-05"])
    command = [sys.executable, "-m", "simulate_publication", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--misbehave", "missing-file"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ),
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            url = process.stdout.readline().partition("PUBLICATION_URL=")[2].split()[0]
            assert process.stdout.readline() == "The newest workbook: 404.\n"
            assert "an ordinary day" in process.stdout.readline()
            answer = httpx.get(f"{url}/Leche05012024.xlsx", trust_env=False)
        finally:
            process.kill()
    assert answer.status_code == 404
    assert list(publications.glob("*.xlsx"))


def test_serve_as_a_user_starts_it(publications: Path) -> None:
    assert main(["write", "--until", "2024-01-05"]) == 0
    command = [sys.executable, "-m", "simulate_publication", "serve", "--port", "0"]
    # A shell's job in the background ignores SIGINT, and so would all that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        signal.signal(signal.SIGINT, before)
        try:
            assert process.stdout is not None
            url = process.stdout.readline().partition("PUBLICATION_URL=")[2].split()[0]
            answer = httpx.get(f"{url}/Leche05012024.xlsx", trust_env=False)
            assert answer.content == (publications / "Leche05012024.xlsx").read_bytes()
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Stopped." in rest
