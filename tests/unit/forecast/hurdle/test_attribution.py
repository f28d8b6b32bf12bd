"""Against the definition: every coalition of features, over trees as the libraries show them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray

from canasta.forecast.features.build import Features
from canasta.forecast.hurdle.attribution import attribute
from canasta.forecast.hurdle.heads import PROBABILITIES, FittedHead, fit_head, lesson_of
from canasta.forecast.hurdle.mixture import CHANGE, HEADS, MEAN
from canasta.forecast.hurdle.trees import Trees
from canasta.forecast.panel import Floats
from canasta.forecast.recipe import RANDOM_FOREST, XGBOOST

FEATURES = 4
TINY: dict[str, dict[str, float | int]] = {
    RANDOM_FOREST: {"n_estimators": 3, "max_depth": 3, "max_samples": 0.5},
    XGBOOST: {"n_estimators": 3, "max_depth": 3, "eta": 0.5},
}
type Rows = NDArray[np.float32]


@dataclass
class Node:
    """A node of a tree: a leaf's value, or a split that sends small values left."""

    weight: float
    value: float = 0.0
    feature: int = -1
    threshold: float = 0.0
    strict: bool = False
    left: "Node | None" = None
    right: "Node | None" = None

    def says(self, row: Rows, known: frozenset[int]) -> float:
        """What is expected below, where only some features of the row are known."""
        if self.left is None or self.right is None:
            return self.value
        if self.feature not in known:
            below = (self.left, self.right)
            return sum(each.weight / self.weight * each.says(row, known) for each in below)
        at = float(row[self.feature])
        small = at < self.threshold if self.strict else at <= self.threshold
        return (self.left if small else self.right).says(row, known)


def nodes_of(algorithm: str, fitted: FittedHead) -> Iterator[Node]:
    """Read the trees from the native model, not from treelite."""
    if algorithm == XGBOOST:
        frame = fitted.native.trees_to_dataframe()
        for _, tree in frame.groupby("Tree"):
            yield boosted({row.ID: row for row in tree.itertuples()}, f"{tree.Tree.iloc[0]}-0")
        return
    for each in fitted.native.estimators_:
        yield grown(each.tree_, 0, len(fitted.native.estimators_))


def boosted(rows: dict[str, object], name: str) -> Node:
    row = rows[name]
    cover, gain = (float(getattr(row, field)) for field in ("Cover", "Gain"))
    feature = str(getattr(row, "Feature"))  # noqa: B009  (the row's type is pandas' own)
    if feature == "Leaf":
        return Node(cover, gain)
    below = [boosted(rows, str(getattr(row, branch))) for branch in ("Yes", "No")]
    split = float(getattr(row, "Split"))  # noqa: B009  (as above)
    return Node(cover, 0.0, int(feature.removeprefix("f")), split, True, *below)


def grown(tree: "object", at: int, trees: int) -> Node:
    names = ("weighted_n_node_samples", "value", "feature", "threshold")
    weights, values, features, thresholds = (getattr(tree, name) for name in names)
    children = [getattr(tree, f"children_{side}")[at] for side in ("left", "right")]
    if children[0] < 0:
        return Node(weights[at], float(values[at].ravel()[-1]) / trees)
    below = [grown(tree, int(child), trees) for child in children]
    return Node(weights[at], 0.0, int(features[at]), float(thresholds[at]), False, *below)


def shapley(nodes: list[Node], row: Rows) -> tuple[float, Floats]:
    """Lundberg and Lee's equation 8: marginal gains over every coalition without a feature."""

    def value(known: frozenset[int]) -> float:
        return sum(node.says(row, known) for node in nodes)

    everyone, found = range(FEATURES), np.zeros(FEATURES)
    for feature in everyone:
        others = [one for one in everyone if one != feature]
        for size in range(FEATURES):
            share = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES)
            for chosen in combinations(others, size):
                known = frozenset(chosen)
                found[feature] += share * (value(known | {feature}) - value(known))
    return value(frozenset()), found


@pytest.fixture(scope="module", params=[RANDOM_FOREST, XGBOOST])
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def rows() -> Rows:
    # Halves, so that forests put thresholds where values lie, and rows stand on XGBoost's.
    halves = np.random.default_rng(3).integers(-3, 4, (400, FEATURES)) / 2
    return halves.astype(np.float32)


