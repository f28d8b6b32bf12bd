"""Fetching over real http from a server on the loopback that behaves as badly as told."""

import gzip
import logging
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.errors import NoPublication, NotAWorkbook, SettingsError, SourceUnreachable
from canasta.ingest.http_folder import Patience
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import ingest
from canasta.ingest.lake import open_lake
from canasta.ingest.source import find
from canasta.store import store_for
from simulate_publication import serving
from tests.integration.source_site import (
    Answer,
    Site,
    in_turn,
    plain_server,
    self_signed,
    status,
    trickling,
)
from tests.unit.ingest.builders import LIMITS, publications, publish

DAY = date(2025, 6, 4)
NAME = "Leche04062025.xlsx"
QUICK = Patience(connect=1, read=0.4, total=1.0, attempts=3, backoff=0.01)
ZIP = b"PK\x03\x04 and more"


def void(_: object) -> None:
    """An Answer returns nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.closing.set()
    site.server.shutdown()
    thread.join()
    site.server.server_close()


def test_finds_the_newest_file_and_asks_no_further(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: status(200, ZIP), "Leche02062025.xlsx": status(200, b"older")}
    found = find(site.url, milk, date(2025, 6, 7), None, QUICK)
    assert found is not None
    assert (found.date, found.content) == (DAY, ZIP)
    assert found.url == f"{site.url}/{NAME}"
    assert [path.rsplit("/", 1)[-1] for path, _ in site.requests] == [
        f"Leche{day:02}062025.xlsx" for day in (7, 6, 5, 4)
    ]
    assert all("Canasta" in headers["User-Agent"] for _, headers in site.requests)


def test_stops_at_the_newest_publication_known(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: status(200, ZIP)}
    assert find(site.url, milk, date(2025, 6, 7), DAY, QUICK) is None
    assert len(site.requests) == 3
    assert find(site.url, milk, DAY, DAY, QUICK) is None
    assert len(site.requests) == 3


def test_walks_back_fifteen_days_at_most(site: Site, milk: Commodity) -> None:
    with pytest.raises(NoPublication):
        find(site.url, milk, DAY, None, QUICK)
    assert len(site.requests) == 15
    assert find(site.url, milk, DAY, date(2020, 1, 1), QUICK) is None
    assert len(site.requests) == 30


def test_a_server_error_is_asked_again(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: in_turn(status(503), status(500), status(200, ZIP))}
    found = find(site.url, milk, DAY, None, QUICK)
    assert found is not None
    assert found.content == ZIP


def test_a_server_that_stays_in_error_is_unreachable(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: status(503)}
    with pytest.raises(SourceUnreachable, match="status 503; attempts: 3"):
        find(site.url, milk, DAY, None, QUICK)
    assert len(site.requests) == 3


@pytest.mark.parametrize("code", [401, 403, 429])
def test_a_refusal_is_unreachable_at_once(code: int, site: Site, milk: Commodity) -> None:
    site.answers = {NAME: status(code)}
    with pytest.raises(SourceUnreachable, match=f"got status {code}"):
        find(site.url, milk, DAY, None, QUICK)
    assert len(site.requests) == 1


def test_a_port_where_nobody_listens_is_unreachable(milk: Commodity) -> None:
    port = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port.server_close()
    with pytest.raises(SourceUnreachable, match="ConnectError"):
        find(f"http://127.0.0.1:{port.server_port}", milk, DAY, None, QUICK)


def test_a_connection_that_breaks_is_asked_again(site: Site, milk: Commodity) -> None:
    broken = status(200, b"half", {"Content-Length": "100"})
    site.answers = {NAME: in_turn(broken, status(200, ZIP))}
    found = find(site.url, milk, DAY, None, QUICK)
    assert found is not None
    assert found.content == ZIP


def test_a_silent_server_is_unreachable(site: Site, milk: Commodity) -> None:
    def stay_silent(request: BaseHTTPRequestHandler) -> None:  # noqa: ARG001  (an Answer's form)
        site.closing.wait(5)

    site.answers = {NAME: stay_silent}
    with pytest.raises(SourceUnreachable, match="ReadTimeout"):
        find(site.url, milk, DAY, None, replace(QUICK, attempts=1))


def test_a_trickling_server_cannot_hold_a_run(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: trickling(site, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"P")}
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match="had not ended"):
        find(site.url, milk, DAY, None, QUICK)
    assert time.monotonic() - began < 5


def test_headers_that_trickle_cannot_hold_a_run(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: trickling(site, b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")}
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match="had not ended after 1 s, 0 bytes") as refused:
        find(site.url, milk, DAY, None, QUICK)
    assert time.monotonic() - began < 5
    assert (refused.value.arrived, refused.value.passing) == (None, False)
    assert len(site.requests) == 1


def test_a_body_without_a_length_is_not_whole_because_time_is_over(
    site: Site, milk: Commodity
) -> None:
    site.answers = {NAME: trickling(site, b"HTTP/1.0 200 OK\r\n\r\n", b"P")}
    with pytest.raises(SourceUnreachable, match="had not ended") as refused:
        find(site.url, milk, DAY, None, QUICK)
    assert refused.value.arrived is not None
    assert set(refused.value.arrived.content) == set(b"P")


def test_what_came_before_a_connection_broke_is_carried_along(site: Site, milk: Commodity) -> None:
    def broken(sent: bytes) -> Answer:
        return status(200, sent, {"Content-Length": "1000"})

    site.answers = {NAME: in_turn(broken(b"PK half"), broken(b"PK"), status(503))}
    with pytest.raises(SourceUnreachable, match="attempts: 3; bytes that came: 7") as refused:
        find(site.url.replace("://", "://analyst:secret@"), milk, DAY, None, QUICK)
    came = refused.value.arrived
    assert came is not None
    assert (came.date, came.url, came.content) == (DAY, f"{site.url}/{NAME}", b"PK half")
    assert refused.value.passing


def test_a_reset_connection_is_asked_again(site: Site, milk: Commodity) -> None:
    def reset(request: BaseHTTPRequestHandler) -> None:
        now = struct.pack("ii", 1, 0)
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        request.connection.close()

    site.answers = {NAME: in_turn(reset, status(200, ZIP))}
    found = find(site.url, milk, DAY, None, QUICK)
    assert found is not None
    assert found.content == ZIP


def test_a_length_that_promises_too_little_gives_that_much(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: status(200, ZIP, {"Content-Length": "6"})}
    found = find(site.url, milk, DAY, None, QUICK)
    assert found is not None
    assert found.content == ZIP[:6]


def test_an_answer_that_is_no_http_is_unreachable(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: lambda request: void(request.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n"))}
    with pytest.raises(SourceUnreachable, match="RemoteProtocolError"):
        find(site.url, milk, DAY, None, QUICK)


def test_a_packed_answer_is_refused_unpacked_by_nobody(site: Site, milk: Commodity) -> None:
    packed = gzip.compress(bytes(50_000_000))
    site.answers = {NAME: status(200, packed, {"Content-Encoding": "gzip"})}
    with pytest.raises(NotAWorkbook, match="came packed as 'gzip'") as refused:
        find(site.url, milk, DAY, None, QUICK)
    assert refused.value.arrived is not None
    assert refused.value.arrived.content == packed
    assert "identity" in site.requests[0][1]["Accept-Encoding"]
    assert len(site.requests) == 1


def test_an_empty_file_is_refused(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: status(200)}
    with pytest.raises(NotAWorkbook, match="an empty file") as refused:
        find(site.url, milk, DAY, None, QUICK)
    assert refused.value.arrived is None


def test_a_huge_file_is_cut_off(site: Site, milk: Commodity) -> None:
    sent = 0

    def endless(request: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        request.send_response(200)
        request.end_headers()
        try:
            while not site.closing.is_set():
                sent += request.wfile.write(b"PK\x03\x04" * 4096)
        except OSError:
            return

    site.answers = {NAME: endless}
    small = milk.model_copy(
        update={"source": milk.source.model_copy(update={"max_bytes": 100_000})}
    )
    with pytest.raises(NotAWorkbook, match="larger than 100000 bytes") as refused:
        find(site.url, small, DAY, None, QUICK)
    assert sent < 20_000_000
    assert refused.value.arrived is not None
    assert refused.value.arrived.content == b"PK\x03\x04" * 25_000
    assert len(site.requests) == 1


def test_a_redirect_is_followed(site: Site, milk: Commodity) -> None:
    site.answers = {
        NAME: status(302, b"", {"Location": "/elsewhere/file"}),
        "file": status(200, ZIP),
    }
    found = find(site.url, milk, DAY, None, QUICK)
    assert found is not None
    assert found.content == ZIP


@pytest.mark.parametrize(
    "there", ["http://10.0.0.1/latest/meta-data", "http://127.0.0.1:1/x", "ftp://127.0.0.1/x"]
)
def test_a_redirect_to_elsewhere_is_named_and_not_followed(
    there: str, site: Site, milk: Commodity
) -> None:
    site.answers = {NAME: status(302, b"", {"Location": f"{there}?token=secret"})}
    origin = "/".join(there.split("/")[:3])
    with pytest.raises(
        SourceUnreachable, match=f"redirects to {origin}/, which is not followed"
    ) as no:
        find(site.url, milk, DAY, None, QUICK)
    assert "secret" not in str(no.value)
    assert not no.value.passing
    assert len(site.requests) == 1


def test_the_body_of_a_redirect_is_not_read(site: Site, milk: Commodity) -> None:
    body = {"Location": "/elsewhere/file", "Content-Length": "1000000000000"}
    site.answers = {NAME: status(302, b"flood", body), "file": status(200, ZIP)}
    found = find(site.url, milk, DAY, None, QUICK)
    assert found is not None
    assert found.content == ZIP


def test_a_server_without_tls_is_not_asked_again(milk: Commodity) -> None:
    with plain_server() as (port, met):
        with pytest.raises(SourceUnreachable, match=r"ConnectError.*attempts: 1") as refused:
            find(f"https://127.0.0.1:{port}", milk, DAY, None, QUICK)
        assert not refused.value.passing
        assert len(met) == 1


def test_a_certificate_that_nobody_vouches_for_is_not_asked_again(
    milk: Commodity, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with plain_server(context) as (port, met):
        with pytest.raises(SourceUnreachable, match=r"CERTIFICATE_VERIFY_FAILED.*attempts: 1"):
            find(f"https://127.0.0.1:{port}", milk, DAY, None, QUICK)
        assert len(met) == 1


def test_endless_redirects_are_unreachable(site: Site, milk: Commodity) -> None:
    site.answers = {NAME: status(302, b"", {"Location": NAME})}
    with pytest.raises(SourceUnreachable, match="redirects more than 5 times"):
        find(site.url, milk, DAY, None, QUICK)


def test_credentials_are_used_but_never_shown(
    site: Site, milk: Commodity, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site.answers = {NAME: in_turn(status(200, ZIP), status(403))}
    url = site.url.replace("http://", "http://analyst:secret@")
    found = find(url, milk, DAY, None, QUICK)
    assert found is not None
    assert found.url == f"{site.url}/{NAME}"
    assert site.requests[0][1]["Authorization"].startswith("Basic ")
    with pytest.raises(SourceUnreachable) as refused:
        find(url, milk, DAY, None, QUICK)
    assert "secret" not in str(refused.value)
    assert NAME in caplog.text
    assert "secret" not in caplog.text


def test_a_page_for_a_missing_file_does_not_hide_an_older_one(site: Site, milk: Commodity) -> None:
    page = status(200, b"<html>No existe</html>")
    site.answers = {"Leche05062025.xlsx": page, NAME: status(200, ZIP)}
    found = find(site.url, milk, date(2025, 6, 6), None, QUICK)
    assert found is not None
    assert found.date == DAY
    last = find(site.url, milk, date(2025, 6, 6), DAY, QUICK)
    assert last is not None
    assert last.content == b"<html>No existe</html>"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/folder",
        "folder",
        "http://",
        "",
        "file://data/published",
        "http://[::1/folder",
        "http://me:secret@host:99999/folder",
        "http://me:secret/word@host/folder",
    ],
)
def test_urls_of_other_kinds_are_a_mistake_in_the_settings(url: str, milk: Commodity) -> None:
    with pytest.raises(SettingsError, match="PUBLICATION_URL") as refused:
        find(url, milk, DAY, None, QUICK)
    assert "secret" not in str(refused.value)


def test_a_pipe_in_the_folder_does_not_hold_a_run(tmp_path: Path, milk: Commodity) -> None:
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(SourceUnreachable, match=f"{NAME} cannot be read: it is a device or a pipe"):
        find(tmp_path.as_uri(), milk, DAY, None)


def test_a_folder_named_like_the_file_is_an_error(tmp_path: Path, milk: Commodity) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(SourceUnreachable, match=f"{NAME} cannot be read: .*directory"):
        find(tmp_path.as_uri(), milk, DAY, None)


def test_publications_served_as_sniim_does_fill_a_lake(tmp_path: Path, milk: Commodity) -> None:
    blocks = publications(4, milk)
    for count in range(1, 5):
        publish(tmp_path / "published", blocks[:count], milk)
    lake = open_lake(store_for(str(tmp_path / "lake")), milk, SourceKind.SNIIM)
    with serving(tmp_path / "published") as url:
        assert ingest(lake, url, blocks[1].date, LIMITS).new == (blocks[1].date,)
        summary = ingest(lake, url, date(2025, 6, 20), LIMITS)
    assert summary.backfilled == (blocks[2].date,)
    assert lake.cells(date(2025, 6, 20)) == {block.date: block.prices for block in blocks}
