"""Thousands of mutated workbooks: only the documented errors come out, within memory and time."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.ingest.workbook import parse
from simulate_publication import Layout, render
from tests.unit.ingest.builders import changed, publications
from tests.unit.ingest.workbook_mutations import DEPTHS, mutated
from tests.unit.ingest.workbook_parts import sound_workbooks

ROOT = Path(__file__).resolve().parents[3]
FEW, MANY = 120, 6_000
"""Cases of each depth: on every run, and now and then."""


def fuzz(cases: int, folder: Path) -> Counter[str]:
    """Run the trials in a process of their own; return how often each outcome came."""
    progress = folder / "progress"
    command = [sys.executable, "-W", "error", "-m", "tests.unit.ingest.workbook_trials"]
    done = subprocess.run(
        [*command, str(cases), str(progress)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    case = progress.read_text().strip() if progress.exists() else "none"
    assert done.returncode == 0, f"case {case}: exit {done.returncode}\n{done.stderr[-3000:]}"
    outcomes: dict[str, int] = json.loads(done.stdout)
    return Counter(outcomes)


def total(outcomes: Counter[str], end: str) -> int:
    return sum(count for name, count in outcomes.items() if name.endswith(end))


def test_a_few_mutated_workbooks(tmp_path: Path) -> None:
    outcomes = fuzz(FEW, tmp_path)
    assert outcomes.total() == FEW * 4
    # The mutations are neither all harmless nor all fatal.
    for end in ("read", "read in part", "broken", "refused"):
        assert total(outcomes, f": {end}") > 5


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_very_many_mutated_workbooks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = fuzz(MANY, tmp_path)
    with capsys.disabled():
        print("", *(f"{name}: {count}" for name, count in sorted(outcomes.items())), sep="\n")
    assert outcomes.total() >= 20_000
    assert {name.partition(":")[0] for name in outcomes} == {*DEPTHS, "cells"}
    for end in ("read", "read in part", "broken", "refused"):
        assert total(outcomes, f": {end}") > 200


def test_a_mutation_is_the_same_every_time(milk: Commodity) -> None:
    sound = sound_workbooks(milk)
    for depth in DEPTHS:
        made = [mutated(depth, number, sound) for number in range(40)]
        assert made == [mutated(depth, number, sound) for number in range(40)]
        assert len(set(made)) > 30


SHOW = """
import locale, sys
from canasta.commodity import load_commodity
from canasta.ingest.workbook import parse
locale.setlocale(locale.LC_ALL, "")
print(ascii(parse(sys.stdin.buffer.read(), load_commodity("milk"))))
"""


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONHASHSEED": "0", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"},
        {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4294967295", "TZ": "Pacific/Kiritimati"},
    ],
    ids=lambda environment: "-".join(environment.values()),
)
def test_neither_locale_nor_hash_seed_changes_what_is_read(
    environment: dict[str, str], milk: Commodity
) -> None:
    three = publications(3, milk)
    contradicting = changed(three[0], {next(iter(three[0].prices)): 99.5}, milk)
    layout = Layout(decimal_comma=True, date_case="upper", footer=("İstanbul IĞDIR",))
    content = render([*three, contradicting], milk, layout=layout)
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        input=content,
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    expected = parse(content, milk)
    assert len(expected.blocks) == 2
    assert len(expected.broken) == 1
    assert done.stdout.decode().strip() == ascii(expected)
