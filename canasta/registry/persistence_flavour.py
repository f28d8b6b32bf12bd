"""Persistence as an MLflow model: this file is copied into the model and loaded from there.

It imports nothing of Canasta, so that the model loads wherever NumPy is. No pickle is involved.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Persistence:
    """Predicts that no price moves."""

    def predict(self, rows: Sized, params: dict[str, Any] | None = None) -> NDArray[np.float64]:  # noqa: ARG002 - MLflow passes it by name
        """Return a change of 0 for each of N rows, (N, F): (N,)."""
        return np.zeros(len(rows))


def _load_pyfunc(path: str) -> Persistence:  # noqa: ARG001 - MLflow's loader protocol
    return Persistence()
