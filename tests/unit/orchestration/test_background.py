"""Real processes: a plain http server from the standard library stands in for any server."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from canasta.errors import ServerError
from orchestration import background
from orchestration.background import (
    Running,
    Server,
    find,
    free_port,
    remembered_here,
    running,
    start,
    stop,
)

SERVE = """
import http.server, os, sys
print(os.environ.get("COLOUR"), os.environ.get("HIDDEN"), flush=True)
handler = http.server.SimpleHTTPRequestHandler
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()
"""
WITH_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def server(*code: str, name: str = "web") -> Server:
    return Server(
        name=name,
        command=(sys.executable, "-c", *code, "{port}"),
        environment={"COLOUR": "blue", "HIDDEN": None},
        port=18_046,
        health="/",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "run"
    for left in running(tmp_path / "run"):
        stop(left, tmp_path / "run", grace=1)


def pids_of(remembered: Running) -> list[psutil.Process]:
    process = psutil.Process(remembered.pid)
    return [process, *process.children(recursive=True)]


def test_started_server_answers_is_found_and_is_stopped(folder: Path) -> None:
    begun = start(server(SERVE), folder)
    assert httpx.get(begun.url).status_code == 200
    assert find("web", folder) == begun
    assert running(folder) == [begun]
    stop(begun, folder)
    assert running(folder) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(begun.url)


def test_second_start_returns_the_one_that_runs(folder: Path) -> None:
    begun = start(server(SERVE), folder)
    assert start(server(SERVE), folder) == begun


def test_environment_is_changed_as_told_and_output_logged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDDEN", "secret")
    begun = start(server(SERVE), folder)
    assert begun.log is not None
    assert begun.log.read_text().startswith("blue None")


def test_taken_port_is_passed_over(folder: Path) -> None:
    first = start(server(SERVE, name="first"), folder)
    second = start(server(SERVE, name="second"), folder)
    assert first.url != second.url
    assert [each.name for each in running(folder)] == ["first", "second"]


def test_free_port_says_when_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PORTS_TRIED", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=str(port)):
            free_port(port)


def test_server_that_ends_at_once_is_told_with_its_log(folder: Path) -> None:
    with pytest.raises(ServerError, match=r"ended before it answered.*web\.log"):
        start(server("raise SystemExit(3)"), folder)
    assert running(folder) == []


def test_server_that_never_answers_is_stopped(folder: Path) -> None:
    with pytest.raises(ServerError, match="did not answer"):
        start(server("import time; time.sleep(60)"), folder, patience=0.3)
    assert list(folder.glob("*.json")) == []


def test_stop_ends_what_the_server_started(folder: Path) -> None:
    begun = start(server(WITH_CHILD, SERVE), folder)
    family = pids_of(begun)
    assert len(family) == 2
    stop(begun, folder)
    assert not any(each.is_running() for each in family)


def test_stop_ends_what_does_not_listen(folder: Path) -> None:
    begun = start(server(STUBBORN + SERVE), folder)
    family = pids_of(begun)
    stop(begun, folder, grace=0.3)
    assert not any(each.is_running() for each in family)


def test_process_that_took_over_the_pid_is_not_touched(folder: Path) -> None:
    begun = start(server(SERVE), folder)
    stop(begun, folder)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        stale = begun.model_copy(update={"pid": stranger.pid})
        (folder / "web.json").write_text(stale.model_dump_json())
        assert find("web", folder) is None
        stop(stale, folder)
        assert stranger.poll() is None
        stranger.communicate(b"\n")
        assert stranger.returncode == 0


def test_unreadable_record_counts_as_nothing_running(folder: Path) -> None:
    folder.mkdir()
    (folder / "web.json").write_text("{")
    assert running(folder) == []
    assert httpx.get(start(server(SERVE), folder).url).status_code == 200


def test_this_process_is_remembered_while_the_block_runs(folder: Path) -> None:
    with remembered_here("schedule", "http://127.0.0.1:1/api", folder) as here:
        assert here.pid == os.getpid()
        assert running(folder) == [here]
        with (
            pytest.raises(ServerError, match="runs already"),
            remembered_here("schedule", "http://127.0.0.1:2/api", folder),
        ):
            pass
        assert running(folder) == [here], "the refused one forgets nothing"
    assert running(folder) == []
