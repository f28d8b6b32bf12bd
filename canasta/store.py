"""Objects by key on any fsspec URL: the one place that touches the lake's files.

Keys are relative, with forward slashes (`daily/2025/04/2025-04-30-data.parquet`). Every
write is atomic: a reader sees the old object, the new one, or none, never a part of one.
"""

from __future__ import annotations

import copy
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlparse

import fsspec

from canasta import s3
from canasta.errors import LakeError
from canasta.s3 import Bucket

THREADS = 8
"""Readers at a time of a store that is not on S3."""


class Store:
    """A folder of objects, local or remote.

    Every method raises LakeUnreachable when a remote store does not answer or refuses.

    Args:
        url: a local path, a `file://` URL, or any URL that fsspec knows.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.bucket: Bucket | None = Bucket(url) if s3.is_s3(url) else None
        self._files: Any
        if self.bucket:
            self._files, self._root = s3.files(url), "/".join(filter(None, s3.split(url)))
        else:
            # What another process wrote must be seen: no cached listings.
            self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        self._local = "file" in _protocols(self._files)
        self._check: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    @property
    def folder(self) -> Path | None:
        """The local folder, or None where the store is remote."""
        return Path(self._root) if self._local else None

    def guarded(self, check: Callable[[], None]) -> Store:
        """Return the same store, which calls `check` before each write and lets it object."""
        store = copy.copy(self)
        store._check = check  # a copy of this very class
        return store

    def location(self, key: str) -> str:
        """Return the full path or URL of `key`, for messages and links."""
        prefix = self._root if self._local else self.url.rstrip("/")
        return f"{prefix}/{key}"

    def exists(self, key: str) -> bool:
        """Tell whether an object is stored under `key`."""
        with self._answering():
            try:
                return bool(self._files.info(self._path(key))["type"] == "file")
            except FileNotFoundError:
                return False

    def read(self, key: str) -> bytes:
        """Return the object under `key`.

        Raises:
            KeyError: there is none.
        """
        try:
            with self._answering():
                return cast("bytes", self._files.cat_file(self._path(key)))
        except FileNotFoundError:
            raise KeyError(key) from None

    def read_all(self, keys: Sequence[str]) -> list[bytes]:
        """Return the objects under `keys`, in their order; many at a time.

        Raises:
            KeyError: one of them is not there.
        """
        if self.bucket is None:
            with ThreadPoolExecutor(THREADS) as pool:
                return list(pool.map(self.read, keys))
        paths = [self._path(key) for key in keys]
        try:
            with self._answering():
                found = self._files.cat(paths) if paths else {}
        except FileNotFoundError as error:
            raise KeyError(str(error)) from None
        return [found[path] for path in paths]

    def keys(self, prefix: str) -> list[str]:
        """Return the keys under the folder `prefix`, at any depth, sorted."""
        return list(self.sizes(prefix))

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the size in bytes of each object under the folder `prefix`, by key, sorted."""
        with self._answering():
            found = self._files.find(self._path(prefix), detail=True)
        root = len(str(self._root).rstrip("/")) + 1
        # An object whose key ends in a slash is how some consoles make an empty folder.
        return {
            path[root:]: int(found[path]["size"])
            for path in sorted(found)
            if not _is_partial(path) and not path.endswith("/")
        }

    def write_once(self, key: str, content: bytes) -> bool:
        """Store `content` under `key` unless an object is there; tell whether it was written."""
        if self.bucket is not None:
            self._path(key)
            self._check()
            return self.bucket.create(key, content) is not None
        if self.exists(key):
            return False
        self.replace(key, content)
        return True

    def replace(self, key: str, content: bytes) -> None:
        """Store `content` under `key` in one atomic step, over what may be there."""
        path = self._path(key)
        self._check()
        if self._local:
            _replace_file(Path(path), content)
        elif self.bucket is not None:
            self.bucket.put(key, content)
        else:
            self._files.pipe_file(path, content)

    def exchange(self, key: str, old: bytes | None, new: bytes) -> bool:
        """Store `new` under `key` if `old` is what lies there (None: nothing); tell whether it was.

        On S3 nobody's write can come in between, however late this one arrives. Elsewhere the
        lock has to see to that.
        """
        if self.bucket is None:
            held = self.read(key) if self.exists(key) else None
            if held != old:
                return False
            self.replace(key, new)
            return True
        self._check()
        before = self.bucket.look(key)
        if (before and before.content) != old:
            return False
        done = self.bucket.swap(key, new, before.tag) if before else self.bucket.create(key, new)
        if done is None:  # or the first answer was lost, and the write was made again
            after = self.bucket.look(key)
            return after is not None and after.content == new
        return True

    def remove_partial_files(self, older_than_s: float = 0.0) -> None:
        """Remove what writers that were killed left beside the keys of a local folder.

        A write that is going on would fail: only for who knows that nobody else is writing, or
        with an age that no write reaches.
        """
        if self._local:
            for path in Path(self._root).rglob(f".*{PARTIAL_SUFFIX}"):
                if time.time() - path.stat().st_mtime >= older_than_s:
                    path.unlink(missing_ok=True)

    def _answering(self) -> AbstractContextManager[None]:
        return s3.answering(self.url) if self.bucket else nullcontext()

    def _path(self, key: str) -> str:
        parts = key.split("/")
        if not key or key.startswith("/") or ".." in parts:
            raise LakeError(f"{key!r} is not a key inside the lake.")
        return f"{str(self._root).rstrip('/')}/{key}"


def store_for(url: str) -> Store:
    """Return the store at `url`; a plain path needs no scheme."""
    return Store(url if urlparse(url).scheme else str(Path(url).resolve()))


PARTIAL_SUFFIX = ".partial"


def _is_partial(path: str) -> bool:
    return path.endswith(PARTIAL_SUFFIX)


def _protocols(files: Any) -> tuple[str, ...]:
    protocol = files.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _replace_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=PARTIAL_SUFFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:  # Ctrl-C too leaves nothing half-written behind; it goes on upwards
        Path(partial).unlink(missing_ok=True)
        raise