def fit(algorithm: str, head: str, rows: Rows, params: dict[str, float | int]) -> FittedHead:
    draws = np.random.default_rng(8)
    moves = draws.random(len(rows)) < 0.3 + 0.1 * np.sign(rows[:, 0] * rows[:, 1])
    signs = np.where(rows[:, 2] + draws.normal(size=len(rows)) > 0, 1.0, -1.0)
    sizes = np.exp(0.2 * rows[:, 3] + draws.normal(size=len(rows)) * 0.3)
    changes = np.where(moves, signs * sizes, 0.0)
    learnt, targets = lesson_of(head, changes)
    shared = dict.fromkeys(("change", "up", "size", "mean"), params)
    return fit_head(algorithm, head, shared, rows[learnt], targets, 1)


@pytest.mark.parametrize("head", HEADS)
def test_contributions_are_the_shapley_values_of_the_trees(
    algorithm: str, head: str, rows: Rows
) -> None:
    fitted = fit(algorithm, head, rows, TINY[algorithm])
    some = np.unique(rows, axis=0)[:40]
    found = attribute(fitted.trees, some)
    nodes = list(nodes_of(algorithm, fitted))
    for at, row in enumerate(some):
        base, contributions = shapley(nodes, row)
        assert found.contributions[at] == pytest.approx(contributions, abs=1e-6)
        # What the trees begin at is part of the base; it moves no contribution.
        assert found.raw[at] - contributions.sum() == pytest.approx(found.base, abs=1e-6)
        if algorithm == RANDOM_FOREST:
            assert found.base == pytest.approx(base, abs=1e-12)
    assert np.abs(found.contributions).max() > 0.01


@pytest.mark.parametrize("head", HEADS)
def test_base_and_contributions_add_up_to_what_the_head_answers(
    algorithm: str, head: str, features: Features
) -> None:
    rows = features.values[:, 60:70].reshape(-1, len(features.names))
    deeper = {**TINY[algorithm], "n_estimators": 15, "max_depth": 6}
    content = fit(algorithm, head, rows, deeper).trees
    some = rows[::7]
    found = attribute(content, some)
    assert found.contributions.shape == some.shape
    assert np.array_equal(found.raw, found.base + found.contributions.sum(axis=1))
    answer = Trees(content).predict(some)
    assert found.answer == pytest.approx(answer, abs=1e-14 if algorithm == RANDOM_FOREST else 3e-6)
    assert answer.std() > 0.001
    assert found.in_log_odds == (algorithm == XGBOOST and head in PROBABILITIES)


@pytest.mark.parametrize("head", [CHANGE, MEAN])
def test_boosted_trees_are_attributed_as_xgboost_does(head: str, features: Features) -> None:
    rows = features.values[:, 60:70].reshape(-1, len(features.names))
    fitted = fit(XGBOOST, head, rows, {"n_estimators": 15, "max_depth": 6, "eta": 0.3})
    *contributions, base = fitted.native.predict(xgboost.DMatrix(rows), pred_contribs=True).T
    found = attribute(fitted.trees, rows)
    assert found.contributions == pytest.approx(np.array(contributions).T, abs=5e-6)
    assert found.base == pytest.approx(base[0], abs=5e-6)


def test_strongest_are_those_that_move_most_either_way(rows: Rows) -> None:
    found = attribute(fit(XGBOOST, MEAN, rows, TINY[XGBOOST]).trees, rows[:1])
    sizes = np.abs(found.contributions[0])
    order = found.strongest(0, FEATURES)
    assert sorted(order) == np.flatnonzero(sizes).tolist()
    assert (np.diff(sizes[order]) <= 0).all()
    assert found.strongest(0, 2) == order[:2]


def test_a_head_that_learnt_nothing_says_its_average(rows: Rows) -> None:
    """A stump without a split, as strong regularisation leaves behind."""
    fitted = fit(XGBOOST, MEAN, rows, {"n_estimators": 2, "max_depth": 2, "gamma": 1e9})
    found = attribute(fitted.trees, rows)
    assert not found.contributions.any()
    assert found.strongest(0, 8) == []
    assert found.raw == pytest.approx(Trees(fitted.trees).predict(rows), abs=1e-6)
