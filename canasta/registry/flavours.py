"""How a fitted model of each algorithm is logged to MLflow: natively, and without pickle.

What is logged natively is the head of the mean change to the next publication: one model that
anybody's MLflow loads and asks. All heads of all horizons are in the bundle beside it.

Imported by `tracking` once `connection` has quietened MLflow, and by nothing else.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import mlflow.pyfunc
import mlflow.sklearn
import mlflow.xgboost
import numpy as np
from mlflow.models import ModelSignature
from mlflow.types.schema import Schema, TensorSpec

from canasta.forecast.hurdle.mixture import MEAN
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.forecast.training import Fitted
from canasta.registry import persistence_flavour

PACKAGES = {
    PERSISTENCE: ("numpy",),
    RANDOM_FOREST: ("scikit-learn", "skops", "numpy"),
    XGBOOST: ("xgboost-cpu", "numpy"),
}
"""What loading a model of each algorithm needs; told to MLflow, which would otherwise find out
by loading it in a new process."""


def log_model(fitted: Fitted) -> tuple[str, str]:
    """Log `fitted` to the run that this thread has open.

    Returns:
        The model's URI in MLflow, and its id.
    """
    predictor = fitted.predictor
    algorithm = predictor.recipe.algorithm
    features = len(predictor.hurdles[0].features) if predictor.hurdles else 1
    common = {
        "name": "model",
        "pip_requirements": [f"{name}=={version(name)}" for name in PACKAGES[algorithm]],
        "signature": _signature(features),
    }
    with warnings.catch_warnings():
        # The signature is exact; an example would only be run through the model to find it.
        warnings.filterwarnings("ignore", message=".*An input example was not provided")
        logged = _LOGGERS[algorithm](fitted.natives.get(f"1-{MEAN}"), common)
    return str(logged.model_uri), str(logged.model_id)


def _log_persistence(_native: None, common: dict[str, Any]) -> Any:
    return mlflow.pyfunc.log_model(
        loader_module=persistence_flavour.__name__.rpartition(".")[2],
        code_paths=[persistence_flavour.__file__],
        **common,
    )


def _log_forest(native: Any, common: dict[str, Any]) -> Any:
    return mlflow.sklearn.log_model(
        native, skops_trusted_types=["sklearn.tree._tree.Tree"], **common
    )


def _log_boosting(native: Any, common: dict[str, Any]) -> Any:
    return mlflow.xgboost.log_model(native, **common)


_LOGGERS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    PERSISTENCE: _log_persistence,
    RANDOM_FOREST: _log_forest,
    XGBOOST: _log_boosting,
}


def _signature(features: int) -> ModelSignature:
    rows = TensorSpec(np.dtype(np.float32), (-1, features))
    changes = TensorSpec(np.dtype(np.float64), (-1,))
    return ModelSignature(Schema([rows]), Schema([changes]))
