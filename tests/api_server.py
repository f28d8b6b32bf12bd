"""The API as it is run: `python -m deployment` in a process of its own, and clients that ask it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.s3_server import HOST, free_ports

ADMIN_KEY = "an-admins-key-for-tests"
ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 30.0
JSON = {"Content-Type": "application/json"}


@dataclass
class ApiServer:
    """A running API.

    Attributes:
        port: of HOST.
        process: gunicorn's master.
        log: what it writes.
    """

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(
        self,
        method: str,
        path: str,
        content: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Return status and content of the answer to a request on a connection of its own."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE_S)
        try:
            body = None if content is None else json.dumps(content)
            connection.request(method, path, body, {**JSON, **(headers or {})})
            response = connection.getresponse()
            text = response.read().decode()
            is_json = "json" in response.headers.get_content_type()
            return response.status, json.loads(text) if is_json else text
        finally:
            connection.close()

    def reload(self) -> dict[str, Any]:
        """Ask for a reload, as the admin."""
        status, outcome = self.ask("POST", "/admin/reload", headers={"X-API-Key": ADMIN_KEY})
        assert status == 200, outcome
        assert isinstance(outcome, dict)
        return outcome

    def lines(self) -> list[dict[str, Any]]:
        """Return what the application logged."""
        return [
            json.loads(line)
            for line in self.log.read_text(encoding="utf-8").splitlines()
            if line.startswith("{")
        ]

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@contextmanager
def api_server(
    folder: Path,
    lake: str,
    variables: Mapping[str, str] | None = None,
    command: Sequence[str] = ("-m", "deployment"),
) -> Iterator[ApiServer]:
    """Run the API of `lake`; its log lies in `folder`.

    Args:
        folder: to work in.
        lake: what is served.
        variables: over those of this process.
        command: arguments of Python's that start it.
    """
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        "LAKE_URL": lake,
        "HOST": HOST,
        "PORT": str(port),
        "AUTH": "open",
        "ADMIN_KEY_HASH": hashlib.sha256(ADMIN_KEY.encode()).hexdigest(),
        **(variables or {}),
    }
    log = folder / "api.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    server = ApiServer(port, process, log)
    try:
        _await(server)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def _await(server: ApiServer) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            server.ask("GET", "/health")
        except OSError:
            told = server.log.read_text(errors="replace")
            assert server.process.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
        else:
            return


@dataclass
class Load:
    """Clients that ask one thing again and again, each on connections of its own.

    Attributes:
        answers: by request id: status and content.
        unanswered: ids of requests to which no byte came back.
        broken: ids of requests whose answer ended early.
    """

    server: ApiServer
    content: object
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, clients: int) -> Iterator[Load]:
        """Ask with so many clients while the context lasts."""
        threads = [threading.Thread(target=self._ask_on) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _ask_on(self) -> None:
        body = json.dumps(self.content)
        while not self._ended.is_set():
            name = uuid4().hex
            connection = http.client.HTTPConnection(HOST, self.server.port, timeout=PATIENCE_S)
            try:
                connection.request("POST", "/predict", body, {**JSON, "X-Request-ID": name})
                response = connection.getresponse()
            except (OSError, http.client.HTTPException):
                self.unanswered.append(name)
                time.sleep(0.01)
            else:
                self._read(name, response)
            finally:
                connection.close()

    def _read(self, name: str, response: http.client.HTTPResponse) -> None:
        try:
            self.answers[name] = response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.broken.append(name)
