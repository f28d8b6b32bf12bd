"""On the real history: what the recipes gain over the last price, and what the earlier one lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.forecast.evaluation.backtest import Backtest, last_window, run
from canasta.forecast.evaluation.earlier import EARLIER_XGBOOST, RECIPES, earlier_forecasts
from canasta.forecast.evaluation.vintages import Vintages
from canasta.forecast.recipe import RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.parameters import read_parameters
from tests.panels import real_panel

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def backtest(milk: Commodity, real_data_dir: Path) -> Backtest:
    """The recipes at which a first search starts, and the earlier system's."""
    parameters = read_parameters()
    panel = real_panel(milk, real_data_dir)
    window = last_window(panel, parameters.backtest.origins, parameters.backtest.training, 10)
    trainer = Trainer.of(panel, parameters.training, seed=1)
    recipes = {name: Recipe(name, dict(start)) for name, start in parameters.start.items()}
    slices = tuple(milk.slice_of(key) for key in panel.keys)
    measured = run(Vintages.unrevised(trainer), recipes, window, slices)
    earlier = {EARLIER_XGBOOST: earlier_forecasts(panel, RECIPES[EARLIER_XGBOOST], window, 1)}
    return replace(
        measured,
        recipes={**measured.recipes, **RECIPES},
        forecasts={**measured.forecasts, **earlier},
    )


def test_the_window_is_the_last_ninety_publications(backtest: Backtest) -> None:
    assert len(backtest.targets) == 90
    assert (backtest.targets[0], backtest.targets[-1]) == (date(2024, 9, 20), date(2025, 4, 30))


@pytest.mark.parametrize("name", [RANDOM_FOREST, XGBOOST])
def test_recipes_beat_the_last_price(name: str, backtest: Backtest) -> None:
    measured = backtest.metrics(name)
    assert measured["rmse_skill"] >= 1.0
    assert measured["dm_rmse"] > 2


def test_the_earlier_system_falls_far_behind_the_last_price(backtest: Backtest) -> None:
    measured = backtest.metrics(EARLIER_XGBOOST)
    assert measured["rmse_skill"] < -20
    assert measured["dm_rmse"] < -2
    assert measured["mae_skill"] < -100
