"""Serves a folder of publications over http, answering as SNIIM does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

HOST = "127.0.0.1"
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ABSENT_PAGE = (
    '<!DOCTYPE html><html lang="es"><head><meta charset="utf-8">'
    "<title>404 - No se encontró el archivo</title></head>"
    "<body><h2>404 - No se encontró el archivo o el directorio.</h2></body></html>"
).encode()

_log = logging.getLogger(__name__)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the workbooks of one folder; all else is absent."""

    timeout = 30

    def __init__(self, folder: Path, *connection: Any) -> None:
        self._folder = folder
        super().__init__(*connection)

    def do_GET(self) -> None:
        """Send the workbook."""
        self.wfile.write(self._answer())

    def do_HEAD(self) -> None:
        """Send what GET would send before the workbook."""
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base's name)
        """Log a request."""
        _log.info(format, *args)

    def _answer(self) -> bytes:
        """Send status and headers; return the body."""
        name = unquote(urlsplit(self.path).path).removeprefix("/")
        try:
            path = self._workbooks()[name]
            modified = formatdate(path.stat().st_mtime, usegmt=True)
            return self._start(HTTPStatus.OK, WORKBOOK_TYPE, path.read_bytes(), modified)
        except (KeyError, FileNotFoundError):
            return self._start(HTTPStatus.NOT_FOUND, "text/html; charset=utf-8", ABSENT_PAGE)

    def _workbooks(self) -> dict[str, Path]:
        """Return what may be asked for: the workbooks that lie in the folder itself, by name."""
        return {path.name: path for path in self._folder.glob("*.xlsx") if path.is_file()}

    def _start(self, status: HTTPStatus, kind: str, body: bytes, modified: str = "") -> bytes:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if modified:
            self.send_header("Last-Modified", modified)
        self.end_headers()
        return body


def open_server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """Return a server of `folder` on 127.0.0.1, bound but not yet answering; port 0: a free one.

    Raises:
        OSError: the port is taken.
    """
    return ThreadingHTTPServer((HOST, port), partial(_Handler, folder))


def address(server: ThreadingHTTPServer) -> str:
    """Return the URL to give as PUBLICATION_URL."""
    return f"http://{HOST}:{server.server_port}"


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve `folder` in the background; yields the URL to give as PUBLICATION_URL."""
    with open_server(folder, port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield address(server)
        finally:
            server.shutdown()
            thread.join()
