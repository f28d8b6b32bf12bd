from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from canasta.errors import TooLittleHistory
from canasta.forecast.distribution import Distribution
from canasta.forecast.empirical import Empirical
from canasta.forecast.evaluation.metrics import auc, reliability
from canasta.forecast.features.build import build_all
from canasta.forecast.hurdle.calibration import learn_calibration
from canasta.forecast.hurdle.fit import HurdleFit, HurdleTrainer, Task
from canasta.forecast.hurdle.heads import fit_head, lesson_of
from canasta.forecast.hurdle.mixture import CALIBRATED
from canasta.forecast.hurdle.trees import Trees
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import RANDOM_FOREST, XGBOOST, Recipe
from canasta.parameters import Parameters

COLUMN = 100
QUICK = {RANDOM_FOREST: 8, XGBOOST: 12}


@pytest.fixture(scope="module", params=[RANDOM_FOREST, XGBOOST])
def recipe(request: pytest.FixtureRequest, parameters: Parameters) -> Recipe:
    """The shipped parameters with few trees."""
    heads, trees = parameters.heads[request.param], QUICK[request.param]
    return Recipe(request.param, {k: {**v, "n_estimators": trees} for k, v in heads.items()})


@pytest.fixture(scope="module")
def trainer(parameters: Parameters) -> HurdleTrainer:
    return HurdleTrainer(parameters.hurdle, parameters.training, 1)


@pytest.fixture(scope="module")
def tasks(panel: Panel) -> tuple[Task, ...]:
    return Task.of(panel, build_all(panel, 3))


@pytest.fixture(scope="module")
def fitted(trainer: HurdleTrainer, recipe: Recipe, tasks: Sequence[Task]) -> HurdleFit:
    return trainer.fit(recipe, tasks[2], COLUMN)


def same(one: HurdleFit, other: HurdleFit) -> bool:
    return (
        one.hurdle.heads == other.hurdle.heads
        and one.hurdle.calibration.as_dict() == other.hurdle.calibration.as_dict()
        and one.newest_target == other.newest_target
    )


def test_distributions_are_proper_and_say_something(
    fitted: HurdleFit, tasks: Sequence[Task]
) -> None:
    found = fitted.hurdle.predict(tasks[2].features.values[:, 110])
    assert found.weights.sum(axis=1) == pytest.approx(1.0, rel=1e-12)
    assert (np.diff(found.atoms, axis=1) >= 0).all()
    assert found.p_change.std() > 0.02
    low, median, high = found.quantiles([0.025, 0.5, 0.975]).T
    assert (low <= median).all()
    assert (median <= high).all()
    assert fitted.natives.keys() == fitted.hurdle.heads.keys()


def test_prices_after_the_column_change_nothing(
    panel: Panel, trainer: HurdleTrainer, recipe: Recipe, fitted: HurdleFit
) -> None:
    prices = panel.prices.copy()
    prices[:, COLUMN + 1 :] = np.random.default_rng(9).uniform(10, 40, prices[:, 101:].shape)
    changed = replace(panel, prices=prices)
    task = Task.of(changed, build_all(changed, 3))[2]
    assert same(trainer.fit(recipe, task, COLUMN), fitted)


def test_the_newest_target_is_the_column_itself(
    panel: Panel, trainer: HurdleTrainer, recipe: Recipe, fitted: HurdleFit
) -> None:
    assert fitted.newest_target == COLUMN
    prices = panel.prices.copy()
    prices[:, COLUMN] += 1.0
    changed = replace(panel, prices=prices)
    task = Task.of(changed, build_all(changed, 3))[2]
    assert not same(trainer.fit(recipe, task, COLUMN), fitted)


