"""A simulated panel of 130 publications, shared by the tests of this room."""

from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.forecast.features.build import Features, build
from canasta.forecast.panel import Panel
from canasta.parameters import Parameters, read_parameters
from tests.panels import real_panel, simulated_panel


@pytest.fixture(scope="session")
def panel(milk: Commodity) -> Panel:
    return simulated_panel(milk, 130)


@pytest.fixture(scope="session")
def features(panel: Panel) -> Features:
    return build(panel)


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    return read_parameters()


@pytest.fixture(scope="session")
def real_history(milk: Commodity, real_data_dir: Path) -> Panel:
    return real_panel(milk, real_data_dir)
