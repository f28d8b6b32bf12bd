import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from canasta.forecast.panel import Floats
from canasta.monitor.drift_thresholds import count_bound, tail_bound, window_bound

pasts = arrays(np.float64, st.integers(40, 120), elements=st.floats(-5, 5, width=32))


def test_the_tail_bound_is_passed_as_often_as_asked_for() -> None:
    random = np.random.default_rng(3)
    rate, passed = 0.01, []
    for _ in range(400):
        past = random.exponential(size=100)
        passed.append(random.exponential(size=50) >= tail_bound(past, rate, 0.2, 0.0))
    assert np.mean(passed) == pytest.approx(rate, rel=0.6)


def test_a_light_tail_is_passed_less_often() -> None:
    random = np.random.default_rng(4)
    passed = [
        random.normal(size=50) >= tail_bound(random.normal(size=100), 0.01, 0.2, 0.0)
        for _ in range(400)
    ]
    assert np.mean(passed) < 0.01


def test_a_few_faults_of_the_past_hide_no_other() -> None:
    past = np.random.default_rng(5).normal(size=100)
    clean = tail_bound(past, 1e-4, 0.2, 0.0)
    past[[10, 11, 50]] = 1000.0
    assert tail_bound(past, 1e-4, 0.2, 0.0) < 2 * clean


def test_a_past_that_never_varied_leaves_the_least_scale() -> None:
    bound = tail_bound(np.full(50, 2.0), 0.002, 0.2, 0.5)
    assert bound == pytest.approx(2 + 0.5 * math.log(100))


@given(pasts, st.sampled_from([1e-4, 1e-3, 1e-2]))
def test_a_rarer_false_alarm_has_a_higher_tail_bound(past: Floats, rate: float) -> None:
    assert tail_bound(past, rate, 0.2, 0.01) > tail_bound(past, rate * 2, 0.2, 0.01)
    assert tail_bound(past, rate, 0.2, 0.01) > np.quantile(past, 0.8)


def test_the_window_bound_is_the_prediction_bound_of_normal_scores() -> None:
    # Of 10,000 independent normal scores the bound is the normal quantile itself.
    scores = np.random.default_rng(6).normal(0.05, 0.02, 10_000)
    bound = window_bound(scores, 1e-3, 10_000, 0.0)
    assert bound == pytest.approx(0.05 + 0.02 * stats.norm.isf(1e-3), rel=0.02)


def test_few_independent_windows_make_a_wide_bound() -> None:
    scores = np.random.default_rng(7).normal(0.05, 0.02, 60)
    bounds = [window_bound(scores, 1e-3, independent, 0.0) for independent in (3, 5, 10, 60)]
    assert bounds == sorted(bounds, reverse=True)
    by_hand = float(np.median(scores)) + float(stats.t.isf(1e-3, 4)) * math.sqrt(1.2) * (
        1.4826 * float(np.median(np.abs(scores - np.median(scores))))
    )
    assert bounds[1] == pytest.approx(by_hand)


def test_scores_never_vary_less_than_chance_makes_them() -> None:
    flat = np.full(60, 0.05)
    assert window_bound(flat, 1e-3, 5, 0.02) > window_bound(flat, 1e-3, 5, 0.01) > 0.05


@pytest.mark.parametrize(("seen", "of"), [([0] * 100, 54), ([1, 0, 0, 2] * 20, 54), ([3] * 40, 9)])
def test_the_count_bound_is_the_first_count_that_is_rare_enough(seen: list[int], of: int) -> None:
    past, rate = np.array(seen, dtype=np.float64), 1e-3
    bound = count_bound(past, of, rate)
    # The predictive distribution by simulation: a rate from its posterior, then a count.
    random = np.random.default_rng(8)
    rates = random.beta(past.sum() + 0.5, of * past.size - past.sum() + 0.5, 400_000)
    counts = random.binomial(of, rates)
    assert np.mean(counts >= bound) <= rate * 1.3
    assert bound == 1 or np.mean(counts >= bound - 1) > rate * 0.7


def test_what_happens_always_is_never_rare() -> None:
    assert count_bound(np.full(50, 4.0), 4, 1e-3) == 5
