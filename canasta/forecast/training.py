"""Training rows: features at an origin, and the change that came."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from canasta.errors import TooLittleHistory
from canasta.forecast.features import Features
from canasta.forecast.fit import Fitted, fit
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import Recipe
from canasta.parameters import TrainingParameters


def next_changes(panel: Panel) -> Floats:
    """Change from each publication to the next, (S, T), in the unit.

    NaN where either price was not quoted, and in the newest column, whose target is to come.
    """
    changes = np.full(panel.prices.shape, np.nan)
    changes[:, :-1] = np.diff(panel.prices, axis=1)
    return changes


def training_rows(
    features: Features, changes: Floats, column: int, parameters: TrainingParameters
) -> tuple[NDArray[np.float32], Floats]:
    """Return what may be learnt by the publication in `column`: (N, F) rows, (N,) changes.

    The newest target is that publication itself; changes are clipped. Origins before the
    warm-up are left out.

    Raises:
        TooLittleHistory: nothing is left.
    """
    origins = slice(parameters.warm_up, column)
    known = np.isfinite(changes[:, origins])
    if not known.any():
        raise TooLittleHistory(
            f"Nothing to train on: {column + 1} publications, of which the first "
            f"{parameters.warm_up} only warm the features up. Ingest a longer history."
        )
    clipped = np.clip(changes[:, origins][known], -parameters.clip, parameters.clip)
    return features.values[:, origins][known], clipped


def fit_as_of(
    recipe: Recipe,
    features: Features,
    changes: Floats,
    column: int,
    parameters: TrainingParameters,
    seed: int,
) -> Fitted:
    """Fit `recipe` on all that was known by the publication in `column`."""
    rows, known = training_rows(features, changes, column, parameters)
    return fit(recipe, features.names, rows, known, seed)
