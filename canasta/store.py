"""Objects by key on any fsspec URL: the one place that touches the lake's files.

Keys are relative, with forward slashes (`daily/2025/04/2025-04-30-data.parquet`). Every
write is atomic: a reader sees the old object, the new one, or none, never a part of one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlparse

import fsspec

from canasta.errors import LakeError


class Store:
    """A folder of objects, local or remote.

    Args:
        url: a local path, a `file://` URL, or any URL that fsspec knows.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._files: Any
        # What another process wrote must be seen: no cached listings.
        self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        self._local = "file" in _protocols(self._files)

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    @property
    def folder(self) -> Path | None:
        """The local folder, or None where the store is remote."""
        return Path(self._root) if self._local else None

    def location(self, key: str) -> str:
        """Return the full path or URL of `key`, for messages and links."""
        prefix = self._root if self._local else self.url.rstrip("/")
        return f"{prefix}/{key}"

    def exists(self, key: str) -> bool:
        """Tell whether an object is stored under `key`."""
        return bool(self._files.isfile(self._path(key)))

    def read(self, key: str) -> bytes:
        """Return the object under `key`.

        Raises:
            KeyError: there is none.
        """
        try:
            return cast("bytes", self._files.cat_file(self._path(key)))
        except FileNotFoundError:
            raise KeyError(key) from None

    def keys(self, prefix: str) -> list[str]:
        """Return the keys under the folder `prefix`, at any depth, sorted."""
        found = self._files.find(self._path(prefix))
        root = len(str(self._root).rstrip("/")) + 1
        return sorted(path[root:] for path in found if not _is_partial(path))

    def write_once(self, key: str, content: bytes) -> bool:
        """Store `content` under `key` unless an object is there; tell whether it was written."""
        if self.exists(key):
            return False
        self.replace(key, content)
        return True

    def replace(self, key: str, content: bytes) -> None:
        """Store `content` under `key` in one atomic step, over what may be there."""
        path = self._path(key)
        if self._local:
            _replace_file(Path(path), content)
        else:
            self._files.pipe_file(path, content)

    def remove_partial_files(self) -> None:
        """Remove what writers that were killed left beside the keys of a local folder.

        Only for who knows that nobody else is writing: a write that is going on would fail.
        """
        if self._local:
            for path in Path(self._root).rglob(f".*{PARTIAL_SUFFIX}"):
                path.unlink()

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
