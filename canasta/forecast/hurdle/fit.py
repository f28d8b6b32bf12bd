"""Fitting the hurdle mixture: heads on all that is known, calibrated by heads that knew less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canasta.errors import TooLittleHistory
from canasta.forecast.changes import changes_over
from canasta.forecast.features.build import Features
from canasta.forecast.hurdle.calibration import HeldOut, held_out, learn_calibration
from canasta.forecast.hurdle.heads import FittedHead, fit_head, lesson_of
from canasta.forecast.hurdle.mixture import CALIBRATED, HEADS, MEAN, Hurdle
from canasta.forecast.hurdle.trees import Trees
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import Recipe
from canasta.parameters import HurdleParameters, TrainingParameters

WORKERS = 2
"""Heads begun at a time: they share nothing, so their number changes no bit."""


@dataclass(frozen=True)
class Examples:
    """(N, F) rows, and the (N,) changes that came, in the unit; none is NaN."""

    rows: NDArray[np.float32]
    changes: Floats

    @property
    def signs(self) -> set[float]:
        """Whether prices fell, stayed, rose: -1, 0, 1."""
        return set(np.unique(np.sign(self.changes)).tolist())


@dataclass(frozen=True)
class Task:
    """A history laid out for learning the change over `horizon` publications.

    Attributes:
        horizon: publications.
        features: of this horizon, for S series at T origins.
        changes: (S, T) changes from each origin, in the unit; NaN where unknown.
    """

    horizon: int
    features: Features
    changes: Floats

    @classmethod
    def of(cls, panel: Panel, features: Sequence[Features]) -> tuple[Task, ...]:
        """Return the tasks of horizons 1, 2, … of `panel`, given the features of each."""
        return tuple(
            cls(horizon, own, changes_over(panel.prices, horizon))
            for horizon, own in enumerate(features, start=1)
        )

    def examples(self, first: int, stop: int) -> Examples:
        """Return what came of the origins `first` to `stop` - 1."""
        known = np.isfinite(self.changes[:, first:stop])
        return Examples(
            self.features.values[:, first:stop][known], self.changes[:, first:stop][known]
        )

    def newest_target(self, stop: int) -> int:
        """Column of the newest publication that tells a change from an origin before `stop`."""
        origins = np.flatnonzero(np.isfinite(self.changes[:, :stop]).any(axis=0))
        return int(origins[-1]) + self.horizon


@dataclass(frozen=True)
class HurdleFit:
    """What a fit made.

    Attributes:
        hurdle: the model, ready to predict.
        natives: the libraries' own models by head, for MLflow's flavours.
        newest_target: column of the newest publication that was learnt from.
    """

    hurdle: Hurdle
    natives: Mapping[str, Any]
    newest_target: int


@dataclass(frozen=True)
class HurdleTrainer:
    """How hurdles are fitted.

    Attributes:
        hurdle: constants of the mixture.
        training: warm-up, and the size at which changes are clipped for the direct mean.
        seed: of every head.
    """

    hurdle: HurdleParameters
    training: TrainingParameters
    seed: int

    def fit(self, recipe: Recipe, task: Task, column: int) -> HurdleFit:
        """Fit `recipe` on the targets known by the publication in `column`.

        Raises:
            TooLittleHistory: too few publications, or too few kinds of change among them.
            ValueError: the recipe's algorithm is unknown.
        """
        (fitted,) = self.fit_all([(recipe, task, column)])
        return fitted

    def fit_all(self, jobs: Iterable[tuple[Recipe, Task, int]]) -> Iterator[HurdleFit]:
        """Fit each job's recipe as `fit` does, in order.

        The next job is begun before the last one is over, so that no core waits.
        """
        with ThreadPoolExecutor(WORKERS) as pool:
            begun: _Begun | None = None
            for recipe, task, column in jobs:
                following = self._begin(pool, recipe, task, column)
                if begun is not None:
                    yield begun.result()
                begun = following
            if begun is not None:
                yield begun.result()

    def _begin(self, pool: Executor, recipe: Recipe, task: Task, column: int) -> _Begun:
        fold = held_out(column, task.horizon, self.training.warm_up, self.hurdle.held_out)
        whole = self.lesson(task, fold.stop)
        return _Begun(
            trainer=self,
            task=task,
            fold=fold,
            whole=whole,
            heads=self.begin_heads(pool, recipe, whole, HEADS),
            before=self.begin_heads(
                pool, recipe, self.lesson(task, fold.trained_until), CALIBRATED
            ),
        )

    def lesson(self, task: Task, stop: int, newest: int | None = None) -> Examples:
        """Return what came of the origins from the warm-up to `stop` - 1, or the `newest` of them.

        Raises:
            TooLittleHistory: no price rose, none fell, or none stayed.
        """
        first = self.training.warm_up if newest is None else stop - newest
        lesson = task.examples(max(first, self.training.warm_up), stop)
        if lesson.signs != {-1.0, 0.0, 1.0}:  # each head needs both of its answers
            raise TooLittleHistory(
                f"The hurdle learns from prices that rose, fell and stayed over {task.horizon} "
                f"publications; the {len(lesson.changes)} changes known before column {stop} do "
                "not hold all three. Ingest a longer history."
            )
        return lesson

    def begin_heads(
        self, pool: Executor, recipe: Recipe, lesson: Examples, heads: Iterable[str]
    ) -> dict[str, Future[FittedHead]]:
        """Begin to fit `heads` on `lesson` in the threads of `pool`."""
        return {head: pool.submit(self._fit_head, recipe, head, lesson) for head in heads}

    def _fit_head(self, recipe: Recipe, head: str, lesson: Examples) -> FittedHead:
        limit, changes = self.training.clip, lesson.changes
        learnt, targets = lesson_of(
            head, np.clip(changes, -limit, limit) if head == MEAN else changes
        )
        rows = lesson.rows[learnt]
        return fit_head(recipe.algorithm, head, recipe.params, rows, targets, self.seed)


@dataclass(frozen=True)
class _Begun:
    """A fit under way: `heads` on the `whole` lesson, and others on what came `before`."""

    trainer: HurdleTrainer
    task: Task
    fold: HeldOut
    whole: Examples
    heads: Mapping[str, Future[FittedHead]]
    before: Mapping[str, Future[FittedHead]]

    def result(self) -> HurdleFit:
        """Wait for the heads, and calibrate them."""
        held = self.task.examples(self.fold.first, self.fold.stop)
        outputs = {
            head: Trees(fitting.result().trees).predict(held.rows)
            for head, fitting in self.before.items()
        }
        changes = self.whole.changes
        largest = float(changes.max()), float(-changes.min())
        calibration = learn_calibration(outputs, held.changes, largest, self.trainer.hurdle)
        fitted = {head: fitting.result() for head, fitting in self.heads.items()}
        trees = {head: model.trees for head, model in fitted.items()}
        return HurdleFit(
            Hurdle(self.task.features.names, trees, calibration),
            {head: model.native for head, model in fitted.items()},
            self.task.newest_target(self.fold.stop),
        )
