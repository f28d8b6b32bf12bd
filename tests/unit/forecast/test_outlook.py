from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from canasta.errors import FeaturesMismatch
from canasta.forecast.features import Features, at_origin, state_of
from canasta.forecast.outlook import forecast
from canasta.forecast.panel import LIVE_WINDOW, MIN_QUOTES, Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import RANDOM_FOREST, Recipe
from canasta.forecast.training import Trainer
from canasta.parameters import Parameters


@pytest.fixture(scope="module")
def predictor(panel: Panel, parameters: Parameters) -> Predictor:
    recipe = Recipe(RANDOM_FOREST, {"n_estimators": 10, "max_depth": 6, "min_samples_leaf": 20})
    return Trainer.of(panel, parameters.training, 1).fit(recipe, 129).predictor


def test_mean_is_last_price_plus_change_and_median_the_last_price(
    panel: Panel, features: Features, predictor: Predictor
) -> None:
    outlook = forecast(predictor, panel, panel.origin)
    last = panel.filled[:, -1]
    expected = last + predictor.mean_change(features.values[:, -1])
    live = panel.live
    assert np.array_equal(outlook.mean[live, 0], expected[live])
    assert np.array_equal(outlook.median[live, 0], last[live])
    assert np.isnan(outlook.mean[~live]).all()
    assert np.isnan(outlook.median[~live]).all()
    assert outlook.targets == (panel.calendar.next_after(panel.origin),)
    assert outlook.skipped == ()


def test_a_series_long_unquoted_gets_no_forecast(panel: Panel, predictor: Predictor) -> None:
    prices = panel.prices.copy()
    live = np.flatnonzero(panel.live)
    prices[live[0], -LIVE_WINDOW:] = np.nan
    prices[live[1], -LIVE_WINDOW + 1 :] = np.nan
    prices[live[1], -LIVE_WINDOW] = 25.0
    outlook = forecast(predictor, replace(panel, prices=prices), panel.origin)
    assert np.isnan(outlook.mean[live[0]])
    assert outlook.median[live[1]] == 25.0


def test_a_new_series_gets_a_forecast_once_it_has_a_past(
    panel: Panel, predictor: Predictor
) -> None:
    prices = panel.prices.copy()
    young, old_enough = np.flatnonzero(panel.live)[:2]
    prices[young, : -MIN_QUOTES + 1] = np.nan
    prices[old_enough, :-MIN_QUOTES] = np.nan
    outlook = forecast(predictor, replace(panel, prices=prices), panel.origin)
    assert np.isnan(outlook.mean[young])
    assert np.isnan(outlook.median[young])
    assert outlook.median[old_enough] == prices[old_enough, -1]
    assert np.isfinite(outlook.mean).sum() == panel.live.sum() - 1


def test_a_late_publication_is_given_up_after_two_days(panel: Panel, predictor: Predictor) -> None:
    first = panel.calendar.next_after(panel.origin)
    waiting = forecast(predictor, panel, first + timedelta(days=1))
    given_up = forecast(predictor, panel, first + timedelta(days=2))
    assert waiting.targets == (first,)
    assert given_up.skipped == (first,)
    assert given_up.targets == (panel.calendar.next_after(first),)


def test_forecasts_aim_at_the_date_that_they_name(panel: Panel, predictor: Predictor) -> None:
    first = panel.calendar.next_after(panel.origin)
    late = forecast(predictor, panel, first + timedelta(days=2))
    state = state_of(panel)
    rows = [
        at_origin(state, series, panel.prices[series], late.targets[0])
        for series in range(len(panel.keys))
    ]
    expected = panel.filled[:, -1] + predictor.mean_change(np.array(rows))
    assert np.array_equal(late.mean[panel.live, 0], expected[panel.live])
    on_time = forecast(predictor, panel, panel.origin)
    assert not np.array_equal(late.mean[panel.live], on_time.mean[panel.live])


def test_a_model_of_other_features_is_refused(panel: Panel, predictor: Predictor) -> None:
    swapped = (*predictor.features[1::-1], *predictor.features[2:])
    with pytest.raises(FeaturesMismatch, match="make retrain"):
        forecast(replace(predictor, features=swapped), panel, panel.origin)
