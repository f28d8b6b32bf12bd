"""The earlier system's recipe, rebuilt to be measured as it was served. Not for use.

Its training rows held a seven-publication mean that contained the target, the weekday's English
name and the column `dia`. Its requests carried the mean of the seven publications before the
target, the weekday as a digit and the column `día`: names unknown to its DictVectorizer, which
drops them in silence. It searched, reported and promoted by the error on its own training rows,
which hides all of that and prefers the deepest trees and the fastest learning of its ranges: those
are the hyper-parameters here. It is scored on the requests.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from canasta.forecast.evaluation.origins import Window
from canasta.forecast.features.rows import WEEKDAYS
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import Recipe

EARLIER_FOREST = "earlier-forest"
EARLIER_XGBOOST = "earlier-xgboost"
RECIPES = {
    EARLIER_FOREST: Recipe(EARLIER_FOREST, {"n_estimators": 100, "max_depth": 20}),
    EARLIER_XGBOOST: Recipe(
        EARLIER_XGBOOST, {"n_estimators": 300, "max_depth": 10, "learning_rate": 1.0}
    ),
}
YEAR = timedelta(days=365)
MEAN_OF = 7


def earlier_forecasts(panel: Panel, recipe: Recipe, window: Window, seed: int) -> Floats:
    """Forecast prices of all S series from the N origins of `window`, (S, N), as served."""
    labels = _one_hot(panel)
    forecasts = np.full((len(panel.keys), len(window.origins)), np.nan)
    for column in window.origins[:: window.refit_every]:
        model = _fit(panel, labels, column, recipe, seed)
        for origin in range(column, min(column + window.refit_every, window.stop)):
            rows = np.hstack([labels, _served(panel, origin)])
            known = np.isfinite(rows).all(axis=1)
            forecasts[known, origin - window.first] = model.predict(rows[known])
    return forecasts


def _one_hot(panel: Panel) -> NDArray[np.float32]:
    """One column for each label of each key column, as DictVectorizer makes them: (S, L)."""
    blocks = []
    for position in range(len(panel.columns)):
        labels = [key[position] for key in panel.keys]
        blocks.append(np.array([[label == one for one in sorted(set(labels))] for label in labels]))
    return np.hstack(blocks).astype(np.float32)


def _numbers(lag: Floats, mean: Floats, day: date, dia: float, weekday: int | None) -> Floats:
    """(S, 12): Precio_lag1, Precio_mean7, month, dia, year and the weekday's one-hot."""
    calendar = np.zeros(3 + WEEKDAYS)
    calendar[:3] = day.month, dia, day.year
    if weekday is not None:
        calendar[3 + weekday] = 1.0
    return np.hstack([lag[:, None], mean[:, None], np.tile(calendar, (len(lag), 1))])


def _trained(panel: Panel, target: int) -> Floats:
    """Numbers of a training row: the mean holds the target, the day and its name are known."""
    prices, day = panel.prices, panel.dates[target]
    mean = prices[:, target - MEAN_OF + 1 : target + 1].mean(axis=1)
    return _numbers(prices[:, target - 1], mean, day, day.day, day.weekday())


def _served(panel: Panel, origin: int) -> Floats:
    """Numbers of a request: the mean ends at the origin, day and weekday are dropped."""
    prices = panel.prices
    mean = prices[:, origin - MEAN_OF + 1 : origin + 1].mean(axis=1)
    day = panel.calendar.next_after(panel.dates[origin])
    return _numbers(prices[:, origin], mean, day, 0.0, None)


def _fit(
    panel: Panel, labels: NDArray[np.float32], column: int, recipe: Recipe, seed: int
) -> RandomForestRegressor | xgboost.XGBRegressor:
    since = panel.dates[column] - YEAR
    targets = [t for t in range(MEAN_OF, column + 1) if panel.dates[t] > since]
    rows = np.vstack([np.hstack([labels, _trained(panel, target)]) for target in targets])
    prices = np.concatenate([panel.prices[:, target] for target in targets])
    known = np.isfinite(rows).all(axis=1) & np.isfinite(prices)
    if recipe.algorithm == EARLIER_FOREST:
        forest = RandomForestRegressor(**recipe.params, random_state=seed, n_jobs=2)
        return forest.fit(rows[known], prices[known])
    # One thread: XGBoost's wait busily for each other where cores are shared.
    boosting = xgboost.XGBRegressor(**recipe.params, random_state=seed, n_jobs=1)
    return boosting.fit(rows[known], prices[known])
