import numpy as np
import pytest
import xgboost

from canasta.forecast.features import Features
from canasta.forecast.fit import Fitted, fit
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.training import fit_as_of, next_changes, training_rows
from canasta.parameters import Parameters


@pytest.fixture(
    scope="module",
    params=[
        Recipe(RANDOM_FOREST, {"n_estimators": 20, "max_depth": 9, "max_samples": 0.3}),
        Recipe(XGBOOST, {"n_estimators": 40, "max_depth": 4, "eta": 0.05}),
    ],
    ids=lambda recipe: recipe.algorithm,
)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    chosen: Recipe = request.param
    return chosen


@pytest.fixture(scope="module")
def fitted(panel: Panel, features: Features, parameters: Parameters, recipe: Recipe) -> Fitted:
    return fit_as_of(recipe, features, next_changes(panel), 100, parameters.training, 1)


def test_trees_answer_as_the_library_does(fitted: Fitted, features: Features) -> None:
    rows = features.values[:, 110]
    if fitted.predictor.recipe.algorithm == XGBOOST:
        native = fitted.native.predict(xgboost.DMatrix(rows))
        tolerance = 1e-6  # XGBoost adds its trees up in float32
    else:
        native = fitted.native.predict(rows)
        tolerance = 1e-14
    answer = fitted.predictor.mean_change(rows)
    assert answer == pytest.approx(native, abs=tolerance)
    assert answer.std() > 0.001


def test_one_row_answers_as_among_many(fitted: Fitted, features: Features) -> None:
    rows = features.values[:, 110]
    alone = [fitted.predictor.mean_change(row[np.newaxis])[0] for row in rows]
    assert np.array_equal(alone, fitted.predictor.mean_change(rows))


def test_same_seed_same_trees(
    fitted: Fitted, panel: Panel, features: Features, parameters: Parameters, recipe: Recipe
) -> None:
    changes = next_changes(panel)
    again = fit_as_of(recipe, features, changes, 100, parameters.training, 1)
    other = fit_as_of(Recipe(recipe.algorithm, {**recipe.params, "max_features": 0.3})
                      if recipe.algorithm == RANDOM_FOREST
                      else Recipe(recipe.algorithm, {**recipe.params, "subsample": 0.5}),
                      features, changes, 100, parameters.training, 2)  # fmt: skip
    assert again.predictor.heads == fitted.predictor.heads
    assert other.predictor.heads != fitted.predictor.heads


def test_rows_of_another_width_are_refused(fitted: Fitted, features: Features) -> None:
    with pytest.raises(ValueError, match="columns"):
        fitted.predictor.mean_change(features.values[:, 110, :-1])


def test_persistence_expects_no_change(features: Features) -> None:
    persistence = fit(Recipe(PERSISTENCE), features.names, features.values[:, 5], np.zeros(216), 1)
    assert persistence.native is None
    assert not persistence.predictor.mean_change(features.values[:, 9]).any()


def test_unknown_algorithm_is_named(features: Features) -> None:
    with pytest.raises(ValueError, match=r"'oracle'; known: persistence"):
        fit(Recipe("oracle"), features.names, features.values[:, 5], np.zeros(216), 1)


def test_training_ends_with_the_target_in_the_column(
    panel: Panel, features: Features, parameters: Parameters
) -> None:
    changes = next_changes(panel)
    rows, targets = training_rows(features, changes, 60, parameters.training)
    known = np.isfinite(panel.prices)
    warm = parameters.training.warm_up
    assert len(rows) == len(targets) == (known[:, warm:60] & known[:, warm + 1 : 61]).sum()
    assert np.abs(targets).max() <= parameters.training.clip
    wild = changes.copy()
    wild[:, 60:] = 99.0
    assert np.array_equal(targets, training_rows(features, wild, 60, parameters.training)[1])


def test_recipe_survives_being_written_down(recipe: Recipe) -> None:
    again = Recipe.from_dict(recipe.as_dict())
    assert again.id == recipe.id
    assert Recipe(recipe.algorithm, {**recipe.params, "max_depth": 2}).id != recipe.id


def test_predictors_of_equal_content_are_equal(fitted: Fitted) -> None:
    same = Predictor(fitted.predictor.recipe, fitted.predictor.features, fitted.predictor.heads)
    assert same == fitted.predictor
