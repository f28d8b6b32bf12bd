"""Forecasts of all series from one origin: what the report prints and serving looks up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from canasta.errors import FeaturesMismatch
from canasta.forecast.features import build
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import FEATURES

HORIZONS = 1
"""Publications ahead that a forecast reaches."""


@dataclass(frozen=True)
class Outlook:
    """Forecast prices of S series for H target dates.

    Attributes:
        origin: the publication that the forecasts stand on.
        targets: H target dates, horizon 1 first.
        skipped: expected dates given up because they passed without a file.
        mean: (S, H) mean of the forecast price; NaN for a series that is not live.
        median: (S, H) its median, the suggested price; NaN likewise.
    """

    origin: date
    targets: tuple[date, ...]
    skipped: tuple[date, ...]
    mean: Floats
    median: Floats


def forecast(predictor: Predictor, panel: Panel, as_of: date) -> Outlook:
    """Forecast every live series of `panel` for its next publication, as of `as_of`.

    The mean is the last price plus the predicted change. The median is the last price: four
    prices in five do not move, so half of the probability lies on neither side of it.

    Raises:
        TooLittleHistory: the panel holds no publication.
        FeaturesMismatch: the model was fitted on other features.
    """
    targets = panel.calendar.targets(panel.origin, as_of, HORIZONS)
    features = build(panel, targets.dates[0])
    if features.names != predictor.features:
        raise FeaturesMismatch(
            f"The model was fitted on feature set {predictor.recipe.features!r}, which this "
            f"release ({FEATURES!r}) does not compute. Run `make retrain`."
        )
    rows = features.values[:, -1]
    last = np.where(panel.live, panel.filled[:, -1], np.nan)
    mean = last + predictor.mean_change(rows)
    return Outlook(
        origin=panel.origin,
        targets=targets.dates,
        skipped=targets.skipped,
        mean=mean[:, np.newaxis],
        median=last[:, np.newaxis].copy(),
    )
