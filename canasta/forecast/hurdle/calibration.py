"""Learning a calibration from origins that the heads had not seen: held out at the end in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canasta.errors import TooLittleHistory
from canasta.forecast.hurdle.mixture import (
    CHANGE,
    SIZE_DOWN,
    SIZE_UP,
    UP,
    Calibration,
    Line,
    Sizes,
    logit,
    sigmoid,
)
from canasta.forecast.panel import Floats
from canasta.parameters import HurdleParameters

NEWTON_STEPS = 100
"""It settles in under ten, or where what came differs much from what was given, in some tens."""

SETTLED = 1e-10
"""Size of a step at which the line is found."""

NO_WORSE = 1e-12
"""Share by which rounding may raise the loss: a step that raises it more is too long."""


@dataclass(frozen=True)
class HeldOut:
    """Origins `first` to `stop` - 1, whose targets calibrate.

    Attributes:
        first: their first; heads learn from targets up to this publication to forecast them.
        stop: column after their last.
        trained_until: column after the last origin that such heads may learn from.
    """

    first: int
    stop: int
    trained_until: int


def held_out(column: int, horizon: int, warm_up: int, length: int) -> HeldOut:
    """Lay out the newest `length` origins whose targets are known by publication `column`.

    In a short history they are at most two thirds of those after the warm-up.

    Raises:
        TooLittleHistory: no origin is left to learn from before them.
    """
    stop = column - horizon + 1
    first = stop - min(length, (stop - warm_up) // 3 * 2)
    until = first - horizon + 1
    if first >= stop or until <= warm_up:
        raise TooLittleHistory(
            f"Calibrating {horizon} publications ahead needs {warm_up} publications of warm-up, "
            f"some to learn from and some to be held out; there are {column + 1}. Ingest a longer "
            "history."
        )
    return HeldOut(first, stop, until)


def calibrated_line(
    probability: Floats, happened: NDArray[np.bool_], ridge: float, floor: float
) -> Line:
    """Fit a logistic regression of what happened on the log odds, by damped Newton steps.

    The intercept is drawn to 0 and the slope to 1, each by `ridge` / 2 times its squared
    distance, so that little evidence leaves a probability as it is.

    Args:
        probability: (N,) given to N events before they came.
        happened: (N,) whether they came.
        ridge: the pull, in the unit of the log likelihood.
        floor: how far probabilities stay away from 0 and 1.
    """
    design = np.column_stack([np.ones(len(probability)), logit(probability, floor)])
    identity = np.array([0.0, 1.0])

    def loss(weights: Floats) -> float:
        odds, off = design @ weights, weights - identity
        return float((np.logaddexp(0.0, odds) - happened * odds).sum() + ridge / 2 * off @ off)

    weights = identity
    for _ in range(NEWTON_STEPS):
        given = sigmoid(design @ weights)
        slope = design.T @ (given - happened) + ridge * (weights - identity)
        curvature = (design * (given * (1.0 - given))[:, np.newaxis]).T @ design
        step = np.linalg.solve(curvature + ridge * np.eye(2), slope)
        before = loss(weights)
        while loss(weights - step) > before + NO_WORSE * abs(before):
            step = step / 2
        weights = weights - step
        if np.abs(step).max() < SETTLED:
            break
    return Line(float(weights[0]), float(weights[1]), floor)


def residual_sizes(
    predicted: Floats, actual: Floats, cap: float, parameters: HurdleParameters
) -> Sizes:
    """Learn the spread of sizes around the predicted ones, by bands of equally many.

    Args:
        predicted: (N,) log sizes.
        actual: (N,) log sizes that came.
        cap: the largest size to be forecast, in the unit.
        parameters: number of bands and of sizes.
    """
    levels = (np.arange(parameters.atoms) + 0.5) / parameters.atoms
    edges = np.quantile(predicted, np.arange(1, parameters.bands) / parameters.bands)
    band, residual = np.digitize(predicted, edges), actual - predicted
    spreads = [
        # A band is empty where all predictions are alike: it is never met, or as good as any.
        np.quantile(residual[band == number] if (band == number).any() else residual, levels)
        for number in range(parameters.bands)
    ]
    return Sizes(edges, np.array(spreads), cap)


def learn_calibration(
    outputs: Mapping[str, Floats],
    changes: Floats,
    largest: tuple[float, float],
    parameters: HurdleParameters,
) -> Calibration:
    """Learn how the heads go wrong, from N held-out changes.

    Args:
        outputs: (N,) by head, of those that are calibrated.
        changes: (N,) that came, in the unit; none is NaN.
        largest: size of the largest rise and of the largest fall that may be forecast.
        parameters: of the hurdle.

    Raises:
        TooLittleHistory: no price rose, or none fell.
    """
    moved, rose, fell = changes != 0, changes > 0, changes < 0
    if not (rose.any() and fell.any()):
        raise TooLittleHistory(
            f"Sizes are calibrated on rises and falls; of {len(changes)} held-out changes "
            f"{rose.sum()} are rises and {fell.sum()} falls. Ingest a longer history."
        )
    floor, rises, falls = parameters.probability_floor, changes[rose], -changes[fell]
    return Calibration(
        change=calibrated_line(outputs[CHANGE], moved, parameters.change_ridge, floor),
        up=calibrated_line(outputs[UP][moved], rose[moved], parameters.up_ridge, floor),
        rises=residual_sizes(outputs[SIZE_UP][rose], np.log(rises), largest[0], parameters),
        falls=residual_sizes(outputs[SIZE_DOWN][fell], np.log(falls), largest[1], parameters),
        tilt=parameters.tilt,
        up_floor=parameters.up_floor,
    )
