"""Asking without waiting for ever: whoever does not answer in time is left to himself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future


class Deadline:
    """Does one thing at a time, and waits so long for it, whatever happens.

    Libraries bound the wait for the next byte; a server that sends one now and then is waited for
    without an end. Work that is late goes on, on a thread of its own, and what comes of it is
    nobody's; until it has ended, no other is begun. Lambda freezes such a thread between two
    requests: it goes on when the next one comes, and finds its connection gone.

    Args:
        seconds: of the wait.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._busy = threading.Lock()

    def __call__[T](self, work: Callable[[], T]) -> T:
        """Return what `work` returns.

        Raises:
            TimeoutError: it does not in time, or earlier work still has not.
            Exception: what it raises.
        """
        until = time.monotonic() + self._seconds
        if not self._busy.acquire(timeout=self._seconds):
            raise TimeoutError
        done: Future[T] = Future()
        threading.Thread(target=self._do, args=(work, done), name="look", daemon=True).start()
        return done.result(max(0.0, until - time.monotonic()))

    def _do[T](self, work: Callable[[], T], done: Future[T]) -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 # handed over to who waits
            self._busy.release()
            done.set_exception(error)
        else:
            self._busy.release()
            done.set_result(result)
