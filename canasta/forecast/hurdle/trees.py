"""One fitted head: treelite trees, nothing that could run code.

Part of the serving path: NumPy, treelite and the standard library alone. treelite is imported when
trees are first asked: a look-up, which is what most requests are, starts without its 0.15 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from canasta.errors import ObjectCorrupt
from canasta.forecast.panel import Floats

if TYPE_CHECKING:
    import treelite


@dataclass(frozen=True)
class Trees:
    """Serialised trees of a regression, or of a classification into 0 and 1."""

    content: bytes

    def predict(self, rows: NDArray[np.float32]) -> Floats:
        """Return the value, or the probability of class 1, of each of N rows, (N, F): (N,).

        Raises:
            ObjectCorrupt: `content` is no trees.
        """
        import treelite

        # Trees take float32 (XGBoost) or float64 (scikit-learn); the values are float32 in both,
        # as in training. One thread adds the trees up in one order: equal bits every time.
        values = np.ascontiguousarray(rows, dtype=np.dtype(self._model.input_type))
        predicted = treelite.gtil.predict(self._model, values, nthread=1)
        # A forest's classification gives the probability of each class, XGBoost's that of 1.
        return np.asarray(predicted, dtype=np.float64).reshape(len(rows), -1)[:, -1]

    @cached_property
    def _model(self) -> treelite.Model:
        import treelite

        try:
            return treelite.Model.deserialize_bytes(self.content)
        except treelite.TreeliteError as error:
            raise ObjectCorrupt(f"These are no trees of treelite's: {error}") from error
