"""Hyperopt search of one algorithm's hyper-parameters on time-ordered folds.

The search sees only publications up to a given column: the back-test puts it before the first
evaluation origin, so that what was searched was never evaluated on the same prices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hyperopt import STATUS_OK, Trials, fmin, hp, tpe
from hyperopt.fmin import generate_trials_to_calculate

from canasta.errors import TooLittleHistory
from canasta.forecast.recipe import Recipe
from canasta.forecast.training import Trainer
from canasta.parameters import Dimension, Parameters


@dataclass(frozen=True)
class Trial:
    """One evaluation: the recipe tried, and its RMSE of the next change over the folds."""

    number: int
    recipe: Recipe
    rmse: float


@dataclass(frozen=True)
class Search:
    """All trials of one algorithm, in order."""

    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial with the lowest RMSE; the earliest of equals."""
        return min(self.trials, key=lambda trial: (trial.rmse, trial.number))


@dataclass(frozen=True)
class Fold:
    """One validation period: fitted up to column `first`, judged on origins `first`..`stop`-1."""

    first: int
    stop: int


def time_ordered_folds(column: int, count: int, length: int, warm_up: int) -> tuple[Fold, ...]:
    """Lay `count` consecutive folds of `length` origins, their last target at `column`.

    Raises:
        TooLittleHistory: the first fold would have no `length` origins to train on.
    """
    folds = tuple(
        Fold(column - length * (count - i), column - length * (count - i - 1)) for i in range(count)
    )
    if folds[0].first < warm_up + length:
        raise TooLittleHistory(
            f"Tuning on {count} folds of {length} publications needs "
            f"{warm_up + length * (count + 1) + 1} publications before the first evaluation "
            f"origin; there are {column + 1}. Ingest a longer history."
        )
    return folds


@dataclass(frozen=True)
class Budget:
    """How long a search may take: evaluations, and seconds (0 for no limit)."""

    max_evals: int
    seconds: int = 0


def search(
    algorithm: str,
    trainer: Trainer,
    column: int,
    parameters: Parameters,
    budget: Budget,
    champion: Recipe | None = None,
    told: Callable[[Trial], None] = lambda _: None,
) -> Search:
    """Search the space of `algorithm` on targets up to the publication in `column`.

    The first point is the champion's recipe if it is of this algorithm and lies in the space,
    else the start of `params.toml`.

    Args:
        algorithm: a key of the search spaces.
        trainer: the history; its seed is Hyperopt's too.
        column: the newest publication that the search may see.
        parameters: spaces, starts and folds.
        budget: when to stop.
        champion: the recipe to begin with.
        told: called with each trial as it ends.

    Raises:
        TooLittleHistory: there is no room for the folds.
    """
    space = parameters.space[algorithm]
    known = trainer.known_by(column)
    folds = time_ordered_folds(
        column, parameters.tuning.folds, parameters.tuning.fold_length, parameters.training.warm_up
    )
    trials: list[Trial] = []

    def objective(point: Mapping[str, float]) -> dict[str, Any]:
        recipe = Recipe(algorithm, _plain(point, space))
        trials.append(Trial(len(trials), recipe, _validation_rmse(recipe, known, folds)))
        told(trials[-1])
        return {"loss": trials[-1].rmse, "status": STATUS_OK}

    start = _start(algorithm, parameters, champion)
    if budget.max_evals == 1:
        objective(start)  # fmin would count the waiting start as done, and evaluate nothing
        return Search(tuple(trials))
    fmin(
        objective,
        {name: _expression(name, dimension) for name, dimension in space.items()},
        algo=tpe.suggest,
        max_evals=budget.max_evals,
        timeout=budget.seconds or None,
        trials=_beginning_with(start),
        rstate=np.random.default_rng(trainer.seed),
        show_progressbar=False,
        verbose=False,
    )
    return Search(tuple(trials))


def _beginning_with(point: Mapping[str, float | int]) -> Trials:
    trials = generate_trials_to_calculate([point])
    # Refreshed, the waiting point counts as one of max_evals.
    trials.refresh()
    return trials


def _validation_rmse(recipe: Recipe, trainer: Trainer, folds: tuple[Fold, ...]) -> float:
    squares = []
    for fold in folds:
        predictor = trainer.fit(recipe, fold.first).predictor
        origins = slice(fold.first, fold.stop)
        known = np.isfinite(trainer.changes[:, origins])
        predicted = predictor.mean_change(trainer.features.values[:, origins][known])
        # Clipped as in training: a handful of jumps would decide the search by chance.
        limit = trainer.parameters.clip
        error = np.clip(predicted - trainer.changes[:, origins][known], -limit, limit)
        squares.append(np.square(error))
    return math.sqrt(float(np.concatenate(squares).mean()))


def _expression(name: str, dimension: Dimension) -> Any:
    low, high = dimension.low, dimension.high
    if "log" in dimension.kind:
        low, high = math.log(low), math.log(high)
    step = () if dimension.q is None else (dimension.q,)
    return getattr(hp, dimension.kind)(name, low, high, *step)


def _plain(point: Mapping[str, float], space: Mapping[str, Dimension]) -> dict[str, Any]:
    """Turn Hyperopt's floats into what the libraries take: whole numbers on whole steps."""
    return {
        name: _clipped_whole(point[name], dimension)
        if dimension.q is not None and dimension.q == int(dimension.q)
        else float(point[name])
        for name, dimension in space.items()
    }


def _clipped_whole(value: float, dimension: Dimension) -> int:
    # Rounding to a step can leave the interval by up to half a step.
    return int(min(max(value, dimension.low), dimension.high))


def _start(
    algorithm: str, parameters: Parameters, champion: Recipe | None
) -> dict[str, float | int]:
    space = parameters.space[algorithm]
    if (
        champion is not None
        and champion.algorithm == algorithm
        and champion.params.keys() == space.keys()
        and all(d.low <= champion.params[name] <= d.high for name, d in space.items())
    ):
        return dict(champion.params)
    return dict(parameters.start[algorithm])
