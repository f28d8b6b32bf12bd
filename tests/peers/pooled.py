"""mlforecast: one LightGBM for all series, its own forecasts fed back for later horizons.

Lags 1 to 14 of the differenced price. Ranges are conformal, each series' from the errors of its
newest windows, which the library holds out at every fit. Fitted where asked; in between the newest
prices are handed over with `update`, the trees and the errors stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from mlforecast import MLForecast
from mlforecast.target_transforms import Differences
from mlforecast.utils import PredictionIntervals

from tests.peers.request import Forecast, History, Peer, Request

LAGS = range(1, 15)
WINDOWS = 10
"""Held out for the ranges, of as many publications as there are horizons, where history allows."""

REGULARISED: Mapping[str, Any] = {
    "n_estimators": 150,
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_child_samples": 200,
    "reg_lambda": 50.0,
    "subsample": 0.5,
    "subsample_freq": 1,
    "colsample_bytree": 0.5,
}
MODEL = "model"


def pooled_peers(request: Request) -> Iterator[Peer]:
    """LightGBM as it comes, and regularised."""
    yield Pooled("mlforecast-lightgbm", {}, request)
    yield Pooled("mlforecast-regularised", REGULARISED, request)


class Pooled:
    """One model of all series."""

    def __init__(self, name: str, parameters: Mapping[str, Any], request: Request) -> None:
        self.name = name
        self._parameters, self._request = parameters, request
        self._learnt = 0

    def fit(self, known: History) -> None:
        """Fit trees on everything known, and ranges on what is held out."""
        # One thread: trees this small gain little from two, and lose much where both are busy.
        trees = LGBMRegressor(
            random_state=self._request.seed, n_jobs=1, verbosity=-1, **self._parameters
        )
        self._model = MLForecast(
            {MODEL: trees}, freq=1, lags=list(LAGS), target_transforms=[Differences([1])]
        )
        horizons = self._request.horizons
        ranges = PredictionIntervals(_windows(known, horizons), horizons)
        self._model.fit(_long(known, 0), static_features=[], prediction_intervals=ranges)
        self._learnt = len(known.dates)

    def forecast(self, known: History) -> Forecast:
        """Take up the prices since the fit, and forecast."""
        if len(known.dates) > self._learnt:
            self._model.update(_long(known, self._learnt))
            self._learnt = len(known.dates)
        shape = (len(known.series), self._request.horizons)
        made = self._model.predict(shape[1], level=self._request.shares)
        if not np.array_equal(made["unique_id"], np.repeat(known.series, shape[1])):
            raise RuntimeError("mlforecast forecast other series than it was given, or reordered.")
        ends = [f"{MODEL}-{end}-{share}" for end, share in self._request.intervals]
        return Forecast(
            known.series,
            mean=made[MODEL].to_numpy(dtype=np.float64).reshape(shape),
            quantiles=made[ends].to_numpy(dtype=np.float64).reshape(*shape, -1),
        )


def _windows(known: History, horizons: int) -> int:
    """As many windows as leave the shortest series some training, at most WINDOWS."""
    shortest = int(np.isfinite(known.prices).sum(axis=1).min())
    return max(2, min(WINDOWS, (shortest - len(LAGS) - 2) // horizons))


def _long(known: History, since: int) -> pd.DataFrame:
    """The publications from column `since` on, a row for each price; publications are numbered."""
    prices = known.prices[:, since:]
    numbers = np.arange(since, len(known.dates))
    table = pd.DataFrame(
        {
            "unique_id": np.repeat(known.series, len(numbers)),
            "ds": np.tile(numbers, len(known.series)),
            "y": prices.ravel(),
        }
    )
    return table.dropna()
