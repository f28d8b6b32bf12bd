"""A client that keeps a server busy and takes times: one thread, few instructions a request.

`python -m tests.load PORT SECONDS CONNECTIONS < body` posts the body to /predict on so many
connections, each with one request under way, and prints how many seconds each answer took, as
JSON. It runs in a process of its own, lest it and whoever measures wait for each other.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

HOST = "127.0.0.1"
OK = b"HTTP/1.1 200 "
LENGTH = b"content-length:"
HEAD_END = b"\r\n\r\n"


@dataclass
class _Connection:
    """One connection, and what has come of the answer to the request under way."""

    socket: socket.socket
    began: float = 0.0
    came: bytes = b""

    def send(self, request: bytes) -> None:
        self.came, self.began = b"", time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what has come; whether the answer is whole.

        Raises:
            RuntimeError: it is not the answer to be timed.
        """
        self.came += self.socket.recv(65536)
        head, end, body = self.came.partition(HEAD_END)
        if not self.came or (end and not head.startswith(OK)):
            raise RuntimeError(f"Expected an answer of status 200, got {self.came[:500]!r}")
        return bool(end) and len(body) >= _length(head)


def _length(head: bytes) -> int:
    lowered = head.lower()
    return int(lowered[lowered.index(LENGTH) + len(LENGTH) :].split(b"\r\n", 1)[0])


def ask_on(port: int, seconds: float, connections: int, body: bytes) -> list[float]:
    """Return the seconds that each answer took."""
    request = (
        f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    taken: list[float] = []
    with selectors.DefaultSelector() as waiting:
        for _ in range(connections):
            one = _Connection(socket.create_connection((HOST, port), timeout=30))
            waiting.register(one.socket, selectors.EVENT_READ, one)
            one.send(request)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for key, _ in waiting.select(timeout=1):
                if key.data.is_answered():
                    taken.append(time.perf_counter() - key.data.began)
                    key.data.send(request)
        for key in list(waiting.get_map().values()):
            key.data.socket.close()
    return taken


def load(port: int, seconds: float, connections: int, body: bytes) -> list[float]:
    """Do the same in a process of its own."""
    command = [sys.executable, "-m", "tests.load", str(port), str(seconds), str(connections)]
    done = subprocess.run(command, input=body, stdout=subprocess.PIPE, check=True)
    return [float(one) for one in json.loads(done.stdout)]


if __name__ == "__main__":
    _port, _seconds, _connections = sys.argv[1:]
    _body = sys.stdin.buffer.read()
    print(json.dumps(ask_on(int(_port), float(_seconds), int(_connections), _body)))
