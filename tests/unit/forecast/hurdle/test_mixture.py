import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.forecast.hurdle.mixture import (
    CHANGE,
    HEADS,
    MEAN,
    SIZE_DOWN,
    SIZE_UP,
    UP,
    Calibration,
    Hurdle,
    Line,
    Sizes,
    distribution,
)
from canasta.forecast.panel import Floats

CAP = 30.0


@st.composite
def sizes(draw: st.DrawFn) -> Sizes:
    edges = sorted(draw(st.lists(st.floats(-3, 1), min_size=1, max_size=3)))
    spread = st.lists(st.floats(-2, 2), min_size=4, max_size=4).map(sorted)
    bands = draw(st.lists(spread, min_size=len(edges) + 1, max_size=len(edges) + 1))
    return Sizes(np.array(edges), np.array(bands), CAP)


lines = st.builds(Line, st.floats(-1, 1), st.floats(0.5, 1.5), st.just(1e-4))
calibrations = st.builds(
    Calibration, lines, lines, sizes(), sizes(), st.floats(0, 1), st.just(0.02)
)
probabilities = st.floats(0.01, 0.99)
outputs_of_one = st.fixed_dictionaries(
    {
        CHANGE: probabilities,
        UP: probabilities,
        SIZE_UP: st.floats(-4, 2),
        SIZE_DOWN: st.floats(-4, 2),
        MEAN: st.floats(-0.5, 0.5),
    }
)


def as_row(one: dict[str, float]) -> dict[str, Floats]:
    return {head: np.array([value]) for head, value in one.items()}


def slow_line(line: Line, probability: float) -> float:
    odds = line.intercept + line.slope * np.log(probability / (1 - probability))
    return float(np.clip(1 / (1 + np.exp(-odds)), line.floor, 1 - line.floor))


def slow_sizes(sizes: Sizes, log_size: float) -> list[float]:
    band = sum(log_size >= edge for edge in sizes.edges)
    return [min(float(np.exp(log_size + r)), CAP) for r in sizes.residuals[band]]


@given(outputs_of_one, calibrations)
def test_mean_is_the_blend_and_the_rest_is_as_calibrated(
    one: dict[str, float], calibration: Calibration
) -> None:
    found = distribution(as_row(one), calibration)
    change = slow_line(calibration.change, one[CHANGE])
    up = slow_line(calibration.up, one[UP])
    rises = slow_sizes(calibration.rises, one[SIZE_UP])
    falls = slow_sizes(calibration.falls, one[SIZE_DOWN])
    own = change * (up * np.mean(rises) - (1 - up) * np.mean(falls))
    blend = (1 - calibration.tilt) * own + calibration.tilt * one[MEAN]
    highest = change * (0.98 * np.mean(rises) - 0.02 * np.mean(falls))
    lowest = change * (0.02 * np.mean(rises) - 0.98 * np.mean(falls))
    assert found.mean[0] == pytest.approx(np.clip(blend, lowest, highest), rel=1e-9, abs=1e-12)
    assert found.p_change[0] == pytest.approx(change, rel=1e-9)
    assert found.weights.sum() == pytest.approx(1.0, rel=1e-12)
    expected = [*(-size for size in falls[::-1]), 0.0, *rises]
    assert found.atoms[0].tolist() == pytest.approx(expected, rel=1e-12)
    rising = found.weights[0, len(falls) + 1 :]
    assert rising.tolist() == pytest.approx([found.p_up[0] / len(rises)] * len(rises), rel=1e-9)


@given(outputs_of_one, calibrations)
def test_without_tilt_the_direct_mean_does_not_count(
    one: dict[str, float], calibration: Calibration
) -> None:
    own = Calibration(
        calibration.change, calibration.up, calibration.rises, calibration.falls, 0.0, 1e-9
    )
    found = distribution(as_row(one), own)
    up = slow_line(calibration.up, one[UP])
    assert found.p_up[0] == pytest.approx(found.p_change[0] * up, rel=1e-6)


@given(calibrations, st.lists(outputs_of_one, min_size=1, max_size=5))
def test_a_calibration_survives_being_written_down_to_the_bit(
    calibration: Calibration, many: list[dict[str, float]]
) -> None:
    again = Calibration.from_dict(json.loads(json.dumps(calibration.as_dict())))
    assert again.as_dict() == calibration.as_dict()
    outputs = {head: np.array([one[head] for one in many]) for head in HEADS}
    before, after = distribution(outputs, calibration), distribution(outputs, again)
    assert np.array_equal(before.atoms, after.atoms)
    assert np.array_equal(before.weights, after.weights)


def test_one_row_answers_as_among_many() -> None:
    noise = np.random.default_rng(3)
    outputs = {head: noise.uniform(0.05, 0.95, 333) for head in HEADS}
    line = Line(0.1, 0.9, 1e-4)
    spread = Sizes(np.array([0.4]), np.sort(noise.normal(size=(2, 40)), axis=1), CAP)
    calibration = Calibration(line, line, spread, spread, 0.4, 0.02)
    many = distribution(outputs, calibration)
    for row in range(333):
        alone = distribution({head: values[[row]] for head, values in outputs.items()}, calibration)
        assert np.array_equal(alone.atoms[0], many.atoms[row])
        assert np.array_equal(alone.weights[0], many.weights[row])
        assert alone.mean[0] == many.mean[row]


def test_no_size_is_above_the_largest() -> None:
    spread = Sizes(np.array([]), np.array([[0.0, 50.0]]), CAP)
    assert spread.around(np.array([0.0])).tolist() == [[1.0, CAP]]


def test_rows_of_another_width_are_refused() -> None:
    line, spread = Line(0.0, 1.0, 1e-4), Sizes(np.array([]), np.zeros((1, 2)), CAP)
    hurdle = Hurdle(("a", "b"), {}, Calibration(line, line, spread, spread, 0.4, 0.02))
    with pytest.raises(ValueError, match="takes 2 columns, the rows have 3"):
        hurdle.predict(np.zeros((1, 3), dtype=np.float32))
