"""The lake as serving sees it: objects to read by key, and whether one has changed since.

A folder, or a bucket through boto3: neither fsspec nor s3fs, which take half a second to import.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from canasta.errors import AccessDenied, LakeUnreachable, ObjectCorrupt
from canasta.s3 import Bucket, Held, Patience, is_s3
from deployment.app.deadline import Deadline

STEADY = Patience(connect_s=2.0, read_s=10.0, attempts=2)
"""Who waits is a worker that starts, or nobody; or someone for QUICK_S at most."""

QUICK_S = 0.3
"""For a look that a request waits for; the next look comes in a minute."""


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
            ObjectCorrupt: there is none, or it is not for us: S3 does not say which.
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
        path = Path(os.path.normpath(self.folder / key))  # links may lead out: they are an admin's
        if not path.is_relative_to(self.folder):
            raise KeyError(key)
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            if self.folder.is_dir():
                raise KeyError(key) from None
            raise LakeUnreachable(
                f"There is no folder {self.folder}. `make daily` makes and fills it; or check "
                "LAKE_URL, and that what it names is mounted."
            ) from None
        except OSError as error:
            raise LakeUnreachable(
                f"{path} cannot be read: {error.strerror}. Check the folder that "
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
        """Return an object, as Lake says.

        Without s3:ListBucket, S3 answers 403 for a missing object. Objects are read after the
        pointer was, with the same credentials: so it is the object that is told to be wanting,
        and others may stand in for it. Of the pointer, `look` says that the lake refuses.
        """
        try:
            return self._bucket.read(key)
        except AccessDenied as error:
            raise ObjectCorrupt(
                f"{self.url}/{key} is missing, or may not be read: without s3:ListBucket, S3 "
                "answers the same. Restore it from a backup of the lake; or allow s3:GetObject on "
                "all of the lake, and s3:ListBucket, by which the two are told apart."
            ) from error

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:
        """Return an object unless it is known, as Lake says; its tag is S3's."""
        found = self._quick(key, known) if quick else self._bucket.newer(key, known)
        return None if found is None else Seen(found.content, found.tag)

    def _quick(self, key: str, known: str | None) -> Held | None:
        try:
            return self._within(lambda: self._bucket.newer(key, known))
        except TimeoutError:
            raise LakeUnreachable(
                f"{self.url} gave no answer within {QUICK_S * 1e3:.0f} ms. It is asked again in a "
                "minute; until then, check the way to it."
            ) from None

    @cached_property
    def _bucket(self) -> Bucket:
        return Bucket(self.url, STEADY)

    @cached_property
    def _within(self) -> Deadline:
        return Deadline(QUICK_S)
