"""A server that reads objects over S3's protocol, and can do what no sound one does."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.s3_server import HOST

BUCKET = "odd"
TRICKLE_S = 0.1


class Accent(Enum):
    """What it does otherwise."""

    NONE = "nothing"
    SILENT = "takes requests and says nothing"
    TRICKLING = "sends a byte of its header now and then"
    NO_DATE = "does not say what time it is"
    NO_TAG = "gives an object no tag"
    NO_AGE = "does not say when an object was stored"
    NO_XML = "sends errors that are none"
    NO_LISTING = "denies a missing object, as S3 does to credentials without s3:ListBucket"


@dataclass
class OddS3:
    """A running server, of whose objects each is a file of `folder`."""

    folder: Path
    port: int = 0
    accent: Accent = Accent.NONE
    asked: int = 0
    answering: int = 0
    _released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{self.port}",
            "AWS_ACCESS_KEY_ID": "odd",
            "AWS_SECRET_ACCESS_KEY": "odd",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def store(self, key: str, content: bytes) -> None:
        file = self.folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def finish(self) -> None:
        """Let go of whoever waits for an answer."""
        self._released.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for `finish`; tell whether it came."""
        return self._released.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    odd: OddS3

    def do_GET(self) -> None:
        self.odd.asked += 1
        self.odd.answering += 1
        try:
            self._answer()
        except OSError:  # who asked has gone
            self.close_connection = True
        finally:
            self.odd.answering -= 1

    def _answer(self) -> None:
        key = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/")
        file, accent = self.odd.folder / key, self.odd.accent
        if accent in (Accent.SILENT, Accent.TRICKLING):
            self._stall(accent)
        elif accent is Accent.NO_XML:
            self._send(400, b"<Error><Code", {})
        elif file.is_file():
            self._send_object(file.read_bytes())
        elif accent is Accent.NO_LISTING:
            self._send(403, _error("AccessDenied"), {})
        else:
            self._send(404, _error("NoSuchKey"), {})

    def _stall(self, accent: Accent) -> None:
        self.close_connection = True
        if accent is Accent.TRICKLING:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Filler: ")
            while not self.odd.wait(TRICKLE_S):
                self.wfile.write(b"x")
        self.odd.wait()

    def _send_object(self, content: bytes) -> None:
        headers = {
            "Date": formatdate(usegmt=True),
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "Last-Modified": formatdate(usegmt=True),
        }
        left_out = {Accent.NO_DATE: "Date", Accent.NO_TAG: "ETag", Accent.NO_AGE: "Last-Modified"}
        headers.pop(left_out.get(self.odd.accent, ""), None)
        self._send(200, content, headers)

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def _error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message/></Error>".encode()


@contextmanager
def odd_s3(folder: Path) -> Iterator[OddS3]:
    """Run a server on `folder`."""
    odd = OddS3(folder)
    server = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"odd": odd}))
    odd.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield odd
    finally:
        odd.finish()
        server.shutdown()
        server.server_close()
        thread.join()
