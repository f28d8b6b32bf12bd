"""On the real history: what the recipes gain over the baseline, and what the earlier one lost.

The next publication alone, by the recipes at which a search starts, refitted thrice: floors that
any change of the forecast must keep, in a minute. `make backtest` measures the whole.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.forecast.evaluation.backtest import Backtest, run
from canasta.forecast.evaluation.earlier import EARLIER_XGBOOST, RECIPES, earlier_forecasts
from canasta.forecast.evaluation.metrics import compare_mae, compare_rmse
from canasta.forecast.evaluation.origins import Window, last_window
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.parameters import Parameters, read_parameters
from tests.panels import real_panel

pytestmark = pytest.mark.real_data

REFIT_EVERY = 30
SEED = 1


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return read_parameters()


@pytest.fixture(scope="module")
def panel(milk: Commodity, real_data_dir: Path) -> Panel:
    return real_panel(milk, real_data_dir)


@pytest.fixture(scope="module")
def window(panel: Panel, parameters: Parameters) -> Window:
    bounds = parameters.backtest
    return last_window(panel, bounds.origins, bounds.training, REFIT_EVERY)


@pytest.fixture(scope="module")
def backtest(panel: Panel, window: Window, parameters: Parameters, milk: Commodity) -> Backtest:
    vintages = Vintages.unrevised(Trainer.of(panel, parameters.fit, SEED, horizons=1))
    recipes = {name: Recipe(name, heads) for name, heads in parameters.heads.items()}
    return run(vintages, recipes, window, tuple(milk.slice_of(key) for key in panel.keys))


def test_the_window_is_the_last_ninety_publications(backtest: Backtest) -> None:
    assert len(backtest.targets) == 90
    assert (backtest.targets[0], backtest.targets[-1]) == (date(2024, 9, 20), date(2025, 4, 30))


@pytest.mark.parametrize("name", [RANDOM_FOREST, XGBOOST])
def test_distributions_beat_each_series_own_changes(name: str, backtest: Backtest) -> None:
    measured = backtest.metrics(name)
    assert measured["crps_skill"] >= 2.5
    assert measured["dm_crps"] > 2
    assert measured["winkler_ratio_95"] <= 0.93


@pytest.mark.parametrize("name", [RANDOM_FOREST, XGBOOST])
def test_mean_and_median_beat_the_last_price(name: str, backtest: Backtest) -> None:
    measured = backtest.metrics(name)
    assert measured["rmse_skill"] >= 1.1
    assert measured["dm_rmse"] > 2
    assert measured["mae_skill"] >= 0.2


@pytest.mark.parametrize("name", [RANDOM_FOREST, XGBOOST])
def test_probabilities_and_ranges_hold_what_they_say(name: str, backtest: Backtest) -> None:
    measured = backtest.metrics(name)
    assert measured["auc"] >= 0.845
    assert measured["ece"] <= 0.02
    assert 0.94 <= measured["coverage_95"] <= 0.97
    assert 0.93 <= measured["coverage_95_active"] <= 0.97


def test_the_earlier_system_falls_far_behind_the_last_price(
    panel: Panel, window: Window, backtest: Backtest
) -> None:
    prices = earlier_forecasts(panel, RECIPES[EARLIER_XGBOOST], window, SEED)
    error, base = prices - (backtest.last + backtest.changes[0]), backtest.last_error()
    by_rmse = compare_rmse(error, base)
    assert by_rmse.skill < -20
    assert by_rmse.dm < -2
    assert compare_mae(error, base).skill < -100
