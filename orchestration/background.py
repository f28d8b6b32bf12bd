"""Processes that outlive the command that started them: start, find again, stop.

Each is remembered in `<folder>/<name>.json`; what it prints goes to `<folder>/<name>.log`. A
remembered process counts as running only while its pid still runs the remembered command line,
so that a pid which the system has given to someone else is never touched.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psutil
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from canasta.errors import ServerError
from canasta.settings import ROOT

RUN_FOLDER = ROOT / "data" / "run"
PORTS_TRIED = 50
PATIENCE_S = 120.0
"""For a first start: both servers make their database then."""
GRACE_S = 30.0
"""Between asking a process to end and ending it."""
POLL_S = 0.2


class Running(BaseModel):
    """A process that was started, and where it answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    pid: int
    command: tuple[str, ...]
    url: str
    log: Path | None


class Server(BaseModel):
    """A server that can be started: `command` takes the port in place of `{port}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str | None]
    """Variables set for the server; None takes one away."""
    port: int
    """The port it gets unless that is taken."""
    health: str
    """The path that answers 200 once it serves."""


def start(server: Server, folder: Path = RUN_FOLDER, patience: float = PATIENCE_S) -> Running:
    """Start `server` on 127.0.0.1 and return once it answers; return the one running, if any.

    Raises:
        ServerError: it ended, or did not answer within `patience` seconds; nothing is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{server.name}.lock"):
        known = find(server.name, folder)
        if known is not None:
            return known
        begun = _launch(server, folder)
        try:
            _wait_until_healthy(server, begun, patience)
        except BaseException:
            stop(begun, folder)
            raise
    return begun


def find(name: str, folder: Path = RUN_FOLDER) -> Running | None:
    """Return the process remembered as `name` if it still runs."""
    record = folder / f"{name}.json"
    try:
        remembered = Running.model_validate_json(record.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return None
    return remembered if _process_of(remembered) else None


def running(folder: Path = RUN_FOLDER) -> list[Running]:
    """Return every remembered process that still runs, by name."""
    found = (find(record.stem, folder) for record in sorted(folder.glob("*.json")))
    return [each for each in found if each is not None]


def stop(remembered: Running, folder: Path = RUN_FOLDER, grace: float = GRACE_S) -> None:
    """End the process and all it started: ask it first, end what is left after `grace` seconds."""
    process = _process_of(remembered)
    if process is not None:
        family = [process, *process.children(recursive=True)]
        _ask_to_end([process], grace)
        _ask_to_end([each for each in family if each.is_running()], grace)
    (folder / f"{remembered.name}.json").unlink(missing_ok=True)


@contextmanager
def remembered_here(name: str, url: str, folder: Path = RUN_FOLDER) -> Iterator[Running]:
    """Remember this very process as `name` while the block runs.

    Raises:
        ServerError: another process runs under that name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{name}.lock"):
        other = find(name, folder)
        if other is not None:
            raise ServerError(f"{name} runs already (process {other.pid}); `make stop` ends it.")
        here = _remember(name, os.getpid(), url, None, folder)
    try:
        yield here
    finally:
        (folder / f"{name}.json").unlink(missing_ok=True)


def free_port(preferred: int) -> int:
    """Return the first free port of 127.0.0.1 from `preferred` on.

    Raises:
        ServerError: none of the next PORTS_TRIED is free.
    """
    for port in range(preferred, preferred + PORTS_TRIED):
        with closing(socket.socket()) as probe:
            # As servers do: a port whose last connections are only lingering is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    last = preferred + PORTS_TRIED - 1
    raise ServerError(f"Every port of 127.0.0.1 from {preferred} to {last} is taken; free one.")


def _launch(server: Server, folder: Path) -> Running:
    port = free_port(server.port)
    log = folder / f"{server.name}.log"
    command = [part.format(port=port) for part in server.command]
    # posix_spawn, since a Popen object complains when its process outlives it.
    pid = os.posix_spawn(
        command[0],
        command,
        _environment(server.environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return _remember(server.name, pid, f"http://127.0.0.1:{port}", log, folder)


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**os.environ, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def _remember(name: str, pid: int, url: str, log: Path | None, folder: Path) -> Running:
    remembered = Running(name=name, pid=pid, command=_command_line(pid), url=url, log=log)
    partial = folder / f"{name}.json.partial"
    partial.write_text(remembered.model_dump_json(indent=2), encoding="utf-8")
    partial.replace(folder / f"{name}.json")
    return remembered


def _command_line(pid: int) -> tuple[str, ...]:
    """Return the command line of our own child, which right after its birth is still empty."""
    process = psutil.Process(pid)
    try:
        while not (line := process.cmdline()):
            time.sleep(POLL_S / 20)
    except psutil.Error:  # it ended at once
        return ()
    return tuple(line)


def _wait_until_healthy(server: Server, begun: Running, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not _answers(begun.url + server.health):
        if _process_of(begun) is None:
            raise ServerError(
                f"{server.name} ended before it answered; its last words stand in {begun.log}."
            )
        if time.monotonic() > deadline:
            raise ServerError(
                f"{server.name} did not answer on {begun.url} within {patience:.0f} s and was "
                f"stopped; see {begun.log}."
            )
        time.sleep(POLL_S)


def _answers(url: str) -> bool:
    try:
        # trust_env: a proxy has no say in what happens on this machine.
        return httpx.get(url, timeout=5.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _process_of(remembered: Running) -> psutil.Process | None:
    try:
        process = psutil.Process(remembered.pid)
        return process if tuple(process.cmdline()) == remembered.command else None
    except psutil.Error:  # gone, ended but not yet waited for, or another user's
        return None


def _ask_to_end(processes: Sequence[psutil.Process], grace: float) -> None:
    for process in processes:
        _signal(process, kill=False)
    _, alive = psutil.wait_procs(processes, timeout=grace)
    for process in alive:
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=grace)


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return  # it ended by itself meanwhile
