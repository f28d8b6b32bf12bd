"""One writer at a time: a file lock beside local data, a lease beside data on S3."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from canasta.errors import LakeError, RunInProgress
from canasta.ingest.lease import Lease
from canasta.store import Store

LOCK_FILE = ".lock"


def lock_of(store: Store, ttl_s: int) -> FolderLock | Lease:
    """Return the lock of the lake on `store`, to be held by whoever writes.

    Args:
        store: a local folder, or on S3.
        ttl_s: seconds after which a lease on S3 may be taken over from a run that died.

    Raises:
        LakeError: the store is of another kind.
    """
    if store.bucket is not None:
        return Lease(store.bucket, ttl_s)
    if store.folder is None:
        raise LakeError(f"{store.url} is neither a local folder nor on S3: it cannot be locked.")
    return FolderLock(store.folder)


class FolderLock:
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

    def check(self) -> None:
        """As a lease's: nothing can be wrong, since the kernel holds the lock while we live."""

    def confirm(self) -> None:
        """Likewise."""
