"""The deployments and their schedules, served by one runner with its own Prefect server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from prefect.types.entrypoint import EntrypointType

from canasta.commodity import CalendarRules, Commodity
from canasta.settings import ROOT, Settings
from orchestration.background import RUN_FOLDER, find, remembered_here, start, stop
from orchestration.servers import prefect_api, prefect_server

PIPELINE_HOURS = "13-22"
"""From the hour of publication, then hourly: a run without a new file costs seconds."""
BATCH_HOURS = "23"


def pipeline_deployment(flow: Flow[..., Any], commodity: Commodity) -> RunnerDeployment:
    """Deploy the daily pipeline: on publication days at 13:00, and hourly until the evening."""
    name = f"daily-{commodity.name}-predictor"
    return _deployment(flow, name, publication_schedule(commodity.calendar, PIPELINE_HOURS))


def batch_deployment(flow: Flow[..., Any], commodity: Commodity) -> RunnerDeployment:
    """Deploy the nightly batch: on publication days at 23:00."""
    name = f"daily-{commodity.name}-batch"
    return _deployment(flow, name, publication_schedule(commodity.calendar, BATCH_HOURS))


def publication_schedule(calendar: CalendarRules, hours: str) -> Schedule:
    """Return a schedule at `hours` (a cron field) of the weekdays of publication.

    Holidays are not left out: on those days the run finds nothing new and ends.
    """
    days = ",".join(str((weekday + 1) % 7) for weekday in calendar.weekdays)  # cron: 0 is Sunday
    return Cron(f"0 {hours} * * {days}", timezone=calendar.time_zone)


def serve_on_schedule(
    deployments: Sequence[RunnerDeployment], settings: Settings, folder: Path = RUN_FOLDER
) -> None:
    """Serve `deployments` until interrupted (Ctrl-C or SIGTERM); runs go one at a time.

    The Prefect server is the one that `make prefect` started, or one of its own that ends with
    it. Runs that fell due while nothing was served are left out after an orderly end, and made
    up, one after the other, after a crash: either way the next run ingests what is missing.

    Raises:
        ServerError: the server does not start, or a schedule is served already.
    """
    with (
        _terminable(),
        _prefect(settings, folder) as api,
        remembered_here("schedule", api, folder),
    ):
        _introduce(deployments, api)
        runner = _Runner(name="schedule", limit=1)
        for deployment in deployments:
            runner.add_deployment(deployment)
        asyncio.run(runner.serve())
    print("The schedule has ended.")


class _Runner(Runner):
    """Prefect's runner, which ends in good order on SIGTERM: its runs, then itself.

    The original's handler calls a coroutine without awaiting it (Prefect 3.8.8). Ctrl-C cannot
    stand in for it, since shells start background jobs with SIGINT ignored.
    """

    async def serve(self) -> None:
        """Start runs as they fall due until interrupted or terminated."""
        self._serving = asyncio.current_task()
        with suppress(asyncio.CancelledError):
            await self.start()

    def handle_sigterm(self, *_args: Any, **_kwargs: Any) -> None:
        """Cancel `serve`; a second SIGTERM, while things are being ended, changes nothing."""
        serving = self._serving
        if serving is not None and not (serving.done() or serving.cancelling()):
            serving.get_loop().call_soon_threadsafe(serving.cancel)


def _introduce(deployments: Sequence[RunnerDeployment], api: str) -> None:
    print("Serving the schedule; Ctrl-C or `make stop` ends it. To start a run by hand:")
    for deployment in deployments:
        run = f".venv/bin/prefect deployment run '{deployment.full_name}'"
        print(f"  PREFECT_API_URL={api} {run}")
    sys.stdout.flush()


def _deployment(flow: Flow[..., Any], name: str, schedule: Schedule) -> RunnerDeployment:
    return RunnerDeployment.from_flow(
        flow, name, schedule=schedule, entrypoint_type=EntrypointType.MODULE_PATH
    )


@contextmanager
def _terminable() -> Iterator[None]:
    """Turn SIGTERM into an exit that runs every clean-up, as Ctrl-C does."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _prefect(settings: Settings, folder: Path) -> Iterator[str]:
    """Yield the API's URL, set for this process and for the runs that it starts."""
    lent = find("prefect", folder)
    server = lent or start(prefect_server(settings), folder)
    api = prefect_api(server)
    home = str(settings.prefect_home.resolve())
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))  # where runs find the flows
    os.environ.setdefault("DO_NOT_TRACK", "true")
    try:
        with temporary_settings({PREFECT_API_URL: api, PREFECT_HOME: home}):
            yield api
    finally:
        if lent is None:
            stop(server, folder)
