from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from canasta.forecast.empirical import Empirical
from canasta.forecast.panel import Floats, Panel

WEIGHT = 20.0


def changes(panel: Panel, series: int, column: int, horizon: int) -> list[float]:
    row = panel.prices[series]
    pairs = [(row[t], row[t + horizon]) for t in range(column - horizon + 1)]
    return [round(b - a, 4) for a, b in pairs if np.isfinite(a) and np.isfinite(b)]


def slow(panel: Panel, series: int, column: int, horizon: int) -> dict[float, float]:
    """Probability by change, counted one by one."""
    product = [panel.columns.index(name) for name in panel.product]
    mine = [panel.keys[series][i] for i in product]
    alike = [s for s, key in enumerate(panel.keys) if [key[i] for i in product] == mine]
    own = Counter(changes(panel, series, column, horizon))
    market = Counter(c for s in alike for c in changes(panel, s, column, horizon))
    weight, total = WEIGHT * horizon, own.total() + WEIGHT * horizon
    return {
        change: (own[change] + weight * count / market.total()) / total
        for change, count in market.items()
    }


@pytest.mark.parametrize(
    ("series", "column", "horizon"), [(0, 40, 1), (57, 129, 6), (101, 12, 3), (200, 1, 1)]
)
def test_weights_against_a_loop(panel: Panel, series: int, column: int, horizon: int) -> None:
    found = Empirical.of(panel, horizon, WEIGHT).at(column)
    weights = zip(found.atoms[series].tolist(), found.weights[series].tolist(), strict=True)
    assert {change: weight for change, weight in weights if weight} == pytest.approx(
        slow(panel, series, column, horizon), rel=1e-12
    )


@pytest.mark.parametrize("horizon", [1, 6])
def test_every_row_is_a_distribution(panel: Panel, horizon: int) -> None:
    baseline = Empirical.of(panel, horizon, WEIGHT)
    for column in (horizon, 30, 129):
        found = baseline.at(column)
        assert found.weights.sum(axis=1) == pytest.approx(np.ones(len(panel.keys)), rel=1e-12)
        assert (np.diff(found.atoms, axis=1) > 0).all()


@pytest.mark.parametrize("horizon", [1, 4])
def test_what_comes_later_changes_nothing(panel: Panel, horizon: int) -> None:
    column = 60
    prices = panel.prices.copy()
    prices[:, column + 1 :] += 7.77
    before = Empirical.of(panel, horizon, WEIGHT).at(column)
    after = Empirical.of(replace(panel, prices=prices), horizon, WEIGHT).at(column)
    cut = Empirical.of(panel.cut(column + 1), horizon, WEIGHT).at(column)
    for other in (after, cut):
        assert np.array_equal(other.atoms, before.atoms)
        assert np.array_equal(other.weights, before.weights)


def test_the_newest_target_counts(panel: Panel) -> None:
    prices = panel.prices.copy()
    prices[5, 60] = prices[5, 59] + 7.77
    known: Floats = Empirical.of(replace(panel, prices=prices), 1, WEIGHT).at(60).atoms
    assert 7.77 in known[0]


def test_before_any_change_is_known_no_change_is_certain(panel: Panel) -> None:
    found = Empirical.of(panel, 3, WEIGHT).at(2)
    assert found.mean.tolist() == [0.0] * len(panel.keys)
    assert found.p_change.tolist() == [0.0] * len(panel.keys)


def test_a_market_without_a_record_is_given_that_of_all(panel: Panel) -> None:
    product = panel.columns.index(panel.product[0])
    new = [key[product] == panel.keys[0][product] for key in panel.keys]
    prices = panel.prices.copy()
    prices[new] = np.nan
    found = Empirical.of(replace(panel, prices=prices), 1, WEIGHT).at(129)
    everything = Counter(
        change
        for series in np.flatnonzero(~np.array(new))
        for change in changes(panel, int(series), 129, 1)
    )
    shares = [everything[change] / everything.total() for change in found.atoms[0].tolist()]
    assert found.weights[0].tolist() == pytest.approx(shares, rel=1e-12)
