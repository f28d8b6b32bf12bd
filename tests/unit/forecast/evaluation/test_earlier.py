import numpy as np

from canasta.forecast.evaluation.earlier import EARLIER_XGBOOST, RECIPES, earlier_forecasts
from canasta.forecast.evaluation.metrics import compare_mae, compare_rmse
from canasta.forecast.evaluation.origins import last_window
from canasta.forecast.panel import Panel


def test_what_it_was_served_makes_it_worse_than_persistence(panel: Panel) -> None:
    window = last_window(panel, 30, 60, 10)
    forecasts = earlier_forecasts(panel, RECIPES[EARLIER_XGBOOST], window, seed=1)
    last = panel.prices[:, window.first : window.stop]
    actual = panel.prices[:, window.first + 1 : window.stop + 1]
    scored = np.isfinite(forecasts) & np.isfinite(last) & np.isfinite(actual)
    assert scored.sum() > 150 * 30
    error = np.where(scored, forecasts - actual, np.nan)
    base = np.where(scored, last - actual, np.nan)
    assert compare_rmse(error, base).skill < -5
    assert compare_mae(error, base).skill < -50


def test_it_sees_nothing_after_its_origin(panel: Panel) -> None:
    window = last_window(panel, 5, 60, 10)
    whole = earlier_forecasts(panel, RECIPES[EARLIER_XGBOOST], window, seed=1)
    first = earlier_forecasts(
        panel.cut(window.first + 2), RECIPES[EARLIER_XGBOOST],
        last_window(panel.cut(window.first + 2), 1, 60, 10), seed=1,
    )  # fmt: skip
    assert np.array_equal(whole[:, :1], first, equal_nan=True)
