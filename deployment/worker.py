"""gunicorn's threaded worker, which ends as soon as nobody is waiting for an answer."""

from __future__ import annotations

from gunicorn.workers.gthread import ThreadWorker

SECOND = 1.0


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Answers on threads.

    Told to stop, gunicorn's own sleeps for as long as it is given at most, unless something
    happens: one idle connection, such as a monitor keeps, and every stop takes 25 seconds. This
    one looks each second whether the idle ones have had their time, and ends when they have.
    """

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Let happen what happens within `timeout`, in seconds, or one second."""
        super().wait_for_and_dispatch_events(min(timeout, SECOND))
