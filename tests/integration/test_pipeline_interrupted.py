"""A first run that is killed, killed again, and then left alone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

from canasta.settings import ROOT
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import COMMAND, Ended, House

PATIENCE_S = 120.0
SAME = ("daily", "raw", "bundles", "panels", "predicciones")
"""What is a function of publications, settings and seed: neither clock nor path is in it."""


def kill_when(
    house: House,
    moment: Callable[[str], bool],
    day: str = FirstRun.DAY,
    kill: Callable[[], None] | None = None,
) -> tuple[str, Ended]:
    """Start the run, and kill it once `moment` is true of what it has printed.

    Args:
        house: where.
        moment: asked again and again.
        day: of the run.
        kill: what to do instead of killing the run, which then ends by itself.

    Returns:
        What it had printed by then, and how it ended.
    """
    output, errors = house.folder / "output", house.folder / "errors"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [*COMMAND, "daily", "--date", day],
            cwd=ROOT,
            env={**house.environment, "PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=err,
        )
    deadline = time.monotonic() + PATIENCE_S
    try:
        while not moment(printed := output.read_text(encoding="utf-8")):
            assert process.poll() is None, f"it ended before its moment: {errors.read_text()}"
            assert time.monotonic() < deadline, f"the moment did not come: {printed}"
            time.sleep(0.02)
        if kill is not None:
            kill()
            process.wait(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    return printed, Ended(process.returncode, output.read_text(), errors.read_text())


@pytest.mark.slow
def test_run_killed_at_two_moments_is_completed_to_the_last_byte(
    house: House, first_run: FirstRun
) -> None:
    """Another house, another MLflow, two kills: and still the same trees, prices and reports."""
    kill_when(house, lambda _: len(house.lake.keys("daily")) > 20)
    assert house.lake.keys("promoted") == []
    kill_when(house, lambda printed: "✓ Search random-forest" in printed)
    assert house.hashes("daily") == first_run.house.hashes("daily"), "completed by the second"
    assert house.lake.keys("promoted") == []

    ended = house.daily(FirstRun.DAY)

    assert ended.code == 0, ended.told()
    assert ended.err == ""
    assert house.hashes(*SAME) == first_run.house.hashes(*SAME)
    name = f"predicciones_{FirstRun.TARGET}.csv"
    assert (house.reports / name).read_bytes() == (first_run.house.reports / name).read_bytes()
    assert house.tracking.aliases() == first_run.house.tracking.aliases()
