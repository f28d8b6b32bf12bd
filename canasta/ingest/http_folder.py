"""A folder of publications behind http or https, asked patiently, but not for ever."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Self

import httpx
import tenacity

from canasta.commodity import Source
from canasta.errors import Arrived, NotAWorkbook, SourceUnreachable
from canasta.ingest.watchdog import Watchdog

USER_AGENT = "Canasta (daily price forecasts)"
ABSENT = (httpx.codes.NOT_FOUND, httpx.codes.GONE)
MAX_REDIRECTS = 5
LONGEST_WAIT = 30.0
"""Between two attempts, in seconds."""
PASSING = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
"""Faults of a connection that another attempt may not meet."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a source, and how often to ask again. Times in seconds.

    `total` bounds one file with all its attempts, so that a source that trickles cannot hold a
    run for hours.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 300.0
    attempts: int = 4
    backoff: float = 1.0


class _ServerError(Exception):
    """The server answered 5xx: worth asking again."""


@dataclass
class _Download:
    """A day's file on its way here: the most that came of it in any attempt."""

    day: date
    content: bytes = b""


class HttpFolder:
    """A folder behind http or https, asked with explicit timeouts and bounded retries.

    Asked again is only what may pass: time-outs, lost connections, 5xx; never what the server
    means (4xx, redirects to elsewhere, files too large) or whom it is (certificates).
    """

    def __init__(self, url: str, source: Source, patience: Patience) -> None:
        given = httpx.URL(url.rstrip("/") + "/")
        # Apart from the URL, so that no log or message of the client shows them.
        login = (given.username, given.password) if given.userinfo else None
        self._url = given.copy_with(userinfo=b"", query=None, fragment=None)
        self._source = source
        self._patience = patience
        self._watchdog = Watchdog()
        self._client = httpx.Client(
            auth=login,
            timeout=httpx.Timeout(patience.read, connect=patience.connect),
            # identity: the size limit then counts what really travels.
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )

    def location(self, day: date) -> str:
        """Return the URL of a day's file, without credentials."""
        return str(self._url.join(day.strftime(self._source.file_name)))

    def get(self, day: date) -> bytes | None:
        """Return the bytes of a day's file, or None where there is none.

        Raises:
            SourceUnreachable: the server does not answer, or not with a file.
            NotAWorkbook: the file is larger than any workbook may be, or packed.
        """
        download = _Download(day)
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._patience.attempts)
            | tenacity.stop_before_delay(self._patience.total),
            wait=tenacity.wait_exponential(self._patience.backoff, max=LONGEST_WAIT),
            retry=tenacity.retry_if_exception(self._may_pass),
            reraise=True,
        )
        with self._watchdog.limit(self._patience.total):
            try:
                return retrying(self._attempt, download)
            except (httpx.RequestError, _ServerError) as error:
                raise self._unreachable(
                    download, error, retrying.statistics["attempt_number"]
                ) from error

    def _may_pass(self, error: BaseException) -> bool:
        is_passing = isinstance(error, (*PASSING, _ServerError))
        return is_passing and not _is_about_tls(error) and not self._watchdog.expired

    def _unreachable(
        self, download: _Download, error: Exception, attempts: int
    ) -> SourceUnreachable:
        where, came = self.location(download.day), len(download.content)
        if self._watchdog.expired:
            told = (
                f"{where} had not ended after {self._patience.total:g} s, {came} bytes had come. "
                "Try again later."
            )
        else:
            told = (
                f"{where} gave no answer that can be used ({type(error).__name__}: {error}; "
                f"attempts: {attempts}; bytes that came: {came}). "
                "Try again later, or check PUBLICATION_URL."
            )
        arrived = self._arrived(download) if download.content else None
        return SourceUnreachable(told, arrived, passing=self._may_pass(error))

    def _attempt(self, download: _Download) -> bytes | None:
        with self._answer(download.day) as answer:
            if answer.status_code in ABSENT:
                return None
            if answer.is_server_error:
                raise _ServerError(f"status {answer.status_code}")
            if answer.status_code != httpx.codes.OK:
                raise SourceUnreachable(
                    f"Expected {self.location(download.day)} to answer 200 or 404, "
                    f"got status {answer.status_code}. Check PUBLICATION_URL."
                )
            return self._body(answer, download)

    @contextmanager
    def _answer(self, day: date) -> Iterator[httpx.Response]:
        """Yield the answer, its body unread, after the redirects that may be followed."""
        request = self._client.build_request(
            "GET", self.location(day), extensions={"trace": self._watchdog.trace}
        )
        # httpx would read whatever body a redirect carries, however large.
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._client.send(request, stream=True)
            try:
                if answer.next_request is None:
                    yield answer
                    return
                request = self._checked(answer.next_request)
            finally:
                answer.close()
        raise SourceUnreachable(
            f"{self.location(day)} redirects more than {MAX_REDIRECTS} times. "
            "Check PUBLICATION_URL."
        )

    def _checked(self, request: httpx.Request) -> httpx.Request:
        """Return a redirected request if it stays with the host, and does not leave https.

        Raises:
            SourceUnreachable: it leads elsewhere. Who that is, the operator should decide.
        """
        here, there = self._url, request.url
        is_safer = (here.scheme, there.scheme) == ("http", "https")
        if here.host == there.host and (is_safer or _origin(here) == _origin(there)):
            return request
        raise SourceUnreachable(
            f"{_origin(here)} redirects to {_origin(there)}, which is not followed. "
            "If the publications have moved there, set PUBLICATION_URL to it."
        )

    def _body(self, answer: httpx.Response, download: _Download) -> bytes:
        content, most = bytearray(), self._source.max_bytes
        try:
            for chunk in answer.iter_raw():
                content += chunk
                if len(content) > most:
                    break
        finally:
            download.content = max(download.content, bytes(content[:most]), key=len)
        if len(content) > most:
            raise too_large(self._arrived(download))
        if self._watchdog.expired:
            # A body without a length ends with its connection: cut, it looks whole.
            raise httpx.ReadTimeout("cut off")
        packed = answer.headers.get("Content-Encoding", "identity")
        if packed != "identity":
            raise NotAWorkbook(
                f"{self.location(download.day)} came packed as {packed!r}, though it was asked "
                "for as it is.",
                self._arrived(download),
            )
        return bytes(content)

    def _arrived(self, download: _Download) -> Arrived:
        return Arrived(download.day, self.location(download.day), download.content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exit_info: object) -> None:
        self._client.close()


def _origin(url: httpx.URL) -> str:
    """Name scheme, host and port; nothing that could be secret."""
    return str(url.copy_with(userinfo=b"", raw_path=b"/"))


def _is_about_tls(error: BaseException | None) -> bool:
    """Tell whether TLS was refused, which is not to pass; a connection cut short may."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        error = error.__cause__ or error.__context__
    return False


def too_large(arrived: Arrived) -> NotAWorkbook:
    """Return the error for a file larger than the part of it that `arrived` holds."""
    return NotAWorkbook(
        f"{arrived.url} is larger than {len(arrived.content)} bytes, which no publication of this "
        "commodity is; raise source.max_bytes in the commodity's file if it has grown.",
        arrived,
    )
