"""Prefect as a person at a terminal wants it: quiet, and at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_LEVEL,
    temporary_settings,
)

from orchestration.background import find
from orchestration.servers import prefect_api


@contextmanager
def prefect_at_a_terminal() -> Iterator[None]:
    """Run flows in this process, on the server of `make prefect` where that runs.

    Prefect's log repeats what the display shows, and prints a traceback for errors that are told
    in a sentence at the end: at a terminal it stays silent.
    """
    wanted = {PREFECT_LOGGING_LEVEL: "CRITICAL", PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    server = find("prefect")
    if server is not None:
        wanted[PREFECT_API_URL] = prefect_api(server)
    with ExitStack() as stack:
        stack.enter_context(temporary_settings(wanted))
        yield
