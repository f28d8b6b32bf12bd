"""The examples of deployment/README.md, run as they stand against the API under gunicorn."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from canasta.commodity import Commodity
from canasta.settings import ROOT
from canasta.store import store_for
from tests.api_server import api_server
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake, quick_champion

README = (ROOT / "deployment" / "README.md").read_text(encoding="utf-8")
WRITTEN_URL = "http://127.0.0.1:9696"
KEY = "a-key-for-the-examples"
NUMBERS = ("Precio_lag1", "Precio_mean7", "Precio_sugerido", "bajo_95", "alto_95")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found, f"deployment/README.md has no example in {language}"
    return list(found)


@dataclass(frozen=True)
class Apis:
    """Where the API answers: to anybody, and to who sends a key."""

    opened: str
    keyed: str

    def place(self, example: str) -> str:
        """The example with one of these addresses instead of the one that is written."""
        assert WRITTEN_URL in example
        return example.replace(WRITTEN_URL, self.keyed if "X-API-Key" in example else self.opened)


@pytest.fixture(scope="module")
def apis(milk: Commodity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apis]:
    folder = tmp_path_factory.mktemp("examples")
    lake = str(folder / "lake")
    panel = simulated_panel(milk, 90)
    made, outlook = quick_champion(panel)
    PromotedLake(store_for(lake)).promote(3, made, panel, outlook)
    keys = {"AUTH": "key", "API_KEY_HASHES": hashlib.sha256(KEY.encode()).hexdigest()}
    with ExitStack() as stack:
        opened = stack.enter_context(api_server(folder, lake, {"WORKERS": "1"}))
        (folder / "keyed").mkdir()
        keyed = stack.enter_context(api_server(folder / "keyed", lake, {"WORKERS": "1", **keys}))
        yield Apis(f"http://127.0.0.1:{opened.port}", f"http://127.0.0.1:{keyed.port}")


def shape(answer: Any) -> Any:
    """What kind of value stands where."""
    if isinstance(answer, dict):
        return {name: shape(value) for name, value in answer.items() if name != "warnings"}
    return [shape(value) for value in answer] if isinstance(answer, list) else type(answer)


def run_shell(example: str, apis: Apis) -> Any:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", apis.place(example)],
        env={**os.environ, "CANASTA_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("example", blocks("sh"))
def test_an_example_in_the_shell_runs(example: str, apis: Apis) -> None:
    answer = run_shell(example, apis)
    assert answer.get("what_if", False) is ("Precio_lag1" in example)


def test_the_answer_that_is_shown_is_what_comes(apis: Apis) -> None:
    (shown,) = blocks("json")
    answer = run_shell(blocks("sh")[0], apis)
    assert shape(json.loads(shown)) == shape(answer)


@pytest.mark.parametrize("example", blocks("python"))
def test_an_example_in_python_runs(example: str, apis: Apis) -> None:
    done = subprocess.run(
        [sys.executable, "-c", apis.place(example)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    forecast, other, problem = done.stdout.splitlines()
    assert re.fullmatch(r"Pasteurizada [\d.]+ \[[\d.]+, [\d.]+\]", forecast)
    assert re.fullmatch(r"Ultrapasteurizada [\d.]+ \[[\d.]+, [\d.]+\]", other)
    assert problem.startswith("De cabra Tipo 'De cabra' is not known")


@pytest.mark.parametrize("example", blocks("m"))
def test_a_spreadsheet_gets_a_table(example: str, apis: Apis) -> None:
    found = re.search(r'"(http[^"]+)"', apis.place(example))
    assert found
    answer = httpx.get(found[1], headers={"X-API-Key": KEY}).raise_for_status()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"))))
    assert rows
    assert {(row["Estado"], row["horizonte"]) for row in rows} == {("Jalisco", "1")}
    assert all(float(row[name]) > 0 for row in rows for name in NUMBERS)
