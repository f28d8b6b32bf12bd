"""What each feature adds to a head's answer: SHAP values, from the trees of a bundle alone.

Beside the serving path, which neither needs nor carries the shap package.

References:
    Lundberg et al. (2020), From local explanations to global understanding with explainable AI
    for trees, Nature Machine Intelligence 2, for the exact values of trees.
    Lundberg and Lee (2017), A unified approach to interpreting model predictions, NeurIPS 30.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import treelite
from numpy.typing import NDArray
from shap import TreeExplainer

from canasta.forecast.hurdle.mixture import sigmoid
from canasta.forecast.panel import Floats

LESS_THAN = 2
"""Treelite's number of the comparison `<`, XGBoost's; scikit-learn's is `<=`, as is shap's."""

LOG_ODDS = "sigmoid"
"""The step after the trees, by treelite's name, of heads whose trees add up log odds."""


@dataclass(frozen=True)
class Attribution:
    """How the answers of one head to R rows come about.

    Attributes:
        base: what the head says on average over what it learnt.
        contributions: (R, F) what each feature adds to it: base and a row's contributions add up
            to the head's raw output.
        in_log_odds: whether that is the log odds of the head's answer, as XGBoost adds up
            probabilities, and not the answer itself.
    """

    base: float
    contributions: Floats
    in_log_odds: bool

    @property
    def raw(self) -> Floats:
        """(R,): the heads' raw outputs."""
        raw: Floats = self.base + self.contributions.sum(axis=1)
        return raw

    @property
    def answer(self) -> Floats:
        """(R,): the raw outputs as the head answers: a probability, a log size or a change."""
        return sigmoid(self.raw) if self.in_log_odds else self.raw

    def strongest(self, row: int, count: int) -> list[int]:
        """Return the features that add or take most, the strongest first; none that does not."""
        sizes = np.abs(self.contributions[row])
        order = np.argsort(-sizes, kind="stable")[:count]
        return [int(feature) for feature in order if sizes[feature] > 0]


def attribute(trees: bytes, rows: NDArray[np.float32]) -> Attribution:
    """Share the answers of a head out among its features.

    What a tree would say without knowing a feature is weighted by what it was fitted on (the
    path-dependent values of the first reference, those of XGBoost's `pred_contribs`).

    Args:
        trees: the head as serialised treelite model, of either algorithm.
        rows: (R, F) features.
    """
    model = treelite.Model.deserialize_bytes(trees)
    explainer = TreeExplainer(_ensemble(model), feature_perturbation="tree_path_dependent")
    values = explainer.shap_values(rows.astype(np.float64))
    return Attribution(
        base=float(np.ravel(explainer.expected_value)[0]),
        contributions=np.asarray(values, dtype=np.float64).reshape(rows.shape),
        in_log_odds=_header(model, "postprocessor") == LOG_ODDS,
    )


def _header(model: treelite.Model, name: str) -> Any:
    return model.get_header_accessor().get_field(name)


def _ensemble(model: treelite.Model) -> dict[str, Any]:
    """Return the trees in the form in which shap takes those of libraries unknown to it."""
    averages = bool(_header(model, "average_tree_output")[0])
    scale = 1.0 / model.num_tree if averages else 1.0
    classes = int(_header(model, "leaf_vector_shape")[1])
    trees = (model.get_tree_accessor(number) for number in range(model.num_tree))
    return {
        "base_offset": float(_header(model, "base_scores")[-1]),
        "trees": [_tree(accessor, classes, scale) for accessor in trees],
    }


def _tree(accessor: Any, classes: int, scale: float) -> dict[str, Any]:
    left, right = (accessor.get_field(name) for name in ("cleft", "cright"))
    default_left = accessor.get_field("default_left").astype(bool)
    return {
        "children_left": left,
        "children_right": right,
        "children_default": np.where(default_left, left, right),
        "features": accessor.get_field("split_index"),
        "thresholds": _thresholds(accessor),
        "values": scale * _leaves(accessor, classes)[:, np.newaxis],
        # The weight of what came by: of draws for a forest, of Hessians for XGBoost.
        "node_sample_weight": accessor.get_field("sum_hess"),
    }


def _thresholds(accessor: Any) -> Floats:
    """(nodes,): the largest values that go left."""
    thresholds = accessor.get_field("threshold")
    below = np.nextafter(thresholds, thresholds.dtype.type(-np.inf))
    strict = accessor.get_field("cmp") == LESS_THAN
    largest: Floats = np.where(strict, below, thresholds).astype(np.float64)
    return largest


def _leaves(accessor: Any, classes: int) -> Floats:
    """(nodes,): the value of each leaf, or its probability of class 1; 0 at other nodes."""
    if classes == 1:
        return np.asarray(accessor.get_field("leaf_value"), dtype=np.float64)
    vectors = accessor.get_field("leaf_vector")
    begin = accessor.get_field("leaf_vector_begin").astype(np.intp)
    is_leaf = accessor.get_field("cleft") < 0
    last = np.minimum(begin + classes, len(vectors)) - 1
    return np.where(is_leaf, vectors[last], 0.0)
