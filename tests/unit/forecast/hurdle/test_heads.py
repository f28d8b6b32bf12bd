import warnings

import numpy as np
import pytest
import xgboost
from sklearn.exceptions import DataConversionWarning

from canasta.forecast.features.build import Features
from canasta.forecast.hurdle.heads import FittedHead, fit_head, lesson_of
from canasta.forecast.hurdle.mixture import CHANGE, HEADS, MEAN, SIZE_DOWN, SIZE_UP, UP
from canasta.forecast.hurdle.trees import Trees
from canasta.forecast.panel import Floats
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.parameters import Parameters


@pytest.fixture(scope="module", params=[RANDOM_FOREST, XGBOOST])
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def rows(features: Features) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return features.values[:, 60:70].reshape(-1, len(features.names))


@pytest.fixture(scope="module")
def changes(rows: Floats) -> Floats:
    noise = np.random.default_rng(1)
    size: Floats = np.exp(noise.normal(-1, 0.5, len(rows)))
    sign: Floats = noise.choice(np.array([-1.0, 0.0, 0.0, 1.0]), len(rows))
    return sign * size


def fit(
    algorithm: str, head: str, rows: Floats, changes: Floats, parameters: Parameters, seed: int = 1
) -> FittedHead:
    learnt, targets = lesson_of(head, changes)
    params = parameters.heads[algorithm]
    return fit_head(algorithm, head, params, rows[learnt].astype(np.float32), targets, seed)


@pytest.mark.parametrize("head", HEADS)
def test_trees_answer_as_the_library_does(
    algorithm: str, head: str, rows: Floats, changes: Floats, parameters: Parameters
) -> None:
    fitted = fit(algorithm, head, rows, changes, parameters)
    if algorithm == XGBOOST:
        native, tolerance = fitted.native.predict(xgboost.DMatrix(rows)), 3e-6  # float32 sums
    elif head in (CHANGE, UP):
        native, tolerance = fitted.native.predict_proba(rows)[:, 1], 1e-14
    else:
        native, tolerance = fitted.native.predict(rows), 1e-14
    answer = Trees(fitted.trees).predict(rows.astype(np.float32))
    assert answer == pytest.approx(native, abs=tolerance)
    assert answer.std() > 0.001
    if head in (CHANGE, UP):
        assert answer.min() > 0
        assert answer.max() < 1


def test_trees_answer_the_same_every_time_and_one_by_one(
    algorithm: str, rows: Floats, changes: Floats, parameters: Parameters
) -> None:
    content = fit(algorithm, CHANGE, rows, changes, parameters).trees
    some = rows[:300].astype(np.float32)
    answer = Trees(content).predict(some)
    assert np.array_equal(Trees(content).predict(some), answer)
    assert np.array_equal([Trees(content).predict(row[np.newaxis])[0] for row in some], answer)


def test_same_seed_same_trees(
    algorithm: str, rows: Floats, changes: Floats, parameters: Parameters
) -> None:
    first, again, other = (
        fit(algorithm, UP, rows, changes, parameters, seed).trees for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_each_head_learns_its_own_part() -> None:
    changes = np.array([0.5, 0.0, -2.0, 1.0])
    expected: dict[str, tuple[list[int], list[float]]] = {
        CHANGE: ([0, 1, 2, 3], [1.0, 0.0, 1.0, 1.0]),
        UP: ([0, 2, 3], [1.0, 0.0, 1.0]),
        SIZE_UP: ([0, 3], [float(np.log(0.5)), 0.0]),
        SIZE_DOWN: ([2], [float(np.log(2.0))]),
        MEAN: ([0, 1, 2, 3], [0.5, 0.0, -2.0, 1.0]),
    }
    assert expected.keys() == set(HEADS)
    for head, (places, targets) in expected.items():
        learnt, found = lesson_of(head, changes)
        assert np.flatnonzero(learnt).tolist() == places
        assert found.tolist() == targets


def test_an_unknown_algorithm_is_refused(parameters: Parameters) -> None:
    rows = np.zeros((1, 1), dtype=np.float32)
    with pytest.raises(ValueError, match="known: random-forest, xgboost"):
        fit_head(PERSISTENCE, MEAN, parameters.heads[XGBOOST], rows, np.zeros(1), 1)


def test_forests_leave_the_process_s_warning_filters_as_they_were(
    rows: Floats, changes: Floats
) -> None:
    """Threads that grow trees swap them: without care, two of five forests left others."""
    few = {"change": {"n_estimators": 5, "max_depth": 2}}
    inputs, (_, targets) = rows[:60].astype(np.float32), lesson_of(CHANGE, changes[:60])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        for seed in range(40):
            fit_head(RANDOM_FOREST, CHANGE, few, inputs, targets, seed)
            assert warnings.filters == before


def test_what_scikit_learn_warns_of_is_told(rows: Floats, changes: Floats) -> None:
    few = {"change": {"n_estimators": 5, "max_depth": 2}}
    _, targets = lesson_of(CHANGE, changes)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        fit_head(
            RANDOM_FOREST, CHANGE, few, rows.astype(np.float32), targets[:, np.newaxis], seed=1
        )
