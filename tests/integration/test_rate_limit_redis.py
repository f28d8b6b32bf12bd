"""Limits counted by a real Redis: shared by all processes, and replaced by memory while it is gone.

Redis is Debian's package redis-server; the tests start their own.
"""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from canasta.settings import Settings
from tests.unit.deployment import serve

FINE, OFTEN = 503, 429
"""Nothing is loaded: whoever is let in is told so."""
PATIENCE_S = 20.0


class Redis:
    """A Redis that can be stopped and started again, empty, on the same port."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._command = [
            program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--dir", str(folder), "--logfile", str(folder / "redis.log"),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        eventually(self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as asked:
            asked.sendall(b"PING\r\n")
            return asked.recv(5) == b"+PONG"
        return False


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.1)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    server = Redis(program, tmp_path)
    server.start()
    yield server
    server.stop()


def worker(redis: Redis, limit: str) -> FlaskClient:
    settings = Settings(auth="open", rate_limit=limit, rate_limit_storage=redis.url)
    return serve.client(None, settings)


def asked(client: FlaskClient, times: int) -> list[int]:
    return [client.get("/model").status_code for _ in range(times)]


def test_workers_count_together(redis: Redis) -> None:
    first, second = worker(redis, "5/hour"), worker(redis, "5/hour")
    assert asked(first, 3) == [FINE] * 3
    assert asked(second, 3) == [FINE, FINE, OFTEN]
    assert asked(first, 1) == [OFTEN]


def test_redis_that_goes_is_replaced_and_taken_up_again_when_it_is_back(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    client = worker(redis, "4/hour")
    assert asked(client, 3) == [FINE] * 3
    redis.stop()
    with caplog.at_level(logging.INFO):
        began = time.monotonic()
        assert asked(client, 6) == [FINE] * 4 + [OFTEN] * 2
        assert time.monotonic() - began < PATIENCE_S / 4
    told = [one.message for one in caplog.records if "unreachable" in one.message]
    assert len(told) == 1
    redis.start()
    eventually(lambda: asked(client, 1) == [FINE])
