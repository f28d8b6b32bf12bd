"""Folders of publications: over http as SNIIM serves them, or on disk.

Both answer `get(name)` with the bytes, or None where there is no such file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx
import tenacity

from canasta.errors import NotAWorkbook, SettingsError, SourceUnreachable

USER_AGENT = "Canasta (daily price forecasts; one request per expected publication)"
ABSENT = (httpx.codes.NOT_FOUND, httpx.codes.GONE)
MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a source, and how often to ask again. Times in seconds.

    `total` bounds one download, so that a source that trickles cannot hold a run for hours.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 300.0
    attempts: int = 4
    backoff: float = 1.0


class Folder(Protocol):
    """A place that holds one file for each publication."""

    def location(self, name: str) -> str:
        """Return the URL of a file, without credentials."""

    def get(self, name: str) -> bytes | None:
        """Return the file's bytes, or None where there is none.

        Raises:
            SourceUnreachable: the folder does not answer, or not with a file.
            NotAWorkbook: the file is larger than any workbook may be.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *exit_info: object) -> None: ...


def open_folder(url: str, max_bytes: int, patience: Patience) -> Folder:
    """Return the folder at an https, http or file URL.

    Raises:
        SettingsError: the URL is of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.hostname:
        return HttpFolder(url, max_bytes, patience)
    if parts.scheme == "file":
        return DiskFolder(Path(url2pathname(parts.path)), max_bytes)
    raise SettingsError(
        f"Expected PUBLICATION_URL to be the https, http or file URL of a folder, "
        f"got one of scheme {parts.scheme!r}."
    )


class DiskFolder:
    """A local folder."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes

    def location(self, name: str) -> str:
        """See `Folder`."""
        return (self._path / name).absolute().as_uri()

    def get(self, name: str) -> bytes | None:
        """See `Folder`."""
        if not self._path.is_dir():
            raise SourceUnreachable(
                f"Expected a folder of publications at {self._path}, found none. "
                "Correct PUBLICATION_URL, or write publications with `make simulate`."
            )
        try:
            with (self._path / name).open("rb") as file:
                content = file.read(self._max_bytes + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceUnreachable(f"{self._path / name} cannot be read: {error}") from error
        if len(content) > self._max_bytes:
            raise _too_large(self.location(name), self._max_bytes)
        return content

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exit_info: object) -> None:
        """Nothing is held open."""


class _ServerError(Exception):
    """The server answered 5xx: worth asking again."""


class HttpFolder:
    """A folder behind http or https, asked with explicit timeouts and bounded retries."""

    def __init__(
        self,
        url: str,
        max_bytes: int,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = httpx.URL(url.rstrip("/") + "/")
        self._max_bytes = max_bytes
        self._patience = patience
        self._clock = clock
        self._client = httpx.Client(
            timeout=httpx.Timeout(patience.read, connect=patience.connect),
            # identity: the size limit then counts what really travels.
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
        )

    def location(self, name: str) -> str:
        """See `Folder`."""
        return str(self._url.copy_with(userinfo=b"").join(name))

    def get(self, name: str) -> bytes | None:
        """See `Folder`."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._patience.attempts),
            wait=tenacity.wait_exponential(self._patience.backoff, max=30),
            retry=tenacity.retry_if_exception_type((httpx.TransportError, _ServerError)),
            reraise=True,
        )
        try:
            return retrying(self._get_once, name)
        except (httpx.RequestError, _ServerError) as error:
            raise SourceUnreachable(
                f"{self.location(name)} gave no answer that can be used "
                f"({type(error).__name__}: {error}; up to {self._patience.attempts} attempts). "
                "Try again later, or check PUBLICATION_URL."
            ) from error

    def _get_once(self, name: str) -> bytes | None:
        deadline = self._clock() + self._patience.total
        with self._client.stream("GET", self._url.join(name)) as answer:
            if answer.status_code in ABSENT:
                return None
            if answer.is_server_error:
                raise _ServerError(f"status {answer.status_code}")
            if answer.status_code != httpx.codes.OK:
                raise SourceUnreachable(
                    f"Expected {self.location(name)} to answer 200 or 404, "
                    f"got status {answer.status_code}. Check PUBLICATION_URL."
                )
            return self._body(answer, name, deadline)

    def _body(self, answer: httpx.Response, name: str, deadline: float) -> bytes:
        content = bytearray()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > self._max_bytes:
                raise _too_large(self.location(name), self._max_bytes)
            if self._clock() > deadline:
                raise SourceUnreachable(
                    f"{self.location(name)} sent {len(content)} bytes in {self._patience.total} s "
                    "and had not ended. Try again later."
                )
        return bytes(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exit_info: object) -> None:
        self._client.close()


def _too_large(location: str, max_bytes: int) -> NotAWorkbook:
    return NotAWorkbook(
        f"{location} is larger than {max_bytes} bytes, which no publication of this commodity is; "
        "raise source.max_bytes in the commodity's file if it has grown."
    )
