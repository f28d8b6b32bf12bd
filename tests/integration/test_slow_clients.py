"""Clients that take their time, or speak no HTTP, and what becomes of the others meanwhile."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.api_server import ApiServer, api_server
from tests.s3_server import HOST

HALF_A_REQUEST = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 500\r\n\r\n{"
)
HALF_A_HEADER = b"GET /health HTTP/1.1\r\nHost:"
HURRIED = """
import sys
import deployment.worker
from gunicorn.app.wsgiapp import run
deployment.worker.REQUEST_S = 1.0
sys.argv = ["gunicorn", "--config", "deployment/gunicorn.conf.py"]
run()
"""


def everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def stalled(api: ApiServer, sent: bytes) -> socket.socket:
    connection = socket.create_connection((HOST, api.port), timeout=30)
    connection.sendall(sent)
    return connection


@pytest.mark.parametrize("sent", [HALF_A_REQUEST, HALF_A_HEADER])
def test_who_stalls_is_hung_up_on_and_the_others_are_served(tmp_path: Path, sent: bytes) -> None:
    variables = {"WORKERS": "1", "THREADS": "2"}
    with (
        api_server(tmp_path, str(tmp_path), variables, ("-c", HURRIED)) as api,
        closing(stalled(api, sent)) as one,
        closing(stalled(api, sent)) as other,
    ):
        assert api.ask("GET", "/health")[0] == 200, "all threads were taken"
        for connection in (one, other):
            assert everything(connection) == b""


def test_worker_whose_threads_all_wait_leaves_new_connections_to_the_other(tmp_path: Path) -> None:
    variables = {"WORKERS": "2", "THREADS": "1"}
    with (
        api_server(tmp_path, str(tmp_path), variables) as api,
        closing(stalled(api, HALF_A_REQUEST)) as held,
    ):
        assert {api.ask("GET", "/health")[0] for _ in range(20)} == {200}
        held.setblocking(False)
        with pytest.raises(BlockingIOError):  # all passed it by: it was not hung up on meanwhile
            held.recv(1)


NO_HTTP = {
    b"NONSENSE\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 5000 + b"\r\n\r\n": 431,
    b"GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n": 417,
}
NO_PATH_OF_OURS = b"GET /health HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /x\r\nConnection: close\r\n\r\n"


def test_what_is_no_http_gets_a_problem_document_and_a_line_in_the_log(tmp_path: Path) -> None:
    with api_server(tmp_path, str(tmp_path), {"WORKERS": "1"}) as api:
        for sent, status in NO_HTTP.items():
            with closing(stalled(api, sent)) as connection:
                head, _, body = everything(connection).partition(b"\r\n\r\n")
            assert int(head.split()[1]) == status
            assert b"application/problem+json" in head
            assert json.loads(body)["status"] == status
        with closing(stalled(api, NO_PATH_OF_OURS)) as connection:
            assert b" 200 " in everything(connection), "a client's header names no other path"
        api.stop()
        _, _, *written = api.log.read_text().splitlines()  # what make serve says comes first
        assert written
        assert [line for line in written if not line.startswith("{")] == []
