"""What these tests share: one Prefect server, houses that report to it, a real MLflow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from canasta.registry.steps import Registry
from canasta.registry.tracking import Tracking
from canasta.settings import Settings
from canasta.store import Store
from orchestration import workspace
from orchestration.background import start, stop
from orchestration.servers import prefect_api as api_of
from orchestration.servers import prefect_server
from tests.integration.pipeline_setting import Ended, House
from tests.integration.registry_setting import register_all, registry_on, tracking_in
from tests.quick_heads import quick_parameters


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a Prefect server, started as `make prefect` starts it."""
    folder = tmp_path_factory.mktemp("prefect")
    server = start(prefect_server(Settings(prefect_home=folder / "home")), folder / "run")
    yield api_of(server)
    stop(server, folder / "run")


@dataclass(frozen=True)
class FirstRun:
    """The first run in a house, as of DAY."""

    DAY = "2024-10-09"
    TARGET = "2024-10-11"

    house: House
    ended: Ended


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> FirstRun:
    """A run on an empty house, with history enough for a model to win. Leave it as it is."""
    house = House(tmp_path_factory.mktemp("first"), prefect_api)
    return FirstRun(house, house.daily(FirstRun.DAY))


@pytest.fixture
def lived_in(first_run: FirstRun, tmp_path: Path) -> House:
    """A copy of the house after its first run, to change at will."""
    assert first_run.ended.code == 0, first_run.ended.told()
    folder = tmp_path / "copy"
    shutil.copytree(first_run.house.folder, folder)
    return replace(first_run.house, folder=folder)


@pytest.fixture
def at_home(lived_in: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The house whose variables stand in this process's own environment."""
    for name, value in lived_in.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(workspace, "read_parameters", quick_parameters)
    return lived_in


@pytest.fixture
def house(tmp_path: Path, prefect_api: str) -> House:
    """An empty house."""
    return House(tmp_path, prefect_api)


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    """An MLflow of the module's own."""
    return tracking_in(tmp_path_factory.mktemp("mlflow"))


@pytest.fixture(scope="module")
def versions(tracking: Tracking) -> Mapping[str, int]:
    """The version in `tracking` of each algorithm."""
    return register_all(tracking)


@pytest.fixture
def registry(tmp_path: Path, tracking: Tracking) -> Registry:
    """A registry on an empty lake."""
    return registry_on(Store(str(tmp_path / "lake")), tracking)


@pytest.fixture
def down(tmp_path: Path) -> Tracking:
    """An MLflow that does not answer."""
    return Tracking("http://127.0.0.1:9", str(tmp_path), "milk")
