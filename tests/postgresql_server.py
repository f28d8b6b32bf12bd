"""A real PostgreSQL for tests: Debian's binaries on a cluster of the test's own.

Debian and Ubuntu keep `initdb` and `postgres` off PATH, in /usr/lib/postgresql/<version>/bin. Both
refuse to run as root: for root, they run as nobody, in a folder of nobody's.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.s3_server import HOST, free_ports

USER, PASSWORD = "canasta", "50% of p@ss:word/#1?"
PATIENCE_S = 60.0


@dataclass
class PostgreSQL:
    """A cluster with one user, who needs the password; `stop` and `start` keep data and port."""

    programs: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, password: str = PASSWORD) -> str:
        """Return where a database is, for who has this password."""
        return f"postgresql://{USER}:{quote(password, safe='')}@{HOST}:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Create a database; return its URL."""
        self.ask("postgres", f'create database "{database}"')
        return self.url(database)

    def ask(self, database: str, question: str) -> list[tuple[Any, ...]]:
        """Return the rows of an SQL statement's answer, on a connection of the test's own."""
        engine = create_engine(
            self.url(database),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": 2},
        )
        with engine.connect() as connection:
            answer = connection.execute(text(question))
            return [tuple(row) for row in answer] if answer.returns_rows else []

    def make(self) -> None:
        """Make the cluster."""
        password = self.folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        if os.geteuid() == 0:
            for each in (self.folder, password):
                shutil.chown(each, "nobody")
        command = [
            f"{self.programs}/initdb", "--pgdata", f"{self.folder}/data", "--username", USER,
            "--pwfile", str(password), "--auth", "scram-sha-256", "--encoding", "UTF8",
            "--locale", "C", "--no-sync",
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, **_as_whom()
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            f"{self.programs}/postgres", "-D", f"{self.folder}/data", "-p", str(self.port),
            "-c", f"listen_addresses={HOST}", "-c", "unix_socket_directories=", "-c", "fsync=off",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, **_as_whom()
            )
        self.process = process
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert process.poll() is None, self._log()
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it without waiting for who is connected."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE_S)
            self.process = None

    def _answers(self) -> bool:
        try:
            return self.ask("postgres", "select 1") == [(1,)]
        except OperationalError:
            return False

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def _as_whom() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs() -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if not kept:
        pytest.fail("PostgreSQL is not installed. Debian, Ubuntu: apt-get install postgresql")
    return kept[-1].parent


def _version(program: Path) -> int:
    return int(program.parts[-3])


@contextmanager
def postgresql_server() -> Iterator[PostgreSQL]:
    """Run a PostgreSQL of which nothing outlives the context."""
    # Not pytest's folder: whom root runs it as may not enter that.
    with tempfile.TemporaryDirectory(prefix="canasta-postgresql-") as folder:
        (port,) = free_ports(1)
        server = PostgreSQL(_programs(), Path(folder), port)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
