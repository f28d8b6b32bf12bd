"""What a signal leaves of `make infra-emulated` half-way; a server stands in for moto."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from canasta.settings import ROOT

STANDING = """
import subprocess, sys, time
from pathlib import Path
import tests.cloud.__main__ as cloud
from tests.cloud.processes import started

child = "import os, subprocess, sys, time; print(os.getpid(), flush=True); " \\
    "print(subprocess.Popen(['sleep', '120']).pid, flush=True); time.sleep(120)"

def stands(folder):
    with Path(sys.argv[1]).open("wb") as file, started([sys.executable, "-c", child], {}, file):
        Path(sys.argv[2]).write_text(str(folder))
        time.sleep(120)

cloud.shutil.which = lambda name: name
cloud._from_nothing_to_nothing = stands
sys.exit(cloud.main())
"""


@pytest.fixture
def standing(tmp_path: Path) -> tuple[subprocess.Popen[str], list[int], Path]:
    """The command while it has a server, which has a child; their ids; its folder."""
    pids, place = tmp_path / "pids", tmp_path / "place"
    process = subprocess.Popen(
        [sys.executable, "-c", STANDING, str(pids), str(place)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests may ignore some, and that would be inherited.
        preexec_fn=_heed,  # noqa: PLW1509 # it takes no lock
    )
    _until(lambda: place.exists() and place.read_text() and len(pids.read_text().split()) == 2)
    return process, [int(pid) for pid in pids.read_text().split()], Path(place.read_text())


def _heed() -> None:
    for sign in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(sign, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _until(true: Callable[[], object], patience_s: float = 60) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(
    standing: tuple[subprocess.Popen[str], list[int], Path], sign: signal.Signals
) -> None:
    process, pids, folder = standing
    assert folder.exists()
    assert all(lives(pid) for pid in pids)
    os.kill(process.pid, sign)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + sign
    assert told == "Stopped before the end; nothing is left running.\n"
    assert not [pid for pid in pids if lives(pid)]
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_server_does_not_outlive_the_command(
    standing: tuple[subprocess.Popen[str], list[int], Path],
) -> None:
    process, pids, folder = standing
    process.kill()
    process.communicate(timeout=30)
    _until(lambda: not lives(pids[0]), 10)
    os.killpg(pids[0], signal.SIGKILL)  # what the server itself had started
    folder.rmdir()
