import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from simulate_publication import serving
from simulate_publication.server import WORKBOOK_TYPE, open_server

CONTENT = b"PK\x03\x04" + bytes(range(256)) * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    publications = tmp_path / "publications"
    (publications / "deeper").mkdir(parents=True)
    for place in ("Leche03012024.xlsx", "deeper/Leche05012024.xlsx", ".origin.json", "notes.txt"):
        (publications / place).write_bytes(CONTENT)
    (tmp_path / "secret.xlsx").write_bytes(b"secret")
    return publications


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    with serving(folder) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def test_get_answers_with_the_workbook(client: httpx.Client, folder: Path) -> None:
    answer = client.get("/Leche03012024.xlsx")
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == WORKBOOK_TYPE
    assert answer.headers["content-length"] == str(len(CONTENT))
    written = (folder / "Leche03012024.xlsx").stat().st_mtime
    modified = parsedate_to_datetime(answer.headers["last-modified"])
    assert modified == datetime.fromtimestamp(int(written), UTC)


def test_head_answers_as_get_without_a_body(client: httpx.Client) -> None:
    head, get = client.head("/Leche03012024.xlsx"), client.get("/Leche03012024.xlsx")
    assert head.content == b""
    names = ("content-type", "content-length", "last-modified")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]


def test_a_new_file_is_served_at_once(client: httpx.Client, folder: Path) -> None:
    assert client.get("/Leche08012024.xlsx").status_code == 404
    (folder / "Leche08012024.xlsx").write_bytes(b"new")
    assert client.get("/Leche08012024.xlsx").content == b"new"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_missing_file_is_an_html_page(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/Leche05012024.xlsx")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert ("<html" in answer.text) == (method == "GET")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/deeper/",
        "/deeper/Leche05012024.xlsx",
        "/notes.txt",
        "/.origin.json",
        "/%2e%2e/secret.xlsx",
        "/..%2fsecret.xlsx",
        "/../secret.xlsx",
        "/deeper/../Leche03012024.xlsx",
        "/Leche03012024.xlsx%00",
    ],
)
def test_nothing_else_is_served(client: httpx.Client, path: str) -> None:
    """The path is sent as it stands: a client library would tidy it first."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    assert b"404" in answer.splitlines()[0] or b"400" in answer.splitlines()[0]
    assert CONTENT not in answer
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]


def test_nothing_can_be_written(client: httpx.Client, folder: Path) -> None:
    assert client.put("/Leche03012024.xlsx", content=b"x").status_code == 501
    assert (folder / "Leche03012024.xlsx").read_bytes() == CONTENT


def test_the_server_listens_on_loopback_only_and_ends_with_its_context(folder: Path) -> None:
    with serving(folder) as url:
        assert url.startswith("http://127.0.0.1:")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/Leche03012024.xlsx", trust_env=False)


def test_a_taken_port_is_an_error(folder: Path) -> None:
    with open_server(folder) as server, pytest.raises(OSError, match="in use"):
        open_server(folder, server.server_port).server_close()
