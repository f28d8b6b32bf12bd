"""A real MLflow with a version of each algorithm, and a registry on an empty lake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.registry.gate import Evidence, decide
from canasta.registry.steps import Basis, Registry, Ruling
from canasta.registry.tracking import Tracking
from canasta.store import Store
from tests.unit.registry.builders import LINEAGE, bundle, fitted, outlook, panel, task
from tests.unit.registry.test_gate import MARGINS

ALGORITHMS = (PERSISTENCE, XGBOOST, RANDOM_FOREST)


def tracking_in(folder: Path) -> Tracking:
    return Tracking(f"sqlite:///{folder / 'mlflow.db'}", str(folder / "mlartifacts"), "milk")


def register(tracking: Tracking, algorithm: str, seed: int = 1, source: str = "sniim") -> int:
    model = fitted(algorithm, seed)
    with tracking.run(algorithm, {"seed": str(seed)}, model.predictor.recipe.as_dict()) as run:
        run.log_metrics({"rmse": 0.341})
        return run.register(model, bundle(model, {"rmse": 0.341}, source))


def register_all(tracking: Tracking) -> Mapping[str, int]:
    return {algorithm: register(tracking, algorithm) for algorithm in ALGORITHMS}


@dataclass
class Clock:
    """Goes on by a second each time it is asked."""

    time: datetime = field(default=datetime(2025, 4, 30, 19, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def free() -> None:
    """Nobody else holds the lake."""


def registry_on(lake: Store, tracking: Tracking, check_lock: Callable[[], None] = free) -> Registry:
    return Registry(lake, tracking, Clock(), check_lock)


def basis(publications: int = 6) -> Basis:
    history = panel(publications)
    return Basis(history, "sniim", LINEAGE, lambda predictor: outlook(history, predictor))


def assert_same_forecasts(found: Predictor, expected: Predictor) -> None:
    """Both know the same horizons, and give the same distributions from one origin, bit for bit."""
    assert len(found.hurdles) == len(expected.hurdles)
    history, features = panel(), [task(horizon).features for horizon in (1, 2)]
    newest = len(history.dates) - 1
    for horizon in (1, 2):
        one, other = (who.changes(history, features, newest, horizon) for who in (found, expected))
        assert one.p_change.max() > 0
        np.testing.assert_array_equal(one.atoms, other.atoms)
        np.testing.assert_array_equal(one.weights, other.weights)


def everything(lake: Store) -> dict[str, bytes]:
    """Return what a promotion writes, by key."""
    folders = ("bundles", "panels", "decisions", "promoted")
    return {key: lake.read(key) for folder in folders for key in lake.keys(folder)}


def ruling(evidence: Evidence | None = None) -> Ruling:
    shown = evidence or Evidence(0, None, ())
    return Ruling(shown, MARGINS, decide(shown, MARGINS))
