from __future__ import annotations

from pathlib import Path

from deployment.app.lake import FolderLake, Seen


class Moody:
    """A folder that may cease to answer, and counts what is read of it."""

    def __init__(self, folder: Path) -> None:
        self.inner = FolderLake(folder)
        self.error: Exception | None = None
        self.of_objects: Exception | None = None
        self.reads = 0
        self.seconds = 0.0

    @property
    def url(self) -> str:
        return self.inner.url

    def read(self, key: str) -> bytes:
        self.reads += 1
        if self.of_objects is not None:
            raise self.of_objects
        return self.inner.read(key)

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:
        if self.error is not None:
            raise self.error
        return self.inner.look(key, known, quick=quick)

    def elapsed(self) -> float:
        return self.seconds
