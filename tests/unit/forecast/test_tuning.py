from dataclasses import replace

import numpy as np
import pytest

from canasta.errors import TooLittleHistory
from canasta.forecast.features import Features
from canasta.forecast.fit import fit
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.forecast.tuning import Budget, Fold, Search, Trial, search, time_ordered_folds
from canasta.parameters import Parameters

COLUMN = 85
SEED = 3


def tune(panel: Panel, parameters: Parameters, champion: Recipe | None = None) -> Search:
    trainer = Trainer.of(panel, parameters.training, SEED)
    return search(XGBOOST, trainer, COLUMN, parameters, Budget(4), champion)


@pytest.fixture(scope="module")
def found(panel: Panel, parameters: Parameters) -> Search:
    return tune(panel, parameters)


def test_nothing_after_the_column_reaches_the_search(
    panel: Panel, parameters: Parameters, found: Search
) -> None:
    prices = panel.prices.copy()
    prices[:, COLUMN + 1 :] = 20.0
    changed = replace(panel, prices=prices)
    assert tune(changed, parameters) == found


def test_the_newest_target_is_the_column_itself(
    panel: Panel, parameters: Parameters, found: Search
) -> None:
    prices = panel.prices.copy()
    prices[:, COLUMN] += 1.0
    changed = replace(panel, prices=prices)
    again = tune(changed, parameters)
    assert again.trials[0].rmse != found.trials[0].rmse


def test_search_begins_at_the_start_and_stays_in_its_space(
    parameters: Parameters, found: Search
) -> None:
    assert dict(found.trials[0].recipe.params) == dict(parameters.start[XGBOOST])
    assert len({trial.recipe.id for trial in found.trials}) == 4
    for trial in found.trials:
        for name, dimension in parameters.space[XGBOOST].items():
            assert dimension.low <= trial.recipe.params[name] <= dimension.high
            if dimension.q is not None:
                assert isinstance(trial.recipe.params[name], int)


def test_search_begins_at_the_champion(panel: Panel, parameters: Parameters, found: Search) -> None:
    champion = found.trials[2].recipe
    warm = tune(panel, parameters, champion)
    assert warm.trials[0] == Trial(0, champion, found.trials[2].rmse)


@pytest.mark.parametrize(
    "champion",
    [
        Recipe("persistence"),
        Recipe(RANDOM_FOREST, {"n_estimators": 90}),
        Recipe(XGBOOST, {"n_estimators": 90}),
    ],
)
def test_a_champion_outside_the_space_is_no_start(
    panel: Panel, parameters: Parameters, found: Search, champion: Recipe
) -> None:
    assert tune(panel, parameters, champion).trials[0] == found.trials[0]


def test_best_is_the_lowest_and_the_earliest_of_equals() -> None:
    recipes = [Recipe(XGBOOST, {"eta": eta}) for eta in (0.1, 0.2, 0.3)]
    trials = [Trial(i, r, loss) for i, (r, loss) in enumerate(zip(recipes, (2, 1, 1), strict=True))]
    assert Search(tuple(trials)).best.number == 1


def test_each_fold_is_judged_by_a_fit_that_ends_where_it_begins(
    panel: Panel, features: Features, parameters: Parameters, found: Search
) -> None:
    """The RMSE of a trial, computed again with nothing but the library's fit."""
    changes = np.diff(panel.prices, axis=1)
    clip, warm = parameters.training.clip, parameters.training.warm_up
    squares: list[float] = []
    for first in (COLUMN - 30, COLUMN - 20, COLUMN - 10):
        learnt = [
            (features.values[s, t], changes[s, t])
            for s in range(len(panel.keys))
            for t in range(warm, first)
            if np.isfinite(changes[s, t])
        ]
        rows, targets = zip(*learnt, strict=True)
        recipe = found.trials[0].recipe
        fitted = fit(recipe, features.names, np.array(rows), np.clip(targets, -clip, clip), SEED)
        for t in range(first, first + 10):
            error = fitted.predictor.mean_change(features.values[:, t]) - changes[:, t]
            squares += list(np.clip(error[np.isfinite(error)], -clip, clip) ** 2)
    assert found.trials[0].rmse == pytest.approx(float(np.mean(squares)) ** 0.5, rel=1e-6)


@pytest.mark.parametrize("evaluations", [1, 2])
def test_small_budgets_are_kept(panel: Panel, parameters: Parameters, evaluations: int) -> None:
    trainer = Trainer.of(panel, parameters.training, SEED)
    few = search(XGBOOST, trainer, COLUMN, parameters, Budget(evaluations))
    assert len(few.trials) == evaluations
    assert dict(few.trials[0].recipe.params) == dict(parameters.start[XGBOOST])


def test_folds_are_consecutive_and_end_at_the_column() -> None:
    folds = time_ordered_folds(100, 3, 12, 15)
    assert folds == (Fold(64, 76), Fold(76, 88), Fold(88, 100))


def test_too_short_a_history_is_told() -> None:
    with pytest.raises(TooLittleHistory, match="needs 64 publications"):
        time_ordered_folds(62, 3, 12, 15)
    assert time_ordered_folds(63, 3, 12, 15)


def test_time_limit_ends_the_search(panel: Panel, parameters: Parameters) -> None:
    trainer = Trainer.of(panel, parameters.training, SEED)
    limited = search(RANDOM_FOREST, trainer, COLUMN, parameters, Budget(500, seconds=1))
    assert 1 <= len(limited.trials) < 500


def test_trials_are_told_as_they_end(panel: Panel, parameters: Parameters, found: Search) -> None:
    told: list[Trial] = []
    trainer = Trainer.of(panel, parameters.training, SEED)
    search(XGBOOST, trainer, COLUMN, parameters, Budget(2), told=told.append)
    assert tuple(told) == found.trials[:2]
    assert np.isfinite([trial.rmse for trial in told]).all()
