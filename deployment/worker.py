"""gunicorn's threaded worker, made patient with nobody at the others' cost."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from http import HTTPStatus
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

SECOND = 1.0

REQUEST_S = 15.0
"""How long one request may keep a thread, from its first byte to the last of its answer: a thousand
what-ifs take three seconds, and 256 KiB come in fifteen over a line of 140 kbit/s."""

MEDIA_TYPE = "application/problem+json"


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Answers on threads. Three things are otherwise than in gunicorn's own.

    Told to stop, that one sleeps for as long as it is given at most, unless something happens: one
    idle connection, such as a monitor keeps, and every stop takes 25 seconds. This one looks each
    second whether the idle ones have had their time, and ends when they have.

    That one waits for ever for the rest of a request, and goes on accepting while all its threads
    wait. This one hangs up on whoever takes REQUEST_S, and leaves new connections to the other
    workers while it has no thread for them.

    What is no HTTP gets a problem document, as everything else that is wrong does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._most_connections: int = self.cfg.worker_connections
        self._begun: dict[Any, float] = {}
        self._threads: int = self.cfg.threads
        self._under_way = 0  # counted on the main thread alone
        self._looked = 0.0

    def accept(self, listener: Any) -> None:
        """Take a new connection, or leave it to the others until a thread is free."""
        if self._under_way < self._threads:
            super().accept(listener)
        else:
            self.worker_connections = 0  # by which gunicorn's loop stops listening

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection that has something to say to the threads."""
        self._under_way += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Take it back from them."""
        self._under_way -= 1
        super().finish_request(conn, fs)

    def handle(self, conn: Any) -> Any:
        """Answer a request, and note since when it has been under way."""
        self._begun[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            del self._begun[conn]

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Let happen what happens within `timeout`, in seconds, or one second."""
        super().wait_for_and_dispatch_events(min(timeout, SECOND))
        if self._under_way < self._threads:
            self.worker_connections = self._most_connections
        now = time.monotonic()
        if now - self._looked >= SECOND:
            self._looked = now
            self._hang_up_on_the_slow(now)

    def _hang_up_on_the_slow(self, now: float) -> None:
        for conn, begun in list(self._begun.items()):
            if now - begun > REQUEST_S:
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    conn.sock.shutdown(socket.SHUT_RDWR)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Tell what is wrong with a request that is no HTTP; gunicorn judges it, and logs."""
        judged = _Judged()
        super().handle_error(req, judged, addr, exc)
        with contextlib.suppress(OSError):  # nobody is there any more
            client.sendall(_document(judged.status))


class _Judged:
    """Takes gunicorn's page about an error, in place of the client, for the status in it."""

    def __init__(self) -> None:
        self.status = HTTPStatus.BAD_REQUEST

    def sendall(self, page: bytes) -> None:
        self.status = HTTPStatus(int(page.split(b" ", 2)[1]))

    def gettimeout(self) -> float:
        return 0.0


def _document(status: HTTPStatus) -> bytes:
    slug = "bad-request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "internal-error"
    problem = {"type": f"/problems/{slug}", "title": status.phrase, "status": int(status)}
    problem["detail"] = (
        "The request is not HTTP as it is spoken here. GET /docs describes requests."
    )
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
