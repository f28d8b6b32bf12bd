"""What the tests of the pipeline share: one Prefect server, and houses that report to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canasta.settings import Settings
from orchestration.background import start, stop
from orchestration.servers import prefect_api as api_of
from orchestration.servers import prefect_server
from tests.integration.pipeline_setting import House


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a Prefect server, started as `make prefect` starts it."""
    folder = tmp_path_factory.mktemp("prefect")
    server = start(prefect_server(Settings(prefect_home=folder / "home")), folder / "run")
    yield api_of(server)
    stop(server, folder / "run")


@pytest.fixture
def house(tmp_path: Path, prefect_api: str) -> House:
    """An empty house."""
    return House(tmp_path, prefect_api)
