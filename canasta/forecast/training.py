"""Training: features at an origin, the change that came, and fits that know no more than that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from canasta.errors import TooLittleHistory
from canasta.forecast.features import Features, build
from canasta.forecast.fit import Fitted, fit
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.parameters import TrainingParameters


def next_changes(panel: Panel) -> Floats:
    """Change from each publication to the next, (S, T), in the unit.

    NaN where either price was not quoted, and in the newest column, whose target is to come.
    """
    changes = np.full(panel.prices.shape, np.nan)
    changes[:, :-1] = np.diff(panel.prices, axis=1)
    return changes


@dataclass(frozen=True)
class Lesson:
    """What a fit learns from: (N, F) rows, (N,) clipped changes, column of the newest target."""

    rows: NDArray[np.float32]
    changes: Floats
    newest_target: int


@dataclass(frozen=True)
class Trainer:
    """A history laid out for fitting.

    Attributes:
        panel: the history, S series × T publications.
        features: of it.
        changes: (S, T), from `next_changes`.
        parameters: warm-up and clip.
        seed: of every fit.
    """

    panel: Panel
    features: Features
    changes: Floats
    parameters: TrainingParameters
    seed: int

    @classmethod
    def of(cls, panel: Panel, parameters: TrainingParameters, seed: int) -> Trainer:
        """Compute features and changes of `panel`."""
        return cls(panel, build(panel), next_changes(panel), parameters, seed)

    def known_by(self, column: int) -> Trainer:
        """Return the same with nothing later than the publication in `column` in reach."""
        panel = self.panel.cut(column + 1)
        features = Features(self.features.names, self.features.values[:, : column + 1])
        return Trainer(panel, features, next_changes(panel), self.parameters, self.seed)

    def lesson(self, column: int) -> Lesson:
        """Return what may be learnt by the publication in `column`.

        The newest target is that publication itself; changes are clipped. Origins before the
        warm-up are left out.

        Raises:
            TooLittleHistory: nothing is left.
        """
        origins = np.arange(self.parameters.warm_up, column)
        known = np.isfinite(self.changes[:, origins])
        if not known.any():
            raise TooLittleHistory(
                f"Nothing to train on: {column + 1} publications, of which the first "
                f"{self.parameters.warm_up} only warm the features up. Ingest a longer history."
            )
        limit = self.parameters.clip
        return Lesson(
            rows=self.features.values[:, origins][known],
            changes=np.clip(self.changes[:, origins][known], -limit, limit),
            newest_target=int(origins[known.any(axis=0)].max()) + 1,
        )

    def fit(self, recipe: Recipe, column: int) -> Fitted:
        """Fit `recipe` on all that was known by the publication in `column`.

        Raises:
            TooLittleHistory: nothing to train on; persistence, which learns nothing, needs none.
        """
        names = self.features.names
        if recipe.algorithm == PERSISTENCE:
            return fit(recipe, names, np.empty((0, len(names)), np.float32), np.empty(0), self.seed)
        lesson = self.lesson(column)
        fitted = fit(recipe, names, lesson.rows, lesson.changes, self.seed)
        return replace(fitted, newest_target=lesson.newest_target)
