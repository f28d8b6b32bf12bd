"""The prediction side of a fitted recipe: nothing that could run code.

Back-test, report and serving all predict through this class, so their numbers are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from canasta.errors import FeaturesMismatch
from canasta.forecast.distribution import Distribution
from canasta.forecast.empirical import Empirical
from canasta.forecast.features.build import Features
from canasta.forecast.hurdle.mixture import Hurdle
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import FEATURES, Recipe


@dataclass(frozen=True)
class Predictor:
    """A fitted recipe, ready to predict.

    Attributes:
        recipe: what was fitted.
        hurdles: a model for each horizon, horizon 1 first; none for persistence.
        market_weight: of persistence: changes that the market counts beside a series' own.
    """

    recipe: Recipe
    hurdles: tuple[Hurdle, ...]
    market_weight: float

    def changes(
        self, panel: Panel, features: Sequence[Features], column: int, horizon: int
    ) -> Distribution:
        """Forecast the changes of all S series of `panel` from the publication in `column`.

        Args:
            panel: the history; persistence reads past changes from it.
            features: of it, by horizon.
            column: of the origin.
            horizon: publications ahead.

        Raises:
            FeaturesMismatch: the model was fitted on other features.
        """
        if not self.hurdles:
            return Empirical.of(panel, horizon, self.market_weight).at(column)
        hurdle, given = self.hurdles[horizon - 1], features[horizon - 1]
        if given.names != hurdle.features:
            raise FeaturesMismatch(
                f"The model was fitted on feature set {self.recipe.features!r}, which this "
                f"release ({FEATURES!r}) does not compute. Run `make retrain`."
            )
        return hurdle.predict(given.values[:, column])
