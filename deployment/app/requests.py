"""What is known of a request, from the end of its headers to its log line.

All of it happens around the Flask application, as WSGI: each step within Flask costs ten times
as much, and an answer is a look-up of microseconds.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from random import getrandbits
from typing import TYPE_CHECKING, Any

from flask import request

from deployment.app.logs import ANSWERS, timestamp

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Request-ID"
_GIVEN = "HTTP_X_REQUEST_ID"
_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_RECORD = "canasta.record"
LONGEST_PATH, LONGEST_METHOD = 200, 16
NOWHERE = "none"
"""The endpoint of a request that met none."""

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What keeps browsers from doing more with an answer than showing it."""

log = logging.getLogger(ANSWERS)


class Record:
    """One request.

    Attributes:
        id: its sender's, where that is one, or drawn.
        began: when it came, on the clock of `time.perf_counter`.
        asker: the name of the key that it came with; None for none that is let in.
        endpoint: that it met.
        told: members of its log line, JSON without braces: what was asked and answered.
        version: of the model that answered; None where that is the one that is served, or none.
    """

    __slots__ = ("asker", "began", "endpoint", "id", "told", "version")

    def __init__(self, given: str | None) -> None:
        self.began = time.perf_counter()
        self.id = given if given and _ID.fullmatch(given) else f"{getrandbits(64):016x}"
        self.asker: str | None = None
        self.endpoint = NOWHERE
        self.told = ""
        self.version: int | None = None


def current() -> Record:
    """Return the record of the request at hand."""
    record: Record = request.environ[_RECORD]
    return record


type Count = Callable[[str, str, str, float], None]
"""Takes the endpoint, the method and the status of an answer, and the seconds that it took."""


class Recorded:
    """A WSGI application with ids, safe headers, and one log line for each answer.

    Args:
        app: what answers.
        count: told of each answer; None for nobody.
        version: returns the version that is served; None for none.
    """

    def __init__(
        self, app: WSGIApplication, count: Count | None, version: Callable[[], int | None]
    ) -> None:
        self._app = app
        self._count = count
        self._version = version

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        record = environ[_RECORD] = Record(environ.get(_GIVEN))

        def recorded(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            self._end(record, environ, status[:3])
            return start(status, _safe(headers, record.id), *more)

        return self._app(environ, recorded)

    def _end(self, record: Record, environ: WSGIEnvironment, status: str) -> None:
        taken = time.perf_counter() - record.began
        if self._count is not None:
            method = NOWHERE if record.endpoint == NOWHERE else environ["REQUEST_METHOD"]
            self._count(record.endpoint, method, status, taken)
        if log.isEnabledFor(logging.INFO):
            version = self._version() if record.version is None else record.version
            log.info("%s", _line(record, environ, status, taken, version))


def _safe(headers: list[tuple[str, str]], request_id: str) -> list[tuple[str, str]]:
    """Add the headers of every answer, where the view has not set its own."""
    given = {name for name, _ in headers}
    safe = [pair for pair in HEADERS.items() if pair[0] not in given]
    return [*headers, *safe, (HEADER, request_id)]


def _line(
    record: Record, environ: WSGIEnvironment, status: str, taken: float, version: int | None
) -> str:
    # WSGI hands a path over as if its bytes were Latin-1.
    path = environ.get("PATH_INFO", "")[:LONGEST_PATH].encode("latin-1").decode("utf-8", "replace")
    told = f",{record.told}" if record.told else ""
    return (
        f'{{"time":"{timestamp(time.time())}","level":"info","request_id":"{record.id}",'
        f'"method":{json.dumps(environ["REQUEST_METHOD"][:LONGEST_METHOD])},'
        f'"path":{json.dumps(path)},"status":{status},"ms":{taken * 1e3:.2f},'
        f'"version":{"null" if version is None else version}{told}}}'
    )
