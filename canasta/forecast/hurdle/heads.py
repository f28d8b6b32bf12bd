"""Fitting one head of the hurdle: scikit-learn and XGBoost here, trees in treelite form out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import treelite
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from canasta.forecast.hurdle.mixture import CHANGE, MEAN, SIZE_DOWN, SIZE_UP, UP
from canasta.forecast.panel import Floats
from canasta.forecast.recipe import RANDOM_FOREST, XGBOOST

type HeadParameters = Mapping[str, Mapping[str, float | int]]
"""Hyper-parameters by the name under which heads share them, see PARAMETERS_OF."""

PARAMETERS_OF = {CHANGE: "change", UP: "up", SIZE_UP: "size", SIZE_DOWN: "size", MEAN: "mean"}
"""Whose hyper-parameters each head takes: both sizes take the same."""

PROBABILITIES = (CHANGE, UP)
"""Heads that classify; the others regress."""

THREADS = 1
"""XGBoost's heads are fitted side by side, each in one thread: its sums depend on the number of
threads, and its threads wait busily for each other where cores are shared."""

FOREST_THREADS = 2
"""Trees of a forest that are grown at a time; their number changes no bit."""

_ONE_FOREST = Lock()
"""Forests are fitted one after the other: scikit-learn swaps the process's warning filters while it
fits, and a second forest that reads them meanwhile warns of a misuse that is none."""

SPURIOUS = "`sklearn.utils.parallel.delayed` should be used with"
"""How the warning begins of a misuse that is none."""

BINS = 64
"""XGBoost's histograms have so many: features are rates and deviations, smooth at this grain,
and a quarter of the default's bins makes fits a seventh faster."""


@dataclass(frozen=True)
class FittedHead:
    """What a fit made.

    Attributes:
        trees: serialised treelite model.
        native: the library's own model, for MLflow's flavours.
    """

    trees: bytes
    native: Any


def lesson_of(head: str, changes: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Return which of N changes a head learns from, (N,), and what it learns of those, (M,).

    Sizes are learnt as logarithms: they span three powers of ten.
    """
    if head == SIZE_UP:
        return changes > 0, np.log(changes[changes > 0])
    if head == SIZE_DOWN:
        return changes < 0, np.log(-changes[changes < 0])
    if head == UP:
        moved = changes != 0
        return moved, (changes[moved] > 0).astype(np.float64)
    everything = np.ones(len(changes), dtype=bool)
    return everything, (changes != 0).astype(np.float64) if head == CHANGE else changes


def fit_head(
    algorithm: str,
    head: str,
    params: HeadParameters,
    rows: NDArray[np.float32],
    targets: Floats,
    seed: int,
) -> FittedHead:
    """Fit one head to N rows, (N, F), and what it is to say of them, (N,).

    Raises:
        ValueError: the algorithm is unknown.
    """
    fitters = {RANDOM_FOREST: _fit_forest, XGBOOST: _fit_boosting}
    if algorithm not in fitters:
        known = ", ".join(fitters)
        raise ValueError(f"Unknown algorithm {algorithm!r} of a hurdle; known: {known}.")
    own = params[PARAMETERS_OF[head]]
    return fitters[algorithm](own, rows, targets, seed, head in PROBABILITIES)


def _fit_forest(
    params: Mapping[str, Any],
    rows: NDArray[np.float32],
    targets: Floats,
    seed: int,
    classifies: bool,
) -> FittedHead:
    kind = RandomForestClassifier if classifies else RandomForestRegressor
    forest = kind(**params, random_state=seed, n_jobs=FOREST_THREADS)
    with _ONE_FOREST, _filters_kept():
        forest.fit(rows, targets)
    return FittedHead(treelite.sklearn.import_model(forest).serialize_bytes(), forest)


@contextmanager
def _filters_kept() -> Iterator[None]:
    """Give scikit-learn warning filters to swap that are not the process's.

    The threads of one forest swap them too, and may end with each other's, or with none. What
    they warn of is told afterwards, under the process's own filters, but for that misuse.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
    for one in told:
        if SPURIOUS not in str(one.message):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _fit_boosting(
    params: Mapping[str, Any],
    rows: NDArray[np.float32],
    targets: Floats,
    seed: int,
    classifies: bool,
) -> FittedHead:
    settings = dict(params)
    rounds = settings.pop("n_estimators")
    settings |= {
        "objective": "binary:logistic" if classifies else "reg:squarederror",
        "tree_method": "hist",
        "max_bin": BINS,
        "seed": seed,
        "nthread": THREADS,
        "verbosity": 0,
    }
    data = xgboost.QuantileDMatrix(rows, targets, max_bin=BINS, nthread=THREADS)
    booster = xgboost.train(settings, data, num_boost_round=rounds)
    return FittedHead(treelite.frontend.from_xgboost(booster).serialize_bytes(), booster)
