from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from canasta.errors import TooLittleHistory
from canasta.forecast.changes import changes_over
from canasta.forecast.features.build import build
from canasta.forecast.hurdle.calibration import learn_calibration
from canasta.forecast.hurdle.heads import fit_head, lesson_of
from canasta.forecast.hurdle.mixture import HEADS, MEAN, distribution
from canasta.forecast.hurdle.trees import Trees
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.forecast.tuning import Budget, Fold, Search, Trial, search, time_ordered_folds
from canasta.parameters import Parameters

COLUMN = 85
SEED = 3
TREES = 12


@pytest.fixture(scope="module")
def parameters(parameters: Parameters) -> Parameters:
    """The shipped parameters with few trees: what is searched are the others."""
    heads = {
        algorithm: {head: {**params, "n_estimators": TREES} for head, params in of_heads.items()}
        for algorithm, of_heads in parameters.heads.items()
    }
    return parameters.model_copy(update={"heads": heads})


def tune(panel: Panel, parameters: Parameters, champion: Recipe | None = None) -> Search:
    trainer = Trainer.of(panel, parameters.fit, SEED, 1)
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
    assert again.trials[0].crps != found.trials[0].crps


def test_search_begins_at_the_start_and_stays_in_its_space(
    parameters: Parameters, found: Search
) -> None:
    assert found.trials[0].recipe.params == parameters.heads[XGBOOST]
    assert len({trial.recipe.id for trial in found.trials}) == 4
    for trial in found.trials:
        for name, dimension in parameters.space[XGBOOST].items():
            head, _, parameter = name.partition(".")
            value = trial.recipe.params[head][parameter]
            assert dimension.low <= value <= dimension.high
            if dimension.q is not None:
                assert isinstance(value, int)


def test_search_begins_at_the_champion(panel: Panel, parameters: Parameters, found: Search) -> None:
    champion = found.trials[2].recipe
    warm = tune(panel, parameters, champion)
    assert warm.trials[0] == Trial(0, champion, found.trials[2].crps)


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


@pytest.mark.parametrize("history", [160, 40])
def test_each_fold_is_judged_by_heads_that_end_where_it_begins(
    panel: Panel, parameters: Parameters, history: int
) -> None:
    """The CRPS of a trial, computed again with nothing but fits of single heads."""
    tuning = parameters.tuning.model_copy(update={"history": history})
    limited = parameters.model_copy(update={"tuning": tuning})
    trainer = Trainer.of(panel, parameters.fit, SEED, 1)
    (trial,) = search(XGBOOST, trainer, COLUMN, limited, Budget(1)).trials
    features = build(panel)
    changes = changes_over(panel.prices, 1)
    length, warm_up = parameters.tuning.fold_length, parameters.training.warm_up
    firsts = [COLUMN - length * count for count in (4, 3, 2, 1)]

    def known(first: int, stop: int) -> tuple[NDArray[np.float32], Floats]:
        pairs = [
            (features.values[series, origin], changes[series, origin])
            for series in range(len(panel.keys))
            for origin in range(first, stop)
            if np.isfinite(changes[series, origin])
        ]
        rows, came = zip(*pairs, strict=True)
        return np.array(rows), np.array(came)

    shown: list[dict[str, Floats]] = []
    scores: list[Floats] = []
    for number, first in enumerate(firsts):
        rows, came = known(max(warm_up, first - history), first)
        asked, truth = known(first, first + length)
        outputs = {}
        for head in HEADS:
            limit = parameters.training.clip
            learnt, targets = lesson_of(
                head, np.clip(came, -limit, limit) if head == MEAN else came
            )
            made = fit_head(XGBOOST, head, trial.recipe.params, rows[learnt], targets, SEED)
            outputs[head] = Trees(made.trees).predict(asked)
        if number:
            earlier = {head: np.concatenate([one[head] for one in shown]) for head in HEADS}
            before = np.concatenate([known(one, one + length)[1] for one in firsts[:number]])
            calibration = learn_calibration(
                earlier, before, (came.max(), -came.min()), parameters.hurdle
            )
            scores.append(distribution(outputs, calibration).crps(truth))
        shown.append(outputs)
    assert trial.crps == pytest.approx(float(np.concatenate(scores).mean()), rel=1e-9)


@pytest.mark.parametrize("evaluations", [1, 2])
def test_small_budgets_are_kept(panel: Panel, parameters: Parameters, evaluations: int) -> None:
    trainer = Trainer.of(panel, parameters.fit, SEED, 1)
    few = search(XGBOOST, trainer, COLUMN, parameters, Budget(evaluations))
    assert len(few.trials) == evaluations
    assert few.trials[0].recipe.params == parameters.heads[XGBOOST]


def test_folds_are_consecutive_and_end_at_the_column() -> None:
    folds = time_ordered_folds(100, 3, 12, 15)
    assert folds == (Fold(52, 64), Fold(64, 76), Fold(76, 88), Fold(88, 100))


def test_too_short_a_history_is_told() -> None:
    with pytest.raises(TooLittleHistory, match="needs 76 publications"):
        time_ordered_folds(74, 3, 12, 15)
    assert time_ordered_folds(75, 3, 12, 15)


def test_time_limit_ends_the_search(panel: Panel, parameters: Parameters) -> None:
    trainer = Trainer.of(panel, parameters.fit, SEED, 1)
    limited = search(RANDOM_FOREST, trainer, COLUMN, parameters, Budget(500, seconds=1))
    assert 1 <= len(limited.trials) < 500


def test_trials_are_told_as_they_end(panel: Panel, parameters: Parameters, found: Search) -> None:
    told: list[Trial] = []
    trainer = Trainer.of(panel, parameters.fit, SEED, 1)
    search(XGBOOST, trainer, COLUMN, parameters, Budget(2), told=told.append)
    assert tuple(told) == found.trials[:2]
    assert np.isfinite([trial.crps for trial in told]).all()
