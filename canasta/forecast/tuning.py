"""Hyperopt search of one algorithm's hyper-parameters on time-ordered folds.

The search sees only publications up to a given column: the back-test puts it before the first
evaluation origin, so that what was searched was never evaluated on the same prices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from hyperopt import STATUS_OK, Trials, fmin, hp, tpe
from hyperopt.fmin import generate_trials_to_calculate

from canasta.errors import TooLittleHistory
from canasta.forecast.hurdle.calibration import learn_calibration
from canasta.forecast.hurdle.fit import WORKERS
from canasta.forecast.hurdle.heads import HeadParameters
from canasta.forecast.hurdle.mixture import HEADS, distribution
from canasta.forecast.hurdle.trees import Trees
from canasta.forecast.recipe import RANDOM_FOREST, Recipe
from canasta.forecast.training import Trainer
from canasta.parameters import Dimension, Parameters


@dataclass(frozen=True)
class Trial:
    """One evaluation: the recipe tried, and its CRPS of the next change over the folds."""

    number: int
    recipe: Recipe
    crps: float


@dataclass(frozen=True)
class Search:
    """All trials of one algorithm, in order."""

    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial with the lowest CRPS; the earliest of equals."""
        return min(self.trials, key=lambda trial: (trial.crps, trial.number))


@dataclass(frozen=True)
class Fold:
    """One period: forecast from origins `first`..`stop`-1 by heads fitted up to column `first`."""

    first: int
    stop: int


def time_ordered_folds(column: int, count: int, length: int, warm_up: int) -> tuple[Fold, ...]:
    """Lay `count` consecutive folds of `length` origins, their last target at `column`.

    One more lies before them: what it shows calibrates the first of them.

    Raises:
        TooLittleHistory: the earliest would have no `length` origins to train on.
    """
    folds = tuple(
        Fold(column - length * (count + 1 - i), column - length * (count - i))
        for i in range(count + 1)
    )
    if folds[0].first < warm_up + length:
        raise TooLittleHistory(
            f"Tuning on {count} folds of {length} publications needs "
            f"{warm_up + length * (count + 2) + 1} publications before the first evaluation "
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
    else that of `params.toml`. Parameters outside the space are those of `params.toml`.

    Args:
        algorithm: a key of the search spaces.
        trainer: the history; its seed is Hyperopt's too.
        column: the newest publication that the search may see.
        parameters: spaces, starts and folds.
        budget: when to stop.
        champion: the recipe to begin with.
        told: called with each trial as it ends.

    Raises:
        TooLittleHistory: there is no room for the folds, or too few kinds of change in one.
    """
    space = parameters.space[algorithm]
    known = trainer.known_by(column)
    folds = time_ordered_folds(
        column, parameters.tuning.folds, parameters.tuning.fold_length, parameters.training.warm_up
    )
    trials: list[Trial] = []

    def objective(point: Mapping[str, float]) -> dict[str, Any]:
        recipe = Recipe(algorithm, _with(parameters.heads[algorithm], _plain(point, space)))
        crps = _validation_crps(recipe, known, folds, parameters.tuning.history)
        trials.append(Trial(len(trials), recipe, crps))
        told(trials[-1])
        return {"loss": trials[-1].crps, "status": STATUS_OK}

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


def _validation_crps(
    recipe: Recipe, trainer: Trainer, folds: tuple[Fold, ...], history: int
) -> float:
    """Mean CRPS of the next change over the folds but the first, each calibrated by those before.

    Only the heads are fitted anew for each fold, on the newest `history` publications before it:
    holding out origins inside each would fit twice as many, and ranks recipes no better.
    """
    hurdles, task = trainer.hurdles, trainer.tasks[0]
    tried = _lighter(recipe)
    lessons = [hurdles.lesson(task, fold.first, history) for fold in folds]
    came = [task.examples(fold.first, fold.stop) for fold in folds]
    with ThreadPoolExecutor(WORKERS) as pool:
        begun = [hurdles.begin_heads(pool, tried, lesson, HEADS) for lesson in lessons]
        shown = [
            {head: Trees(job.result().trees).predict(fold.rows) for head, job in heads.items()}
            for heads, fold in zip(begun, came, strict=True)
        ]
    scores = []
    for number in range(1, len(folds)):
        changes = lessons[number].changes
        calibration = learn_calibration(
            {head: np.concatenate([out[head] for out in shown[:number]]) for head in HEADS},
            np.concatenate([fold.changes for fold in came[:number]]),
            (float(changes.max()), float(-changes.min())),
            trainer.parameters.hurdle,
        )
        scores.append(distribution(shown[number], calibration).crps(came[number].changes))
    return float(np.concatenate(scores).mean())


def _lighter(recipe: Recipe) -> Recipe:
    """Return a forest of half as many trees, which ranks recipes as well; others as they are."""
    if recipe.algorithm != RANDOM_FOREST:
        return recipe
    halved = {
        head: {**params, "n_estimators": max(1, params["n_estimators"] // 2)}
        for head, params in recipe.params.items()
    }
    return Recipe(recipe.algorithm, halved, recipe.features)


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


def _with(heads: HeadParameters, point: Mapping[str, float | int]) -> dict[str, Any]:
    """Return the parameters of all heads, those of `point`, by `head.name`, in their place."""
    changed = {head: dict(params) for head, params in heads.items()}
    for dotted, value in point.items():
        head, _, name = dotted.partition(".")
        changed[head][name] = value
    return changed


def _start(
    algorithm: str, parameters: Parameters, champion: Recipe | None
) -> dict[str, float | int]:
    space = parameters.space[algorithm]
    found = _point(parameters.heads[algorithm], space)
    if champion is None or champion.algorithm != algorithm:
        return found
    try:
        own = _point(champion.params, space)
    except KeyError:  # of an earlier release, whose heads were others
        return found
    inside = all(dimension.low <= own[name] <= dimension.high for name, dimension in space.items())
    return own if inside else found


def _point(heads: HeadParameters, space: Mapping[str, Dimension]) -> dict[str, float | int]:
    """Return where `heads` lie in the space."""
    named = {name: name.partition(".")[::2] for name in space}
    return {name: heads[head][parameter] for name, (head, parameter) in named.items()}
