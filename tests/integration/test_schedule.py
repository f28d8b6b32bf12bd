"""A schedule really fires, on a real Prefect server, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from canasta.settings import ROOT

PATIENCE_S = 90.0
# With SIGINT ignored, as shells start background jobs.
SERVE = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from tests.integration.toy_schedule import main
main(*sys.argv[1:])
"""
LONG_RUN = ("--param", "word=asked", "--param", "seconds=300")
PREFECT = (sys.executable, "-m", "prefect")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def schedule(place: Path) -> Iterator[subprocess.Popen[str]]:
    """The toy schedule as a process of its own, as `make schedule` runs it."""
    with (place / "output").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(place), str(place / "ledger")],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PREFECT_RUNNER_POLL_FREQUENCY": "1", "DO_NOT_TRACK": "true"},
        )
    yield process
    if process.poll() is None:  # only where the test failed before
        process.terminate()
        process.wait(PATIENCE_S)


def wait_for[T](what: str, look: Callable[[], T], place: Path) -> T:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited for {what}; output:\n{(place / 'output').read_text()}")
        time.sleep(0.2)
    return found


def ledger(place: Path) -> list[str]:
    file = place / "ledger"
    return file.read_text(encoding="utf-8").split() if file.exists() else []


def test_schedule_fires_and_takes_runs_and_ends_clean(
    schedule: subprocess.Popen[str], place: Path
) -> None:
    wait_for("a scheduled run", lambda: "scheduled" in ledger(place), place)

    said = (place / "output").read_text(encoding="utf-8")
    api = re.search(r"PREFECT_API_URL=(http://127\.0\.0\.1:\d+/api)", said)
    assert api is not None
    subprocess.run(
        [*PREFECT, "deployment", "run", "toy/every-five-seconds", *LONG_RUN],
        env={**os.environ, "PREFECT_API_URL": api[1], "PREFECT_HOME": str(place / "prefect")},
        check=True,
        capture_output=True,
    )
    wait_for("the run asked for", lambda: "asked" in ledger(place), place)

    family = psutil.Process(schedule.pid).children(recursive=True)
    assert len(family) >= 2, "the server and the run at work are its children"
    schedule.send_signal(signal.SIGTERM)
    assert schedule.wait(PATIENCE_S) == 0
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert not list(place.glob("*.json")), "nothing is remembered as running"
