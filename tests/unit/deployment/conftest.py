"""A simulated lake as it is served, with persistence and with a few trees."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from canasta.commodity import Commodity
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, XGBOOST
from canasta.forecast.training import Trainer
from canasta.parameters import read_parameters
from deployment.app.live import Live
from tests.unit.deployment import serve
from tests.unit.registry.builders import RECIPES, fitted


@pytest.fixture(scope="session")
def history(milk: Commodity) -> Panel:
    return serve.history(milk)


@pytest.fixture(scope="session")
def trees(history: Panel) -> Predictor:
    """A model on the features of this release, with few trees."""
    trainer = Trainer.of(history, read_parameters().fit, seed=1)
    return trainer.fit(RECIPES[XGBOOST], len(history.dates) - 1).predictor


@pytest.fixture(scope="session")
def live(history: Panel, trees: Predictor) -> Live:
    return serve.live(history, trees)


@pytest.fixture(scope="session")
def persistent(history: Panel) -> Live:
    """The same, with persistence as champion."""
    return serve.live(history, fitted(PERSISTENCE).predictor)


@pytest.fixture(scope="session")
def client(live: Live) -> FlaskClient:
    """Whoever asks, at noon of the newest publication's day."""
    return serve.client(live)
