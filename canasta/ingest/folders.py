"""Folders of publications: over http as SNIIM serves them, or on disk.

Both answer `get(day)` with the bytes of that day's file, or None where there is none.
"""

from __future__ import annotations

import os
import stat
from datetime import date
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx

from canasta.commodity import Source
from canasta.errors import Arrived, SettingsError, SourceUnreachable
from canasta.ingest.http_folder import HttpFolder, Patience, too_large


class Folder(Protocol):
    """A place that holds one file for each publication."""

    def location(self, day: date) -> str:
        """Return the URL of a day's file, without credentials."""

    def get(self, day: date) -> bytes | None:
        """Return the bytes of a day's file, or None where there is none.

        Raises:
            SourceUnreachable: the folder does not answer, or not with a file.
            NotAWorkbook: the file is larger than any workbook may be, or packed.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *exit_info: object) -> None: ...


def open_folder(url: str, source: Source, patience: Patience) -> Folder:
    """Return the folder at an https, http or file URL; `source` names its files.

    Raises:
        SettingsError: the URL is of another kind, or malformed.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return HttpFolder(url, source, patience)
    except (ValueError, httpx.InvalidURL):
        # Neither the URL nor what is wrong with it is repeated: it may be the password.
        raise SettingsError(
            "PUBLICATION_URL is malformed. Expected the https, http or file URL of a folder; "
            "in a user name or password, / is written %2F, : is %3A and @ is %40."
        ) from None
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return DiskFolder(Path(url2pathname(parts.path)), source)
    raise SettingsError(
        "Expected PUBLICATION_URL to be the https, http or file URL of a folder (such as "
        f"file:///folder), got one of scheme {parts.scheme!r} for host {parts.hostname!r}."
    )


class DiskFolder:
    """A local folder."""

    def __init__(self, path: Path, source: Source) -> None:
        self._path = path
        self._source = source

    def location(self, day: date) -> str:
        """See `Folder`."""
        return self._file(day).absolute().as_uri()

    def get(self, day: date) -> bytes | None:
        """See `Folder`."""
        if not self._path.is_dir():
            raise SourceUnreachable(
                f"Expected a folder of publications at {self._path}, found none. "
                "Correct PUBLICATION_URL, or write publications with `make simulate`."
            )
        path, most = self._file(day), self._source.max_bytes
        try:
            content = _read(path, most + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceUnreachable(f"{path} cannot be read: {error}.") from error
        if len(content) > most:
            raise too_large(Arrived(day, self.location(day), content[:most]))
        return content

    def _file(self, day: date) -> Path:
        return self._path / day.strftime(self._source.file_name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exit_info: object) -> None:
        """Nothing is held open."""


def _read(path: Path, most: int) -> bytes:
    """Return the first `most` bytes of a file.

    Raises:
        OSError: there is none, it cannot be read, or is no regular file.
    """
    # Opened without waiting: nobody may ever write into a pipe of that name.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is a device or a pipe")
        return file.read(most)
