"""A real Redis for tests: Debian's redis-server, started and ended here."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from redis.exceptions import RedisError

from tests.s3_server import HOST, free_ports

PATIENCE_S = 20.0


@dataclass
class RedisServer:
    """A Redis that can be killed, frozen and started again, empty, on the same port."""

    program: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, password: str = "") -> str:
        """Return where it is, for who has this password."""
        return f"redis://:{password}@{HOST}:{self.port}/0"

    def client(self) -> redis.Redis:
        """Return a client of the test's own."""
        return redis.Redis(HOST, self.port, socket_timeout=2, socket_connect_timeout=2)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            self.program, "--port", str(self.port), "--bind", HOST, "--save", "",
            "--dir", str(self.folder), "--logfile", "redis.log",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, cwd=self.folder)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self.process.poll() is None, self._log()
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
            self.process = None

    def freeze(self) -> None:
        """Let it take connections and requests, and answer none."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _log(self) -> str:
        file = self.folder / "redis.log"
        return file.read_text(errors="replace") if file.exists() else "redis-server wrote no log"


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Run a Redis of which nothing outlives the context but its log in `folder`."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("redis-server is not installed. Debian, Ubuntu: apt-get install redis-server")
    (port,) = free_ports(1)
    server = RedisServer(program, folder, port)
    server.start()
    try:
        yield server
    finally:
        server.kill()
