import subprocess
import sys
from pathlib import Path

import pytest

from canasta.errors import RunInProgress
from canasta.ingest.lock import FolderLock

HOLD = """
import sys, time
from pathlib import Path
from canasta.ingest.lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_told_so_and_exits_75(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "lake"), pytest.raises(RunInProgress, match="Another run") as caught:
        FolderLock(tmp_path / "lake").__enter__()
    assert caught.value.exit_code == 75


def test_the_lock_is_free_after_a_run_and_after_a_failed_one(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        pass
    with pytest.raises(KeyError), FolderLock(tmp_path):
        raise KeyError
    with FolderLock(tmp_path):
        pass


def test_lakes_do_not_lock_each_other(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "one"), FolderLock(tmp_path / "two"):
        pass


def test_a_killed_run_frees_the_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "held\n"
        with pytest.raises(RunInProgress):
            FolderLock(tmp_path).__enter__()
        run.kill()
        run.wait()
    with FolderLock(tmp_path):
        pass
