"""Prefect as a person at a terminal wants it: in this process, and without waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    temporary_settings,
)

from canasta.errors import ServerError
from orchestration.background import find
from orchestration.servers import prefect_api

UNREACHED = "Failed to reach API"
"""What Prefect says, in a RuntimeError, when its server is not there."""

STARTUP_S = 180
"""How long a server of the run's own may take to start: on a busy machine the default of 20 s is
not enough."""


@contextmanager
def prefect_at_a_terminal() -> Iterator[None]:
    """Run flows in this process, on the server of `make prefect` where that runs.

    PREFECT_API_URL, where it is set, wins. Without heartbeats, whose end costs a second at the
    end of each flow run (Prefect 3.8).

    Raises:
        ServerError: PREFECT_API_URL names a server that does not answer.
    """
    wanted: dict[Any, Any] = {
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: STARTUP_S,
    }
    server = find("prefect")
    if server is not None and not PREFECT_API_URL.value():
        wanted[PREFECT_API_URL] = prefect_api(server)
    with temporary_settings(wanted):
        try:
            yield
        except RuntimeError as error:
            if UNREACHED not in str(error):
                raise
            raise ServerError(
                f"No Prefect server answers at {PREFECT_API_URL.value()}. Start it (`make "
                "prefect`), or unset PREFECT_API_URL to run without one."
            ) from error
