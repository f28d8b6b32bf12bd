import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from canasta.forecast.metrics import (
    auc,
    by_date,
    compare_losses,
    compare_mae,
    compare_rmse,
    covered,
    diebold_mariano,
    mae,
    reliability,
    rmse,
    robust_limit,
    robust_rmse,
    skill,
    skill_interval,
    winkler,
)
from canasta.forecast.panel import Floats


@pytest.fixture
def losses() -> tuple[Floats, Floats]:
    noise = np.random.default_rng(3)
    base = noise.gamma(1.0, size=(40, 60))
    base[noise.random(base.shape) < 0.2] = np.nan
    return base * noise.normal(0.9, 0.3, size=base.shape), base


def slow_dm(loss: Floats, reference: Floats, horizon: int) -> float:
    """Diebold-Mariano as its papers write it down, with loops."""
    d = []
    for column in range(loss.shape[1]):
        pairs = [
            reference[row, column] - loss[row, column]
            for row in range(loss.shape[0])
            if np.isfinite(reference[row, column] - loss[row, column])
        ]
        if pairs:
            d.append(sum(pairs) / len(pairs))
    n = len(d)
    mean = sum(d) / n

    def autocovariance(lag: int) -> float:
        return math.fsum((d[t] - mean) * (d[t - lag] - mean) for t in range(lag, n)) / n

    bandwidth = max(1, horizon)
    variance = autocovariance(0) + 2 * sum(
        (1 - lag / (bandwidth + 1)) * autocovariance(lag) for lag in range(1, bandwidth + 1)
    )
    factor = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    return float(mean / math.sqrt(variance / n) * math.sqrt(factor))


@pytest.mark.parametrize("horizon", [1, 2, 6])
def test_dm_equals_slow_oracle(losses: tuple[Floats, Floats], horizon: int) -> None:
    assert diebold_mariano(*losses, horizon) == pytest.approx(slow_dm(*losses, horizon), rel=1e-12)


def test_dm_changes_sign_with_its_sides(losses: tuple[Floats, Floats]) -> None:
    loss, reference = losses
    assert diebold_mariano(loss, reference) == -diebold_mariano(reference, loss)


def test_dm_of_equal_losses_is_no_evidence(losses: tuple[Floats, Floats]) -> None:
    assert math.isnan(diebold_mariano(losses[0], losses[0]))


def test_dm_of_a_constant_difference_is_no_evidence(losses: tuple[Floats, Floats]) -> None:
    """A variance that is rounding noise must not become a huge statistic."""
    assert math.isnan(diebold_mariano(losses[0] - 0.1, losses[0]))


def test_dm_needs_two_dates() -> None:
    assert math.isnan(diebold_mariano(np.ones((3, 1)), np.zeros((3, 1))))


def test_dm_holds_its_size_under_the_null() -> None:
    """With equal accuracy, 5 % of statistics lie beyond the 95 % point of t."""
    noise = np.random.default_rng(11)
    limit = stats.t.ppf(0.95, df=59)
    beyond = [
        diebold_mariano(noise.normal(size=(5, 60)) ** 2, noise.normal(size=(5, 60)) ** 2) > limit
        for _ in range(2000)
    ]
    assert 0.03 < np.mean(beyond) < 0.07


def test_measures_equal_scikit_learn() -> None:
    noise = np.random.default_rng(5)
    actual, forecast = noise.normal(size=200), noise.normal(size=200)
    assert mae(forecast - actual) == pytest.approx(mean_absolute_error(actual, forecast))
    assert rmse(forecast - actual) == pytest.approx(root_mean_squared_error(actual, forecast))


@given(arrays(np.float64, (4, 9), elements=st.floats(-5, 5)))
def test_missing_cells_change_no_measure(error: Floats) -> None:
    padded = np.concatenate([error, np.full((4, 3), np.nan)], axis=1)
    assert mae(padded) == pytest.approx(mae(error))
    assert rmse(padded) == pytest.approx(rmse(error))


def test_robust_rmse_cuts_what_lies_beyond_the_limit() -> None:
    error = np.array([[0.0, 3.0, -4.0, 100.0]])
    assert robust_rmse(error, 4.0) == pytest.approx(math.sqrt((9 + 16 + 16) / 4))
    assert robust_limit(np.arange(101.0)[np.newaxis]) == pytest.approx(99.0)


def test_skill_is_percent_below_the_reference() -> None:
    assert skill(0.9, 1.0) == pytest.approx(10.0)
    assert skill(2.0, 1.0) == pytest.approx(-100.0)
    assert math.isnan(skill(1.0, 0.0))


def test_dates_without_any_price_are_left_out() -> None:
    loss = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    assert by_date(loss)[:2] == pytest.approx([2.0, 5.0])
    assert math.isnan(by_date(loss)[2])


def test_comparisons_count_origins_and_favour_the_better() -> None:
    noise = np.random.default_rng(9)
    reference = noise.normal(size=(30, 50))
    reference[:, 7] = np.nan
    better = reference * noise.uniform(0.5, 0.9, size=reference.shape)
    for compare in (compare_rmse, compare_mae):
        comparison = compare(better, reference)
        assert comparison.origins == 49
        assert comparison.skill > 0
        assert comparison.dm > 2


def test_losses_are_compared_where_both_are_scored(losses: tuple[Floats, Floats]) -> None:
    loss, base = losses
    found = compare_losses(loss, base)
    both = np.isfinite(loss) & np.isfinite(base)
    assert found.skill == pytest.approx(100 * (1 - loss[both].mean() / base[both].mean()))
    assert found.dm == pytest.approx(slow_dm(loss, base, 1))
    blind = compare_losses(np.full_like(base, np.nan), base)
    assert math.isnan(blind.skill)
    assert math.isnan(blind.dm)


@given(st.floats(-2, 2), st.floats(0, 2), st.floats(-4, 4))
def test_winkler_is_width_plus_the_penalty(low: float, width: float, actual: float) -> None:
    high = low + width
    penalty = 40 * (low - actual if actual < low else actual - high if actual > high else 0)
    found = winkler(np.array([low]), np.array([high]), np.array([actual]), 0.95)[0]
    assert found == pytest.approx(width + penalty, abs=1e-9)


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


def test_bootstrap_holds_the_skill_and_narrows_with_more_dates() -> None:
    noise = np.random.default_rng(8)

    def interval(dates: int) -> tuple[float, float]:
        base = noise.gamma(1.0, size=(50, dates))
        return skill_interval(0.9 * base + noise.normal(0, 0.1, base.shape), base)

    low, high = interval(40)
    longer = interval(640)
    assert low < 10 < high
    assert longer[0] < 10.3
    assert longer[1] > 9.7
    assert longer[1] - longer[0] < (high - low) / 2
    same = np.ones((3, 8))
    assert skill_interval(same, same) == (0.0, 0.0)
    assert all(map(math.isnan, skill_interval(same[:, :1], same[:, :1])))


def test_bootstrap_of_a_root_is_that_of_rmse() -> None:
    base = np.random.default_rng(9).gamma(1.0, size=(20, 60))
    assert skill_interval(base * 0.81, base, root=True) == pytest.approx((10.0, 10.0))
