"""Peers are scored as a plain loop over all that counts would score them."""

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
import scoringrules

from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.outlook import LEVELS
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE
from tests.peers.exchange import ForecastsRefused, PeerForecasts, read_forecasts
from tests.peers.scoring import at_levels, normal_crps, with_peers
from tests.unit.peers.conftest import WINDOW, Write

NAME = "somebody"


def cells(backtest: Backtest, horizon: int) -> Iterator[tuple[int, int, float, float]]:
    """Series, origin, last price and price that came, of all that counts."""
    for series in range(backtest.changes.shape[1]):
        for origin in range(backtest.changes.shape[2]):
            change = backtest.changes[horizon - 1, series, origin]
            if not math.isnan(change):
                last = backtest.last[series, origin]
                yield series, origin, last, last + change


def mean_of(values: Iterator[float]) -> float:
    collected = list(values)
    return sum(collected) / len(collected)


def step_crps(quantiles: Floats, actual: float) -> float:
    """Integrate the squared distance of a stepwise distribution function from what came."""
    edges = [0.0, *((low + high) / 2 for low, high in pairwise(LEVELS)), 1.0]
    points = sorted({*quantiles.tolist(), actual})
    total = 0.0
    for left, right in pairwise(points):
        below = edges[int((quantiles <= left).sum())]
        total += (right - left) * (below - (1.0 if left >= actual else 0.0)) ** 2
    return total


@pytest.mark.parametrize("horizon", [1, 6])
def test_points_are_scored_as_a_plain_loop_scores_them(
    horizon: int, persistence: Backtest, few: Panel, drawn: Floats, write: Write
) -> None:
    made = read_forecasts(write(drawn), few, WINDOW)
    measured = with_peers(persistence, {NAME: made}).metrics(NAME, horizon=horizon)
    mine = drawn[horizon - 1]
    of_all = list(cells(persistence, horizon))
    mse = mean_of((mine[s, n] - came) ** 2 for s, n, _, came in of_all)
    base = mean_of((last - came) ** 2 for _, _, last, came in of_all)
    mae = mean_of(abs(mine[s, n] - came) for s, n, _, came in of_all)
    base_mae = mean_of(abs(last - came) for _, _, last, came in of_all)
    assert measured["rmse"] == pytest.approx(math.sqrt(mse))
    assert measured["rmse_skill"] == pytest.approx(100 * (1 - math.sqrt(mse / base)))
    assert measured["mae"] == pytest.approx(mae)
    assert measured["mae_skill"] == pytest.approx(100 * (1 - mae / base_mae))


