import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from canasta.errors import TooLittleHistory
from canasta.forecast.hurdle.calibration import (
    calibrated_line,
    held_out,
    learn_calibration,
    residual_sizes,
)
from canasta.forecast.hurdle.mixture import CHANGE, SIZE_DOWN, SIZE_UP, UP, logit, sigmoid
from canasta.forecast.panel import Floats
from canasta.parameters import HurdleParameters, Parameters

FLOOR = 1e-4


@pytest.fixture
def hurdle(parameters: Parameters) -> HurdleParameters:
    return parameters.hurdle


def overconfident(seed: int, count: int = 3_000) -> tuple[Floats, np.ndarray]:
    """Probabilities twice as sure, on the log scale, as what then happens allows."""
    noise = np.random.default_rng(seed)
    odds = noise.normal(-1.0, 1.0, count)
    happened = noise.uniform(size=count) < 1 / (1 + np.exp(-(0.3 + odds)))
    return 1 / (1 + np.exp(-2 * odds)), happened


def test_line_is_that_of_logistic_regression() -> None:
    given_, happened = overconfident(1)
    line = calibrated_line(given_, happened, 1e-9, FLOOR)
    reference = LogisticRegression(C=np.inf, tol=1e-10)
    reference.fit(logit(given_, FLOOR)[:, np.newaxis], happened)
    assert line.intercept == pytest.approx(reference.intercept_[0], abs=1e-5)
    assert line.slope == pytest.approx(reference.coef_[0, 0], abs=1e-5)
    assert line.slope == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("ridge", [1.0, 50.0, 5_000.0])
def test_ridge_draws_the_line_to_the_identity(ridge: float) -> None:
    given_, happened = overconfident(2)
    odds = logit(given_, FLOOR)

    def loss(weights: Floats) -> float:
        fitted = weights[0] + weights[1] * odds
        likelihood = np.logaddexp(0.0, fitted) - happened * fitted
        return float(likelihood.sum() + ridge / 2 * ((weights - [0.0, 1.0]) ** 2).sum())

    best = minimize(loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-8})
    line = calibrated_line(given_, happened, ridge, FLOOR)
    assert [line.intercept, line.slope] == pytest.approx(best.x.tolist(), abs=1e-5)


@given(
    st.integers(0, 1_000),
    st.floats(0.005, 0.5),
    st.floats(0.02, 0.9),
    st.sampled_from([50.0, 200.0]),
)
def test_line_is_found_however_much_the_rate_has_shifted(
    seed: int, said: float, came: float, ridge: float
) -> None:
    """The gradient vanishes there; full Newton steps from the identity would diverge."""
    draws = np.random.default_rng(seed)
    probability = draws.beta(50 * said, 50 * (1 - said), size=2_000)
    happened = draws.random(2_000) < came
    line = calibrated_line(probability, happened, ridge, 1e-4)
    odds = logit(probability, 1e-4)
    off = sigmoid(line.intercept + line.slope * odds) - happened
    gradient = (off.sum() + ridge * line.intercept, off @ odds + ridge * (line.slope - 1))
    assert np.abs(gradient).max() < 1e-5


def test_no_evidence_leaves_probabilities_as_they_are() -> None:
    line = calibrated_line(np.array([0.3]), np.array([True]), 1e6, FLOOR)
    given_ = np.array([0.01, 0.2, 0.5, 0.97])
    assert line(given_) == pytest.approx(given_, abs=1e-5)


def test_calibrated_probabilities_are_frequencies() -> None:
    line = calibrated_line(*overconfident(3, 20_000), 1.0, FLOOR)
    given_, happened = overconfident(4, 20_000)
    for low, high in ((0.05, 0.2), (0.2, 0.4), (0.4, 0.7)):
        chosen = (line(given_) >= low) & (line(given_) < high)
        assert happened[chosen].mean() == pytest.approx(line(given_)[chosen].mean(), abs=0.02)


