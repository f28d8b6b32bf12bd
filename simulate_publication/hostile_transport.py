"""How a server may fail to hand over a workbook: one function for each way."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from canasta.ingest.archive import UNPACKED_PER_BYTE
from canasta.workbook_bytes import STAMP

WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE_TYPE = "text/html; charset=utf-8"
PAGE = (
    '<!DOCTYPE html><html lang="es"><head><meta charset="utf-8"><title>{0}</title></head>'
    "<body><h2>{0}.</h2></body></html>"
)
ABSENT_PAGE = PAGE.format("404 - No se encontró el archivo o el directorio").encode()
SORRY_PAGE = PAGE.format("El sitio se encuentra en mantenimiento").encode()

CHUNK = 65536
SILENCE = 600.0
"""Seconds for which a stalled answer stays open: longer than any client should wait."""
PAUSE = 0.05
"""Seconds between two bytes of a trickle."""

type Answer = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request for a workbook, to be answered badly.

    Attributes:
        request: to answer through.
        workbook: what should be sent.
        max_bytes: the largest file that the commodity's readers accept.
        attempt: how often this file was asked for, this time included.
        closing: set when the server ends.
    """

    request: BaseHTTPRequestHandler
    workbook: bytes
    max_bytes: int
    attempt: int
    closing: threading.Event

    def start(self, status: HTTPStatus, kind: str, length: int) -> None:
        """Send status and headers, promising `length` bytes."""
        self.request.send_response(status)
        self.request.send_header("Content-Type", kind)
        self.request.send_header("Content-Length", str(length))
        self.request.end_headers()

    def send(
        self, body: bytes, kind: str = WORKBOOK_TYPE, status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        """Send a whole answer."""
        self.start(status, kind, len(body))
        self.request.wfile.write(body)

    def send_half(self) -> None:
        """Promise the workbook and send its first half."""
        self.start(HTTPStatus.OK, WORKBOOK_TYPE, len(self.workbook))
        self.request.wfile.write(self.workbook[: len(self.workbook) // 2])


def html_page(exchange: Exchange) -> None:
    """Answer 200 with a page."""
    exchange.send(SORRY_PAGE, PAGE_TYPE)


def truncated_zip(exchange: Exchange) -> None:
    """Send half of the workbook as if it were all."""
    exchange.send(exchange.workbook[: len(exchange.workbook) // 2])


def zip_bomb(exchange: Exchange) -> None:
    """Send a small file that unpacks to more than readers may bear."""
    exchange.send(_bomb(exchange.max_bytes * UNPACKED_PER_BYTE + 1))


def over_size(exchange: Exchange) -> None:
    """Send the workbook, and zeros behind it until the file is larger than it may be."""
    length = exchange.max_bytes + 1
    exchange.start(HTTPStatus.OK, WORKBOOK_TYPE, length)
    exchange.request.wfile.write(exchange.workbook[:length])
    for zeros in _zeros(length - len(exchange.workbook)):
        exchange.request.wfile.write(zeros)


def stall(exchange: Exchange) -> None:
    """Send half, then nothing, and keep the connection open."""
    exchange.send_half()
    exchange.closing.wait(SILENCE)


def broken_connection(exchange: Exchange) -> None:
    """Send half, then end the connection."""
    exchange.send_half()
    exchange.request.close_connection = True


def server_error(exchange: Exchange) -> None:
    """Answer 500."""
    exchange.send(SORRY_PAGE, PAGE_TYPE, HTTPStatus.INTERNAL_SERVER_ERROR)


def server_error_once(exchange: Exchange) -> None:
    """Answer 500 to the first request for a file, and as it should be to those after it."""
    if exchange.attempt == 1:
        server_error(exchange)
    else:
        exchange.send(exchange.workbook)


def missing_file(exchange: Exchange) -> None:
    """Answer 404."""
    exchange.send(ABSENT_PAGE, PAGE_TYPE, HTTPStatus.NOT_FOUND)


def trickle(exchange: Exchange) -> None:
    """Send byte by byte, with a pause after each."""
    exchange.start(HTTPStatus.OK, WORKBOOK_TYPE, len(exchange.workbook))
    for at in range(len(exchange.workbook)):
        exchange.request.wfile.write(exchange.workbook[at : at + 1])
        if exchange.closing.wait(PAUSE):
            return


def _bomb(unpacked: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        sheet = zipfile.ZipInfo("xl/worksheets/sheet1.xml", STAMP.timetuple()[:6])
        sheet.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(sheet, "w") as part:
            for zeros in _zeros(unpacked):
                part.write(zeros)
    return packed.getvalue()


def _zeros(count: int) -> Iterator[bytes]:
    for at in range(0, count, CHUNK):
        yield bytes(min(CHUNK, count - at))
