import math

import numpy as np
import pytest
import scoringrules
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from canasta.forecast.evaluation.metrics import (
    auc,
    by_date,
    covered,
    mae,
    reliability,
    rmse,
    robust_limit,
    robust_rmse,
    skill,
    winkler,
)
from canasta.forecast.panel import Floats


def test_measures_equal_scikit_learn() -> None:
    noise = np.random.default_rng(5)
    actual, forecast = noise.normal(size=200), noise.normal(size=200)
    assert mae(forecast - actual) == pytest.approx(mean_absolute_error(actual, forecast))
    assert rmse(forecast - actual) == pytest.approx(root_mean_squared_error(actual, forecast))


def slow_quantile(values: list[float], level: float) -> float:
    """Between the two ordered values next to (n - 1) × level, in proportion."""
    ordered, at = sorted(values), (len(values) - 1) * level
    below = math.floor(at)
    above = min(below + 1, len(values) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


@given(arrays(np.float64, (3, 7), elements=st.floats(-5, 5) | st.just(np.nan)))
def test_measures_of_errors_equal_slow_oracles(error: Floats) -> None:
    known = [abs(value) for value in error.ravel().tolist() if not math.isnan(value)]
    assume(known)
    limit = slow_quantile(known, 0.99)
    cut = [min(value, limit) for value in known]
    root = [math.sqrt(math.fsum(v * v for v in some) / len(some)) for some in (known, cut)]
    assert mae(error) == pytest.approx(math.fsum(known) / len(known), abs=1e-12)
    assert rmse(error) == pytest.approx(root[0], abs=1e-12)
    assert robust_limit(error) == pytest.approx(limit, abs=1e-12)
    assert robust_rmse(error, robust_limit(error)) == pytest.approx(root[1], abs=1e-12)
    assert robust_rmse(error, limit) <= rmse(error) + 1e-12


@given(arrays(np.float64, (4, 9), elements=st.floats(-5, 5)))
def test_missing_cells_change_no_measure(error: Floats) -> None:
    padded = np.concatenate([error, np.full((4, 3), np.nan)], axis=1)
    assert mae(padded) == pytest.approx(mae(error))
    assert rmse(padded) == pytest.approx(rmse(error))


def test_measures_of_nothing_are_no_numbers() -> None:
    """Far horizons of a short window have no target yet: that is no cause for a warning."""
    nothing = np.full((3, 4), np.nan)
    assert all(math.isnan(measure(nothing)) for measure in (mae, rmse, robust_limit))
    assert math.isnan(robust_rmse(nothing, 1.0))
    assert np.isnan(by_date(nothing)).all()


def test_robust_rmse_cuts_what_lies_beyond_the_limit() -> None:
    error = np.array([[0.0, 3.0, -4.0, 100.0]])
    assert robust_rmse(error, 4.0) == pytest.approx(math.sqrt((9 + 16 + 16) / 4))
    assert robust_limit(np.arange(101.0)[np.newaxis]) == pytest.approx(99.0)


def test_skill_is_percent_below_the_reference() -> None:
    assert skill(0.9, 1.0) == pytest.approx(10.0)
    assert skill(2.0, 1.0) == pytest.approx(-100.0)
    for measure, reference in ((1.0, 0.0), (0.0, 0.0), (math.nan, 1.0), (1.0, math.nan)):
        assert math.isnan(skill(measure, reference))


@given(st.floats(0, 100), st.floats(0.01, 100))
def test_skill_favours_the_lower_measure(measure: float, reference: float) -> None:
    assert np.sign(skill(measure, reference)) == np.sign(reference - measure)
    assert skill(measure, reference) <= 100


def test_dates_without_any_price_are_left_out() -> None:
    loss = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    assert by_date(loss)[:2] == pytest.approx([2.0, 5.0])
    assert math.isnan(by_date(loss)[2])


@given(st.floats(-2, 2), st.floats(0, 2), st.floats(-4, 4))
def test_winkler_is_width_plus_the_penalty(low: float, width: float, actual: float) -> None:
    high = low + width
    penalty = 40 * (low - actual if actual < low else actual - high if actual > high else 0)
    found = winkler(np.array([low]), np.array([high]), np.array([actual]), 0.95)[0]
    assert found == pytest.approx(width + penalty, abs=1e-9)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_winkler_equals_a_published_package(level: float) -> None:
    noise = np.random.default_rng(16)
    low, actual = noise.integers(-3, 4, (2, 900)) / 2
    high = low + noise.integers(0, 4, 900) / 2
    theirs = scoringrules.interval_score(actual, low, high, 1 - level, backend="numpy")
    np.testing.assert_allclose(winkler(low, high, actual, level), theirs, rtol=1e-12)


@given(
    st.integers(-200, 200),
    st.integers(0, 200),
    st.integers(-400, 400),
    st.sampled_from([0.5, 0.95]),
)
def test_winkler_is_the_width_inside_and_more_outside(
    low: int, width: int, actual: int, level: float
) -> None:
    ends, came = (np.array([low / 100]), np.array([(low + width) / 100])), np.array([actual / 100])
    extra = winkler(*ends, came, level)[0] - width / 100
    assert extra >= -1e-12
    assert (extra < 1e-3) == bool(covered(*ends, came)[0])


def test_winkler_of_what_did_not_come_is_nan() -> None:
    low, high, actual = np.array([[0, 0, np.nan], [1, np.nan, 1], [np.nan, 1, 1]], dtype=float)
    assert np.isnan(winkler(low, high, actual, 0.95)).all()


def test_winkler_is_lowest_at_the_true_quantiles() -> None:
    came = np.random.default_rng(2).normal(size=20_000)
    true = stats.norm.ppf([0.025, 0.975])

    def score(low: float, high: float) -> float:
        return float(winkler(np.array([low]), np.array([high]), came, 0.95).mean())

    best = score(*true)
    for factor in (0.7, 0.9, 1.1, 1.5):
        assert best < score(*(true * factor))


def test_range_covers_its_bounds_and_nothing_outside() -> None:
    low, high = np.array([1.0, 1.0, 1.0, 1.0, np.nan]), np.array([2.0, 2.0, 2.0, 2.0, np.nan])
    actual = np.array([1.0, 2.0, 2.01, np.nan, 1.5])
    np.testing.assert_array_equal(covered(low, high, actual), [1, 1, 0, np.nan, np.nan])
    assert covered(np.array([0.1 + 0.2]), np.array([1.0]), np.array([0.3]))[0] == 1


def test_coverage_is_the_share_of_what_lies_within() -> None:
    noise = np.random.default_rng(17)
    low, actual = noise.integers(-3, 4, (2, 20, 30)) / 2
    high = low + noise.integers(0, 4, (20, 30)) / 2
    actual[noise.random(actual.shape) < 0.1] = np.nan
    low[0], high[0] = np.nan, np.nan
    inside = [
        lower <= came <= upper
        for lower, upper, came in zip(low.ravel(), high.ravel(), actual.ravel(), strict=True)
        if not (math.isnan(came) or math.isnan(lower))
    ]
    found = covered(low, high, actual)
    assert np.isfinite(found).sum() == len(inside)
    assert np.nanmean(found) == pytest.approx(sum(inside) / len(inside))


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([0.0, 1.0, math.nan])),
        min_size=1,
        max_size=30,
    )
)
def test_auc_of_ties_and_gaps_is_that_of_pairs(rows: list[tuple[int, float]]) -> None:
    probability, happened = (np.array(side, dtype=float) for side in zip(*rows, strict=True))
    yes, no = ([p for p, came in rows if came == outcome] for outcome in (1, 0))
    pairs = [(a > b) + (a == b) / 2 for a in yes for b in no]
    found = auc(probability / 4, happened)
    assert math.isnan(found) == (not pairs)
    if pairs:
        assert found == pytest.approx(sum(pairs) / len(pairs))
        assert auc(1 - probability / 4, happened) == pytest.approx(1 - found)


