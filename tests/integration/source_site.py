"""A server on the loopback that behaves as badly as told, and others that are no http at all."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

type Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A server on a free port. `answers` holds how to answer each file; others are absent."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rsplit("/", 1)[-1]
                site.requests.append((self.path, dict(self.headers)))
                site.answers.get(name, status(404))(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base's name)
                """Keep the test's output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/Otros"


def status(code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def in_turn(*answers: Answer) -> Answer:
    left = list(answers)

    def answer(request: BaseHTTPRequestHandler) -> None:
        left.pop(0)(request)

    return answer


@contextmanager
def plain_server(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[object]]]:
    """A server of one line, over TLS if a context is given; yields port and whom it met."""
    met: list[object] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            met.append(self.client_address)
            with suppress(OSError):
                connection = (
                    context.wrap_socket(self.connection, True) if context else self.connection
                )
                connection.sendall(b"Hello, this is not TLS\r\n")
                connection.close()

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1], met
        server.shutdown()
        thread.join()


def self_signed(folder: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(pem))
    return path


def trickling(site: Site, head: bytes, drop: bytes) -> Answer:
    """Answer with `head`, then `drop` after `drop`, until the site closes or nobody listens."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(head)
        while not site.closing.wait(0.05):
            try:
                request.wfile.write(drop)
                request.wfile.flush()
            except OSError:
                return

    return answer
