import socket
import threading
import time

from canasta.ingest.watchdog import Watchdog


class Stream:
    """A connection as httpcore's trace hands it over."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected

    def get_extra_info(self, name: str) -> socket.socket:
        assert name == "socket"
        return self._connected


def told(watchdog: Watchdog, connected: socket.socket) -> None:
    watchdog.trace("connection.connect_tcp.complete", {"return_value": Stream(connected)})


def test_who_waits_is_woken_when_the_time_is_over() -> None:
    here, there = socket.socketpair()
    with here, there:
        watchdog = Watchdog()
        told(watchdog, here)
        here.settimeout(10)
        with watchdog.limit(0.05):
            assert here.recv(1) == b""
        assert watchdog.expired


def test_a_connection_made_too_late_is_cut_at_once() -> None:
    here, there = socket.socketpair()
    with here, there:
        watchdog = Watchdog()
        with watchdog.limit(0.01):
            while not watchdog.expired:
                time.sleep(0.005)
            told(watchdog, here)
            assert here.recv(1) == b""


def test_what_is_done_in_time_is_left_alone_and_no_thread_stays() -> None:
    here, there = socket.socketpair()
    threads = threading.active_count()
    with here, there:
        watchdog = Watchdog()
        told(watchdog, here)
        with watchdog.limit(60):
            there.sendall(b"x")
            assert here.recv(1) == b"x"
        assert not watchdog.expired
        assert threading.active_count() == threads
        there.sendall(b"y")
        assert here.recv(1) == b"y"


def test_a_closed_connection_is_no_fault() -> None:
    here, there = socket.socketpair()
    there.close()
    watchdog = Watchdog()
    told(watchdog, here)
    with watchdog.limit(0.01):
        here.close()
        while not watchdog.expired:
            time.sleep(0.005)
    with watchdog.limit(60):
        assert not watchdog.expired


def test_other_events_bring_no_connection() -> None:
    watchdog = Watchdog()
    watchdog.trace("http11.send_request_headers.complete", {"return_value": None})
    watchdog.trace("connection.connect_tcp.failed", {"exception": OSError()})
    with watchdog.limit(60):
        assert not watchdog.expired
