"""Fitting a recipe: scikit-learn and XGBoost here, trees in treelite form out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import treelite
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from canasta.forecast.panel import Floats
from canasta.forecast.predictor import MEAN, Predictor
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe

FOREST_THREADS = 2
"""A forest's trees are grown apart: their number of threads changes no bit."""

BOOSTING_THREADS = 1
"""XGBoost's sums depend on the number of threads, so it is fixed; and its threads wait busily
for each other, so that a second one makes fits several times slower where cores are shared."""


@dataclass(frozen=True)
class Fitted:
    """What a fit made.

    Attributes:
        predictor: the trees, ready to predict.
        native: the library's own model, for MLflow's flavours; None for persistence.
        newest_target: column of the newest change that was learnt; None where none was, or
            where rows came without their columns.
    """

    predictor: Predictor
    native: Any
    newest_target: int | None = None


def fit(
    recipe: Recipe, names: tuple[str, ...], rows: NDArray[np.float32], changes: Floats, seed: int
) -> Fitted:
    """Fit `recipe` to N training rows, (N, F), and their next changes, (N,).

    Raises:
        ValueError: the recipe names an unknown algorithm.
    """
    if recipe.algorithm == PERSISTENCE:
        return Fitted(Predictor(recipe, names, {}), None)
    fitters = {RANDOM_FOREST: _fit_forest, XGBOOST: _fit_boosting}
    if recipe.algorithm not in fitters:
        known = ", ".join([PERSISTENCE, *fitters])
        raise ValueError(f"Unknown algorithm {recipe.algorithm!r}; known: {known}.")
    native, trees = fitters[recipe.algorithm](recipe.params, rows, changes, seed)
    return Fitted(Predictor(recipe, names, {MEAN: trees.serialize_bytes()}), native)


def _fit_forest(
    params: Any, rows: NDArray[np.float32], changes: Floats, seed: int
) -> tuple[RandomForestRegressor, treelite.Model]:
    forest = RandomForestRegressor(**params, random_state=seed, n_jobs=FOREST_THREADS)
    forest.fit(rows, changes)
    return forest, treelite.sklearn.import_model(forest)


def _fit_boosting(
    params: Any, rows: NDArray[np.float32], changes: Floats, seed: int
) -> tuple[xgboost.Booster, treelite.Model]:
    settings = dict(params)
    rounds = settings.pop("n_estimators")
    settings |= {"tree_method": "hist", "seed": seed, "nthread": BOOSTING_THREADS, "verbosity": 0}
    booster = xgboost.train(settings, xgboost.DMatrix(rows, changes), num_boost_round=rounds)
    return booster, treelite.frontend.from_xgboost(booster)
