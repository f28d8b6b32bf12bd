"""What the API is compared with, as WSGI applications for gunicorn."""

from __future__ import annotations

from typing import Any

import numpy as np
from flask import Flask, request

PRICE = {"predicted_price": 23.5}


def bare() -> Flask:
    """Flask that does nothing: it returns a constant."""
    app = Flask("bare")

    @app.post("/predict")
    def predict() -> dict[str, float]:
        return PRICE

    return app


def through_mlflow(models: list[str]) -> Flask:
    """Models of MLflow's, each of which predicts the row of features that a request brings.

    Args:
        models: their folders.
    """
    import mlflow.pyfunc  # noqa: PLC0415 # takes seconds, which the other rival should not pay

    loaded = [mlflow.pyfunc.load_model(model) for model in models]
    app = Flask("through MLflow")

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        row = np.asarray([request.get_json()["features"]], dtype=np.float32)
        return {"predicted": [np.ravel(model.predict(row)).tolist() for model in loaded]}

    return app
