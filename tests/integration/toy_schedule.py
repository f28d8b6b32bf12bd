"""A toy flow, served every five seconds as `make schedule` serves the real ones."""

import time
from datetime import timedelta
from pathlib import Path

from prefect import flow
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from canasta.settings import Settings
from orchestration.schedule import serve_on_schedule


@flow(name="toy", log_prints=True)
def toy(ledger: str, word: str = "scheduled", seconds: float = 0) -> None:
    with Path(ledger).open("a", encoding="utf-8") as file:
        file.write(f"{word}\n")
    time.sleep(seconds)


def main(folder: str, ledger: str) -> None:
    deployment = RunnerDeployment.from_flow(
        toy,
        "every-five-seconds",
        interval=timedelta(seconds=5),
        parameters={"ledger": ledger},
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    place = Path(folder)
    serve_on_schedule([deployment], Settings(prefect_home=place / "prefect"), place)
