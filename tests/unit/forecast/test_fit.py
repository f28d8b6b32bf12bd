from dataclasses import replace

import numpy as np
import pytest
import xgboost

from canasta.errors import TooLittleHistory
from canasta.forecast.features import Features
from canasta.forecast.fit import Fitted, fit
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.training import Trainer
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
def trainer(panel: Panel, parameters: Parameters) -> Trainer:
    return Trainer.of(panel, parameters.training, 1)


@pytest.fixture(scope="module")
def fitted(trainer: Trainer, recipe: Recipe) -> Fitted:
    return trainer.fit(recipe, 100)


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


def test_same_seed_same_trees(fitted: Fitted, trainer: Trainer, recipe: Recipe) -> None:
    sampled = {"max_features": 0.3} if recipe.algorithm == RANDOM_FOREST else {"subsample": 0.5}
    drawing = Recipe(recipe.algorithm, {**recipe.params, **sampled})
    heads = trainer.fit(drawing, 100).predictor.heads
    assert trainer.fit(recipe, 100).predictor.heads == fitted.predictor.heads
    assert trainer.fit(drawing, 100).predictor.heads == heads
    assert replace(trainer, seed=2).fit(drawing, 100).predictor.heads != heads


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


def test_training_ends_with_the_target_in_the_column(panel: Panel, trainer: Trainer) -> None:
    lesson = trainer.lesson(60)
    rows, targets = lesson.rows, lesson.changes
    assert lesson.newest_target == 60
    known = np.isfinite(panel.prices)
    warm = trainer.parameters.warm_up
    assert len(rows) == len(targets) == (known[:, warm:60] & known[:, warm + 1 : 61]).sum()
    assert np.abs(targets).max() <= trainer.parameters.clip
    wild = trainer.changes.copy()
    wild[:, 60:] = 99.0
    assert np.array_equal(targets, replace(trainer, changes=wild).lesson(60).changes)


def test_what_is_known_by_a_column_is_what_a_cut_history_gives(
    panel: Panel, trainer: Trainer
) -> None:
    known = trainer.known_by(80)
    anew = Trainer.of(panel.cut(81), trainer.parameters, trainer.seed)
    assert np.array_equal(known.features.values, anew.features.values)
    assert np.array_equal(known.changes, anew.changes, equal_nan=True)
    assert np.isnan(known.changes[:, 80]).all()


def test_nothing_to_train_on_is_told(trainer: Trainer) -> None:
    with pytest.raises(TooLittleHistory, match="Nothing to train on: 16 publications"):
        trainer.lesson(15)
    assert trainer.fit(Recipe(PERSISTENCE), 15).native is None


def test_recipe_survives_being_written_down(recipe: Recipe) -> None:
    again = Recipe.from_dict(recipe.as_dict())
    assert again.id == recipe.id
    assert Recipe(recipe.algorithm, {**recipe.params, "max_depth": 2}).id != recipe.id


def test_predictors_of_equal_content_are_equal(fitted: Fitted) -> None:
    same = Predictor(fitted.predictor.recipe, fitted.predictor.features, fitted.predictor.heads)
    assert same == fitted.predictor
