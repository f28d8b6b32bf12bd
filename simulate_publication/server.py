"""Serves a folder of publications over http, answering as SNIIM does, or as badly as told."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from canasta.commodity import Commodity
from canasta.errors import CanastaError
from simulate_publication.hostile_content import edited
from simulate_publication.hostile_transport import (
    ABSENT_PAGE,
    PAGE_TYPE,
    SORRY_PAGE,
    WORKBOOK_TYPE,
    Exchange,
)
from simulate_publication.misbehaviour import TransportWay, Way

HOST = "127.0.0.1"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """How a server treats the newest workbook, by the date in its name, of a commodity."""

    way: Way
    commodity: Commodity

    def concerns(self, path: Path) -> bool:
        """Tell whether `path` is the newest workbook of its folder."""
        newest = max(path.parent.glob("*.xlsx"), key=self._day, default=None)
        return path == newest

    def _day(self, path: Path) -> date:
        try:
            return datetime.strptime(path.name, self.commodity.source.file_name).date()  # noqa: DTZ007  (a day)
        except ValueError:
            return date.min


class PublicationServer(ThreadingHTTPServer):
    """A server of one folder on 127.0.0.1."""

    def __init__(self, folder: Path, port: int, misbehaviour: Misbehaviour | None) -> None:
        self.folder = folder
        self.misbehaviour = misbehaviour
        self.asked: Counter[str] = Counter()
        self.closing = threading.Event()
        super().__init__((HOST, port), _Handler)

    def server_close(self) -> None:
        """End, answers that stall included."""
        self.closing.set()
        super().server_close()


class _File(NamedTuple):
    """A workbook, its bytes, and when it was written, as http says it."""

    path: Path
    content: bytes
    modified: str


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the workbooks of one folder; all else is absent."""

    timeout = 30
    server: PublicationServer

    def do_GET(self) -> None:
        """Send the workbook."""
        # A client that has had enough hangs up.
        with suppress(ConnectionError):
            self._answer()

    def do_HEAD(self) -> None:
        """Send what GET would send before the workbook."""
        file = self._asked_for()
        if file is None:
            self._start(HTTPStatus.NOT_FOUND, PAGE_TYPE, ABSENT_PAGE)
        else:
            self._start(HTTPStatus.OK, WORKBOOK_TYPE, file.content, file.modified)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base's name)
        """Log a request."""
        _log.info(format, *args)

    def _answer(self) -> None:
        file, misbehaviour = self._asked_for(), self.server.misbehaviour
        if file is None:
            self._send(HTTPStatus.NOT_FOUND, PAGE_TYPE, ABSENT_PAGE)
        elif misbehaviour and misbehaviour.concerns(file.path):
            self._misbehave(file, misbehaviour)
        else:
            self._send(HTTPStatus.OK, WORKBOOK_TYPE, file.content, file.modified)

    def _misbehave(self, file: _File, misbehaviour: Misbehaviour) -> None:
        way, most, server = misbehaviour.way, misbehaviour.commodity.source.max_bytes, self.server
        if isinstance(way, TransportWay):
            server.asked[file.path.name] += 1
            attempt = server.asked[file.path.name]
            way.answer(Exchange(self, file.content, most, attempt, server.closing))
            return
        try:
            content = edited(file.content, misbehaviour.commodity, way.edit)
        except CanastaError as error:
            _log.error("%s: %s", file.path.name, error)
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, PAGE_TYPE, SORRY_PAGE)
        else:
            self._send(HTTPStatus.OK, WORKBOOK_TYPE, content, file.modified)

    def _asked_for(self) -> _File | None:
        """Return what is asked for, if it is a workbook that lies in the folder itself."""
        name = unquote(urlsplit(self.path).path).removeprefix("/")
        files = {path.name: path for path in self.server.folder.glob("*.xlsx") if path.is_file()}
        try:
            path = files[name]
            return _File(path, path.read_bytes(), formatdate(path.stat().st_mtime, usegmt=True))
        except (KeyError, FileNotFoundError):
            return None

    def _send(self, status: HTTPStatus, kind: str, body: bytes, modified: str = "") -> None:
        self._start(status, kind, body, modified)
        self.wfile.write(body)

    def _start(self, status: HTTPStatus, kind: str, body: bytes, modified: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if modified:
            self.send_header("Last-Modified", modified)
        self.end_headers()


def open_server(
    folder: Path, port: int = 0, misbehaviour: Misbehaviour | None = None
) -> PublicationServer:
    """Return a server of `folder` on 127.0.0.1, bound but not yet answering; port 0: a free one.

    Raises:
        OSError: the port is taken.
    """
    return PublicationServer(folder, port, misbehaviour)


def address(server: PublicationServer) -> str:
    """Return the URL to give as PUBLICATION_URL."""
    return f"http://{HOST}:{server.server_port}"


@contextmanager
def serving(folder: Path, port: int = 0, misbehaviour: Misbehaviour | None = None) -> Iterator[str]:
    """Serve `folder` in the background; yields the URL to give as PUBLICATION_URL."""
    with open_server(folder, port, misbehaviour) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield address(server)
        finally:
            server.shutdown()
            thread.join()