def test_events_that_always_come_stay_uncertain() -> None:
    line = calibrated_line(np.full(500, 0.999), np.ones(500, dtype=bool), 1.0, FLOOR)
    assert (line(np.array([0.0, 1.0])) == [FLOOR, 1 - FLOOR]).all()


def test_residuals_by_band_against_a_loop(hurdle: HurdleParameters) -> None:
    noise = np.random.default_rng(5)
    predicted = noise.normal(-1, 0.5, 600)
    actual = predicted + noise.normal(size=600) * np.abs(predicted)
    found = residual_sizes(predicted, actual, 10.0, hurdle)
    edges = np.quantile(predicted, [1 / 3, 2 / 3])
    assert found.edges.tolist() == edges.tolist()
    bands: list[list[float]] = [[], [], []]
    for guess, truth in zip(predicted, actual, strict=True):
        bands[sum(guess >= edge for edge in edges)].append(truth - guess)
    for spread, band in zip(found.residuals, bands, strict=True):
        levels = [(k + 0.5) / hurdle.atoms for k in range(hurdle.atoms)]
        assert spread.tolist() == pytest.approx(np.quantile(band, levels).tolist())


def test_equal_predictions_leave_no_band_without_a_spread(hurdle: HurdleParameters) -> None:
    found = residual_sizes(np.zeros(9), np.linspace(-1, 1, 9), 10.0, hurdle)
    assert np.isfinite(found.around(np.array([-5.0, 0.0, 5.0]))).all()


@given(st.integers(0, 400), st.integers(1, 6), st.integers(0, 30), st.integers(1, 80))
def test_held_out_origins_are_new_to_the_heads_and_known_by_the_column(
    column: int, horizon: int, warm_up: int, length: int
) -> None:
    try:
        fold = held_out(column, horizon, warm_up, length)
    except TooLittleHistory:
        # At most two thirds are held out: a handful more than the horizon would have done.
        assert column < warm_up + 3 * horizon + 6
        return
    assert warm_up < fold.trained_until <= fold.first < fold.stop
    assert fold.stop - 1 + horizon == column
    assert fold.trained_until - 1 + horizon == fold.first
    assert fold.stop - fold.first <= length
    assert fold.stop - fold.first <= 2 * (fold.stop - warm_up) / 3


def test_a_long_history_holds_out_the_whole_length() -> None:
    fold = held_out(195, 6, 15, 60)
    assert (fold.first, fold.stop, fold.trained_until) == (130, 190, 125)


@pytest.mark.parametrize("changes", [[0.0, 0.5, 0.1], [0.0, -0.5], [0.0, 0.0]])
def test_both_directions_are_needed(changes: list[float], hurdle: HurdleParameters) -> None:
    outputs = {head: np.full(len(changes), 0.5) for head in (CHANGE, UP, SIZE_UP, SIZE_DOWN)}
    with pytest.raises(TooLittleHistory, match="rises and falls"):
        learn_calibration(outputs, np.array(changes), (1.0, 1.0), hurdle)


def test_each_part_learns_from_its_own_changes(hurdle: HurdleParameters) -> None:
    """Rises of 1 and falls of 2 where sizes of 1 were predicted."""
    changes = np.array([0.0] * 60 + [1.0] * 30 + [-2.0] * 10)
    outputs = {CHANGE: np.full(100, 0.4), UP: np.full(100, 0.5)}
    outputs |= {SIZE_UP: np.zeros(100), SIZE_DOWN: np.zeros(100)}
    found = learn_calibration(outputs, changes, (5.0, 6.0), hurdle)
    assert found.rises.around(np.zeros(1)) == pytest.approx(np.ones((1, hurdle.atoms)))
    assert found.falls.around(np.zeros(1)) == pytest.approx(np.full((1, hurdle.atoms), 2.0))
    assert (found.rises.cap, found.falls.cap) == (5.0, 6.0)
    assert found.change(np.array([0.4]))[0] == pytest.approx(0.4)
    assert 0.5 < found.up(np.array([0.5]))[0] < 0.75