def test_calibration_rests_on_heads_that_knew_none_of_its_targets(
    panel: Panel,
    parameters: Parameters,
    recipe: Recipe,
    tasks: Sequence[Task],
    fitted: HurdleFit,
) -> None:
    """By hand: heads fitted on targets up to the first held-out origin forecast the others."""
    features, horizon, warm_up = tasks[2].features.values, 3, parameters.training.warm_up
    prices, origins = panel.prices, range(warm_up, COLUMN - horizon + 1)
    first = origins.stop - min(parameters.hurdle.held_out, len(origins) // 3 * 2)

    def lesson(chosen: Sequence[int]) -> tuple[list[Floats], list[float]]:
        pairs = [
            (features[s, t], round(prices[s, t + horizon] - prices[s, t], 4))
            for s in range(len(panel.keys))
            for t in chosen
            if np.isfinite(prices[s, [t, t + horizon]]).all()
        ]
        return [row for row, _ in pairs], [change for _, change in pairs]

    rows, changes = (np.array(v) for v in lesson([t for t in origins if t + horizon <= first]))
    later, came = (np.array(v) for v in lesson([t for t in origins if t >= first]))
    outputs = {}
    for head in CALIBRATED:
        learnt, targets = lesson_of(head, changes)
        model = fit_head(recipe.algorithm, head, recipe.params, rows[learnt], targets, 1)
        outputs[head] = Trees(model.trees).predict(later)
    everything = np.array(lesson(origins)[1])
    largest = everything.max(), -everything.min()
    expected = learn_calibration(outputs, came, largest, parameters.hurdle)
    assert fitted.hurdle.calibration.as_dict() == expected.as_dict()


def test_fits_side_by_side_are_those_made_alone(
    trainer: HurdleTrainer, recipe: Recipe, tasks: Sequence[Task], fitted: HurdleFit
) -> None:
    alone = [trainer.fit(recipe, tasks[0], 60), fitted]
    together = trainer.fit_all([(recipe, tasks[0], 60), (recipe, tasks[2], COLUMN)])
    for one, other in zip(together, alone, strict=True):
        assert same(one, other)


def test_another_seed_gives_other_heads(
    trainer: HurdleTrainer, recipe: Recipe, tasks: Sequence[Task], fitted: HurdleFit
) -> None:
    other = replace(trainer, seed=2).fit(recipe, tasks[2], COLUMN)
    for head, content in fitted.hurdle.heads.items():
        assert other.hurdle.heads[head] != content


def test_the_direct_mean_learns_clipped_changes(
    trainer: HurdleTrainer, recipe: Recipe, tasks: Sequence[Task]
) -> None:
    """A jump of 9 teaches the direct mean what one of 2 does; the sizes learn all of it."""
    task = tasks[0]
    place = int(np.flatnonzero(task.changes[:, 90] > 0)[0])
    heads = []
    for jump in (2.0, 9.0):
        changes = task.changes.copy()
        changes[place, 90] = jump
        heads.append(trainer.fit(recipe, replace(task, changes=changes), COLUMN).hurdle.heads)
    assert heads[0]["mean"] == heads[1]["mean"]
    assert heads[0]["size_up"] != heads[1]["size_up"]


def test_a_short_history_is_refused(
    trainer: HurdleTrainer, recipe: Recipe, tasks: Sequence[Task]
) -> None:
    with pytest.raises(TooLittleHistory, match="Ingest a longer history"):
        trainer.fit(recipe, tasks[0], 16)


def test_a_history_that_only_rises_is_refused(
    trainer: HurdleTrainer, recipe: Recipe, tasks: Sequence[Task]
) -> None:
    rising = replace(tasks[0], changes=np.abs(tasks[0].changes))
    with pytest.raises(TooLittleHistory, match="rose, fell and stayed"):
        trainer.fit(recipe, rising, COLUMN)


@pytest.mark.real_data
@pytest.mark.parametrize("horizon", [1, 6])
def test_beats_each_series_own_changes_on_real_prices(
    real_history: Panel, parameters: Parameters, trainer: HurdleTrainer, horizon: int
) -> None:
    """Two fits, twenty origins: a bound that no seed comes near, not the measurement."""
    task = Task.of(real_history, build_all(real_history, horizon))[-1]
    baseline = Empirical.of(real_history, horizon, parameters.empirical.weight)
    recipe = Recipe(XGBOOST, parameters.heads[XGBOOST])
    last = len(real_history.dates) - 1 - horizon
    columns = (last - 19, last - 9)
    scores, references, chances, moved = [], [], [], []
    jobs = [(recipe, task, column) for column in columns]
    for column, fitted in zip(columns, trainer.fit_all(jobs), strict=True):
        for origin in range(column, column + 10):
            live = real_history.cut(origin + 1).live & np.isfinite(task.changes[:, origin])
            came = task.changes[live, origin]
            found = fitted.hurdle.predict(task.features.values[live, origin])
            known = baseline.at(origin)
            scores.append(found.crps(came))
            references.append(Distribution(known.atoms[live], known.weights[live]).crps(came))
            chances.append(found.p_change)
            moved.append((came != 0).astype(np.float64))
    skill = 1 - np.concatenate(scores).mean() / np.concatenate(references).mean()
    probability, happened = np.concatenate(chances), np.concatenate(moved)
    assert skill > 0.02
    assert auc(probability, happened) > 0.75
    assert reliability(probability, happened).error < 0.05