def test_auc_of_one_probability_for_all_is_a_half() -> None:
    assert auc(np.full(6, 0.2), np.array([1.0, 0, 0, 1, 0, np.nan])) == 0.5


def test_auc_leaves_out_what_was_not_forecast() -> None:
    probability = np.array([0.9, np.nan, 0.4, 0.1])
    assert auc(probability, np.array([1.0, 0, 1, 0])) == 1.0
    assert math.isnan(auc(np.full(4, np.nan), np.array([1.0, 0, 1, 0])))


def test_auc_counts_the_pairs_in_the_right_order() -> None:
    noise = np.random.default_rng(4)
    probability = noise.random((6, 20)).round(1)
    happened = (noise.random((6, 20)) < probability).astype(float)
    happened[0, :5] = np.nan
    yes, no = (probability[happened == outcome] for outcome in (1, 0))
    pairs = [(a > b) + (a == b) / 2 for a in yes for b in no]
    assert auc(probability, happened) == pytest.approx(sum(pairs) / len(pairs))
    assert math.isnan(auc(probability, np.zeros_like(probability)))


def test_reliability_is_that_of_each_bin() -> None:
    noise = np.random.default_rng(6)
    probability = noise.random(500)
    happened = (noise.random(500) < probability**2).astype(float)
    found = reliability(probability, happened)
    off = 0.0
    for left in np.arange(10) / 10:
        inside = (probability >= left) & (probability < left + 0.1)
        off += inside.sum() / 500 * abs(probability[inside].mean() - happened[inside].mean())
    assert found.error == pytest.approx(off)
    assert found.count.sum() == 500
    assert reliability(np.array([1.0, 1.0]), np.array([1.0, 0.0])).error == 0.5
    assert math.isnan(reliability(np.array([]), np.array([])).error)


@pytest.mark.parametrize("bins", [5, 10])
def test_reliability_equals_scikit_learn(bins: int) -> None:
    noise = np.random.default_rng(18)
    probability = noise.beta(0.4, 1.6, 2_000)
    happened = (noise.random(2_000) < probability).astype(float)
    frequency, mean = calibration_curve(happened, probability, n_bins=bins, strategy="uniform")
    found = reliability(probability, happened, bins)
    np.testing.assert_allclose(found.frequency, frequency)
    np.testing.assert_allclose(found.probability, mean)
    gaps = reliability(
        np.append(probability, [0.5, np.nan]), np.append(happened, [np.nan, 1]), bins
    )
    np.testing.assert_array_equal(gaps.count, found.count)
    assert gaps.error == found.error


def test_calibration_error_weighs_bins_by_their_forecasts() -> None:
    """Edges belong to the bin above, 1 to the last one; empty bins say nothing."""
    probability = np.array([0.0, 0.1, 0.1, 0.1, 1.0, 1.0])
    happened = np.array([0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    found = reliability(probability, happened)
    assert found.count.tolist() == [1, 3, 2]
    assert found.probability == pytest.approx([0.0, 0.1, 1.0])
    assert found.frequency == pytest.approx([0.0, 1 / 3, 0.5])
    assert found.error == pytest.approx((3 * abs(0.1 - 1 / 3) + 2 * 0.5) / 6)


def test_calibration_error_of_true_probabilities_vanishes() -> None:
    noise = np.random.default_rng(19)
    probability = noise.random(200_000)
    happened = (noise.random(200_000) < probability).astype(float)
    assert reliability(probability, happened).error < 0.005
    assert reliability(probability, 1 - happened).error > 0.4
