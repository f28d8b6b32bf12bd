from itertools import pairwise

import numpy as np
import pytest
import scoringrules
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


@pytest.mark.parametrize("estimator", ["nrg", "qd", "int"])
def test_crps_equals_a_published_package(estimator: str) -> None:
    """Of three kinds of rows: all atoms apart, most of them tied, and one certain."""
    noise = np.random.default_rng(12)
    apart = np.sort(noise.normal(size=(300, 81)), axis=1)
    tied = np.sort(noise.integers(-2, 3, (300, 81)) / 2, axis=1)
    atoms = np.concatenate([apart, tied, np.full((20, 81), 0.3)])
    weights = noise.dirichlet(np.full(81, 0.2), len(atoms))
    came = noise.integers(-4, 5, len(atoms)) / 2
    given_by_them = scoringrules.crps_ensemble(
        came, atoms, ens_w=weights, estimator=estimator, backend="numpy"
    )
    np.testing.assert_allclose(Distribution(atoms, weights).crps(came), given_by_them, atol=1e-12)


@given(rows(), st.integers(-400, 400))
def test_crps_lies_between_nothing_and_the_expected_error(
    row: tuple[list[float], list[float]], y: int
) -> None:
    actual = np.array([y / 100])
    expected = sum(w * abs(a - actual[0]) for a, w in zip(*row, strict=True))
    assert -1e-12 <= one(*row).crps(actual)[0] <= expected + 1e-12


@given(rows(), st.integers(-400, 400), st.integers(-300, 300), st.integers(1, 50))
def test_crps_moves_with_its_unit_and_not_with_its_zero(
    row: tuple[list[float], list[float]], y: int, shift: int, scale: int
) -> None:
    atoms, weights = row
    found = one([scale * (atom + shift) for atom in atoms], weights)
    expected = scale * one(atoms, weights).crps(np.array([y / 100]))[0]
    assert found.crps(np.array([scale * (y / 100 + shift)]))[0] == pytest.approx(expected, abs=1e-9)


@given(rows(), st.integers(-400, 400))
def test_an_atom_cut_in_two_is_the_same_atom(row: tuple[list[float], list[float]], y: int) -> None:
    whole, actual = one(*row), np.array([y / 100])
    halves = Distribution(
        np.repeat(whole.atoms, 2, axis=1), np.repeat(whole.weights / 2, 2, axis=1)
    )
    assert halves.crps(actual)[0] == pytest.approx(whole.crps(actual)[0], abs=1e-12)
    assert halves.mean[0] == pytest.approx(whole.mean[0])
    assert halves.p_change[0] == pytest.approx(whole.p_change[0])
    assert halves.quantiles([0.5])[0, 0] == whole.quantiles([0.5])[0, 0]


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


@given(rows(), st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_quantiles_ascend_with_their_levels_and_stay_among_the_atoms(
    row: tuple[list[float], list[float]], levels: list[float]
) -> None:
    found = one(*row).quantiles(sorted(levels))[0]
    assert (np.diff(found) >= 0).all()
    assert set(found) <= set(row[0])


def test_a_level_that_the_weights_add_up_to_is_reached() -> None:
    """Eight tenths add up to a hair under 0.8."""
    tenths = one([float(atom) for atom in range(10)], [0.1] * 10)
    assert tenths.quantiles([0.1, 0.3, 0.7, 0.8, 1.0])[0].tolist() == [0, 2, 6, 7, 9]


def test_crps_is_that_of_quantile_losses_at_all_levels() -> None:
    """The score is twice the pinball loss, integrated over the levels."""
    atoms, weights, actual = [-0.5, 0.0, 0.25, 1.0], [0.1, 0.6, 0.2, 0.1], 0.4
    levels = (np.arange(20_000) + 0.5) / 20_000
    quantile = one(atoms, weights).quantiles(list(levels))[0]
    pinball = (actual - quantile) * (levels - (actual < quantile))
    assert one(atoms, weights).crps(np.array([actual]))[0] == pytest.approx(
        2 * pinball.mean(), abs=1e-4
    )


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
