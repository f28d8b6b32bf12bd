"""The hurdle mixture: whether a price changes, which way, by how much; as one distribution.

Four in five prices do not move, so a change first has to take a hurdle: P(change). Beyond it
lie a direction, P(up), and a size, of which the heads predict the logarithm and the calibration
knows how far they go wrong. A fifth head predicts the mean directly: where heads of parts err
together, it does not, and the mixture's mean is drawn towards it.

Part of the serving path: NumPy, treelite and the standard library alone.

References:
    Cragg (1971), Some statistical models for limited dependent variables with application to
    the demand for durable goods, Econometrica 39(5), for the hurdle.
    Platt (1999), Probabilistic outputs for support vector machines, for the calibrated line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.distribution import Distribution
from canasta.forecast.hurdle.trees import Trees
from canasta.forecast.panel import Floats

CHANGE = "change"
"""The head of the probability that the price changes."""

UP = "up"
"""The head of the probability that a change is a rise."""

SIZE_UP, SIZE_DOWN = "size_up", "size_down"
"""The heads of the mean logarithm of the size of a rise, and of a fall."""

MEAN = "mean"
"""The head of the mean change, in the unit."""

CALIBRATED = (CHANGE, UP, SIZE_UP, SIZE_DOWN)
"""The heads that the calibration corrects."""

HEADS = (*CALIBRATED, MEAN)


def logit(probability: Floats, floor: float) -> Floats:
    """Log odds of probabilities, which are first kept `floor` away from 0 and 1."""
    kept = np.clip(probability, floor, 1.0 - floor)
    odds: Floats = np.log(kept / (1.0 - kept))
    return odds


def sigmoid(odds: Floats) -> Floats:
    """Probability of log odds."""
    probability: Floats = 1.0 / (1.0 + np.exp(-odds))
    return probability


@dataclass(frozen=True)
class Line:
    """Calibration of a probability: its log odds become `intercept + slope` × log odds.

    Probabilities stay `floor` away from 0 and 1, before and after.
    """

    intercept: float
    slope: float
    floor: float

    def __call__(self, probability: Floats) -> Floats:
        """Return the calibrated probabilities, of any shape."""
        odds = self.intercept + self.slope * logit(probability, self.floor)
        return np.clip(sigmoid(odds), self.floor, 1.0 - self.floor)

    def as_dict(self) -> dict[str, float]:
        """Return the line as JSON-ready values."""
        return {"intercept": self.intercept, "slope": self.slope, "floor": self.floor}

    @classmethod
    def from_dict(cls, content: Mapping[str, float]) -> Line:
        """Read what `as_dict` returned."""
        return cls(content["intercept"], content["slope"], content["floor"])


@dataclass(frozen=True)
class Sizes:
    """How the size of a change in one direction is spread around the predicted one.

    Attributes:
        edges: (B - 1,) ascending, between B bands of the predicted log size.
        residuals: (B, K) quantiles of the actual less the predicted log size, in each band,
            ascending and equally likely.
        cap: the largest size, in the unit.
    """

    edges: Floats
    residuals: Floats
    cap: float

    def around(self, log_size: Floats) -> Floats:
        """(R, K): equally likely sizes, ascending, in the unit, around R predicted log sizes."""
        band = np.digitize(log_size, self.edges)
        return np.minimum(np.exp(log_size[:, np.newaxis] + self.residuals[band]), self.cap)

    def as_dict(self) -> dict[str, Any]:
        """Return the sizes as JSON-ready values."""
        return {
            "edges": self.edges.tolist(),
            "residuals": self.residuals.tolist(),
            "cap": self.cap,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Sizes:
        """Read what `as_dict` returned."""
        edges, residuals = (np.array(content[name], float) for name in ("edges", "residuals"))
        return cls(edges, residuals, content["cap"])


@dataclass(frozen=True)
class Calibration:
    """What turns the heads' outputs into a distribution.

    Attributes:
        change: calibrates P(change).
        up: calibrates P(up).
        rises, falls: spread of the sizes of each.
        tilt: weight of the direct mean in the mean of the distribution.
        up_floor: how far P(up) stays away from 0 and 1 when it is tilted.
    """

    change: Line
    up: Line
    rises: Sizes
    falls: Sizes
    tilt: float
    up_floor: float

    def as_dict(self) -> dict[str, Any]:
        """Return the calibration as JSON-ready values; numbers survive JSON to the bit."""
        return {
            "change": self.change.as_dict(),
            "up": self.up.as_dict(),
            "rises": self.rises.as_dict(),
            "falls": self.falls.as_dict(),
            "tilt": self.tilt,
            "up_floor": self.up_floor,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Calibration:
        """Read what `as_dict` returned."""
        return cls(
            Line.from_dict(content["change"]),
            Line.from_dict(content["up"]),
            Sizes.from_dict(content["rises"]),
            Sizes.from_dict(content["falls"]),
            content["tilt"],
            content["up_floor"],
        )


def distribution(outputs: Mapping[str, Floats], calibration: Calibration) -> Distribution:
    """Mix the outputs of the heads, (R,) each by name, into R distributions of a change.

    Each has 2 K + 1 atoms: K falls, no change, K rises. P(change) and the sizes are the
    calibrated ones; P(up) is tilted until the mean is the blend of the mixture's own and the
    direct one, as far as `up_floor` lets it.
    """
    change = calibration.change(outputs[CHANGE])
    rises = calibration.rises.around(outputs[SIZE_UP])
    falls = calibration.falls.around(outputs[SIZE_DOWN])
    up = _tilted(change, calibration.up(outputs[UP]), rises, falls, outputs[MEAN], calibration)
    still = np.zeros((len(change), 1))
    atoms = np.concatenate([-falls[:, ::-1], still, rises], axis=1)
    return Distribution(
        atoms,
        np.concatenate(
            [
                _shared_out(change * (1.0 - up), falls.shape[1]),
                (1.0 - change)[:, np.newaxis],
                _shared_out(change * up, rises.shape[1]),
            ],
            axis=1,
        ),
    )


def _tilted(
    change: Floats,
    up: Floats,
    rises: Floats,
    falls: Floats,
    direct: Floats,
    calibration: Calibration,
) -> Floats:
    """(R,): the P(up) that gives the blended mean, with P(change) and the sizes as they are."""
    rise, fall = rises.mean(axis=1), falls.mean(axis=1)
    own = change * (up * rise - (1.0 - up) * fall)
    mean = (1.0 - calibration.tilt) * own + calibration.tilt * direct
    tilted = (mean / change + fall) / (rise + fall)
    return np.clip(tilted, calibration.up_floor, 1.0 - calibration.up_floor)


def _shared_out(probability: Floats, count: int) -> Floats:
    return np.repeat((probability / count)[:, np.newaxis], count, axis=1)


@dataclass(frozen=True)
class Hurdle:
    """A fitted hurdle mixture of one horizon, ready to predict.

    Attributes:
        features: names of the model's columns, in order.
        heads: serialised treelite model by head name.
        calibration: of the heads.
    """

    features: tuple[str, ...]
    heads: Mapping[str, bytes]
    calibration: Calibration
    _trees: dict[str, Trees] = field(default_factory=dict, repr=False, compare=False)

    def outputs(self, rows: NDArray[np.float32]) -> dict[str, Floats]:
        """Return the output of each head, (R,), for R rows, (R, F).

        Raises:
            ValueError: the rows have another number of columns than the model.
        """
        if rows.shape[1] != len(self.features):
            raise ValueError(
                f"The model takes {len(self.features)} columns, the rows have {rows.shape[1]}."
            )
        return {head: self._of(head).predict(rows) for head in HEADS}

    def predict(self, rows: NDArray[np.float32]) -> Distribution:
        """Return the distribution of the change of each of R rows, (R, F).

        Raises:
            ValueError: the rows have another number of columns than the model.
        """
        return distribution(self.outputs(rows), self.calibration)

    def _of(self, head: str) -> Trees:
        return self._trees.setdefault(head, Trees(self.heads[head]))
