"""How what the trees say becomes what is published: calibrated, mixed, and tilted to a mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, nan

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.hurdle.mixture import (
    CHANGE,
    MEAN,
    SIZE_DOWN,
    SIZE_UP,
    UP,
    Calibration,
    Hurdle,
    Line,
    Sizes,
    distribution,
)
from canasta.forecast.panel import Floats


@dataclass(frozen=True, slots=True)
class Stage:
    """One quantity on its way from the trees to the published distribution.

    Probabilities lie from 0 to 1, sizes and means are in the unit. NaN where a step does not
    apply.

    Attributes:
        trees: what the trees say: of a size, the typical one, which is the exponential of their
            mean logarithm.
        calibrated: after the calibration: of a size, the mean of its spread; of the mean, that
            of the mixture before it is tilted.
        published: what the distribution has.
    """

    trees: float
    calibrated: float
    published: float


def stages(hurdle: Hurdle, row: NDArray[np.float32]) -> dict[str, Stage]:
    """Return the stages of one row, (F,), by head."""
    outputs = hurdle.outputs(row[np.newaxis])
    raw = {head: float(values[0]) for head, values in outputs.items()}
    calibration = hurdle.calibration
    made = distribution(outputs, calibration)
    change, up = (float(line(outputs[head])[0]) for head, line in _lines(calibration).items())
    rise, fall = (_mean(sizes, outputs[head]) for head, sizes in _sizes(calibration).items())
    published = float(made.p_change[0])
    own = change * (up * rise - (1.0 - up) * fall)
    return {
        CHANGE: Stage(raw[CHANGE], change, published),
        UP: Stage(raw[UP], up, float(made.p_up[0]) / published if published else nan),
        SIZE_UP: Stage(exp(raw[SIZE_UP]), rise, rise),
        SIZE_DOWN: Stage(exp(raw[SIZE_DOWN]), fall, fall),
        MEAN: Stage(raw[MEAN], own, float(made.mean[0])),
    }


def _lines(calibration: Calibration) -> Mapping[str, Line]:
    return {CHANGE: calibration.change, UP: calibration.up}


def _sizes(calibration: Calibration) -> Mapping[str, Sizes]:
    return {SIZE_UP: calibration.rises, SIZE_DOWN: calibration.falls}


def _mean(sizes: Sizes, log_size: Floats) -> float:
    return float(sizes.around(log_size).mean())
