from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.forecast.distribution import Distribution
from canasta.forecast.panel import Floats


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    """The atoms and weights of one distribution, zero perhaps among the atoms."""
    atoms = draw(st.lists(st.integers(-300, 300), min_size=1, max_size=8))
    weights = draw(st.lists(st.integers(1, 9), min_size=len(atoms), max_size=len(atoms)))
    return sorted(atom / 100 for atom in atoms), [weight / sum(weights) for weight in weights]


def one(atoms: list[float], weights: list[float]) -> Distribution:
    return Distribution(np.array([atoms]), np.array([weights]))


def slow_crps(atoms: list[float], weights: list[float], actual: float) -> float:
    """The integral of the squared distance of two distribution functions, step by step."""
    edges = sorted({*atoms, actual})
    total = 0.0
    for left, right in pairwise(edges):
        below = sum(w for a, w in zip(atoms, weights, strict=True) if a <= left)
        total += (below - (actual <= left)) ** 2 * (right - left)
    return total


@given(rows(), st.integers(-400, 400))
def test_crps_is_the_integral_that_defines_it(row: tuple[list[float], list[float]], y: int) -> None:
    found = one(*row).crps(np.array([y / 100]))[0]
    assert found == pytest.approx(slow_crps(*row, y / 100), abs=1e-12)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_crps_of_a_certain_change_is_its_absolute_error(change: float, actual: float) -> None:
    certain = Distribution.certain(np.array([change]))
    assert certain.crps(np.array([actual]))[0] == pytest.approx(abs(change - actual))


@given(rows(), st.floats(0.001, 0.999))
def test_quantile_is_the_smallest_change_that_reaches_the_level(
    row: tuple[list[float], list[float]], level: float
) -> None:
    atoms, weights = row
    reached = [
        atom
        for at, atom in enumerate(atoms)
        if sum(weights[: at + 1]) >= level - 1e-9
    ]  # fmt: skip
    assert one(*row).quantiles([level])[0, 0] == reached[0]


@given(rows())
def test_probabilities_and_mean_are_those_of_the_atoms(
    row: tuple[list[float], list[float]],
) -> None:
    found = one(*row)
    pairs = list(zip(*row, strict=True))
    assert found.p_up[0] == pytest.approx(sum(w for a, w in pairs if a > 0))
    assert found.p_down[0] == pytest.approx(sum(w for a, w in pairs if a < 0))
    assert found.p_change[0] == pytest.approx(found.p_up[0] + found.p_down[0])
    assert found.mean[0] == pytest.approx(sum(a * w for a, w in pairs))


def test_what_is_not_forecast_is_nan_throughout() -> None:
    atoms: Floats = np.array([[-0.5, 0.0, 1.0], [0.0, 0.0, 0.0]])
    weights: Floats = np.array([[0.1, 0.7, 0.2], [np.nan] * 3])
    found = Distribution(atoms, weights)
    for values in (found.mean, found.p_up, found.p_change, found.crps(np.zeros(2))):
        assert np.isfinite(values).tolist() == [True, False]
    assert np.isnan(found.quantiles([0.1, 0.5])[1]).all()
    assert np.isnan(found.crps(np.array([np.nan, 0.0]))).all()


def test_better_informed_distributions_score_lower() -> None:
    """A proper score: nobody gains by saying otherwise than what they know."""
    noise = np.random.default_rng(5)
    atoms: Floats = np.array([-1.0, 0.0, 0.5])
    truth: Floats = np.array([0.2, 0.5, 0.3])
    came: Floats = noise.choice(atoms, 4_000, p=truth)
    rows_of = np.ones((len(came), 1))

    def score(weights: Floats) -> float:
        return float(Distribution(rows_of * atoms, rows_of * weights).crps(came).mean())

    for other in ([0.3, 0.4, 0.3], [0.1, 0.8, 0.1], [0.0, 1.0, 0.0]):
        assert score(truth) < score(np.array(other))
