"""One writer at a time: a file lock beside the data, which the kernel frees with its process."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from canasta.errors import RunInProgress

LOCK_FILE = ".lock"


class LakeLock:
    """Held while a run writes into a local lake.

    The lock lives in the kernel, not in the file: a process that is killed frees it, and the
    empty file that stays behind means nothing.

    Args:
        folder: the lake's folder; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Without flock, filelock would fall back to a file that a killed process leaves locked.
        self._lock = FileLock(folder / LOCK_FILE, timeout=0, fallback_to_soft=False)

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            RunInProgress: another process or thread holds it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise RunInProgress(
                f"Another run is writing into {self._folder}; nothing was done. "
                "Run again when it has ended."
            ) from None
        return self

    def __exit__(self, *exit_info: object) -> None:
        self._lock.release()
