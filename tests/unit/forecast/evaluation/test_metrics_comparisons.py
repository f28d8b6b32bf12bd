import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from canasta.forecast.evaluation.metrics import (
    compare_losses,
    compare_mae,
    compare_rmse,
    diebold_mariano,
    mae,
    skill_interval,
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


@pytest.mark.parametrize("dates", [2, 3, 7, 8])
def test_dm_of_few_dates_equals_slow_oracle(dates: int) -> None:
    noise = np.random.default_rng(dates)
    loss, reference = noise.random((2, 5, dates))
    found = diebold_mariano(loss, reference)
    assert found == pytest.approx(slow_dm(loss, reference, 1), rel=1e-12)


@pytest.mark.parametrize(("dates", "horizon"), [(1, 1), (2, 2), (2, 6), (3, 6), (6, 6)])
def test_dm_of_no_more_dates_than_the_horizon_is_no_evidence(dates: int, horizon: int) -> None:
    loss, reference = np.random.default_rng(dates).random((2, 5, dates))
    assert math.isnan(diebold_mariano(loss, reference, horizon))


def test_who_abstains_where_it_is_hard_gains_nothing_by_it() -> None:
    reference = np.array([[1.0, 100.0, 2.0]])
    abstaining = np.array([[1.0, np.nan, 2.0]])
    for compare in (compare_rmse, compare_mae, compare_losses):
        compared = compare(abstaining, reference)
        assert compared.skill == 0
        assert compared.origins == 2


def test_infinite_error_is_not_left_out() -> None:
    assert mae(np.array([[1.0, np.inf, np.nan]])) == math.inf


def test_dm_leaves_out_dates_that_only_one_side_scores() -> None:
    noise = np.random.default_rng(13)
    loss, reference = noise.random((2, 4, 30))
    loss[:, 5] = np.nan
    reference[:, 6] = np.nan
    loss[:2, 7] = reference[2:, 7] = np.nan
    kept = [date for date in range(30) if date not in {5, 6, 7}]
    expected = slow_dm(loss[:, kept], reference[:, kept], 2)
    assert diebold_mariano(loss, reference, 2) == pytest.approx(expected, rel=1e-12)


@given(st.floats(1e-6, 1e6), st.floats(-10, 10))
def test_dm_knows_neither_the_unit_nor_what_both_lose(scale: float, both: float) -> None:
    noise = np.random.default_rng(14)
    loss, reference = noise.random((2, 6, 40))
    moved = diebold_mariano(scale * (loss + both), scale * (reference + both))
    assert moved == pytest.approx(diebold_mariano(loss, reference), rel=1e-6)


@pytest.mark.parametrize("size", [1e-9, 0.1, 1 / 3, 1e9])
@pytest.mark.parametrize("dates", [2, 9, 90])
def test_dm_without_variance_is_no_evidence(size: float, dates: int) -> None:
    """However large the difference is, and whatever its sums round to."""
    reference = np.random.default_rng(15).random((7, dates)).round(2)
    for offset in (np.zeros((7, 1)), size * np.ones((7, 1)), size * np.arange(7.0)[:, np.newaxis]):
        assert math.isnan(diebold_mariano(offset * np.ones(dates), np.zeros((7, dates))))
    assert math.isnan(diebold_mariano(reference, reference))


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


def slow_bootstrap(
    loss: Floats, reference: Floats, *, block: int, draws: int, root: bool, seed: int
) -> tuple[float, float]:
    """The moving-block bootstrap as Künsch writes it down, cell by cell."""
    pairs = [
        [
            (mine, theirs)
            for mine, theirs in zip(loss[:, date], reference[:, date], strict=True)
            if not math.isnan(mine + theirs)
        ]
        for date in range(loss.shape[1])
    ]
    dates = [date for date in pairs if date]
    noise, skills = np.random.default_rng(seed), []
    starts = noise.integers(0, len(dates) - block + 1, (draws, math.ceil(len(dates) / block)))
    for drawn in starts:
        sample = [dates[start + step] for start in drawn for step in range(block)][: len(dates)]
        cells = [cell for date in sample for cell in date]
        means = [math.fsum(side) / len(cells) for side in zip(*cells, strict=True)]
        mine, theirs = (math.sqrt(mean) for mean in means) if root else means
        skills.append(100 * (1 - mine / theirs))
    return float(np.quantile(skills, 0.025)), float(np.quantile(skills, 0.975))


@pytest.mark.parametrize(("block", "root"), [(1, False), (5, False), (5, True), (7, True)])
def test_bootstrap_equals_slow_oracle(
    losses: tuple[Floats, Floats], block: int, root: bool
) -> None:
    loss, reference = np.abs(losses[0][:6, :23]), losses[1][:6, :23].copy()
    reference[:, 4] = np.nan
    expected = slow_bootstrap(loss, reference, block=block, draws=200, root=root, seed=20)
    found = skill_interval(loss, reference, block=block, draws=200, root=root, seed=20)
    assert found == pytest.approx(expected)


def test_bootstrap_of_single_dates_is_scipys() -> None:
    """Blocks of one date are the ordinary bootstrap; both draw, so they agree but for noise."""
    noise = np.random.default_rng(21)
    reference = noise.gamma(1.0, size=(4, 60))
    loss = reference * noise.uniform(0.5, 1.3, size=reference.shape)

    def measure(mine: Floats, theirs: Floats, axis: int) -> Floats:
        found: Floats = 100 * (1 - mine.mean(axis=axis) / theirs.mean(axis=axis))
        return found

    theirs = stats.bootstrap(
        (loss.mean(axis=0), reference.mean(axis=0)),
        measure,
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=noise,
    ).confidence_interval
    ours = skill_interval(loss, reference, block=1, draws=20_000)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.15)


def test_bootstrap_of_nothing_to_compare_is_no_number() -> None:
    losses, nothing = np.ones((3, 8)), np.zeros((3, 8))
    unknown = np.full((3, 8), np.nan)
    for pair in ((losses, unknown), (unknown, losses), (losses, nothing), (nothing, nothing)):
        assert all(map(math.isnan, skill_interval(*pair)))
    assert skill_interval(nothing, losses) == (100.0, 100.0)
    few = np.random.default_rng(22).gamma(1.0, size=(5, 3))
    assert skill_interval(few, few * 2) == pytest.approx((50.0, 50.0)), "fewer dates than a block"


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
