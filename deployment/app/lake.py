"""The lake as serving sees it: objects to read by key, and whether one has changed since.

A folder, or a bucket through boto3: neither fsspec nor s3fs, which take half a second to import.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from canasta.errors import LakeUnreachable
from canasta.s3 import Bucket, Patience, is_s3

STEADY = Patience(connect_s=2.0, read_s=10.0, attempts=2)
"""For objects: who waits is a worker that starts, or nobody."""

QUICK = Patience(connect_s=0.1, read_s=0.2, attempts=1)
"""For a look that a request waits for: 300 ms at most, and the next look comes in a minute."""


@dataclass(frozen=True)
class Seen:
    """An object as it stands, and the tag by which the next look knows it again."""

    content: bytes
    tag: str


class Lake(Protocol):
    """Where promoted objects lie."""

    @property
    def url(self) -> str:
        """Its folder, or its `s3://` URL; for the log."""
        ...

    def read(self, key: str) -> bytes:
        """Return the object under `key`.

        Raises:
            KeyError: there is none.
            LakeUnreachable: the lake does not answer.
        """
        ...

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:
        """Return the object under `key`; None where its tag is still `known`.

        Args:
            key: of the object.
            known: the tag of an earlier look; None for none.
            quick: whether to give up after 300 ms.

        Raises:
            KeyError: there is none.
            LakeUnreachable: the lake does not answer, or not in time.
        """
        ...


def open_lake(place: str) -> Lake:
    """Return the lake at `place`, a folder, `file:///folder` or `s3://bucket/prefix`."""
    if is_s3(place):
        return BucketLake(place)
    local = unquote(urlsplit(place).path) if place.startswith("file://") else place
    return FolderLake(Path(local).resolve())


@dataclass(frozen=True)
class FolderLake:
    """A lake in a local folder."""

    folder: Path

    @property
    def url(self) -> str:
        """The folder."""
        return str(self.folder)

    def read(self, key: str) -> bytes:
        """Return an object, as Lake says."""
        if ".." in key.split("/"):
            raise KeyError(key)
        try:
            return (self.folder / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            if self.folder.is_dir():
                raise KeyError(key) from None
            raise LakeUnreachable(
                f"There is no folder {self.folder}. `make daily` makes and fills it; or check "
                "LAKE_URL, and that what it names is mounted."
            ) from None
        except OSError as error:
            raise LakeUnreachable(
                f"{self.folder / key} cannot be read: {error.strerror}. Check the folder that "
                "LAKE_URL names, and that this user may read it."
            ) from error

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:  # noqa: ARG002 a folder answers at once
        """Return an object unless it is known, as Lake says; its tag is its hash."""
        content = self.read(key)
        tag = hashlib.sha256(content).hexdigest()
        return None if tag == known else Seen(content, tag)


@dataclass(frozen=True)
class BucketLake:
    """A lake on S3."""

    url: str

    def read(self, key: str) -> bytes:
        """Return an object, as Lake says."""
        return self._steady.read(key)

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:
        """Return an object unless it is known, as Lake says; its tag is S3's."""
        found = (self._quick if quick else self._steady).newer(key, known)
        return None if found is None else Seen(found.content, found.tag)

    @cached_property
    def _steady(self) -> Bucket:
        return Bucket(self.url, STEADY)

    @cached_property
    def _quick(self) -> Bucket:
        return self._steady.with_patience(QUICK)
