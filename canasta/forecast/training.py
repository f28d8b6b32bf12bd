"""Training: features at an origin, the change that came, and fits that know no more than that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from canasta.forecast.features.build import Features, build_all
from canasta.forecast.hurdle.fit import HurdleTrainer, Task
from canasta.forecast.outlook import HORIZONS
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.parameters import FitParameters


@dataclass(frozen=True)
class Fitted:
    """What a fit made.

    Attributes:
        predictor: ready to predict.
        natives: the libraries' own models, for MLflow's flavours, by horizon and head, such as
            `1-change`; none for persistence.
        newest_target: column of the newest publication that was learnt from; None where nothing
            was learnt.
    """

    predictor: Predictor
    natives: Mapping[str, Any]
    newest_target: int | None


@dataclass(frozen=True)
class Trainer:
    """A history laid out for fitting.

    Attributes:
        panel: the history, S series × T publications.
        features: of it, by horizon.
        tasks: what is to be learnt, by horizon.
        parameters: of training, of the hurdle and of the baseline.
        seed: of every fit.
    """

    panel: Panel
    features: tuple[Features, ...]
    tasks: tuple[Task, ...]
    parameters: FitParameters
    seed: int

    @classmethod
    def of(
        cls, panel: Panel, parameters: FitParameters, seed: int, horizons: int = HORIZONS
    ) -> Trainer:
        """Compute features and changes of `panel` for horizons 1 to `horizons`."""
        features = build_all(panel, horizons)
        return cls(panel, features, Task.of(panel, features), parameters, seed)

    @property
    def hurdles(self) -> HurdleTrainer:
        """How hurdles are fitted."""
        return HurdleTrainer(self.parameters.hurdle, self.parameters.training, self.seed)

    def known_by(self, column: int) -> Trainer:
        """Return the same with nothing later than the publication in `column` in reach."""
        panel = self.panel.cut(column + 1)
        features = tuple(Features(own.names, own.values[:, : column + 1]) for own in self.features)
        return Trainer(panel, features, Task.of(panel, features), self.parameters, self.seed)

    def fit(self, recipe: Recipe, column: int) -> Fitted:
        """Fit `recipe`, for every horizon, on all that was known by the publication in `column`.

        Raises:
            TooLittleHistory: nothing to train on; persistence, which learns nothing, needs none.
        """
        weight = self.parameters.empirical.weight
        if recipe.algorithm == PERSISTENCE:
            return Fitted(Predictor(recipe, (), weight), {}, None)
        fits = list(self.hurdles.fit_all((recipe, task, column) for task in self.tasks))
        return Fitted(
            predictor=Predictor(recipe, tuple(fit.hurdle for fit in fits), weight),
            natives={
                f"{horizon}-{head}": native
                for horizon, fit in enumerate(fits, start=1)
                for head, native in fit.natives.items()
            },
            newest_target=max(fit.newest_target for fit in fits),
        )
