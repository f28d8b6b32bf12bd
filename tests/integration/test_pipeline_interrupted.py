"""A first run that is killed at several moments, and then left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from canasta.settings import ROOT
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import COMMAND, House

PATIENCE_S = 120.0
SAME = ("daily", "raw", "received", "lake.json", "bundles", "panels", "predicciones")
"""What is a function of publications, settings and seed: neither clock nor path is in it."""


def kill_when(house: House, moment: Callable[[str], bool]) -> str:
    """Start the run and kill it once `moment` is true of what it has printed; return that."""
    process = subprocess.Popen(
        [*COMMAND, "daily", "--date", FirstRun.DAY],
        cwd=ROOT,
        env={**house.environment, "PYTHONUNBUFFERED": "1"},
        stdout=(house.folder / "output").open("wb"),
        stderr=sys.stderr,
    )
    deadline = time.monotonic() + PATIENCE_S
    try:
        while not moment(printed := (house.folder / "output").read_text(encoding="utf-8")):
            assert process.poll() is None, f"it ended before it could be killed: {printed}"
            assert time.monotonic() < deadline, f"the moment did not come: {printed}"
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    return printed


def test_run_killed_at_any_moment_is_completed_by_the_next(
    house: House, first_run: FirstRun
) -> None:
    undisturbed = first_run.house

    kill_when(house, lambda _: len(house.lake.keys("daily")) > 20)
    assert len(house.lake.keys("daily")) < len(undisturbed.lake.keys("daily"))
    printed = kill_when(house, lambda printed: "✓ Gate" in printed)
    assert "Carry out" not in printed
    assert house.lake.keys("promoted") == []

    ended = house.daily(FirstRun.DAY)

    assert ended.code == 0, ended.told()
    assert ended.err == ""
    assert house.hashes("daily") == undisturbed.hashes("daily")
    registered = house.tracking.versions()
    assert house.tracking.aliases()["champion"] == house.pointer.title.version == max(registered)
    ours, theirs = house.report(FirstRun.TARGET), undisturbed.report(FirstRun.TARGET)
    assert ours.drop(columns="version").equals(theirs.drop(columns="version"))


def test_same_publications_and_seed_give_the_same_bytes(house: House, first_run: FirstRun) -> None:
    """The same again in another house, with an MLflow of its own, killed before it registers."""
    kill_when(house, lambda printed: "✓ Search random-forest" in printed)
    ended = house.daily(FirstRun.DAY)
    assert ended.code == 0, ended.told()
    assert house.hashes(*SAME) == first_run.house.hashes(*SAME)
    name = f"predicciones_{FirstRun.TARGET}.csv"
    assert (house.reports / name).read_bytes() == (first_run.house.reports / name).read_bytes()
