"""The prediction side of a fitted model: treelite trees, nothing that could run code.

Back-test, report and serving all predict through this class, so their numbers are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import treelite
from numpy.typing import NDArray

from canasta.forecast.panel import Floats
from canasta.forecast.recipe import Recipe

MEAN = "mean"
"""The head that predicts the mean change to the next publication."""


@dataclass(frozen=True)
class Predictor:
    """A fitted recipe, ready to predict.

    Attributes:
        recipe: what was fitted.
        features: names of the model's columns, in order.
        heads: serialised treelite model by head name; empty for persistence.
    """

    recipe: Recipe
    features: tuple[str, ...]
    heads: Mapping[str, bytes]
    _trees: dict[str, treelite.Model] = field(default_factory=dict, repr=False, compare=False)

    def mean_change(self, rows: NDArray[np.float32]) -> Floats:
        """Predict the mean change of each of N rows, (N, F), in the commodity's unit: (N,).

        Persistence, which has no trees, answers 0.

        Raises:
            ValueError: the rows have another number of columns than the model.
        """
        if rows.shape[1] != len(self.features):
            raise ValueError(
                f"The model takes {len(self.features)} columns, the rows have {rows.shape[1]}."
            )
        if MEAN not in self.heads:
            return np.zeros(len(rows))
        return self._predict(MEAN, rows)

    def _predict(self, head: str, rows: NDArray[np.float32]) -> Floats:
        trees = self._trees.get(head)
        if trees is None:
            trees = self._trees[head] = treelite.Model.deserialize_bytes(self.heads[head])
        # Trees take float32 (XGBoost) or float64 (scikit-learn); the values are float32 in both,
        # as in training. One thread adds the trees up in one order: equal bits every time.
        values = np.ascontiguousarray(rows, dtype=np.dtype(trees.input_type))
        predicted = treelite.gtil.predict(trees, values, nthread=1)
        return np.asarray(predicted, dtype=np.float64).reshape(len(rows))
