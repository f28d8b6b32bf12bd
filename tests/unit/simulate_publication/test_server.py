import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from simulate_publication import publish_files, serving
from simulate_publication.hostile_transport import WORKBOOK_TYPE
from simulate_publication.layout import SIMULATION
from simulate_publication.misbehaviour import way_named
from simulate_publication.server import Misbehaviour, open_server

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


@pytest.fixture
def two_days(tmp_path: Path, month: list[Block], milk: Commodity) -> Path:
    publish_files(tmp_path / "two", month, milk, newest=2, layout=SIMULATION)
    (tmp_path / "two" / "Lista.xlsx").write_bytes(CONTENT)
    return tmp_path / "two"


@pytest.mark.parametrize("name", ["html-page", "wrong-average"])
def test_only_the_newest_workbook_is_served_badly(
    name: str, two_days: Path, milk: Commodity
) -> None:
    old, new = sorted(path.name for path in two_days.glob("Leche*.xlsx"))
    assert (old, new) == ("Leche02022024.xlsx", "Leche07022024.xlsx")
    behaviour = Misbehaviour(way_named(name), milk)
    with (
        serving(two_days, misbehaviour=behaviour) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        for file in (old, "Lista.xlsx"):
            assert client.get(f"/{file}").content == (two_days / file).read_bytes()
        bad = client.get(f"/{new}")
        assert bad.status_code == 200
        assert bad.content != (two_days / new).read_bytes()
        assert client.head(f"/{new}").headers["content-length"] == str(
            (two_days / new).stat().st_size
        )


def test_a_workbook_that_cannot_be_spoilt_is_an_error_of_the_server(
    folder: Path, milk: Commodity, caplog: pytest.LogCaptureFixture
) -> None:
    behaviour = Misbehaviour(way_named("stale-repeat"), milk)
    with serving(folder, misbehaviour=behaviour) as url:
        assert httpx.get(f"{url}/Leche03012024.xlsx", trust_env=False).status_code == 500
    assert "Leche03012024.xlsx: Expected" in caplog.text


def test_a_stalled_answer_does_not_outlive_its_server(two_days: Path, milk: Commodity) -> None:
    behaviour = Misbehaviour(way_named("stall"), milk)
    with socket.socket() as connection:
        with serving(two_days, misbehaviour=behaviour) as url:
            connection.connect(("127.0.0.1", int(url.rpartition(":")[2])))
            connection.settimeout(20)
            connection.sendall(b"GET /Leche07022024.xlsx HTTP/1.0\r\n\r\n")
            assert connection.recv(1)
        while connection.recv(65536):
            pass


def test_a_taken_port_is_an_error(folder: Path) -> None:
    with open_server(folder) as server, pytest.raises(OSError, match="in use"):
        open_server(folder, server.server_port).server_close()
