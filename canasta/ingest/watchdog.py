"""A limit on how long an answer may take from its first byte to its last.

A read timeout starts anew with every byte, so that a server which sends one now and then, of
the headers too, could hold a run for hours. Here the connection itself is cut.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

CONNECTED = (".connect_tcp.complete", ".start_tls.complete")
"""How httpcore's trace events end that bring a connection."""


class Watchdog:
    """Cuts the connections of an httpx client when a time is over.

    Attributes:
        expired: whether the time of the last `limit` ran out.
    """

    def __init__(self) -> None:
        self.expired = False
        self._sockets: list[socket.socket] = []

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn of a connection; to be given to requests as their extension `trace`.

        See https://www.python-httpx.org/advanced/extensions/#trace.
        """
        if event.endswith(CONNECTED):
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self.expired:
                self._cut()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Let what is done within last no longer than `seconds`."""
        self.expired = False
        self._sockets = [connected for connected in self._sockets if connected.fileno() >= 0]
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _expire(self) -> None:
        self.expired = True
        self._cut()

    def _cut(self) -> None:
        """Wake whoever waits for a connection: it reads its end."""
        for connected in tuple(self._sockets):
            # Closed meanwhile: nobody waits. TLS, which would say goodbye first, is passed by.
            with suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)