def test_the_last_price_has_no_skill(persistence: Backtest) -> None:
    last = np.broadcast_to(persistence.last, persistence.changes.shape)
    measured = with_peers(persistence, {NAME: PeerForecasts(last)}).metrics(NAME)
    assert measured["rmse_skill"] == pytest.approx(0, abs=1e-9)
    assert measured["mae_skill"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("horizon", [1, 6])
def test_normal_distributions_are_scored_exactly(
    horizon: int, persistence: Backtest, few: Panel, drawn: Floats, write: Write
) -> None:
    sd = np.abs(drawn - drawn.mean()) / 10 + 0.05
    made = read_forecasts(write(drawn, sd=sd), few, WINDOW)
    both = with_peers(persistence, {NAME: made})
    mine, spread = drawn[horizon - 1], sd[horizon - 1]
    of_all = list(cells(persistence, horizon))
    crps = mean_of(
        float(scoringrules.crps_normal(came, mine[s, n], spread[s, n])) for s, n, _, came in of_all
    )
    theirs = persistence.crps(PERSISTENCE, horizon=horizon)
    base = mean_of(float(theirs[s, n]) for s, n, _, _ in of_all)
    inside = mean_of(
        float(abs(came - mine[s, n]) <= 1.959964 * spread[s, n]) for s, n, _, came in of_all
    )
    measured = both.metrics(NAME, horizon=horizon)
    assert measured["crps"] == pytest.approx(crps)
    assert measured["crps_skill"] == pytest.approx(100 * (1 - crps / base))
    assert measured["coverage_95"] == pytest.approx(inside)
    np.testing.assert_allclose(
        np.nanmean(np.abs(both.median_error(NAME, horizon=horizon))),
        mean_of(abs(mine[s, n] - came) for s, n, _, came in of_all),
    )


def test_quantiles_are_scored_as_the_steps_that_they_are(
    persistence: Backtest, few: Panel, drawn: Floats, write: Write
) -> None:
    skewed = drawn[..., np.newaxis] + np.exp(3 * np.array(LEVELS)) / 10 - 0.5
    made = read_forecasts(write(drawn, quantiles=skewed), few, WINDOW)
    measured = with_peers(persistence, {NAME: made}).metrics(NAME)
    of_all = list(cells(persistence, 1))
    median = LEVELS.index(0.5)
    low, high = LEVELS.index(0.025), LEVELS.index(0.975)
    assert measured["crps"] == pytest.approx(
        mean_of(step_crps(skewed[0, s, n], came) for s, n, _, came in of_all)
    )
    assert measured["mae"] == pytest.approx(
        mean_of(abs(skewed[0, s, n, median] - came) for s, n, _, came in of_all)
    )
    assert measured["coverage_95"] == pytest.approx(
        mean_of(
            float(skewed[0, s, n, low] <= came <= skewed[0, s, n, high]) for s, n, _, came in of_all
        )
    )
    assert measured["rmse"] == pytest.approx(
        math.sqrt(mean_of((drawn[0, s, n] - came) ** 2 for s, n, _, came in of_all))
    ), "of the peer's own mean, not that of its quantiles"


def test_61_quantiles_say_nearly_what_the_distribution_says() -> None:
    draws = np.random.default_rng(5)
    mean, sd, actual = draws.normal(0, 1, 500), draws.uniform(0.1, 2, 500), draws.normal(0, 1, 500)
    levels = np.array([[NormalDist().inv_cdf(level) for level in LEVELS]])
    made = at_levels(mean[:, np.newaxis] + sd[:, np.newaxis] * levels)
    assert made.crps(actual).mean() == pytest.approx(normal_crps(mean, sd, actual).mean(), rel=2e-3)
    np.testing.assert_array_equal(made.quantiles(LEVELS), made.atoms)


def test_a_normal_distribution_without_spread_is_a_point() -> None:
    score = normal_crps(np.array([1.0, 2.0]), np.zeros(2), np.array([1.5, 2.0]))
    assert score.tolist() == [0.5, 0.0]


def test_missing_forecast_that_counts_is_refused(persistence: Backtest, drawn: Floats) -> None:
    series, origin, *_ = next(cells(persistence, 3))
    drawn[2, series, origin] = np.nan
    told = rf"lacks 1 of the \d+ forecasts that count, .* series {series}, 3 publications from"
    with pytest.raises(ForecastsRefused, match=told):
        with_peers(persistence, {NAME: PeerForecasts(drawn)})


def test_missing_spread_or_quantile_is_refused(persistence: Backtest, drawn: Floats) -> None:
    series, origin, *_ = next(cells(persistence, 1))
    sd = np.ones_like(drawn)
    sd[0, series, origin] = np.nan
    with pytest.raises(ForecastsRefused, match="lacks 1 of"):
        with_peers(persistence, {NAME: PeerForecasts(drawn, sd=sd)})
    quantiles = np.repeat(drawn[..., np.newaxis], len(LEVELS), axis=-1)
    quantiles[0, series, origin, 30] = np.nan
    with pytest.raises(ForecastsRefused, match="lacks 1 of"):
        with_peers(persistence, {NAME: PeerForecasts(drawn, quantiles=quantiles)})


def test_what_does_not_count_may_be_missing(persistence: Backtest, drawn: Floats) -> None:
    counts = np.isfinite(persistence.changes)
    assert not counts.all()
    with_gaps = PeerForecasts(np.where(counts, drawn, np.nan))
    full, gaps = (
        with_peers(persistence, {NAME: made}).metrics(NAME)
        for made in (PeerForecasts(drawn), with_gaps)
    )
    assert gaps == pytest.approx(full, nan_ok=True)
